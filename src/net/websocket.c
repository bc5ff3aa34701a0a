#include "net/websocket.h"

#include <sys/random.h>

void
websocket_init(struct websocket *w, struct conn *conn, bool server,
    size_t message_octets_max)
{
	w->conn = conn;
	w->server = server;
	w->closing = false;
	w->message_octets_max = message_octets_max;
	w->kind = 0;
	buf_init_secret(&w->parts, message_octets_max);
}

void
websocket_fini(struct websocket *w)
{
	buf_fini(&w->parts);
}

struct blob *
websocket_frame(enum ws_opcode opcode, const struct slice *parts,
    size_t part_count)
{
	uint8_t head[WS_HEAD_OCTETS_MAX];
	size_t len = 0;

	for (size_t i = 0; i < part_count; i++)
		len += parts[i].len;
	const size_t head_octets = ws_head_write(opcode, len, NULL, head);
	struct blob *b = blob_make(head_octets + len);
	if (b == NULL)
		return NULL;
	memcpy(b->at, head, head_octets);
	uint8_t *at = b->at + head_octets;
	for (size_t i = 0; i < part_count; i++) {
		if (parts[i].len != 0)
			memcpy(at, parts[i].at, parts[i].len);
		at += parts[i].len;
	}
	return b;
}

static enum err
masked_send(struct websocket *w, enum ws_opcode opcode, struct slice octets)
{
	uint8_t head[WS_HEAD_OCTETS_MAX], mask[4] = { 0 };
	enum err e;

	/* it only has to differ (section 10.3); secrecy is TLS's */
	(void)!getrandom(mask, sizeof mask, 0);
	const size_t n = ws_head_write(opcode, octets.len, mask, head);
	struct blob *b = blob_make(n + octets.len);
	if (b == NULL)
		return ERR_NOMEM;
	memcpy(b->at, head, n);
	if (octets.len != 0)
		memcpy(b->at + n, octets.at, octets.len);
	ws_mask(mask, 0, b->at + n, octets.len);
	e = conn_send_blob(w->conn, b);
	blob_drop(b);
	return e;
}

enum err
websocket_send(struct websocket *w, enum ws_opcode opcode, struct slice octets)
{
	if (!w->server)
		return masked_send(w, opcode, octets);
	struct blob *b = websocket_frame(opcode, &octets, 1);
	if (b == NULL)
		return ERR_NOMEM;
	const enum err e = conn_send_blob(w->conn, b);
	blob_drop(b);
	return e;
}

void
websocket_close(struct websocket *w, uint16_t code, const char *text)
{
	uint8_t octets[125];
	const size_t n = strlen(text) < 120 ? strlen(text) : 120;

	if (w->closing || w->conn->dead)
		return;
	w->closing = true;
	octets[0] = (uint8_t)(code >> 8);
	octets[1] = (uint8_t)code;
	memcpy(octets + 2, text, n);
	(void)!websocket_send(w, WS_CLOSE, slice_make(octets, n + 2));
	conn_finish(w->conn);
}

static enum err
control_take(struct websocket *w, const struct ws_head *h, struct slice s)
{
	switch ((int)h->opcode) {
	case WS_PING:
		return websocket_send(w, WS_PONG, s);
	case WS_PONG:
		if (w->pong != NULL)
			w->pong(w);
		return ERR_OK;
	default:
		websocket_close(w, 1000, "");
		return ERR_OK;
	}
}

static enum err
data_take(struct websocket *w, const struct ws_head *h, struct slice s)
{
	enum err e;

	if ((h->opcode == WS_MORE) != (w->kind != 0))
		return ERR_SYNTAX; /* a piece of nothing, or a new one between */
	if (h->fin && w->kind == 0)
		return w->message(w, (enum ws_opcode)h->opcode, s);
	if (w->kind == 0)
		w->kind = h->opcode;
	if ((e = buf_append(&w->parts, s)) != ERR_OK)
		return e;
	if (!h->fin)
		return ERR_OK;
	const enum ws_opcode kind = (enum ws_opcode)w->kind;
	w->kind = 0;
	e = w->message(w, kind, buf_slice(&w->parts));
	if (!w->conn->dead)
		buf_clear(&w->parts);
	return e;
}

static void
refuse(struct websocket *w, enum err e)
{
	if (e == ERR_LIMIT)
		websocket_close(w, 1009, "That message is too big.");
	else
		websocket_close(w, 1002, "That is not WebSocket.");
}

enum err
websocket_input(struct websocket *w)
{
	struct conn *c = w->conn;
	size_t eaten = 0;
	enum err e = ERR_OK;

	while (!c->dead && !w->closing) {
		struct slice rest = slice_skip(buf_slice(&c->in), eaten);
		struct ws_head h;

		e = ws_head_parse(rest, w->server, w->message_octets_max, &h);
		if (e != ERR_OK)
			break;
		if (rest.len - h.head_octets < h.payload_octets) {
			e = ERR_MORE;
			break;
		}
		uint8_t *payload = c->in.at + eaten + h.head_octets;
		const size_t n = (size_t)h.payload_octets;
		if (w->server)
			ws_mask(h.mask, 0, payload, n);
		eaten += h.head_octets + n;
		e = h.opcode >= WS_CLOSE
			? control_take(w, &h, slice_make(payload, n))
			: data_take(w, &h, slice_make(payload, n));
		if (e != ERR_OK)
			break;
	}
	if (c->dead)
		return ERR_OK;
	if (w->closing)
		eaten = c->in.len;
	buf_consume(&c->in, eaten);
	if (e == ERR_OK || e == ERR_MORE)
		return ERR_OK;
	refuse(w, e);
	return ERR_OK;
}
