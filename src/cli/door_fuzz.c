/*
 * What a server says to the command line: an answer to a request, then
 * messages of the live line, as they come. All of it ends.
 */
#include <poll.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#include "cli/door.h"

#define OCTETS_MAX 65536 /* as a socket takes at once */

static bool
wire_make(struct slice says, struct wire *w)
{
	int fd[2];

	*w = (struct wire){ .fd = -1 };
	if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, fd) != 0)
		return false;
	const ssize_t n = send(fd[1], says.at, says.len, MSG_NOSIGNAL);
	(void)shutdown(fd[1], SHUT_WR);
	(void)close(fd[1]);
	w->fd = fd[0];
	buf_init(&w->in, (size_t)1 << 20);
	return n == (ssize_t)says.len;
}

static void
answer_look(struct slice says)
{
	json_t *answer = NULL;
	struct wire w;

	if (wire_make(says, &w) && wire_answer(&w, &answer) == ERR_OK)
		json_decref(answer);
	live_close(&w);
}

static void
live_look(struct slice says)
{
	struct buf octets;
	json_t *text;
	struct wire w;

	buf_init(&octets, (size_t)5 << 20);
	if (wire_make(says, &w))
		while (live_next(&w, 1000, &octets, &text) == ERR_OK) {
			assert(text == NULL || json_is_object(text) ||
			       json_is_array(text));
			json_decref(text);
		}
	live_close(&w);
	buf_fini(&octets);
}

int LLVMFuzzerTestOneInput(const uint8_t *, size_t);
int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
	if (n > OCTETS_MAX)
		return 0;
	answer_look(slice_make(data, n));
	live_look(slice_make(data, n));
	return 0;
}
