/*
 * http.c - requests: the app's files, the API (handed to core as it is), and
 * the two upgrades. One request at a time per connection; what comes early
 * waits in the input, which is bounded.
 */
#include <stdio.h>
#include <stdlib.h>

#include "base/codec.h"
#include "eavesd/edge/app_files.h"
#include "eavesd/edge/edge.h"
#include "os/clock.h"

#define IDLE_MS 60000u
#define HEAD_MS 15000u
#define CORE_MS 40000u

static const char *const security =
    "Content-Security-Policy: default-src 'none'; script-src 'self' "
    "'wasm-unsafe-eval'; style-src 'self'; connect-src 'self'; img-src 'self' "
    "blob: data:; worker-src 'self'; manifest-src 'self'; form-action 'none'; "
    "base-uri 'none'; frame-ancestors 'none'; "
    "require-trusted-types-for 'script'; trusted-types eaves\r\n"
    "X-Content-Type-Options: nosniff\r\n"
    "Referrer-Policy: no-referrer\r\n"
    "Cross-Origin-Opener-Policy: same-origin\r\n"
    "Cross-Origin-Embedder-Policy: require-corp\r\n"
    "Cross-Origin-Resource-Policy: same-origin\r\n"
    "Permissions-Policy: camera=(), microphone=(), geolocation=()\r\n";

static const struct {
	uint8_t number;
	enum door door;
	const char *method, *path;
} routes[] = {
	{ 1, DOOR_BROWSER, "GET", "/api/info" },
	{ 2, DOOR_BROWSER, "GET", "/api/mailbox" },
	{ 3, DOOR_BROWSER, "POST", "/api/mailbox/m2" },
	{ 4, DOOR_BROWSER, "GET", "/api/mailbox/m3" },
	{ 5, DOOR_BROWSER, "POST", "/api/account/start" },
	{ 6, DOOR_BROWSER, "POST", "/api/account/finish" },
	{ 7, DOOR_BROWSER, "POST", "/api/session/start" },
	{ 8, DOOR_BROWSER, "POST", "/api/session/finish" },
	{ 9, DOOR_BROWSER, "POST", "/api/session/recover" },
	{ 10, DOOR_BROWSER, "DELETE", "/api/session" },
	{ 11, DOOR_BROWSER, "POST", "/api/session/end" },
	{ 12, DOOR_BROWSER, "POST", "/api/password/start" },
	{ 13, DOOR_BROWSER, "POST", "/api/password/finish" },
	{ 14, DOOR_BROWSER, "GET", "/api/vault" },
	{ 15, DOOR_BROWSER, "PUT", "/api/vault" },
	{ 16, DOOR_BROWSER, "POST", "/api/home" },
	{ 17, DOOR_BROWSER, "POST", "/api/home/nonce" },
	{ 18, DOOR_BROWSER, "POST", "/api/home/open" },
	{ 19, DOOR_BROWSER, "POST", "/api/home/read" },
	{ 20, DOOR_BROWSER, "POST", "/api/home/write" },
	{ 21, DOOR_BROWSER, "POST", "/api/row" },
	{ 22, DOOR_BROWSER, "POST", "/api/rows" },
	{ 23, DOOR_BROWSER, "POST", "/api/keep" },
	{ 24, DOOR_BROWSER, "POST", "/api/keep/write" },
	{ 25, DOOR_BROWSER, "POST", "/api/lock" },
	{ 26, DOOR_BROWSER, "POST", "/api/unlock" },
	{ 40, DOOR_DEVICE, "POST", "/device/enroll" },
	{ 41, DOOR_DEVICE, "POST", "/device/link" },
	{ 42, DOOR_DEVICE, "POST", "/device/mailbox" },
	{ 43, DOOR_DEVICE, "POST", "/device/mailbox/m2" },
	{ 44, DOOR_DEVICE, "POST", "/device/mailbox/m3" },
	{ 45, DOOR_DEVICE, "POST", "/device/mailbox/refuse" },
	{ 46, DOOR_DEVICE, "POST", "/device/home" },
};

static const char *
reason_of(unsigned status)
{
	switch (status) {
	case 200:
		return "OK";
	case 202:
		return "Accepted";
	case 204:
		return "No Content";
	case 304:
		return "Not Modified";
	case 400:
		return "Bad Request";
	case 401:
		return "Unauthorized";
	case 403:
		return "Forbidden";
	case 404:
		return "Not Found";
	case 405:
		return "Method Not Allowed";
	case 409:
		return "Conflict";
	case 413:
		return "Content Too Large";
	case 429:
		return "Too Many Requests";
	case 431:
		return "Request Header Fields Too Large";
	case 501:
		return "Not Implemented";
	case 505:
		return "HTTP Version Not Supported";
	default:
		return status == 503 ? "Service Unavailable" : "Error";
	}
}

