/*
 * rtsp_udp.h - an RTSP camera's packets by UDP, on sockets that were handed
 * over (hub/ports.h): put back in order, and reported on each five seconds.
 */
#ifndef HUB_RTSP_UDP_H
#define HUB_RTSP_UDP_H

#include <poll.h>

#include "hub/ports.h"
#include "proto/rtcp.h"

/* What the process was given; word_fd -1: nothing. */
struct rtsp_udp_given {
	int fd[PORTS_COUNT]; /* video RTP, RTCP, sound RTP, RTCP */
	int word_fd;
	uint16_t port[2]; /* the even ones */
};

#define RTSP_UDP_TRACKS 2

struct rtsp_udp {
	struct rtsp_udp_given given;
	bool used[RTSP_UDP_TRACKS];
	uint16_t camera_port[PORTS_COUNT];
	struct rtp_order order[RTSP_UDP_TRACKS];
	struct rtcp_seen seen[RTSP_UDP_TRACKS];
	uint32_t own_ssrc;
	uint64_t report_ms; /* when the next is due */
	/* a packet, in order; false ends it */
	bool (*packet)(void *owner, unsigned track, struct slice octets);
	void *owner;
};

/* packet and owner are set by the caller after. */
void rtsp_udp_init(struct rtsp_udp *u, const struct rtsp_udp_given *given);
void rtsp_udp_fini(struct rtsp_udp *u);
/* The camera sends that track to our ports, from these of its own. */
void rtsp_udp_track(struct rtsp_udp *u, unsigned track,
    const uint16_t camera_port[static 2], uint32_t rate);
/*
 * Have the sockets connected to the camera, and forget what anybody else sent
 * to them before. ERR_DENIED, ERR_TIMEOUT.
 */
MUST_USE enum err rtsp_udp_connect(struct rtsp_udp *u);
/* Close what no track uses, and the word: nothing more is asked for. */
void rtsp_udp_settle(struct rtsp_udp *u);
/* Sockets to be waited for; how many. */
size_t
rtsp_udp_polls(const struct rtsp_udp *u, struct pollfd to[static PORTS_COUNT]);
/* How long to wait at most. */
uint64_t rtsp_udp_wait_ms(const struct rtsp_udp *u, uint64_t now_ms);
/* Take what is there, report when it is time. False: packet() said so. */
bool rtsp_udp_turn(struct rtsp_udp *u);

#endif
