#include "cli/door.h"

#include <ctype.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/codec.h"
#include "model/body.h"
#include "model/json_read.h"
#include "os/clock.h"
#include "os/sock.h"
#include "proto/http1.h"
#include "proto/ws.h"

#define CONNECT_MS     10000
#define ANSWER_MS      35000
#define ANSWER_ALL_MS  300000 /* of a line that is slow */
#define ANSWER_MAX     ((size_t)24 << 20)
#define MESSAGE_MAX    ((size_t)5 << 20)
#define READ_OCTETS    65536
#define REQUEST_MAX    ((size_t)1 << 20)
#define PLAIN_PORT     80
#define TLS_PORT       443
#define WS_KEY_OCTETS  16
#define HEAD_LINE_ROOM 512

/* --- small things --- */

json_t *
ticket_new(struct ticket *t)
{
	uint8_t revoke[16], hash[SHA256_OCTETS];

	octets_random(&t->id, sizeof t->id);
	octets_random(&t->secret, sizeof t->secret);
	octets_random(revoke, sizeof revoke);
	sha256(SLICE_OF(revoke), hash);
	octets_wipe(revoke, sizeof revoke);
	return json_pack("{s:o,s:o,s:o}", "id", body_id(&t->id), "secret",
	    body_b64(key_slice(&t->secret)), "revoke",
	    body_b64(SLICE_OF(hash)));
}

static enum err
say_why(struct door *d, enum err e, const char *why)
{
	(void)snprintf(d->why, sizeof d->why, "%s", why);
	return e;
}

/* --- the address --- */

/* "host", "host:port", "[::1]:port" */
static bool
host_take(struct door *d, const char *rest)
{
	const char *end = rest[0] == '[' ? strchr(rest, ']') : NULL;
	const char *host = end != NULL ? rest + 1 : rest;
	const size_t n = end != NULL ? (size_t)(end - host)
				     : strcspn(rest, ":/");
	const char *after = host + n + (end != NULL);

	if (n == 0 || n >= sizeof d->host)
		return false;
	memcpy(d->host, host, n);
	d->host[n] = '\0';
	if (after[0] == ':') {
		char *stop;
		const unsigned long port = strtoul(after + 1, &stop, 10);
		if (port == 0 || port > 65535)
			return false;
		d->port = (uint16_t)port;
		after = stop;
	}
	return after[0] == '\0' || strcmp(after, "/") == 0;
}

static enum err
tls_make(struct door *d, const char *ca)
{
	d->tls = SSL_CTX_new(TLS_client_method());
	if (d->tls == NULL)
		return ERR_NOMEM;
	SSL_CTX_set_verify(d->tls, SSL_VERIFY_PEER, NULL);
	if (SSL_CTX_set_min_proto_version(d->tls, TLS1_3_VERSION) != 1)
		return ERR_CRYPTO;
	if (ca == NULL && SSL_CTX_set_default_verify_paths(d->tls) != 1)
		return say_why(d, ERR_MISSING,
		    "this system has no list of authorities: --ca FILE");
	if (ca != NULL && SSL_CTX_load_verify_file(d->tls, ca) != 1)
		return say_why(d, ERR_MISSING,
		    "the file of --ca cannot be read");
	return ERR_OK;
}

enum err
door_open(struct door *d, const char *address, const char *ca)
{
	char numeric[SOCK_ADDRESS_OCTETS];
	const bool tls = strncmp(address, "https://", 8) == 0;
	enum err e;

	*d = (struct door){ .port = tls ? TLS_PORT : PLAIN_PORT };
	if (!tls && strncmp(address, "http://", 7) != 0)
		return say_why(d, ERR_SYNTAX,
		    "the address begins with https:// or http://");
	if (!host_take(d, address + (tls ? 8 : 7)))
		return say_why(d, ERR_SYNTAX,
		    "the address is not understood: "
		    "https://NAME:PORT");
	if (tls)
		return tls_make(d, ca);
	if ((e = sock_resolve(d->host, numeric)) != ERR_OK)
		return say_why(d, e, "no server of that name");
	if (!address_is_loopback(numeric))
		return say_why(d, ERR_DENIED,
		    "without https only this machine itself is asked");
	return ERR_OK;
}

