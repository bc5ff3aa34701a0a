/*
 * core_start.c - the process: handle what came, commit, answer. An answer
 * never leaves before what it says is on the disk.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/stat.h>

#include "eavesd/core/core.h"
#include "eavesd/role.h"
#include "log/log.h"
#include "os/clock.h"
#include "os/file.h"
#include "os/memory.h"
#include "os/sandbox.h"

#define SWEEP_MS 1000u

static enum err
edge_serve(void *ctx, struct ipc *ch, struct ipc_msg *m)
{
	(void)ch;
	return edge_question(ctx, m);
}

static enum err
nobody_serves(void *ctx, struct ipc *ch, struct ipc_msg *m)
{
	(void)ctx;
	(void)ch;
	(void)m;
	return ERR_DENIED;
}

/* The channel goes; the parent brings another (MSG_PEER) or ends us. */
static void
channel_gone(void *ctx, struct ipc *ch)
{
	(void)ctx;
	(void)ch;
}

/* Questions of an edge that died are answered to nobody. */
static void
answers_drop(struct core *core)
{
	for (size_t i = 0; i < core->answer_count; i++) {
		tell_fini(&core->answers[i].body);
		for (size_t k = 0; k < core->answers[i].fd_count; k++)
			(void)close(core->answers[i].fds[k]);
	}
	core->answer_count = 0;
	for (size_t i = 0; i < MAILBOXES; i++)
		core->mailboxes[i].m2_waiter = core->mailboxes[i].m3_waiter = 0;
}

static enum err
peer_connect(struct core *core, enum ipc_role peer, int fd)
{
	const struct ipc_side side = { .self = IPC_CORE,
		.peer = peer,
		.serve = peer == IPC_EDGE ? edge_serve : nobody_serves,
		.broken = channel_gone,
		.ctx = core };
	struct ipc **at = peer == IPC_EDGE ? &core->edge : &core->keeper;

	if (peer == IPC_EDGE)
		answers_drop(core);
	ipc_destroy(*at);
	*at = ipc_create(core->loop, fd, &side);
	return *at == NULL ? ERR_NOMEM : ERR_OK;
}

/*
 * The stamp that store and keeper share: a mismatch means that one of them
 * was restored, and then no ticket from before lives.
 */
static enum err
stamp_agree(struct core *core)
{
	AUTO_BUF struct buf stamp, answer;
	struct id fresh;
	enum err e;

	buf_init(&stamp, 64);
	buf_init(&answer, 64);
	if ((e = store_octets(core->store, SQL_META_GET, NO_CELLS, 1,
		 &stamp)) != ERR_OK ||
	    (e = keeper_ask(core, MSG_STAMP_OPEN, buf_slice(&stamp),
		 &answer)) != ERR_OK)
		return e;
	if (answer.len != ID_OCTETS + 1)
		return ERR_CORRUPT;
	memcpy(fresh.octets, answer.at, ID_OCTETS);
	if ((e = store_write(core->store, SQL_META_STAMP,
		 CELLS(cell_id(&fresh)))) != ERR_OK ||
	    (e = store_commit(core->store)) != ERR_OK)
		return e;
	if (answer.at[ID_OCTETS] != 0)
		log_event(EV_RAISED, F_NONE, F_NONE);
	return keeper_ask(core, MSG_STAMP_DONE, id_slice(&fresh), NULL);
}

static enum err
parent_serve(void *ctx, struct ipc *ch, struct ipc_msg *m)
{
	struct core *core = ctx;
	enum err e;

	(void)ch;
	if (m->type == MSG_STOP) {
		core->stopped = true;
		return ERR_OK;
	}
	if (m->type != MSG_PEER || m->body.len != 1 ||
	    (m->body.at[0] != IPC_EDGE && m->body.at[0] != IPC_KEEPER))
		return ERR_DENIED;
	const int fd = m->fds[0];
	m->fds[0] = -1;
	if ((e = peer_connect(core, (enum ipc_role)m->body.at[0], fd)) !=
	    ERR_OK)
		return e;
	if (m->body.at[0] != IPC_KEEPER)
		return ERR_OK;
	/* what was answered so far stands or falls by a commit of its own */
	answers_send(core, store_commit(core->store));
	return stamp_agree(core);
}

static void
parent_gone(void *ctx, struct ipc *ch)
{
	struct core *core = ctx;

	(void)ch;
	core->stopped = true;
}

/* Once a day: a row whose clear day is over opens for nobody any more. */
static enum err
tickets_expire(struct core *core)
{
	const struct count today = { clock_day() };

	if (core->expired_day == today.n)
		return ERR_OK;
	const enum err e = store_write(core->store, SQL_TICKET_EXPIRE,
	    CELLS(cell_count(today)));
	if (e == ERR_OK)
		core->expired_day = today.n;
	return e;
}

/* With a full disk, and while the keeper is away: it is done later. */
static bool
can_go_on(enum err e)
{
	return e == ERR_OK || e == ERR_LIMIT || e == ERR_IO || e == ERR_CLOSED;
}