/* Head and body in one write. */
static void
respond(struct client *c, unsigned status, const char *extra, struct slice body,
    bool keep)
{
	char head[2048];
	char length[64] = "";
	const bool bodiless = status == 204 || status == 304;
	struct buf out;

	if (!bodiless)
		(void)snprintf(length, sizeof length, "Content-Length: %zu\r\n",
		    body.len);
	const int n = snprintf(head, sizeof head,
	    "HTTP/1.1 %u %s\r\n%s%s%s%s\r\n", status, reason_of(status), length,
	    extra, security, keep ? "" : "Connection: close\r\n");
	buf_init_secret(&out, (size_t)n + body.len);
	if (n < 0 || (size_t)n >= sizeof head ||
	    buf_append(&out, slice_make(head, (size_t)n)) != ERR_OK ||
	    (!bodiless && buf_append(&out, body) != ERR_OK) ||
	    conn_send(&c->conn, buf_slice(&out)) != ERR_OK)
		keep = false;
	buf_fini(&out);
	if (!keep)
		conn_finish(&c->conn);
	else
		conn_deadline(&c->conn, IDLE_MS);
}

static void
respond_json(struct client *c, unsigned status, struct slice body, bool keep)
{
	respond(c, status,
	    "Content-Type: application/json\r\nCache-Control: no-store\r\n",
	    body, keep);
}

/* Fixed sentences only: nothing of the request comes back. */
static void
refuse(struct client *c, unsigned status, bool keep)
{
	static const struct {
		unsigned status;
		const char *body;
	} all[] = {
		{ 400,
		    "{\"error\":\"syntax\",\"text\":\"The request is not well "
		    "formed.\"}" },
		{ 401, "{\"error\":\"ticket\",\"text\":\"Sign in first.\"}" },
		{ 403,
		    "{\"error\":\"denied\",\"text\":\"That is not allowed from "
		    "here.\"}" },
		{ 404,
		    "{\"error\":\"missing\",\"text\":\"That is not there.\"}" },
		{ 405, "{\"error\":\"method\",\"text\":\"That is not done to "
		       "it.\"}" },
		{ 413, "{\"error\":\"limit\",\"text\":\"That is too big.\"}" },
		{ 431,
		    "{\"error\":\"limit\",\"text\":\"The request's head is too "
		    "big.\"}" },
		{ 501, "{\"error\":\"unsupported\",\"text\":\"Send a "
		       "Content-Length, no Transfer-Encoding.\"}" },
		{ 503,
		    "{\"error\":\"later\",\"text\":\"The server is busy. Try "
		    "again.\"}" },
	};

	for (size_t i = 0; i < COUNT(all); i++)
		if (all[i].status == status)
			respond_json(c, status, slice_str(all[i].body), keep);
}

/* --- the app --- */

static bool
has_hash(const char *path)
{
	const char *dash = strrchr(path, '-');

	return dash != NULL && strlen(dash) >= 9;
}

static void
app_serve(struct client *c, const struct http_head *h)
{
	const char *path = NULL;
	char extra[512];

	for (unsigned i = 0; i < app_file_count; i++) {
		const struct app_file *f = &app_files[i];

		if (http_is(h->target, f->path) ||
		    ((http_is(h->target, "/") ||
			 http_is(h->target, "/trust")) &&
			strcmp(f->path, "/index.html") == 0)) {
			path = f->path;
			(void)snprintf(extra, sizeof extra,
			    "Content-Type: %s\r\nContent-Encoding: gzip\r\n"
			    "ETag: %s\r\nVary: Accept-Encoding\r\n"
			    "Cache-Control: %s\r\n",
			    f->type, f->etag,
			    has_hash(path)
				? "public, max-age=31536000, immutable"
				: "no-cache");
			if (http_is(http_field(h, "if-none-match"), f->etag))
				respond(c, 304, extra, SLICE_LIT(""), c->keep);
			else
				respond(c, 200, extra,
				    slice_make(f->gzip, f->gzip_octets),
				    c->keep);
			return;
		}
	}
	refuse(c, 404, c->keep);
}

/* --- the API --- */

struct question {
	struct edge *edge;
	uint64_t client;
};

