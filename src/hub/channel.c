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
send_error(void)
{
	return errno == EPIPE || errno == ECONNRESET ? ERR_CLOSED
						     : err_of_errno(errno);
}

static enum err
packet_send(int fd, void *at, size_t len, struct slice more, int pass_fd)
{
	/* sendmsg only reads; its struct cannot say so */
	struct iovec pieces[] = { { at, len },
		{ (void *)(uintptr_t)more.at, more.len } };
	union room_for_fd room = { .octets = { 0 } };
	struct msghdr m = { .msg_iov = pieces, .msg_iovlen = 2 };

	if (pass_fd != -1) {
		m.msg_control = room.octets;
		m.msg_controllen = sizeof room.octets;
		struct cmsghdr *c = CMSG_FIRSTHDR(&m);
		c->cmsg_level = SOL_SOCKET;
		c->cmsg_type = SCM_RIGHTS;
		c->cmsg_len = CMSG_LEN(sizeof pass_fd);
		memcpy(CMSG_DATA(c), &pass_fd, sizeof pass_fd);
	}
	return sendmsg(fd, &m, MSG_NOSIGNAL) == -1 ? send_error() : ERR_OK;
}

/*
 * len octets, and either more of them or a descriptor: who asks has none to
 * pass, so that nobody can fill the parent's table.
 */
static enum err
packet_receive(int fd, void *to, size_t len, struct buf *more, int *ret_fd)
{
	struct iovec pieces[] = { { to, len }, { NULL, 0 } };
	union room_for_fd room;
	struct msghdr m = { .msg_iov = pieces,
		.msg_iovlen = more == NULL ? 1 : 2,
		.msg_control = more == NULL ? room.octets : NULL,
		.msg_controllen = more == NULL ? sizeof room.octets : 0 };
	uint8_t *at = NULL;
	int got = -1;

	if (more != NULL) {
		if (buf_reserve(more, CHANNEL_MORE_OCTETS_MAX, &at) != ERR_OK)
			return ERR_NOMEM;
		pieces[1] = (struct iovec){ at, CHANNEL_MORE_OCTETS_MAX };
	}
	const ssize_t n = recvmsg(fd, &m, MSG_CMSG_CLOEXEC);

	if (n == -1)
		return errno == ECONNRESET ? ERR_CLOSED : err_of_errno(errno);
	for (struct cmsghdr *c = CMSG_FIRSTHDR(&m); c != NULL;
	     c = CMSG_NXTHDR(&m, c))
		if (c->cmsg_level == SOL_SOCKET && c->cmsg_type == SCM_RIGHTS)
			memcpy(&got, CMSG_DATA(c), sizeof got);
	if ((size_t)n < len || (m.msg_flags & (MSG_TRUNC | MSG_CTRUNC)) != 0) {
		if (got != -1)
			(void)close(got);
		return n == 0 ? ERR_CLOSED : ERR_SYNTAX;
	}
	if (more != NULL)
		more->len += (size_t)n - len;
	*ret_fd = got;
	return ERR_OK;
}

enum err
channel_ask(int fd, const struct channel_request *r)
{
	uint8_t octets[2] = { r->ask, r->camera };

	if (r->more.len != 0)
		return packet_send(fd, octets, sizeof octets, r->more, -1);
	/* a capture process may send, but not by sendmsg() */
	if (send(fd, octets, sizeof octets, MSG_NOSIGNAL) == -1)
		return send_error();
	return ERR_OK;
}

enum err
channel_asked(int fd, struct channel_request *ret_request, struct buf *more)
{
	uint8_t octets[2];
	int none;
	enum err e;

	if ((e = packet_receive(fd, octets, sizeof octets, more, &none)) !=
	    ERR_OK)
		return e;
	if (octets[0] < CHANNEL_SERVER || octets[0] > CHANNEL_CONNECT ||
	    (octets[0] != CHANNEL_FIND && octets[0] != CHANNEL_CAMERA &&
		more->len != 0))
		return ERR_SYNTAX;
	*ret_request = (struct channel_request){ octets[0], octets[1],
		buf_slice(more) };
	return ERR_OK;
}

enum err
channel_answer(int fd, const struct channel_answer *a, int pass_fd)
{
	uint8_t octets[3] = { a->ask, a->camera, a->why };

	return packet_send(fd, octets, sizeof octets, SLICE_LIT(""), pass_fd);
}

enum err
channel_answered(int fd, struct channel_answer *ret_answer, int *ret_fd)
{
	uint8_t octets[3];
	enum err e;

	if ((e = packet_receive(fd, octets, sizeof octets, NULL, ret_fd)) !=
	    ERR_OK)
		return e;
	*ret_answer = (struct channel_answer){ octets[0], octets[1],
		octets[2] };
	return ERR_OK;
}
