/*
 * A server that keeps the command line busy: what is waited for comes in its
 * time, or not at all.
 */
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "cli/door.h"
#include "unit/t.h"

static void
who_only_says_that_he_is_there_is_not_waited_for(void **state)
{
	AUTO_BUF struct buf octets;
	json_t *text;
	struct wire w;
	int fd[2];

	(void)state;
	assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM, 0, fd), 0);
	w = (struct wire){ .fd = fd[0] };
	buf_init(&w.in, (size_t)1 << 20);
	buf_init(&octets, 4096);
	for (size_t i = 0; i < 10000; i++)
		T_OK(buf_append(&w.in, SLICE_LIT("\x8a\0")));
	T_ERR(ERR_TIMEOUT, live_next(&w, 0, &octets, &text));
	assert_true(w.in.len > 0); /* it would have gone on for ever */
	live_close(&w);
	(void)close(fd[1]);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(
		    who_only_says_that_he_is_there_is_not_waited_for),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