static void
sweep_due(struct loop_timer *t)
{
	struct core *core = OBJ_OF(t, struct core, mailbox_timer);

	mailboxes_sweep(core);
	status_write(core);
	retention_second(core);
	if (!can_go_on(tickets_expire(core)))
		core->stopped = true;
	else if (loop_timer_set(core->loop, t, SWEEP_MS, sweep_due) != ERR_OK)
		core->stopped = true;
}

/* What could not be committed did not happen: say so instead. */
static void
answer_undo(struct answer *a)
{
	tell_clear(&a->body);
	if (a->type != MSG_API_CALL) {
		tell_err(&a->body, ERR_IO);
		return;
	}
	/* status 503, JSON, no body */
	tell_count(&a->body, (struct count){ 503 }, 2);
	tell_choice(&a->body, (struct choice){ 0 });
	tell_count(&a->body, (struct count){ 0 }, 4);
}

void
answers_send(struct core *core, enum err committed)
{
	segments_settle(core, committed);
	for (size_t i = 0; i < core->answer_count; i++) {
		struct answer *a = &core->answers[i];

		if (committed != ERR_OK)
			answer_undo(a);
		if (core->edge != NULL)
			(void)!tell_reply(core->edge, a->type, a->id, &a->body,
			    a->fds, committed == ERR_OK ? a->fd_count : 0);
		tell_fini(&a->body);
		for (size_t k = 0; k < a->fd_count; k++)
			(void)close(a->fds[k]);
	}
	core->answer_count = 0;
}

static enum err
core_run(struct core *core)
{
	enum err e = ERR_OK;

	while (!core->stopped && e == ERR_OK) {
		if ((e = loop_turn(core->loop, -1)) != ERR_OK)
			break;
		answers_send(core, store_commit(core->store));
	}
	return e;
}

static enum err
folders_open(struct core *core)
{
	if (fchdir(CORE_FD_FOLDER) == -1 ||
	    (mkdirat(CORE_FD_FOLDER, "segments", 0700) == -1 &&
		errno != EEXIST) ||
	    fsync(CORE_FD_FOLDER) == -1)
		return err_of_errno(errno);
	core->segments_fd = openat(CORE_FD_FOLDER, "segments",
	    O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	return core->segments_fd == -1 ? err_of_errno(errno) : ERR_OK;
}

static enum err
folder_store_open(struct core *core)
{
	const enum err e = store_open("store.db", &core->store);

	if (e == ERR_UNSUPPORTED)
		role_newer();
	return e;
}

static enum err
core_begin(struct core *core, const struct role_start *start,
    struct sandbox_missing *missing)
{
	const struct ipc_side parent = { .self = IPC_CORE,
		.peer = IPC_PARENT,
		.serve = parent_serve,
		.broken = parent_gone,
		.ctx = core };
	const struct sandbox fence = { .role = SANDBOX_CORE,
		.folder_fd = CORE_FD_FOLDER,
		.fds_max = 256,
		.uid = start->uid };
	enum err e;

	(void)umask(077);
	core->store_fd = CORE_FD_FOLDER;
	core->media_octets_max = start->media_octets_max;
	if ((e = crypto_init()) != ERR_OK)
		return e;
	json_object_seed(0); /* reads a file: not after the fence */
	if ((core->loop = loop_create()) == NULL ||
	    (core->parent = ipc_create(core->loop, ROLE_FD_PARENT, &parent)) ==
		NULL)
		return ERR_NOMEM;
	if ((e = peer_connect(core, IPC_KEEPER, CORE_FD_KEEPER)) != ERR_OK ||
	    (e = peer_connect(core, IPC_EDGE, CORE_FD_EDGE)) != ERR_OK ||
	    (e = sandbox_enter(&fence, missing)) != ERR_OK ||
	    (e = folders_open(core)) != ERR_OK ||
	    (e = folder_store_open(core)) != ERR_OK ||
	    (e = stamp_agree(core)) != ERR_OK ||
	    (e = segments_tidy(core)) != ERR_OK ||
	    (e = store_commit(core->store)) != ERR_OK)
		return e;
	segments_strays_drop(core);
	status_write(core);
	return loop_timer_set(core->loop, &core->mailbox_timer, SWEEP_MS,
	    sweep_due);
}

int
core_main(const struct role_start *start)
{
	struct core *core = calloc(1, sizeof *core);
	struct sandbox_missing missing;
	enum err e;

	sandbox_begin();
	json_set_alloc_funcs(malloc, free_wiped);
	if (core == NULL)
		return 1;
	if ((e = core_begin(core, start, &missing)) == ERR_OK) {
		role_ready(core->parent, &missing);
		e = core_run(core);
	}
	store_close(core->store);
	ipc_destroy(core->edge);
	ipc_destroy(core->keeper);
	ipc_destroy(core->parent);
	loop_destroy(core->loop);
	retention_end(core);
	free(core);
	return e == ERR_OK ? 0 : (int)e;
}
