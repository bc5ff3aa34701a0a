/*
 * conn_test.c - how a connection that never opens ends: a server that is down
 * must not look like one with another key.
 */
#include "net/conn.h"

#include <sys/socket.h>
#include <unistd.h>

#include "base/obj.h"
#include "os/sock.h"
#include "unit/t.h"

struct end {
	struct conn conn;
	bool closed;
	enum err why;
};

static void
end_closed(struct conn *c, enum err why)
{
	struct end *end = OBJ_OF(c, struct end, conn);

	end->closed = true;
	end->why = why;
}

static enum err
end_input(struct conn *c)
{
	(void)c;
	return ERR_OK;
}

/* A client's handshake over fd, until it is over. */
static enum err
handshake(struct loop *loop, int fd, int server, struct slice says)
{
	static const struct conn_rules rules = { 4096, 4096 };
	struct end end = { .conn = { .input = end_input,
			       .closed = end_closed } };
	SSL_CTX *tls = SSL_CTX_new(TLS_client_method());

	assert_non_null(tls);
	T_OK(conn_start(&end.conn, loop, fd, tls, true, &rules));
	if (server != -1) {
		/* it has said hello; nobody answers it as one should */
		T_OK(loop_turn(loop, -1));
		if (says.len > 0)
			assert_int_equal(send(server, says.at, says.len, 0),
			    says.len);
		(void)close(server);
	}
	while (!end.closed)
		T_OK(loop_turn(loop, -1));
	SSL_CTX_free(tls);
	return end.why;
}

static void
a_server_that_is_not_there_is_no_other_key(void **state)
{
	struct loop *loop = loop_create();
	uint16_t port;
	int fd;

	(void)state;
	T_OK(sock_listen("127.0.0.1", 0, &fd, &port));
	(void)close(fd); /* nobody listens there now */
	T_OK(sock_connect("127.0.0.1", port, &fd));
	T_ERR(ERR_REFUSED, handshake(loop, fd, -1, SLICE_LIT("")));
	loop_destroy(loop);
}

static void
a_server_that_goes_in_the_middle_of_it_is_no_other_key(void **state)
{
	static const char *const words[] = { "", "\x16\x03\x03",
		"HTTP/1.1 400 Bad Request\r\n\r\n" };
	struct loop *loop = loop_create();

	(void)state;
	for (size_t i = 0; i < COUNT(words); i++) {
		int pair[2];
		assert_int_equal(socketpair(AF_UNIX,
				     SOCK_STREAM | SOCK_NONBLOCK, 0, pair),
		    0);
		assert_int_not_equal(handshake(loop, pair[0], pair[1],
					 slice_str(words[i])),
		    ERR_CRYPTO);
	}
	loop_destroy(loop);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_server_that_is_not_there_is_no_other_key),
		cmocka_unit_test(
		    a_server_that_goes_in_the_middle_of_it_is_no_other_key),
	};

	return T_RUN(tests);
}
