/*
 * What a hostile edge may write into its channel to core: messages behind u16
 * lengths. Each is served as the table allows or costs the channel, once.
 */
#include <sys/socket.h>
#include <unistd.h>

#include "ipc/ipc.h"
#include "os/sock.h"

struct seen {
	unsigned served, broken;
};

static enum err
serve(void *ctx, struct ipc *ch, struct ipc_msg *m)
{
	struct seen *s = ctx;

	(void)ch;
	assert(s->broken == 0);
	assert(m->type == MSG_API_CALL || m->type == MSG_VIEW_OPEN ||
	       m->type == MSG_UPLINK_OPEN || m->type == MSG_SEGMENT_NEXT ||
	       m->type == MSG_SEGMENT_FULL || m->type == MSG_SEGMENT_LIST ||
	       m->type == MSG_SEGMENT_RUN || m->type == MSG_ROW_APPEND);
	assert(m->fd_count == 0);
	s->served++;
	return ERR_OK;
}

static void
broken(void *ctx, struct ipc *ch)
{
	struct seen *s = ctx;

	(void)ch;
	s->broken++;
}

int LLVMFuzzerTestOneInput(const uint8_t *, size_t);
int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
	struct slice rest = slice_make(data, n);
	struct seen seen = { 0 };
	const struct ipc_side side = { .self = IPC_CORE,
		.peer = IPC_EDGE,
		.serve = serve,
		.broken = broken,
		.ctx = &seen };
	struct loop *loop = loop_create();
	int pair[2];

	if (loop == NULL || sock_pair(pair) != ERR_OK)
		return 0;
	struct ipc *ch = ipc_create(loop, pair[0], &side);
	while (ch != NULL && seen.broken == 0 && rest.len > 2) {
		const size_t all = rest.len - 2, said = slice_be(rest, 2);
		const size_t len = said < all ? said : all;

		if (send(pair[1], rest.at + 2, len, MSG_NOSIGNAL) == -1 ||
		    loop_turn(loop, 0) != ERR_OK)
			break;
		rest = slice_skip(rest, 2 + len);
	}
	assert(seen.broken <= 1);
	ipc_destroy(ch);
	loop_destroy(loop);
	(void)close(pair[1]);
	return 0;
}
