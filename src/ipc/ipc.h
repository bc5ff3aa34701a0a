/*
 * ipc.h - channels between processes: whole messages over SEQPACKET, each of
 * a row in messages.def, with descriptors where the row says so. A body over
 * 48 KiB travels in a sealed memfd; the receiver sees no difference.
 *
 * A peer that breaks the rules loses its channel: broken() is called once,
 * and everything outstanding is answered with ERR_CLOSED.
 */
#ifndef IPC_IPC_H
#define IPC_IPC_H

#include "base/buf.h"
#include "os/loop.h"

#define IPC_FDS_MAX 8

enum ipc_role {
	IPC_ANY,
	IPC_PARENT,
	IPC_EDGE,
	IPC_CORE,
	IPC_KEEPER
};

enum ipc_type {
#define MSG(name, asker, answerer, octets, fds, reply_fds) MSG_##name,
#define NOTICE(name, from, to, octets, fds)                MSG_##name,
#include "ipc/messages.def"
#undef MSG
#undef NOTICE
	MSG__MAX
};

struct ipc_msg {
	enum ipc_type type;
	uint32_t id;       /* 0 for notices */
	struct slice body; /* borrowed for the call */
	/* set one to -1 to keep it: the rest is closed after the call */
	int fds[IPC_FDS_MAX];
	size_t fd_count;
};

struct ipc;
/* ERR_OK, or the channel is taken for broken. */
typedef enum err (*ipc_serve)(void *ctx, struct ipc *ch, struct ipc_msg *m);
/* e is ERR_OK, ERR_CLOSED or ERR_TIMEOUT; m is NULL unless ERR_OK. */
typedef void (*ipc_answer)(void *ctx, enum err e, struct ipc_msg *m);

struct ipc_side {
	enum ipc_role self, peer;
	ipc_serve serve; /* requests and notices; checked against the table */
	void (*broken)(void *ctx, struct ipc *ch);
	void *ctx;
};

/* Takes fd. loop may be NULL: then only ipc_call() and ipc_serve_one(). */
struct ipc *ipc_create(struct loop *loop, int fd, const struct ipc_side *side);
/* Does not call broken(). Outstanding questions are answered ERR_CLOSED. */
void ipc_destroy(struct ipc *ch);

MUST_USE enum err ipc_notice(struct ipc *ch, enum ipc_type type,
    struct slice body, const int *fds, size_t fd_count);
/* At most 1024 outstanding: then ERR_LIMIT and no answer. */
MUST_USE enum err ipc_request(struct ipc *ch, enum ipc_type type,
    struct slice body, ipc_answer answer, void *ctx);
/* Answers the question of that type and id; the descriptors stay yours. */
MUST_USE enum err ipc_reply(struct ipc *ch, enum ipc_type type, uint32_t id,
    struct slice body, const int *fds, size_t fd_count);
/* Waits for the answer (10 s at most); the body is appended to out. */
MUST_USE enum err ipc_call(struct ipc *ch, enum ipc_type type,
    struct slice body, struct buf *out);

#endif
