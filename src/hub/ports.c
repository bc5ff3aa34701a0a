#include "hub/ports.h"

#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <stdbool.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/slice.h"

#define TRIES       64
#define ROOM_OCTETS (1 << 20) /* a key frame comes at once */

union address {
	struct sockaddr any;
	struct sockaddr_in four;
	struct sockaddr_in6 six;
};

void
ports_init(struct ports *p)
{
	p->camera_fd = p->word_fd = -1;
	for (int i = 0; i < PORTS_COUNT; i++)
		p->fd[i] = -1;
}

static void
fd_close(int *fd)
{
	if (*fd != -1)
		(void)close(*fd);
	*fd = -1;
}

void
ports_close(struct ports *p)
{
	fd_close(&p->camera_fd);
	fd_close(&p->word_fd);
	for (int i = 0; i < PORTS_COUNT; i++)
		fd_close(&p->fd[i]);
}

static in_port_t *
port_of(union address *a)
{
	return a->any.sa_family == AF_INET6 ? &a->six.sin6_port
					    : &a->four.sin_port;
}

/* On that local address; port 0 takes a free one. */
static int
udp_open(union address *a, socklen_t n, uint16_t port)
{
	const int room = ROOM_OCTETS;
	const int fd = socket(a->any.sa_family,
	    SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);

	*port_of(a) = htons(port);
	if (fd == -1 || bind(fd, &a->any, n) == -1 ||
	    getsockname(fd, &a->any, &n) == -1) {
		if (fd != -1)
			(void)close(fd);
		return -1;
	}
	(void)setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &room, sizeof room);
	return fd;
}

/* RFC 3550 section 11: RTP on an even port, RTCP on the next. */
static bool
pair_open(union address a, socklen_t n, int ret_fd[static 2],
    uint16_t *ret_port)
{
	for (int i = 0; i < TRIES; i++) {
		ret_fd[0] = udp_open(&a, n, 0);
		if (ret_fd[0] == -1)
			return false;
		const uint16_t port = ntohs(*port_of(&a));
		ret_fd[1] = port % 2 != 0
				? -1
				: udp_open(&a, n, (uint16_t)(port + 1));
		if (ret_fd[1] != -1) {
			*ret_port = port;
			return true;
		}
		fd_close(&ret_fd[0]);
	}
	return false;
}

enum err
ports_open(struct ports *p, int camera_fd, int *ret_word_fd,
    uint16_t ret_port[static 2])
{
	union address a = { .any = { .sa_family = AF_UNSPEC } };
	socklen_t n = sizeof a;
	int word[2];

	ports_init(p);
	if (getsockname(camera_fd, &a.any, &n) == -1 ||
	    (a.any.sa_family != AF_INET && a.any.sa_family != AF_INET6))
		return ERR_UNSUPPORTED;
	p->camera_fd = fcntl(camera_fd, F_DUPFD_CLOEXEC, 0);
	if (p->camera_fd == -1 || !pair_open(a, n, &p->fd[0], &ret_port[0]) ||
	    !pair_open(a, n, &p->fd[2], &ret_port[1]) ||
	    socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_NONBLOCK | SOCK_CLOEXEC,
		0, word) == -1) {
		ports_close(p);
		return ERR_IO;
	}
	p->word_fd = word[0];
	*ret_word_fd = word[1];
	return ERR_OK;
}

static bool
all_connect(const struct ports *p, struct slice word)
{
	union address a = { .any = { .sa_family = AF_UNSPEC } };
	socklen_t n = sizeof a;

	if (getpeername(p->camera_fd, &a.any, &n) == -1)
		return false;
	for (int i = 0; i < PORTS_COUNT; i++, word = slice_skip(word, 2)) {
		const uint16_t port = (uint16_t)slice_be(word, 2);

		*port_of(&a) = htons(port);
		if (port != 0 && connect(p->fd[i], &a.any, n) == -1)
			return false;
	}
	return true;
}

void
ports_serve(struct ports *p)
{
	uint8_t word[PORTS_WORD_OCTETS + 1];
	const ssize_t n = recv(p->word_fd, word, sizeof word, 0);

	if (n == -1 && (errno == EAGAIN || errno == EINTR))
		return;
	if (n == PORTS_WORD_OCTETS) {
		const uint8_t answer = all_connect(p,
		    slice_make(word, PORTS_WORD_OCTETS));
		/* who does not hear it gives up by itself */
		(void)!send(p->word_fd, &answer, 1, MSG_NOSIGNAL);
	}
	ports_close(p);
}