static void
core_answered(void *ctx, enum err e, struct ipc_msg *m)
{
	struct question *q = ctx;
	struct client *c = client_find(q->edge, q->client);
	struct rd r;

	free(q);
	if (c == NULL)
		return;
	c->is = CLIENT_HTTP;
	if (e != ERR_OK) {
		refuse(c, 503, c->keep);
	} else {
		rd_init(&r, m->body);
		const uint16_t status = rd_u16(&r);
		(void)rd_u8(&r);
		const struct slice body = rd_sized(&r, 2u << 20);
		if (status >= 500)
			edge_count(c->edge, FACT_answers_failed);
		if (rd_end(&r) != ERR_OK)
			refuse(c, 503, c->keep);
		else
			respond_json(c, status, body, c->keep);
	}
	/* what came meanwhile */
	if (!c->conn.dead && c->conn.in.len != 0 &&
	    (e = http_input(c)) != ERR_OK)
		conn_close(&c->conn, e);
}

/* `Eaves <id>.<secret>`; ERR_MISSING when there is no such field. */
static enum err
ticket_parse(struct slice value, uint8_t id[static 16],
    uint8_t secret[static 32])
{
	if (value.len == 0)
		return ERR_MISSING;
	if (value.len != 6 + 22 + 1 + 43 ||
	    !slice_starts(value, SLICE_LIT("Eaves ")) || value.at[28] != '.' ||
	    b64_decode_exactly(slice_make(value.at + 6, 22), id, 16) !=
		ERR_OK ||
	    b64_decode_exactly(slice_make(value.at + 29, 43), secret, 32) !=
		ERR_OK)
		return ERR_SYNTAX;
	return ERR_OK;
}

static enum err
call_write(const struct client *c, unsigned route, const struct http_head *h,
    struct slice body, struct buf *out)
{
	uint8_t id[16] = { 0 }, secret[32] = { 0 }, origin[32] = { 0 };
	const struct slice o = http_field(h, "origin");
	const enum err t = ticket_parse(http_field(h, "authorization"), id,
	    secret);
	struct wr w;

	if (t == ERR_SYNTAX)
		return t;
	if (o.len != 0)
		sha256(o, origin);
	wr_init(&w, out);
	wr_u16(&w, (uint16_t)route);
	wr_u8(&w, (uint8_t)c->door);
	wr_u8(&w, t == ERR_OK);
	wr_octets(&w, SLICE_OF(id));
	wr_octets(&w, SLICE_OF(secret));
	wr_u8(&w, c->has_spki);
	wr_octets(&w, SLICE_OF(c->spki));
	wr_octets(&w, SLICE_OF(origin));
	wr_sized(&w, body);
	octets_wipe(secret, sizeof secret);
	return wr_end(&w);
}

static void
api_ask(struct client *c, unsigned route, const struct http_head *h,
    struct slice body)
{
	struct question *q = malloc(sizeof *q);
	struct buf call;
	enum err e = ERR_NOMEM;

	buf_init_secret(&call, BODY_OCTETS_MAX + 1024);
	if (q != NULL) {
		*q = (struct question){ c->edge, c->serial };
		e = call_write(c, route, h, body, &call);
	}
	if (e == ERR_OK) {
		c->is = CLIENT_WAITING;
		conn_deadline(&c->conn, CORE_MS);
		e = c->edge->core == NULL
			? ERR_CLOSED
			: ipc_request(c->edge->core, MSG_API_CALL,
			      buf_slice(&call), core_answered, q);
	}
	buf_fini(&call);
	if (e == ERR_OK)
		return;
	free(q);
	c->is = CLIENT_HTTP;
	refuse(c, e == ERR_SYNTAX ? 401 : 503, c->keep);
}

/* A page of another origin may not make its visitor's browser act here. */
static bool
origin_fits(const struct client *c, const struct http_head *h)
{
	const struct slice o = http_field(h, "origin");
	const struct slice host = http_field(h, "host");
	const struct slice scheme = c->conn.ssl != NULL ? SLICE_LIT("https://")
							: SLICE_LIT("http://");

	return o.len == 0 || (slice_starts(o, scheme) &&
				 slice_eq(slice_skip(o, scheme.len), host));
}

static void
api_serve(struct client *c, const struct http_head *h, struct slice body)
{
	bool other_method = false;

	for (size_t i = 0; i < COUNT(routes); i++) {
		if (routes[i].door != c->door ||
		    !http_is(h->target, routes[i].path))
			continue;
		if (!http_is(h->method, routes[i].method)) {
			other_method = true;
			continue;
		}
		if (!origin_fits(c, h))
			refuse(c, 403, c->keep);
		else
			api_ask(c, routes[i].number, h, body);
		return;
	}
	refuse(c, other_method ? 405 : 404, c->keep);
}

/* --- upgrades --- */

static bool
wants_websocket(const struct http_head *h)
{
	return http_has_token(http_field(h, "connection"), "upgrade") &&
	       http_has_token(http_field(h, "upgrade"), "websocket");
}

