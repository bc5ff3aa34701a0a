/*
 * heads_test.c - what hubs signed last is kept while they are away: for their
 * own home, the newest of each, and not of more hubs than there may be.
 */
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "eavesd/edge/edge.h"
#include "unit/t.h"

static struct edge edge;

static struct id
number(uint32_t n)
{
	struct id id = { { 0 } };

	memcpy(id.octets, &n, sizeof n);
	return id;
}

static void
keep(uint32_t home, uint32_t hub, const char *body)
{
	const struct id a = number(home), b = number(hub);

	T_OK(heads_keep(&edge, &a, &b, body));
}

static void
closed(struct conn *c, enum err why)
{
	(void)c;
	(void)why;
}

/* Whether a viewer of that home is told that body when he comes. */
static bool
is_told(uint32_t home, const char *body)
{
	static const struct conn_rules rules = { 4096, 1u << 20 };
	struct client c = { .edge = &edge, .home = number(home) };
	char text[4096], want[64];
	int pair[2];

	assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0,
			     pair),
	    0);
	c.conn.closed = closed;
	T_OK(conn_start(&c.conn, edge.loop, pair[0], NULL, false, &rules));
	websocket_init(&c.ws, &c.conn, true, 4096);
	viewer_tell_heads(&c);
	const ssize_t n = recv(pair[1], text, sizeof text, 0);
	websocket_fini(&c.ws);
	conn_close(&c.conn, ERR_CLOSED);
	(void)close(pair[1]);
	(void)snprintf(want, sizeof want, "\"%s\"", body);
	return n > 0 && memmem(text, (size_t)n, want, strlen(want)) != NULL;
}

static int
begin(void **state)
{
	(void)state;
	edge.loop = loop_create();
	return edge.loop == NULL;
}

static int
end(void **state)
{
	(void)state;
	for (size_t i = 0; i < HUB_HEADS_MAX; i++)
		free(edge.heads[i].body);
	loop_destroy(edge.loop);
	edge = (struct edge){ 0 };
	return 0;
}

static void
the_newest_of_each_hub_is_told_to_its_own_home(void **state)
{
	(void)state;
	keep(1, 11, "old");
	keep(1, 12, "other");
	keep(2, 21, "strange");
	keep(1, 11, "new");
	assert_true(is_told(1, "new"));
	assert_true(is_told(1, "other"));
	assert_false(is_told(1, "old"));
	assert_false(is_told(1, "strange"));
	assert_true(is_told(2, "strange"));
}

static void
of_too_many_who_said_nothing_the_longest_is_forgotten(void **state)
{
	(void)state;
	for (uint32_t i = 0; i < HUB_HEADS_MAX; i++)
		keep(100 + i, i, "more");
	keep(100, 0, "again");
	keep(1, 1000, "one more");
	assert_true(is_told(100, "again"));
	assert_false(is_told(101, "more"));
	assert_true(is_told(102, "more"));
	assert_true(is_told(1, "one more"));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(
		    the_newest_of_each_hub_is_told_to_its_own_home, begin, end),
		cmocka_unit_test_setup_teardown(
		    of_too_many_who_said_nothing_the_longest_is_forgotten,
		    begin, end),
	};

	return T_RUN(tests);
}
