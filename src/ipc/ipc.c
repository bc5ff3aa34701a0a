#include "ipc/ipc.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/codec.h"
#include "os/clock.h"
#include "os/file.h"

#define HEAD_OCTETS     8
#define INLINE_OCTETS   (48u << 10)
#define BODY_OCTETS_MAX (1u << 20)
#define OUTSTANDING_MAX 1024
#define QUEUE_MAX       256
#define CALL_WAIT_MS    10000
#define IPC_MAGIC       0x69706321u

enum kind {
	KIND_NOTICE,
	KIND_REQUEST,
	KIND_REPLY
};

struct row {
	enum ipc_role from, to;
	bool notice;
	size_t octets_max, fds, reply_fds;
};

static const struct row rows[] = {
#define MSG(name, asker, answerer, octets, in, out)                            \
	[MSG_##name] = { IPC_##asker, IPC_##answerer, false, octets, in, out },
#define NOTICE(name, from, to, octets, in)                                     \
	[MSG_##name] = { IPC_##from, IPC_##to, true, octets, in, 0 },
#include "ipc/messages.def"
#undef MSG
#undef NOTICE
};

struct outstanding {
	uint32_t id;
	enum ipc_type type;
	ipc_answer answer;
	void *ctx;
};

struct packet {
	struct packet *next;
	int fds[IPC_FDS_MAX + 1];
	size_t fd_count, len;
	uint8_t octets[];
};

struct ipc {
	uint32_t magic;
	struct loop *loop;
	struct loop_fd watch;
	int fd;
	struct ipc_side side;
	uint32_t next_id;
	struct outstanding waiting[OUTSTANDING_MAX];
	size_t waiting_count;
	struct packet *first, **last;
	size_t queued;
	bool gone, serving;
	uint8_t in[HEAD_OCTETS + INLINE_OCTETS];
};

static bool
role_fits(enum ipc_role rule, enum ipc_role role)
{
	return rule == IPC_ANY || rule == role;
}

static void
fds_close(int *fds, size_t n)
{
	for (size_t i = 0; i < n; i++)
		if (fds[i] != -1)
			(void)close(fds[i]);
}

static void
packet_free(struct packet *p)
{
	fds_close(p->fds, p->fd_count);
	explicit_bzero(p->octets, p->len);
	free(p);
}

static void
waiting_fail(struct ipc *ch, enum err e)
{
	while (ch->waiting_count != 0) {
		const struct outstanding o = ch->waiting[--ch->waiting_count];

		o.answer(o.ctx, e, NULL);
	}
}

static void
channel_shut(struct ipc *ch)
{
	if (ch->gone)
		return;
	ch->gone = true;
	loop_fd_remove(&ch->watch);
	(void)close(ch->fd);
	while (ch->first != NULL) {
		struct packet *p = ch->first;

		ch->first = p->next;
		packet_free(p);
	}
	waiting_fail(ch, ERR_CLOSED);
}

static void
channel_break(struct ipc *ch)
{
	if (ch->gone)
		return;
	channel_shut(ch);
	if (ch->side.broken != NULL)
		ch->side.broken(ch->side.ctx, ch);
}

void
ipc_destroy(struct ipc *ch)
{
	if (ch == NULL)
		return;
	OBJ_CHECK(ch, IPC_MAGIC);
	channel_shut(ch);
	explicit_bzero(ch->in, sizeof ch->in);
	ch->magic = 0;
	free(ch);
}

/* --- sending --- */

static enum err
packet_send(struct ipc *ch, const struct packet *p)
{
	union {
		struct cmsghdr head;
		uint8_t room[CMSG_SPACE(sizeof(int) * (IPC_FDS_MAX + 1))];
	} control = { .room = { 0 } };
	struct iovec iov = { .iov_base = (void *)(uintptr_t)p->octets,
		.iov_len = p->len };
	struct msghdr m = { .msg_iov = &iov, .msg_iovlen = 1 };

	if (p->fd_count != 0) {
		m.msg_control = control.room;
		m.msg_controllen = CMSG_SPACE(sizeof(int) * p->fd_count);
		struct cmsghdr *c = CMSG_FIRSTHDR(&m);
		c->cmsg_level = SOL_SOCKET;
		c->cmsg_type = SCM_RIGHTS;
		c->cmsg_len = CMSG_LEN(sizeof(int) * p->fd_count);
		memcpy(CMSG_DATA(c), p->fds, sizeof(int) * p->fd_count);
	}
	if (sendmsg(ch->fd, &m, MSG_NOSIGNAL) >= 0)
		return ERR_OK;
	return err_of_errno(errno == ENOBUFS ? EAGAIN : errno);
}

static void
queue_flush(struct ipc *ch)
{
	while (ch->first != NULL) {
		struct packet *p = ch->first;
		const enum err e = packet_send(ch, p);

		if (e == ERR_AGAIN)
			return;
		if (e != ERR_OK) {
			channel_break(ch);
			return;
		}
		ch->first = p->next;
		if (ch->first == NULL)
			ch->last = &ch->first;
		ch->queued--;
		packet_free(p);
	}
	loop_fd_want(&ch->watch, EPOLLIN);
}

static enum err
memfd_make(struct slice body, int *ret_fd)
{
	const int fd = memfd_create("message", MFD_CLOEXEC | MFD_ALLOW_SEALING);
	enum err e;

	if (fd == -1)
		return err_of_errno(errno);
	if ((e = fd_write_all(fd, body)) == ERR_OK &&
	    fcntl(fd, F_ADD_SEALS,
		F_SEAL_SEAL | F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_WRITE) == -1)
		e = err_of_errno(errno);
	if (e != ERR_OK) {
		(void)close(fd);
		return e;
	}
	*ret_fd = fd;
	return ERR_OK;
}

static enum err
packet_make(enum ipc_type type, enum kind kind, uint32_t id, struct slice body,
    const int *fds, size_t fd_count, struct packet **ret)
{
	const bool big = body.len > INLINE_OCTETS;
	const size_t len = HEAD_OCTETS + (big ? 0 : body.len);
	struct packet *p = calloc(1, sizeof *p + len);
	enum err e = ERR_OK;

	if (p == NULL)
		return ERR_NOMEM;
	p->len = len;
	p->octets[0] = (uint8_t)(type >> 8);
	p->octets[1] = (uint8_t)type;
	p->octets[2] = (uint8_t)kind;
	p->octets[3] = big;
	for (int i = 0; i < 4; i++)
		p->octets[4 + i] = (uint8_t)(id >> (24 - 8 * i));
	if (big && (e = memfd_make(body, &p->fds[p->fd_count])) == ERR_OK)
		p->fd_count++;
	else if (!big && body.len != 0)
		memcpy(p->octets + HEAD_OCTETS, body.at, body.len);
	/* copies, since the message may wait for room */
	for (size_t i = 0; e == ERR_OK && i < fd_count; i++) {
		const int fd = fcntl(fds[i], F_DUPFD_CLOEXEC, 0);

		if (fd == -1)
			e = err_of_errno(errno);
		else
			p->fds[p->fd_count++] = fd;
	}
	if (e != ERR_OK) {
		packet_free(p);
		return e;
	}
	*ret = p;
	return ERR_OK;
}

static enum err
message_send(struct ipc *ch, enum ipc_type type, enum kind kind, uint32_t id,
    struct slice body, const int *fds, size_t fd_count)
{
	struct packet *p;
	enum err e;

	OBJ_CHECK(ch, IPC_MAGIC);
	if (ch->gone)
		return ERR_CLOSED;
	if (body.len > BODY_OCTETS_MAX || fd_count > IPC_FDS_MAX)
		return ERR_LIMIT;
	if ((e = packet_make(type, kind, id, body, fds, fd_count, &p)) !=
	    ERR_OK)
		return e;
	e = ch->first == NULL ? packet_send(ch, p) : ERR_AGAIN;
	if (e != ERR_AGAIN || ch->loop == NULL) {
		packet_free(p);
		return e;
	}
	if (ch->queued == QUEUE_MAX) {
		packet_free(p);
		return ERR_LIMIT;
	}
	*ch->last = p;
	ch->last = &p->next;
	ch->queued++;
	loop_fd_want(&ch->watch, EPOLLIN | EPOLLOUT);
	return ERR_OK;
}

enum err
ipc_notice(struct ipc *ch, enum ipc_type type, struct slice body,
    const int *fds, size_t fd_count)
{
	return message_send(ch, type, KIND_NOTICE, 0, body, fds, fd_count);
}

static uint32_t
id_next(struct ipc *ch)
{
	if (++ch->next_id == 0)
		ch->next_id = 1;
	return ch->next_id;
}

enum err
ipc_request(struct ipc *ch, enum ipc_type type, struct slice body,
    ipc_answer answer, void *ctx)
{
	enum err e;

	if (ch->waiting_count == OUTSTANDING_MAX)
		return ERR_LIMIT;
	const uint32_t id = id_next(ch);
	if ((e = message_send(ch, type, KIND_REQUEST, id, body, NULL, 0)) !=
	    ERR_OK)
		return e;
	ch->waiting[ch->waiting_count++] = (struct outstanding){ .id = id,
		.type = type,
		.answer = answer,
		.ctx = ctx };
	return ERR_OK;
}

enum err
ipc_reply(struct ipc *ch, enum ipc_type type, uint32_t id, struct slice body,
    const int *fds, size_t fd_count)
{
	return message_send(ch, type, KIND_REPLY, id, body, fds, fd_count);
}

/* --- receiving --- */

static size_t
fds_take(struct msghdr *m, int *to)
{
	size_t n = 0;

	for (struct cmsghdr *c = CMSG_FIRSTHDR(m); c != NULL;
	     c = CMSG_NXTHDR(m, c)) {
		if (c->cmsg_level != SOL_SOCKET || c->cmsg_type != SCM_RIGHTS)
			continue;
		const size_t count = (c->cmsg_len - CMSG_LEN(0)) / sizeof(int);
		for (size_t i = 0; i < count; i++) {
			int fd;

			memcpy(&fd, CMSG_DATA(c) + i * sizeof fd, sizeof fd);
			if (n < IPC_FDS_MAX + 1)
				to[n++] = fd;
			else
				(void)close(fd);
		}
	}
	return n;
}

struct incoming {
	enum kind kind;
	struct ipc_msg msg;
	uint8_t *big; /* mapped, or NULL */
	size_t big_octets;
};

static void
incoming_close(struct incoming *in)
{
	fds_close(in->msg.fds, in->msg.fd_count);
	if (in->big != NULL)
		(void)munmap(in->big, in->big_octets);
}

/* The body of a sealed memfd: it can no longer change under our eyes. */
static enum err
big_map(struct incoming *in, int fd)
{
	const int want = F_SEAL_SHRINK | F_SEAL_WRITE;
	const int seals = fcntl(fd, F_GET_SEALS);

	/* -1: a file that knows no seals, and -1 has every bit */
	if (seals == -1 || (seals & want) != want)
		return ERR_SYNTAX;
	/* not fstat: with glibc 2.36 that is a call by path, which edge may not */
	const off_t size = lseek(fd, 0, SEEK_END);
	if (size <= 0 || size > (off_t)BODY_OCTETS_MAX)
		return ERR_SYNTAX;
	in->big_octets = (size_t)size;
	in->big = mmap(NULL, in->big_octets, PROT_READ, MAP_PRIVATE, fd, 0);
	if (in->big == MAP_FAILED) {
		in->big = NULL;
		return ERR_NOMEM;
	}
	in->msg.body = slice_make(in->big, in->big_octets);
	return ERR_OK;
}

/* Everything that the table knows about a message. */
static enum err
incoming_check(const struct ipc *ch, const struct incoming *in)
{
	const struct row *row = &rows[in->msg.type];

	if (in->kind == KIND_REPLY)
		return role_fits(row->from, ch->side.self) && !row->notice &&
			       in->msg.fd_count <= row->reply_fds
			   ? ERR_OK
			   : ERR_DENIED;
	if (!role_fits(row->from, ch->side.peer) ||
	    !role_fits(row->to, ch->side.self) ||
	    row->notice != (in->kind == KIND_NOTICE))
		return ERR_DENIED;
	if (in->msg.body.len > row->octets_max || in->msg.fd_count != row->fds)
		return ERR_LIMIT;
	return ERR_OK;
}

static enum err
incoming_parse(const struct ipc *ch, size_t len, int *fds, size_t fd_count,
    struct incoming *in)
{
	struct slice s = slice_make(ch->in, len);
	enum err e = ERR_OK;
	size_t skip = 0;

	*in = (struct incoming){ .kind = KIND_NOTICE };
	if (len < HEAD_OCTETS || slice_be(s, 2) >= MSG__MAX ||
	    s.at[2] > KIND_REPLY || s.at[3] > 1 ||
	    (s.at[3] == 1 && fd_count == 0) ||
	    fd_count - s.at[3] > IPC_FDS_MAX) {
		fds_close(fds, fd_count);
		return ERR_SYNTAX;
	}
	in->kind = (enum kind)s.at[2];
	in->msg.type = (enum ipc_type)slice_be(s, 2);
	in->msg.id = (uint32_t)slice_be(slice_skip(s, 4), 4);
	in->msg.body = slice_skip(s, HEAD_OCTETS);
	if (s.at[3] == 1) {
		e = in->msg.body.len == 0 ? big_map(in, fds[0]) : ERR_SYNTAX;
		(void)close(fds[0]);
		skip = 1;
	}
	in->msg.fd_count = fd_count - skip;
	for (size_t i = skip; i < fd_count; i++)
		in->msg.fds[i - skip] = fds[i];
	return e == ERR_OK ? incoming_check(ch, in) : e;
}

/* ERR_AGAIN: nothing there. Otherwise *in is to be closed. */
static enum err
message_receive(struct ipc *ch, struct incoming *in)
{
	union {
		struct cmsghdr head;
		uint8_t room[CMSG_SPACE(sizeof(int) * (IPC_FDS_MAX + 1))];
	} control;
	struct iovec iov = { .iov_base = ch->in, .iov_len = sizeof ch->in };
	struct msghdr m = { .msg_iov = &iov,
		.msg_iovlen = 1,
		.msg_control = control.room,
		.msg_controllen = sizeof control.room };
	int fds[IPC_FDS_MAX + 1];

	*in = (struct incoming){ .kind = KIND_NOTICE };
	const ssize_t n = recvmsg(ch->fd, &m, MSG_CMSG_CLOEXEC | MSG_DONTWAIT);
	if (n == -1)
		return err_of_errno(errno);
	const size_t fd_count = fds_take(&m, fds);
	if (n == 0 || (m.msg_flags & (MSG_TRUNC | MSG_CTRUNC)) != 0) {
		fds_close(fds, fd_count);
		return n == 0 ? ERR_CLOSED : ERR_LIMIT;
	}
	return incoming_parse(ch, (size_t)n, fds, fd_count, in);
}

static enum err
reply_give(struct ipc *ch, struct incoming *in)
{
	for (size_t i = 0; i < ch->waiting_count; i++) {
		const struct outstanding o = ch->waiting[i];

		if (o.id != in->msg.id)
			continue;
		if (o.type != in->msg.type)
			return ERR_SYNTAX;
		ch->waiting[i] = ch->waiting[--ch->waiting_count];
		o.answer(o.ctx, ERR_OK, &in->msg);
		return ERR_OK;
	}
	return ERR_MISSING;
}

static enum err
message_take(struct ipc *ch)
{
	struct incoming in;
	enum err e = message_receive(ch, &in);

	if (e == ERR_AGAIN)
		return e;
	if (e == ERR_OK)
		e = in.kind == KIND_REPLY
			? reply_give(ch, &in)
			: ch->side.serve(ch->side.ctx, ch, &in.msg);
	incoming_close(&in);
	if (e == ERR_AGAIN)
		e = ERR_IO; /* a handler's, not the socket's */
	return e;
}

static void
channel_ready(struct loop_fd *w, uint32_t events)
{
	struct ipc *ch = OBJ_OF(w, struct ipc, watch);

	if ((events & EPOLLOUT) != 0)
		queue_flush(ch);
	/* a few, then others have their turn */
	for (int i = 0; i < 32 && !ch->gone; i++) {
		const enum err e = message_take(ch);

		if (e == ERR_AGAIN)
			return;
		if (e != ERR_OK) {
			channel_break(ch);
			return;
		}
	}
}

struct ipc *
ipc_create(struct loop *loop, int fd, const struct ipc_side *side)
{
	struct ipc *ch = calloc(1, sizeof *ch);

	if (ch == NULL)
		return NULL;
	ch->magic = IPC_MAGIC;
	ch->fd = fd;
	ch->side = *side;
	ch->loop = loop;
	ch->last = &ch->first;
	if (loop != NULL && loop_fd_add(loop, &ch->watch, fd, EPOLLIN,
				channel_ready) != ERR_OK) {
		free(ch);
		return NULL;
	}
	return ch;
}

struct waited {
	struct buf *out;
	enum err err;
	bool done;
};

static void
call_answered(void *ctx, enum err e, struct ipc_msg *m)
{
	struct waited *w = ctx;

	w->done = true;
	w->err = e == ERR_OK ? buf_append(w->out, m->body) : e;
}

/*
 * A channel used for calls gets answers only: the one asked serves and never
 * asks back, so waiting here cannot dead-lock.
 */
enum err
ipc_call(struct ipc *ch, enum ipc_type type, struct slice body, struct buf *out)
{
	struct waited w = { .out = out };
	const uint64_t until_ms = clock_monotonic_ms() + CALL_WAIT_MS;
	enum err e;

	if ((e = ipc_request(ch, type, body, call_answered, &w)) != ERR_OK)
		return e;
	while (!w.done) {
		struct pollfd p = { .fd = ch->fd, .events = POLLIN };

		if (clock_monotonic_ms() > until_ms) {
			channel_break(ch); /* w must not be answered later */
			return ERR_TIMEOUT;
		}
		if (poll(&p, 1, 100) <= 0)
			continue;
		e = message_take(ch);
		if (e != ERR_OK && e != ERR_AGAIN) {
			channel_break(ch);
			return w.done ? w.err : e;
		}
	}
	return w.err;
}
