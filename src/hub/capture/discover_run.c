#include "hub/capture/discover_run.h"

#include <arpa/inet.h>
#include <errno.h>
#include <poll.h>
#include <sys/socket.h>

#include "hub/found.h"
#include "os/clock.h"
#include "proto/onvif.h"

#define DATAGRAM_OCTETS 65536

struct search {
	int out_fd;
	struct found_camera found[FOUND_CAMERAS_MAX];
	size_t count;
};

/* Cameras answer to each kind of search, and by each of their networks. */
static bool
is_known(const struct search *s, const struct found_camera *c)
{
	for (size_t i = 0; i < s->count; i++)
		if ((c->endpoint[0] != '\0' &&
			strcmp(s->found[i].endpoint, c->endpoint) == 0) ||
		    (strcmp(s->found[i].address, c->address) == 0 &&
			s->found[i].port == c->port &&
			strcmp(s->found[i].path, c->path) == 0))
			return true;
	return false;
}

static enum err
match_take(struct search *s, const char *from, const struct onvif_match *m)
{
	struct found_camera c = { .port = m->port };

	(void)stpncpy(c.address, from, sizeof c.address - 1);
	memcpy(c.path, m->path, sizeof c.path);
	memcpy(c.name, m->name, sizeof c.name);
	memcpy(c.hardware, m->hardware, sizeof c.hardware);
	memcpy(c.endpoint, m->endpoint, sizeof c.endpoint);
	if (s->count == FOUND_CAMERAS_MAX || is_known(s, &c))
		return ERR_OK;
	s->found[s->count++] = c;
	return found_camera_write(s->out_fd, clock_realtime_us(), &c);
}

static enum err
datagram_take(struct search *s, const struct sockaddr_in *from, struct slice in)
{
	struct onvif_match m[ONVIF_MATCHES_MAX];
	char text[INET_ADDRSTRLEN];
	enum err e = ERR_OK;
	size_t n;

	if (from->sin_family != AF_INET ||
	    inet_ntop(AF_INET, &from->sin_addr, text, sizeof text) == NULL ||
	    onvif_matches_read(in, text, m, &n) != ERR_OK)
		return ERR_OK; /* noise */
	for (size_t i = 0; i < n && e == ERR_OK; i++)
		e = match_take(s, text, &m[i]);
	return e;
}

enum reason
discover_run(int fd, int out_fd)
{
	static struct search s;
	static uint8_t datagram[DATAGRAM_OCTETS];
	const uint64_t until = clock_monotonic_ms() + DISCOVER_MS;
	uint64_t now;

	s = (struct search){ .out_fd = out_fd };
	while ((now = clock_monotonic_ms()) < until) {
		struct pollfd p = { .fd = fd, .events = POLLIN };
		struct sockaddr_in from = { .sin_family = AF_UNSPEC };
		socklen_t room = sizeof from;

		if (poll(&p, 1, (int)(until - now)) <= 0)
			continue;
		const ssize_t n = recvfrom(fd, datagram, sizeof datagram,
		    MSG_DONTWAIT, (struct sockaddr *)(void *)&from, &room);
		if (n == 0 || (n == -1 && (errno == EAGAIN || errno == EINTR)))
			continue;
		if (n == -1)
			return REASON_NO_ROUTE;
		if (datagram_take(&s, &from, slice_make(datagram, (size_t)n)) !=
		    ERR_OK)
			return REASON_CLOSED;
	}
	return REASON_RUNNING;
}