static void
upgrade(struct client *c, const struct http_head *h, const char *protocol,
    void (*begin)(struct client *c))
{
	const struct slice key = http_field(h, "sec-websocket-key");
	char accept[WS_ACCEPT_OCTETS + 1], head[512];

	if (!http_is(h->method, "GET") || key.len != 24 || !origin_fits(c, h) ||
	    !http_is(http_field(h, "sec-websocket-version"), "13") ||
	    !http_has_token(http_field(h, "sec-websocket-protocol"),
		protocol)) {
		refuse(c, 400, false);
		return;
	}
	ws_accept(key, accept);
	const int n = snprintf(head, sizeof head,
	    "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\n"
	    "Connection: Upgrade\r\nSec-WebSocket-Accept: %s\r\n"
	    "Sec-WebSocket-Protocol: %s\r\n\r\n",
	    accept, protocol);
	if (conn_send(&c->conn, slice_make(head, (size_t)n)) != ERR_OK)
		conn_close(&c->conn, ERR_CLOSED);
	else
		begin(c);
}

/* --- numbers --- */

static void
metrics_serve(struct client *c, const struct http_head *h)
{
	struct count viewers = { 0 }, hubs = { 0 };
	const struct count open = { c->edge->client_count };
	const struct day today = { clock_day() };
	AUTO_BUF struct buf text = { 0 };

	if (!http_is(h->method, "GET") || !http_is(h->target, "/metrics")) {
		refuse(c, 404, c->keep);
		return;
	}
	for (const struct client *k = c->edge->clients; k != NULL;
	     k = k->next) {
		viewers.n += k->is == CLIENT_VIEWER;
		hubs.n += k->is == CLIENT_UPLINK;
	}
	fact_set(&c->edge->facts, FACT_connections, open);
	fact_set(&c->edge->facts, FACT_viewers, viewers);
	fact_set(&c->edge->facts, FACT_hubs, hubs);
	buf_init(&text, 65536);
	if (facts_write(&c->edge->facts, today, &text) != ERR_OK)
		refuse(c, 503, c->keep);
	else
		respond(c, 200,
		    "Content-Type: text/plain; version=0.0.4\r\n"
		    "Cache-Control: no-store\r\n",
		    buf_slice(&text), c->keep);
}

static void
request_serve(struct client *c, const struct http_head *h, struct slice body)
{
	c->keep = !h->close;
	if (c->door == DOOR_METRICS)
		metrics_serve(c, h);
	else if (wants_websocket(h)) {
		if (c->door == DOOR_BROWSER && http_is(h->target, "/live"))
			upgrade(c, h, "eaves.1", viewer_begin);
		else if (c->door == DOOR_DEVICE &&
			 http_is(h->target, "/device/uplink"))
			upgrade(c, h, "eaves.uplink.1", uplink_begin);
		else
			refuse(c, 404, false);
	} else if (c->door == DOOR_DEVICE ||
		   slice_starts(h->target, SLICE_LIT("/api/")))
		api_serve(c, h, body);
	else if (http_is(h->method, "GET"))
		app_serve(c, h);
	else
		refuse(c, 405, c->keep);
}

static void
head_refuse(struct client *c, enum err e)
{
	refuse(c,
	    e == ERR_LIMIT         ? 431
	    : e == ERR_UNSUPPORTED ? 501
				   : 400,
	    false);
	buf_clear(&c->conn.in);
}

enum err
http_input(struct client *c)
{
	while (c->is == CLIENT_HTTP && !c->conn.dead && !c->conn.finishing) {
		const struct slice in = buf_slice(&c->conn.in);
		struct http_head h;
		enum err e;

		if (in.len == 0)
			return ERR_OK;
		e = http_request_parse(in, &h);
		if (e == ERR_MORE) {
			/* from the first octet, however slowly they drip */
			if (!c->conn.deadline.place || c->keep) {
				conn_deadline(&c->conn, HEAD_MS);
				c->keep = false;
			}
			return ERR_OK;
		}
		if (e != ERR_OK) {
			head_refuse(c, e);
			return ERR_OK;
		}
		if (h.body_octets > BODY_OCTETS_MAX) {
			refuse(c, 413, false);
			buf_clear(&c->conn.in);
			return ERR_OK;
		}
		if (in.len - h.octets < h.body_octets)
			return ERR_OK;
		const size_t eaten = h.octets + (size_t)h.body_octets;
		request_serve(c, &h,
		    slice_make(in.at + h.octets, (size_t)h.body_octets));
		if (c->conn.dead)
			return ERR_OK;
		buf_consume(&c->conn.in, eaten);
	}
	if (c->conn.finishing)
		buf_clear(&c->conn.in);
	return ERR_OK;
}
