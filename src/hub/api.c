#include "hub/api.h"

#include <stdio.h>

#include "model/body.h"
#include "model/json_read.h"
#include "proto/http1.h"

#define REQUEST_OCTETS_MAX ((size_t)512 << 10)

enum err
server_check(const struct server *s, const struct conn *c)
{
	uint8_t spki[32];
	enum err e;

	if ((e = conn_peer_spki(c, spki)) != ERR_OK)
		return e;
	return memcmp(spki, s->pin, sizeof spki) == 0 ? ERR_OK : ERR_CRYPTO;
}

void
api_init(struct api *a, struct loop *loop, const struct server *server)
{
	a->loop = loop;
	a->server = server;
	a->answered = NULL;
	a->connected = a->connecting = a->dead = false;
	a->timeout = (struct loop_timer){ 0 };
	buf_init_secret(&a->request, REQUEST_OCTETS_MAX);
}

void
api_fini(struct api *a)
{
	a->dead = true;
	a->answered = NULL;
	loop_timer_remove(&a->timeout);
	if (a->connected || a->connecting)
		conn_close(&a->conn, ERR_OK);
	buf_fini(&a->request);
}

/*
 * The answer goes out once; the callback may post the next request. last: the
 * connection ends with it, before the callback asks for another one.
 */
static void
api_answer(struct api *a, enum err e, unsigned status, json_t *body, bool last)
{
	void (*answered)(struct api *, enum err, unsigned,
	    json_t *) = a->answered;

	a->answered = NULL;
	loop_timer_remove(&a->timeout);
	buf_clear(&a->request);
	if (last && (a->connected || a->connecting))
		conn_close(&a->conn, ERR_CLOSED);
	if (answered != NULL)
		answered(a, e, status, body);
}

static void
timed_out(struct loop_timer *t)
{
	struct api *a = OBJ_OF(t, struct api, timeout);

	if (a->connected || a->connecting)
		conn_close(&a->conn, ERR_TIMEOUT);
	else
		api_answer(a, ERR_TIMEOUT, 0, NULL, false);
}

static void
request_send(struct api *a)
{
	if (conn_send(&a->conn, buf_slice(&a->request)) != ERR_OK)
		conn_close(&a->conn, ERR_IO);
}

static enum err
response_take(struct api *a)
{
	struct slice in = buf_slice(&a->conn.in);
	struct http_head head;
	json_t *body = NULL;
	enum err e;

	if ((e = http_response_parse(in, &head)) != ERR_OK)
		return e == ERR_MORE ? ERR_OK : e;
	if (head.body_octets > API_ANSWER_OCTETS_MAX)
		return ERR_LIMIT;
	if (in.len - head.octets < head.body_octets)
		return ERR_OK;
	in = slice_head(slice_skip(in, head.octets), (size_t)head.body_octets);
	if (in.len > 0 &&
	    (e = json_text_parse(in, API_ANSWER_OCTETS_MAX, &body)) != ERR_OK)
		return e;
	const unsigned status = head.status;
	const bool closes = head.close;
	buf_consume(&a->conn.in, head.octets + (size_t)head.body_octets);
	if (a->answered == NULL)
		return ERR_SYNTAX; /* an answer that nobody asked for */
	api_answer(a, ERR_OK, status, body, closes);
	json_decref(body);
	return ERR_OK;
}

static enum err
conn_input(struct conn *c)
{
	return response_take(OBJ_OF(c, struct api, conn));
}

static void
conn_opened(struct conn *c)
{
	struct api *a = OBJ_OF(c, struct api, conn);

	a->connecting = false;
	a->connected = true;
	if (server_check(a->server, c) != ERR_OK) {
		conn_close(c, ERR_CRYPTO);
		return;
	}
	if (a->request.len > 0)
		request_send(a);
}

static void
conn_closed(struct conn *c, enum err why)
{
	struct api *a = OBJ_OF(c, struct api, conn);

	a->connected = a->connecting = false;
	if (!a->dead)
		api_answer(a, why == ERR_OK ? ERR_CLOSED : why, 0, NULL, false);
}

void
api_connected(struct api *a, int fd)
{
	const struct conn_rules rules = {
		.in_octets_max = API_ANSWER_OCTETS_MAX + HTTP_HEAD_OCTETS_MAX,
		.out_octets_max = REQUEST_OCTETS_MAX + HTTP_HEAD_OCTETS_MAX,
	};

	a->conn = (struct conn){ .opened = conn_opened,
		.input = conn_input,
		.closed = conn_closed };
	a->connecting = true;
	if (conn_start(&a->conn, a->loop, fd, a->server->tls, true, &rules) !=
	    ERR_OK) {
		a->connecting = false;
		api_answer(a, ERR_NOMEM, 0, NULL, false);
	}
}

void
api_unreachable(struct api *a, enum err e)
{
	a->connecting = false;
	api_answer(a, e, 0, NULL, false);
}

static enum err
request_make(struct api *a, const char *path, json_t *body)
{
	AUTO_BUF struct buf text;
	char head[512];
	enum err e;

	buf_init_secret(&text, REQUEST_OCTETS_MAX - sizeof head);
	if ((e = body_put(body, &text)) != ERR_OK)
		return e;
	const int n = snprintf(head, sizeof head,
	    "POST %s HTTP/1.1\r\nHost: %s\r\n"
	    "Content-Type: application/json\r\nContent-Length: %zu\r\n\r\n",
	    path, a->server->host, text.len);
	if (n < 0 || (size_t)n >= sizeof head)
		return ERR_LIMIT;
	buf_clear(&a->request);
	if ((e = buf_append(&a->request, slice_make(head, (size_t)n))) !=
	    ERR_OK)
		return e;
	return buf_append(&a->request, buf_slice(&text));
}

static void
failed_late(struct loop_timer *t)
{
	api_answer(OBJ_OF(t, struct api, timeout), ERR_NOMEM, 0, NULL, false);
}

void
api_post(struct api *a, const char *path, json_t *body,
    void (*answered)(struct api *a, enum err e, unsigned status, json_t *body))
{
	assert(a->answered == NULL);
	a->answered = answered;
	if (request_make(a, path, body) != ERR_OK) {
		buf_clear(&a->request);
		/* later, as promised */
		(void)!loop_timer_set(a->loop, &a->timeout, 0, failed_late);
		return;
	}
	if (loop_timer_set(a->loop, &a->timeout, API_TIMEOUT_MS, timed_out) !=
	    ERR_OK)
		conn_close(&a->conn, ERR_NOMEM);
	if (a->connected) {
		request_send(a);
	} else if (!a->connecting) {
		a->connecting = true;
		a->connect(a);
	}
}
