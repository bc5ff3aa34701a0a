/*
 * memory_load.c - what a viewer costs edge in memory while nothing happens:
 * (PSS with all of them - PSS with none) / viewers. Each has said hello and
 * watches one stream that nobody writes. Beside it the bare relay, whose
 * viewers are a socket, 560 octets and, with TLS, what OpenSSL holds.
 *
 *   memory-load eavesd|bare plain|tls BUILD FOLDER VIEWERS
 *
 * Prints `octets-a-viewer octets-a-viewer-after-all-have-gone`.
 */
#include <arpa/inet.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/codec.h"
#include "benches/house.h"
#include "proto/ws.h"
#include "unit/t.h"

#define WAIT_S 30.0

struct viewer {
	int fd;
	SSL *ssl;
};

struct target {
	uint16_t port;
	SSL_CTX *tls;
	const char *path, *hello, *watch; /* NULL: it wants none */
	pid_t pid;
};

static void
octets_send(const struct viewer *v, const void *at, size_t n)
{
	const ssize_t k = v->ssl != NULL ? SSL_write(v->ssl, at, (int)n)
					 : send(v->fd, at, n, MSG_NOSIGNAL);

	assert_int_equal(k, n);
}

/* Reads until text has been seen. */
static void
text_wait(const struct viewer *v, const char *text)
{
	char in[8192];
	size_t len = 0;

	while (memmem(in, len, text, strlen(text)) == NULL) {
		assert_true(len < sizeof in);
		const ssize_t n = v->ssl != NULL ? SSL_read(v->ssl, in + len,
						       (int)(sizeof in - len))
						 : recv(v->fd, in + len,
						       sizeof in - len, 0);
		assert_true(n > 0);
		len += (size_t)n;
	}
}

static void
text_send(const struct viewer *v, const char *text)
{
	static const uint8_t mask[4];
	uint8_t frame[512];
	const size_t n = ws_head_write(WS_TEXT, strlen(text), mask, frame);

	assert_true(n + strlen(text) <= sizeof frame);
	memcpy(frame + n, text, strlen(text));
	octets_send(v, frame, n + strlen(text));
}

static void
viewer_open(struct viewer *v, const struct target *t)
{
	const struct sockaddr_in to = { .sin_family = AF_INET,
		.sin_port = htons(t->port),
		.sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	const int one = 1;
	char head[512];

	v->ssl = NULL;
	v->fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	assert_int_equal(connect(v->fd,
			     (const struct sockaddr *)(const void *)&to,
			     sizeof to),
	    0);
	(void)setsockopt(v->fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
	if (t->tls != NULL) {
		assert_non_null(v->ssl = SSL_new(t->tls));
		assert_int_equal(SSL_set_fd(v->ssl, v->fd), 1);
		assert_int_equal(SSL_connect(v->ssl), 1);
	}
	const int n = snprintf(head, sizeof head,
	    "GET %s HTTP/1.1\r\nHost: localhost\r\nUpgrade: websocket\r\n"
	    "Connection: Upgrade\r\nSec-WebSocket-Version: 13\r\n"
	    "Sec-WebSocket-Protocol: eaves.1\r\n"
	    "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n",
	    t->path);
	octets_send(v, head, (size_t)n);
	text_wait(v, "\r\n\r\n");
	if (t->hello == NULL)
		return;
	text_send(v, t->hello);
	text_wait(v, "\"welcome\"");
	text_send(v, t->watch);
	text_wait(v, "\"watching\"");
}

static void
viewer_close(struct viewer *v)
{
	SSL_free(v->ssl);
	(void)close(v->fd);
}

static void
measure(const struct target *t, size_t count)
{
	struct viewer *all = calloc(count, sizeof *all);
	const unsigned fds = process_fds(t->pid);
	const unsigned long none = process_pss_kb(t->pid);

	assert_non_null(all);
	for (size_t i = 0; i < count; i++)
		viewer_open(&all[i], t);
	const unsigned long with = process_pss_kb(t->pid);
	assert_int_equal(process_fds(t->pid), fds + count);
	for (size_t i = 0; i < count; i++)
		viewer_close(&all[i]);
	const double until = clock_s() + WAIT_S;
	while (process_fds(t->pid) > fds && clock_s() < until)
		(void)usleep(10000);
	assert_int_equal(process_fds(t->pid), fds);
	(void)printf("%.0f %.0f\n",
	    ((double)with - (double)none) * 1024 / (double)count,
	    ((double)process_pss_kb(t->pid) - (double)none) * 1024 /
		(double)count);
	free(all);
}

static void
served(struct target *t, const char *build, const char *where, size_t count)
{
	static struct house h;
	char hello[200], watch[200], text[80], stream[32];

	house_open(&h, build, where);
	house_device(&h, 1);
	if (t->tls != NULL)
		house_restart_tls(&h);
	app_ticket_text(&h.app.home, text);
	b64_encode(id_slice(&h.app.camera[0].stream), stream);
	(void)snprintf(hello, sizeof hello,
	    "{\"t\":\"hello\",\"ticket\":\"%s\"}", text);
	(void)snprintf(watch, sizeof watch,
	    "{\"t\":\"watch\",\"n\":1,\"stream\":\"%s\"}", stream);
	t->port = h.app.port;
	t->path = "/live";
	t->hello = hello;
	t->watch = watch;
	t->pid = house_role(&h, "edge");
	measure(t, count);
	house_close(&h);
}

static void
bare(struct target *t, const char *build, const char *where, size_t count)
{
	char program[256], cert[256], key[256], line[64];
	const char *const argv[] = { program, t->tls != NULL ? "tls" : "plain",
		cert, key, NULL };
	struct child relay = { 0 };
	unsigned port;

	(void)snprintf(program, sizeof program, "%s/benches/bare-relay", build);
	(void)snprintf(cert, sizeof cert, "%s/cert", where);
	(void)snprintf(key, sizeof key, "%s/key", where);
	child_start(&relay, argv);
	line_wait(&relay, "port ", line, sizeof line);
	assert_int_equal(sscanf(line, "port %u", &port), 1);
	t->port = (uint16_t)port;
	t->path = "/v";
	t->pid = relay.pid;
	measure(t, count);
	child_stop(&relay);
}

int
main(int argc, char **argv)
{
	const struct rlimit files = { 65536, 65536 };
	struct target t = { 0 };

	if (argc != 6)
		return 2;
	(void)setrlimit(RLIMIT_NOFILE, &files);
	if (strcmp(argv[2], "tls") == 0)
		assert_non_null(t.tls = SSL_CTX_new(TLS_client_method()));
	(strcmp(argv[1], "bare") == 0 ? bare : served)(&t, argv[3], argv[4],
	    (size_t)atoi(argv[5]));
	SSL_CTX_free(t.tls);
	return 0;
}
