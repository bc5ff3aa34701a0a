#include "hub/channel.h"

#include <errno.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

union room_for_fd {
	char octets[CMSG_SPACE(sizeof(int))];
	struct cmsghdr align;
};

static enum err
packet_send(int fd, void *at, size_t len, int pass_fd)
{
	struct iovec piece = { at, len };
	union room_for_fd room = { .octets = { 0 } };
	struct msghdr m = { .msg_iov = &piece, .msg_iovlen = 1 };

	if (pass_fd != -1) {
		m.msg_control = room.octets;
		m.msg_controllen = sizeof room.octets;
		struct cmsghdr *c = CMSG_FIRSTHDR(&m);
		c->cmsg_level = SOL_SOCKET;
		c->cmsg_type = SCM_RIGHTS;
		c->cmsg_len = CMSG_LEN(sizeof pass_fd);
		memcpy(CMSG_DATA(c), &pass_fd, sizeof pass_fd);
	}
	if (sendmsg(fd, &m, MSG_NOSIGNAL) == -1)
		return errno == EPIPE || errno == ECONNRESET
			   ? ERR_CLOSED
			   : err_of_errno(errno);
	return ERR_OK;
}

/* Exactly len octets, and at most one descriptor. */
static enum err
packet_receive(int fd, void *to, size_t len, int *ret_fd)
{
	struct iovec piece = { to, len };
	union room_for_fd room;
	struct msghdr m = { .msg_iov = &piece,
		.msg_iovlen = 1,
		.msg_control = room.octets,
		.msg_controllen = sizeof room.octets };
	int got = -1;
	const ssize_t n = recvmsg(fd, &m, MSG_CMSG_CLOEXEC);

	if (n == -1)
		return errno == ECONNRESET ? ERR_CLOSED : err_of_errno(errno);
	for (struct cmsghdr *c = CMSG_FIRSTHDR(&m); c != NULL;
	     c = CMSG_NXTHDR(&m, c))
		if (c->cmsg_level == SOL_SOCKET && c->cmsg_type == SCM_RIGHTS)
			memcpy(&got, CMSG_DATA(c), sizeof got);
	if (n == 0 || (size_t)n != len ||
	    (m.msg_flags & (MSG_TRUNC | MSG_CTRUNC)) != 0) {
		if (got != -1)
			(void)close(got);
		return n == 0 ? ERR_CLOSED : ERR_SYNTAX;
	}
	*ret_fd = got;
	return ERR_OK;
}

enum err
channel_ask(int fd, const struct channel_request *r)
{
	uint8_t octets[2] = { r->ask, r->camera };

	return packet_send(fd, octets, sizeof octets, -1);
}

enum err
channel_asked(int fd, struct channel_request *ret_request)
{
	uint8_t octets[2];
	int got;
	enum err e;

	if ((e = packet_receive(fd, octets, sizeof octets, &got)) != ERR_OK)
		return e;
	if (got != -1)
		(void)close(got);
	if (octets[0] != CHANNEL_SERVER && octets[0] != CHANNEL_CAMERA)
		return ERR_SYNTAX;
	*ret_request = (struct channel_request){ octets[0], octets[1] };
	return ERR_OK;
}

enum err
channel_answer(int fd, const struct channel_answer *a, int pass_fd)
{
	uint8_t octets[3] = { a->ask, a->camera, a->why };

	return packet_send(fd, octets, sizeof octets, pass_fd);
}

enum err
channel_answered(int fd, struct channel_answer *ret_answer, int *ret_fd)
{
	uint8_t octets[3];
	enum err e;

	if ((e = packet_receive(fd, octets, sizeof octets, ret_fd)) != ERR_OK)
		return e;
	*ret_answer = (struct channel_answer){ octets[0], octets[1],
		octets[2] };
	return ERR_OK;
}