void
door_close(struct door *d)
{
	SSL_CTX_free(d->tls);
	*d = (struct door){ 0 };
}

/* --- a connection --- */

void
live_close(struct wire *w)
{
	SSL_free(w->ssl);
	if (w->fd != -1)
		(void)close(w->fd);
	buf_fini(&w->in);
	*w = (struct wire){ .fd = -1 };
}

static enum err
wait_for(int fd, short events, int wait_ms)
{
	struct pollfd p = { .fd = fd, .events = events };
	int n;

	while ((n = poll(&p, 1, wait_ms)) == -1 && errno == EINTR)
		;
	return n == 1 ? ERR_OK : n == 0 ? ERR_TIMEOUT : ERR_IO;
}

static enum err
tls_begin(struct door *d, struct wire *w)
{
	w->ssl = SSL_new(d->tls);
	if (w->ssl == NULL || SSL_set_fd(w->ssl, w->fd) != 1 ||
	    SSL_set_tlsext_host_name(w->ssl, d->host) != 1 ||
	    SSL_set1_host(w->ssl, d->host) != 1)
		return ERR_NOMEM;
	if (SSL_connect(w->ssl) == 1)
		return ERR_OK;
	return say_why(d, ERR_CRYPTO,
	    SSL_get_verify_result(w->ssl) != X509_V_OK
		? "nobody vouches for its certificate: --ca FILE names who does"
		: "no secure connection comes about");
}

static enum err
wire_open(struct door *d, struct wire *w)
{
	const struct timeval limit = { .tv_sec = ANSWER_MS / 1000 };
	enum err e;

	*w = (struct wire){ .fd = -1 };
	buf_init(&w->in, ANSWER_MAX);
	if ((e = sock_connect(d->host, d->port, &w->fd)) != ERR_OK ||
	    (e = wait_for(w->fd, POLLOUT, CONNECT_MS)) != ERR_OK ||
	    (e = sock_error(w->fd)) != ERR_OK) {
		live_close(w);
		return say_why(d, e, "the server does not answer there");
	}
	(void)setsockopt(w->fd, SOL_SOCKET, SO_SNDTIMEO, &limit, sizeof limit);
	(void)setsockopt(w->fd, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof limit);
	const int flags = fcntl(w->fd, F_GETFL);
	e = flags == -1 || fcntl(w->fd, F_SETFL, flags & ~O_NONBLOCK) == -1
		? ERR_IO
		: ERR_OK;
	if (e == ERR_OK && d->tls != NULL)
		e = tls_begin(d, w);
	if (e != ERR_OK)
		live_close(w);
	return e;
}

static enum err
wire_send(struct wire *w, struct slice s)
{
	while (s.len > 0) {
		const ssize_t n = w->ssl != NULL
				      ? SSL_write(w->ssl, s.at, (int)s.len)
				      : send(w->fd, s.at, s.len, MSG_NOSIGNAL);
		if (n == -1 && w->ssl == NULL && errno == EINTR)
			continue;
		if (n <= 0)
			return ERR_CLOSED;
		s = slice_skip(s, (size_t)n);
	}
	return ERR_OK;
}

/* Some more octets. */
static enum err
wire_more(struct wire *w, int wait_ms)
{
	uint8_t *to;
	enum err e;

	if ((w->ssl == NULL || SSL_pending(w->ssl) == 0) &&
	    (e = wait_for(w->fd, POLLIN, wait_ms)) != ERR_OK)
		return e;
	if ((e = buf_reserve(&w->in, READ_OCTETS, &to)) != ERR_OK)
		return e;
	const ssize_t n = w->ssl != NULL ? SSL_read(w->ssl, to, READ_OCTETS)
					 : recv(w->fd, to, READ_OCTETS, 0);
	if (n <= 0)
		return ERR_CLOSED;
	w->in.len += (size_t)n;
	return ERR_OK;
}

/* A head, whole, at the front of what came. */
static enum err
head_read(struct wire *w, struct http_head *ret_head)
{
	const uint64_t until_ms = clock_monotonic_ms() + ANSWER_MS;
	enum err e;

	while (
	    (e = http_response_parse(buf_slice(&w->in), ret_head)) == ERR_MORE)
		if ((e = wire_more(w, clock_left_ms(until_ms))) != ERR_OK)
			return e;
	return e;
}

