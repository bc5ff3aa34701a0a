/*
 * keeper_start.c - the process: one channel to core, its own folder, nothing
 * else. It asks nobody and trusts nobody.
 */
#include <stdlib.h>

#include "eavesd/keeper/keeper.h"
#include "eavesd/role.h"
#include "os/sandbox.h"

#define ANSWER_OCTETS_MAX (640u << 10)

struct process {
	struct loop *loop;
	struct ipc *parent, *core;
	struct keeper keeper;
};

static enum err
core_serve(void *ctx, struct ipc *ch, struct ipc_msg *m)
{
	struct process *p = ctx;
	struct buf answer;
	enum err e;

	buf_init_secret(&answer, ANSWER_OCTETS_MAX);
	e = keeper_serve(&p->keeper, m->type, m->body, &answer);
	if (e == ERR_OK)
		e = ipc_reply(ch, m->type, m->id, buf_slice(&answer), NULL, 0);
	buf_fini(&answer);
	return e;
}

static enum err
core_connect(struct process *p, int fd)
{
	const struct ipc_side side = { .self = IPC_KEEPER,
		.peer = IPC_CORE,
		.serve = core_serve,
		.ctx = p };

	ipc_destroy(p->core);
	p->core = ipc_create(p->loop, fd, &side);
	return p->core == NULL ? ERR_NOMEM : ERR_OK;
}

static enum err
parent_serve(void *ctx, struct ipc *ch, struct ipc_msg *m)
{
	struct process *p = ctx;

	(void)ch;
	if (m->type == MSG_STOP) {
		loop_stop(p->loop);
		return ERR_OK;
	}
	if (m->type != MSG_PEER || m->body.len != 1 ||
	    m->body.at[0] != IPC_CORE)
		return ERR_DENIED;
	const int fd = m->fds[0];
	m->fds[0] = -1;
	return core_connect(p, fd);
}

static void
parent_broken(void *ctx, struct ipc *ch)
{
	struct process *p = ctx;

	(void)ch;
	loop_stop(p->loop);
}

int
keeper_main(const struct role_start *start)
{
	struct process *p = calloc(1, sizeof *p);
	const struct ipc_side parent = { .self = IPC_KEEPER,
		.peer = IPC_PARENT,
		.serve = parent_serve,
		.broken = parent_broken,
		.ctx = p };
	const struct sandbox fence = { .role = SANDBOX_KEEPER,
		.folder_fd = KEEPER_FD_FOLDER,
		.fds_max = 64,
		.uid = start->uid };
	struct sandbox_missing missing;

	sandbox_begin();
	if (p == NULL || crypto_init() != ERR_OK ||
	    (p->loop = loop_create()) == NULL ||
	    (p->parent = ipc_create(p->loop, ROLE_FD_PARENT, &parent)) ==
		NULL ||
	    core_connect(p, KEEPER_FD_CORE) != ERR_OK ||
	    sandbox_enter(&fence, &missing) != ERR_OK)
		return 1;
	enum err e = keeper_open(&p->keeper, KEEPER_FD_FOLDER);
	if (e == ERR_UNSUPPORTED)
		role_newer();
	if (e != ERR_OK)
		return 1;
	role_ready(p->parent, &missing);
	e = loop_run(p->loop);
	keeper_close(&p->keeper);
	ipc_destroy(p->core);
	ipc_destroy(p->parent);
	loop_destroy(p->loop);
	free(p);
	return e == ERR_OK ? 0 : 1;
}
