#include "hub/capture/rtsp_udp.h"

#include <errno.h>
#include <sys/random.h>
#include <sys/socket.h>
#include <unistd.h>

#include "os/clock.h"

#define CONNECT_MS    5000
#define REPORT_MS     5000u
#define HOLE_LOOK_MS  20u
#define DRAIN_MAX     100000
#define READS_A_TURN  256
#define PACKET_OCTETS 65536

void
rtsp_udp_init(struct rtsp_udp *u, const struct rtsp_udp_given *given)
{
	*u = (struct rtsp_udp){ .given = *given };
	for (unsigned i = 0; i < RTSP_UDP_TRACKS; i++)
		rtp_order_init(&u->order[i]);
	(void)!getrandom(&u->own_ssrc, sizeof u->own_ssrc, 0);
}

void
rtsp_udp_fini(struct rtsp_udp *u)
{
	for (unsigned i = 0; i < RTSP_UDP_TRACKS; i++)
		rtp_order_fini(&u->order[i]);
}

void
rtsp_udp_track(struct rtsp_udp *u, unsigned track,
    const uint16_t camera_port[static 2], uint32_t rate)
{
	u->used[track] = true;
	u->camera_port[2 * track] = camera_port[0];
	u->camera_port[2 * track + 1] = camera_port[1];
	rtcp_seen_init(&u->seen[track], rate);
}

static void
drain(int fd)
{
	uint8_t octet;

	for (int i = 0; i < DRAIN_MAX; i++)
		if (recv(fd, &octet, 1, MSG_DONTWAIT) == -1 && errno == EAGAIN)
			return;
}

enum err
rtsp_udp_connect(struct rtsp_udp *u)
{
	struct pollfd p = { .fd = u->given.word_fd, .events = POLLIN };
	uint8_t word[PORTS_WORD_OCTETS], answer = 0;

	for (int i = 0; i < PORTS_COUNT; i++) {
		word[2 * i] = (uint8_t)(u->camera_port[i] >> 8);
		word[2 * i + 1] = (uint8_t)u->camera_port[i];
	}
	if (send(p.fd, word, sizeof word, MSG_NOSIGNAL) == -1)
		return ERR_DENIED;
	if (poll(&p, 1, CONNECT_MS) != 1)
		return ERR_TIMEOUT;
	if (recv(p.fd, &answer, 1, 0) != 1 || answer != 1)
		return ERR_DENIED;
	for (int i = 0; i < PORTS_COUNT; i++)
		if (u->used[i / 2])
			drain(u->given.fd[i]);
	return ERR_OK;
}

void
rtsp_udp_settle(struct rtsp_udp *u)
{
	if (u->given.word_fd == -1)
		return;
	for (int i = 0; i < PORTS_COUNT; i++)
		if (!u->used[i / 2])
			(void)close(u->given.fd[i]);
	(void)close(u->given.word_fd);
	u->given.word_fd = -1;
}

size_t
rtsp_udp_polls(const struct rtsp_udp *u, struct pollfd to[static PORTS_COUNT])
{
	size_t n = 0;

	for (int i = 0; i < PORTS_COUNT; i++)
		if (u->used[i / 2])
			to[n++] = (struct pollfd){ .fd = u->given.fd[i],
				.events = POLLIN };
	return n;
}

uint64_t
rtsp_udp_wait_ms(const struct rtsp_udp *u, uint64_t now_ms)
{
	if (u->order[0].held != 0 || u->order[1].held != 0)
		return HOLE_LOOK_MS;
	return u->report_ms > now_ms ? u->report_ms - now_ms : 0;
}

static bool
due_take(struct rtsp_udp *u, unsigned track)
{
	struct slice octets;

	while (rtp_order_take(&u->order[track], clock_monotonic_ms(), &octets))
		if (!u->packet(u->owner, track, octets))
			return false;
	return true;
}

static bool
packets_read(struct rtsp_udp *u, unsigned track)
{
	static uint8_t room[PACKET_OCTETS]; /* one camera per process */
	const int fd = u->given.fd[2 * track];

	for (int i = 0; i < READS_A_TURN; i++) {
		struct rtp_packet p;
		const ssize_t n = recv(fd, room, sizeof room, MSG_DONTWAIT);

		/* also that the camera has not opened its port yet */
		if (n == -1)
			break;
		const struct slice s = slice_make(room, (size_t)n);
		if (rtp_packet_parse(s, &p) == ERR_OK)
			rtcp_seen_packet(&u->seen[track], &p,
			    clock_boottime_us());
		/* without memory it is lost as on the way */
		(void)!rtp_order_put(&u->order[track], s, clock_monotonic_ms());
		if (!due_take(u, track))
			return false;
	}
	return due_take(u, track);
}

static void
reports_read(struct rtsp_udp *u, unsigned track)
{
	uint8_t room[2048];
	ssize_t n;

	for (int i = 0; i < READS_A_TURN; i++) {
		n = recv(u->given.fd[2 * track + 1], room, sizeof room,
		    MSG_DONTWAIT);
		if (n == -1)
			return;
		rtcp_seen_report(&u->seen[track], slice_make(room, (size_t)n),
		    clock_boottime_us());
	}
}

static void
report_send(struct rtsp_udp *u, unsigned track)
{
	uint8_t octets[RTCP_REPORT_OCTETS];

	if (!u->seen[track].begun)
		return;
	rtcp_report(&u->seen[track], u->own_ssrc, clock_boottime_us(), octets);
	/* one that is lost is followed by another */
	(void)!send(u->given.fd[2 * track + 1], octets, sizeof octets,
	    MSG_DONTWAIT | MSG_NOSIGNAL);
}

bool
rtsp_udp_turn(struct rtsp_udp *u)
{
	const uint64_t now = clock_monotonic_ms();
	const bool report = now >= u->report_ms;

	if (report)
		u->report_ms = now + REPORT_MS;
	for (unsigned i = 0; i < RTSP_UDP_TRACKS; i++) {
		if (!u->used[i])
			continue;
		reports_read(u, i);
		if (!packets_read(u, i))
			return false;
		if (report)
			report_send(u, i);
	}
	return true;
}
