#include <fcntl.h>
#include <stdio.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <unistd.h>

#include "ipc/ipc.h"
#include "os/sock.h"
#include "unit/t.h"

struct seen {
	unsigned served, broken;
};

static enum err
serve(void *ctx, struct ipc *ch, struct ipc_msg *m)
{
	struct seen *s = ctx;

	(void)ch;
	(void)m;
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

/* What core makes of one message by hand, with one descriptor beside it. */
static struct seen
core_given(const uint8_t *head, size_t len, int fd)
{
	union {
		struct cmsghdr head;
		uint8_t room[CMSG_SPACE(sizeof(int))];
	} control = { .room = { 0 } };
	struct iovec iov = { .iov_base = (void *)(uintptr_t)head,
		.iov_len = len };
	struct msghdr m = { .msg_iov = &iov,
		.msg_iovlen = 1,
		.msg_control = control.room,
		.msg_controllen = sizeof control.room };
	struct seen seen = { 0 };
	const struct ipc_side side = { .self = IPC_CORE,
		.peer = IPC_EDGE,
		.serve = serve,
		.broken = broken,
		.ctx = &seen };
	struct loop *loop = loop_create();
	struct cmsghdr *c = CMSG_FIRSTHDR(&m);
	int pair[2];

	c->cmsg_level = SOL_SOCKET;
	c->cmsg_type = SCM_RIGHTS;
	c->cmsg_len = CMSG_LEN(sizeof fd);
	memcpy(CMSG_DATA(c), &fd, sizeof fd);
	T_OK(sock_pair(pair));
	struct ipc *ch = ipc_create(loop, pair[0], &side);
	assert_non_null(ch);
	assert_int_equal(sendmsg(pair[1], &m, 0), len);
	T_OK(loop_turn(loop, 1000));
	ipc_destroy(ch);
	loop_destroy(loop);
	(void)close(pair[1]);
	return seen;
}

static const uint8_t big_call[] = { MSG_API_CALL >> 8, MSG_API_CALL & 0xff, 1,
	1, 0, 0, 0, 1 };

static void
a_body_in_a_file_that_can_shrink_costs_the_channel(void **state)
{
	FILE *f = tmpfile();

	(void)state;
	assert_non_null(f);
	assert_int_equal(ftruncate(fileno(f), 4096), 0);
	const struct seen s = core_given(big_call, sizeof big_call, fileno(f));
	assert_int_equal(s.served, 0);
	assert_int_equal(s.broken, 1);
	(void)fclose(f);
}

static void
a_body_in_memory_counts_only_when_it_is_sealed(void **state)
{
	const int fd = memfd_create("t", MFD_ALLOW_SEALING);

	(void)state;
	assert_int_equal(ftruncate(fd, 4096), 0);
	assert_int_equal(core_given(big_call, sizeof big_call, fd).broken, 1);
	assert_int_equal(fcntl(fd, F_ADD_SEALS, F_SEAL_SHRINK | F_SEAL_WRITE),
	    0);
	assert_int_equal(core_given(big_call, sizeof big_call, fd).served, 1);
	(void)close(fd);
}

static void
a_descriptor_that_the_table_does_not_name_costs_the_channel(void **state)
{
	uint8_t call[sizeof big_call + 4] = { 0 };

	(void)state;
	memcpy(call, big_call, sizeof big_call);
	call[3] = 0;
	assert_int_equal(core_given(call, sizeof call, 0).broken, 1);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(
		    a_body_in_a_file_that_can_shrink_costs_the_channel),
		cmocka_unit_test(
		    a_body_in_memory_counts_only_when_it_is_sealed),
		cmocka_unit_test(
		    a_descriptor_that_the_table_does_not_name_costs_the_channel),
	};

	return T_RUN(tests);
}
