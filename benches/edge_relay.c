/*
 * edge_relay.c - the fan-out of edge alone, for the bench: the same rooms (net,
 * stream/fanout), without tickets, core and disk.
 *
 *   edge-relay plain|tls [CERT KEY]     prints `port N`
 *
 * GET /pN publishes (slot u32 ‖ record), GET /vN views stream N; no N is 0.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>

#include "net/websocket.h"
#include "os/file.h"
#include "os/sandbox.h"
#include "os/sock.h"
#include "proto/http1.h"
#include "stream/fanout.h"

struct peer {
	struct conn conn;
	struct websocket ws;
	struct fan_view view;
	struct fan_stream *stream;
	bool upgraded;
	struct peer *next_dead;
};

static struct loop *loop;
static struct loop_fd door;
static SSL_CTX *tls;
static struct fan_stream streams[4096];
static struct peer *dead;

static enum err
peer_message(struct websocket *w, enum ws_opcode kind, struct slice s)
{
	struct peer *p = OBJ_OF(w, struct peer, ws);
	struct record_clear clear;

	return kind != WS_BINARY || s.len < 4
		   ? ERR_OK
		   : fan_publish(p->stream, slice_skip(s, 4), &clear);
}

/* "/vN" or "/pN" */
static struct fan_stream *
stream_of(struct slice target)
{
	size_t n = 0;

	for (size_t i = 2; i < target.len && i < 6; i++)
		n = 10 * n + (size_t)(target.at[i] - '0');
	return &streams[n % COUNT(streams)];
}

static enum err
peer_input(struct conn *c)
{
	static const char ok[] = "HTTP/1.1 101 Switching Protocols\r\n"
				 "Upgrade: websocket\r\n"
				 "Connection: Upgrade\r\n\r\n";
	struct peer *p = OBJ_OF(c, struct peer, conn);
	struct http_head h;
	enum err e;

	if (p->upgraded)
		return websocket_input(&p->ws);
	e = http_request_parse(buf_slice(&c->in), &h);
	if (e != ERR_OK)
		return e == ERR_MORE ? ERR_OK : e;
	const bool viewer = slice_starts(h.target, SLICE_LIT("/v"));
	p->stream = stream_of(h.target);
	buf_consume(&c->in, h.octets);
	p->upgraded = true;
	websocket_init(&p->ws, c, true, RECORD_OCTETS_MAX);
	p->ws.message = peer_message;
	if ((e = conn_send(c, slice_str(ok))) != ERR_OK)
		return e;
	if (viewer)
		fan_view_add(p->stream, &p->view, c);
	return c->in.len != 0 ? websocket_input(&p->ws) : ERR_OK;
}

static void
peer_closed(struct conn *c, enum err why)
{
	struct peer *p = OBJ_OF(c, struct peer, conn);

	(void)why;
	fan_view_remove(&p->view);
	p->next_dead = dead;
	dead = p;
}

static void
door_ready(struct loop_fd *w, uint32_t events)
{
	const struct conn_rules rules = { RECORD_OCTETS_MAX + 65536, 8u << 20 };
	int fd;

	(void)events;
	while (sock_accept(w->fd, &fd) == ERR_OK) {
		struct peer *p = calloc(1, sizeof *p);

		if (p == NULL)
			return;
		p->conn.input = peer_input;
		p->conn.closed = peer_closed;
		if (conn_start(&p->conn, loop, fd, tls, false, &rules) !=
		    ERR_OK)
			free(p);
	}
}

static enum err
tls_begin(const char *cert, const char *key)
{
	AUTO_BUF struct buf c, k;
	enum err e;

	buf_init(&c, 65536);
	buf_init_secret(&k, 65536);
	if ((e = file_read(-100, cert, &c)) != ERR_OK ||
	    (e = file_read(-100, key, &k)) != ERR_OK)
		return e;
	return tls_context(TLS_BROWSER, buf_slice(&c), buf_slice(&k), &tls);
}

int
main(int argc, char **argv)
{
	struct id id = { { 1 } };
	const struct rlimit files = { 65536, 65536 };
	uint16_t port;
	int fd;

	(void)setrlimit(RLIMIT_NOFILE, &files);
	sandbox_begin();
	for (uint32_t i = 0; i < COUNT(streams); i++)
		fan_stream_init(&streams[i], &id, i + 1);
	if ((argc == 4 && strcmp(argv[1], "tls") == 0 &&
		tls_begin(argv[2], argv[3]) != ERR_OK) ||
	    (loop = loop_create()) == NULL ||
	    sock_listen("127.0.0.1", 0, &fd, &port) != ERR_OK ||
	    loop_fd_add(loop, &door, fd, EPOLLIN, door_ready) != ERR_OK)
		return 1;
	(void)printf("port %u\n", port);
	(void)fflush(stdout);
	while (loop_turn(loop, -1) == ERR_OK)
		while (dead != NULL) {
			struct peer *p = dead;

			dead = p->next_dead;
			free(p);
		}
	return 1;
}