/* --- requests --- */

void
ticket_text(const struct ticket *t, char to[static TICKET_TEXT_ROOM])
{
	b64_encode(id_slice(&t->id), to);
	const size_t n = strlen(to);
	to[n] = '.';
	b64_encode(key_slice(&t->secret), to + n + 1);
}

static enum err
request_put(const struct door *d, const char *method, const char *path,
    const struct ticket *ticket, struct slice body, struct buf *to)
{
	char head[HEAD_LINE_ROOM], who[TICKET_TEXT_ROOM] = "";
	enum err e;

	if (ticket != NULL)
		ticket_text(ticket, who);
	const int n = snprintf(head, sizeof head,
	    "%s %s HTTP/1.1\r\nHost: %s:%u\r\nContent-Length: %zu\r\n"
	    "Content-Type: application/json\r\n%s%s%s\r\n",
	    method, path, d->host, d->port, body.len,
	    ticket != NULL ? "Authorization: Eaves " : "", who,
	    ticket != NULL ? "\r\n" : "");
	octets_wipe(who, sizeof who);
	if (n < 0 || (size_t)n >= sizeof head)
		return ERR_LIMIT;
	if ((e = buf_append(to, slice_make(head, (size_t)n))) == ERR_OK)
		e = buf_append(to, body);
	octets_wipe(head, sizeof head);
	return e;
}

static enum err
status_err(unsigned status)
{
	switch (status) {
	case 401:
	case 403:
		return ERR_DENIED;
	case 404:
		return ERR_MISSING;
	case 409:
		return ERR_CONFLICT;
	case 429:
		return ERR_LIMIT;
	default:
		return status >= 200 && status < 300 ? ERR_OK : ERR_AGAIN;
	}
}

enum err
wire_answer(struct wire *w, json_t **ret_answer)
{
	const uint64_t until_ms = clock_monotonic_ms() + ANSWER_ALL_MS;
	struct http_head head;
	json_t *answer = NULL;
	enum err e;

	if ((e = head_read(w, &head)) != ERR_OK)
		return e;
	if (head.body_octets > ANSWER_MAX - head.octets)
		return ERR_LIMIT;
	while (w->in.len - head.octets < head.body_octets)
		if ((e = wire_more(w, clock_left_ms(until_ms))) != ERR_OK)
			return e;
	if ((e = status_err(head.status)) != ERR_OK)
		return e;
	const struct slice body = slice_head(slice_skip(buf_slice(&w->in),
						 head.octets),
	    (size_t)head.body_octets);
	if (body.len > 0 &&
	    (e = json_text_parse(body, ANSWER_MAX, &answer)) != ERR_OK)
		return e;
	*ret_answer = answer;
	return ERR_OK;
}

enum err
door_ask(struct door *d, const char *method, const char *path,
    const struct ticket *ticket, json_t *body, json_t **ret_answer)
{
	AUTO_BUF struct buf text, out;
	struct wire w;
	enum err e;

	buf_init_secret(&text, REQUEST_MAX);
	buf_init_secret(&out, REQUEST_MAX);
	if ((body != NULL && (e = body_put(body, &text)) != ERR_OK) ||
	    (e = request_put(d, method, path, ticket, buf_slice(&text),
		 &out)) != ERR_OK ||
	    (e = wire_open(d, &w)) != ERR_OK)
		return e;
	if ((e = wire_send(&w, buf_slice(&out))) == ERR_OK)
		e = wire_answer(&w, ret_answer);
	live_close(&w);
	return e;
}

/* --- the live line --- */

