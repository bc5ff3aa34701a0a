#include <pthread.h>
#include <stdlib.h>
#include <sys/socket.h>

#include "eavesd/keeper/keeper.h"
#include "tests/power/house.h"

#define ANSWER_OCTETS_MAX (640u << 10)

struct keeper_thread {
	pthread_t thread;
	struct loop *loop;
	struct ipc *core;
	struct keeper keeper;
};

static enum err
core_serve(void *ctx, struct ipc *ch, struct ipc_msg *m)
{
	struct keeper_thread *t = ctx;
	struct buf answer;
	enum err e;

	buf_init_secret(&answer, ANSWER_OCTETS_MAX);
	e = keeper_serve(&t->keeper, m->type, m->body, &answer);
	if (e == ERR_OK)
		e = ipc_reply(ch, m->type, m->id, buf_slice(&answer), NULL, 0);
	buf_fini(&answer);
	return e;
}

static void
core_gone(void *ctx, struct ipc *ch)
{
	struct keeper_thread *t = ctx;

	(void)ch;
	loop_stop(t->loop);
}

static void *
thread_run(void *ctx)
{
	struct keeper_thread *t = ctx;

	(void)!loop_run(t->loop);
	return NULL;
}

struct keeper_thread *
keeper_thread_start(int folder_fd, int *ret_fd)
{
	struct keeper_thread *t = calloc(1, sizeof *t);
	const struct ipc_side side = { .self = IPC_KEEPER,
		.peer = IPC_CORE,
		.serve = core_serve,
		.broken = core_gone,
		.ctx = t };
	int ends[2];

	if (t == NULL || (t->loop = loop_create()) == NULL ||
	    socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends) == -1 ||
	    (t->core = ipc_create(t->loop, ends[0], &side)) == NULL ||
	    keeper_open(&t->keeper, folder_fd) != ERR_OK ||
	    pthread_create(&t->thread, NULL, thread_run, t) != 0)
		abort();
	*ret_fd = ends[1];
	return t;
}

void
keeper_thread_join(struct keeper_thread *t)
{
	(void)pthread_join(t->thread, NULL);
	keeper_close(&t->keeper);
	ipc_destroy(t->core);
	loop_destroy(t->loop);
	free(t);
}