enum err
live_open(struct door *d, struct wire *ret_wire)
{
	uint8_t random[WS_KEY_OCTETS];
	char key[32], accept[WS_ACCEPT_OCTETS + 1], head[HEAD_LINE_ROOM];
	struct http_head h;
	struct wire w;
	enum err e;

	octets_random(random, sizeof random);
	(void)EVP_EncodeBlock((unsigned char *)key, random, sizeof random);
	ws_accept(slice_str(key), accept);
	const int n = snprintf(head, sizeof head,
	    "GET /live HTTP/1.1\r\nHost: %s:%u\r\nUpgrade: websocket\r\n"
	    "Connection: Upgrade\r\nSec-WebSocket-Version: 13\r\n"
	    "Sec-WebSocket-Protocol: eaves.1\r\nSec-WebSocket-Key: %s\r\n\r\n",
	    d->host, d->port, key);
	if (n < 0 || (size_t)n >= sizeof head)
		return ERR_LIMIT;
	if ((e = wire_open(d, &w)) != ERR_OK)
		return e;
	if ((e = wire_send(&w, slice_make(head, (size_t)n))) == ERR_OK &&
	    (e = head_read(&w, &h)) == ERR_OK &&
	    (h.status != 101 ||
		!http_is(http_field(&h, "sec-websocket-accept"), accept)))
		e = ERR_SYNTAX;
	if (e != ERR_OK) {
		live_close(&w);
		return e;
	}
	buf_consume(&w.in, h.octets);
	*ret_wire = w;
	return ERR_OK;
}

static enum err
frame_send(struct wire *w, enum ws_opcode opcode, struct slice s)
{
	uint8_t head[WS_HEAD_OCTETS_MAX], mask[4];
	AUTO_BUF struct buf out;
	enum err e;

	buf_init_secret(&out, REQUEST_MAX);
	octets_random(mask, sizeof mask);
	const size_t n = ws_head_write(opcode, s.len, mask, head);
	if ((e = buf_append(&out, slice_make(head, n))) != ERR_OK ||
	    (e = buf_append(&out, s)) != ERR_OK)
		return e;
	ws_mask(mask, 0, out.at + n, s.len);
	return wire_send(w, buf_slice(&out));
}

enum err
live_say(struct wire *w, json_t *o)
{
	AUTO_BUF struct buf text;
	enum err e;

	buf_init_secret(&text, REQUEST_MAX);
	if ((e = body_put(o, &text)) != ERR_OK)
		return e;
	return frame_send(w, WS_TEXT, buf_slice(&text));
}

/* One whole frame at the front of the input. */
static enum err
frame_wait(struct wire *w, uint64_t until_ms, struct ws_head *ret_head)
{
	for (;;) {
		const struct slice in = buf_slice(&w->in);
		enum err e = ws_head_parse(in, false, MESSAGE_MAX, ret_head);

		if (e == ERR_OK &&
		    in.len - ret_head->head_octets >= ret_head->payload_octets)
			return ERR_OK;
		if (e != ERR_OK && e != ERR_MORE)
			return e;
		if ((e = wire_more(w, clock_left_ms(until_ms))) != ERR_OK)
			return e;
	}
}

/* A message for the caller; false: one for us, which is dealt with. */
static bool
frame_take(struct wire *w, const struct ws_head *h, struct slice s,
    struct buf *to, json_t **ret_text, enum err *ret_err)
{
	*ret_text = NULL;
	*ret_err = ERR_OK;
	if (h->opcode == WS_PING) {
		*ret_err = frame_send(w, WS_PONG, s);
		return *ret_err != ERR_OK;
	}
	if (h->opcode == WS_PONG)
		return false;
	buf_clear(to);
	if (h->opcode == WS_TEXT && h->fin)
		*ret_err = json_text_parse(s, MESSAGE_MAX, ret_text);
	else if (h->opcode == WS_BINARY && h->fin)
		*ret_err = buf_append(to, s);
	else
		*ret_err = ERR_CLOSED;
	return true;
}

enum err
live_next(struct wire *w, int wait_ms, struct buf *to, json_t **ret_text)
{
	const uint64_t until_ms = clock_monotonic_ms() + (uint64_t)wait_ms;
	struct ws_head h;
	enum err e;

	for (;;) {
		if ((e = frame_wait(w, until_ms, &h)) != ERR_OK)
			return e;
		const struct slice s = slice_head(slice_skip(buf_slice(&w->in),
						      h.head_octets),
		    (size_t)h.payload_octets);
		const bool whole = frame_take(w, &h, s, to, ret_text, &e);
		buf_consume(&w->in, h.head_octets + (size_t)h.payload_octets);
		if (whole)
			return e;
		if (clock_left_ms(until_ms) == 0)
			return ERR_TIMEOUT; /* pings alone say nothing */
	}
}
