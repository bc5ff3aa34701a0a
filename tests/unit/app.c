#include "unit/app.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "base/codec.h"
#include "crypto/aead.h"
#include "crypto/hpke.h"
#include "crypto/opaque_client.h"
#include "model/body.h"
#include "model/json_read.h"
#include "os/clock.h"
#include "proto/http1.h"
#include "proto/ws.h"
#include "unit/t.h"

#define WAIT_MS 30000

static int
server_connect(uint16_t port)
{
	const struct sockaddr_in to = { .sin_family = AF_INET,
		.sin_port = htons(port),
		.sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	const int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

	assert_true(fd >= 0);
	assert_int_equal(connect(fd, (const struct sockaddr *)(const void *)&to,
			     sizeof to),
	    0);
	return fd;
}

static void
all_send(int fd, struct slice s)
{
	while (s.len > 0) {
		const ssize_t n = send(fd, s.at, s.len, MSG_NOSIGNAL);
		assert_true(n > 0);
		s = slice_skip(s, (size_t)n);
	}
}

/* Some more octets; false at the end. */
static bool
more_read(int fd, struct buf *b)
{
	struct pollfd p = { .fd = fd, .events = POLLIN };
	uint8_t *to;

	assert_int_equal(poll(&p, 1, WAIT_MS), 1);
	T_OK(buf_reserve(b, 65536, &to));
	const ssize_t n = recv(fd, to, 65536, 0);
	assert_true(n >= 0);
	b->len += (size_t)n;
	return n > 0;
}

void
app_ticket_text(const struct app_ticket *t, char to[static 80])
{
	b64_encode(id_slice(&t->id), to);
	const size_t n = strlen(to);
	to[n] = '.';
	b64_encode(key_slice(&t->secret), to + n + 1);
}

unsigned
app_ask(const struct app *a, const char *method, const char *path,
    const struct app_ticket *ticket, json_t *body, json_t **ret_body)
{
	AUTO_BUF struct buf out, in, text;
	struct http_head head;
	char line[512], who[80] = "";
	json_t *answer = NULL;

	buf_init(&out, 2 << 20);
	buf_init(&in, 4 << 20);
	buf_init(&text, 1 << 20);
	if (body != NULL)
		T_OK(body_put(body, &text));
	if (ticket != NULL)
		app_ticket_text(ticket, who);
	const int n = snprintf(line, sizeof line,
	    "%s %s HTTP/1.1\r\nHost: localhost\r\nContent-Length: %zu\r\n"
	    "Content-Type: application/json\r\n%s%s%s\r\n",
	    method, path, text.len,
	    ticket != NULL ? "Authorization: Eaves " : "", who,
	    ticket != NULL ? "\r\n" : "");
	T_OK(buf_append(&out, slice_make(line, (size_t)n)));
	T_OK(buf_append(&out, buf_slice(&text)));
	const int fd = server_connect(a->port);
	all_send(fd, buf_slice(&out));
	while (http_response_parse(buf_slice(&in), &head) != ERR_OK ||
	       in.len - head.octets < head.body_octets)
		assert_true(more_read(fd, &in));
	close(fd);
	if (head.body_octets > 0)
		T_OK(json_text_parse(slice_skip(buf_slice(&in), head.octets),
		    4 << 20, &answer));
	if (ret_body != NULL)
		*ret_body = answer;
	else
		json_decref(answer);
	return head.status;
}

static json_t *
asked(const struct app *a, const char *method, const char *path,
    const struct app_ticket *ticket, json_t *body)
{
	json_t *answer = NULL;
	const unsigned status = app_ask(a, method, path, ticket, body, &answer);

	if (status != 200 && status != 202) {
		char *text = json_dumps(answer, JSON_COMPACT | JSON_ENCODE_ANY);
		fail_msg("%s %s: %u %s", method, path, status,
		    text == NULL ? "" : text);
	}
	return answer;
}

json_t *
app_ticket_new(struct app_ticket *t)
{
	uint8_t revoke[16], hash[SHA256_OCTETS];

	octets_random(&t->id, sizeof t->id);
	octets_random(&t->secret, sizeof t->secret);
	octets_random(revoke, sizeof revoke);
	sha256(SLICE_OF(revoke), hash);
	return json_pack("{s:o,s:o,s:o}", "id", body_id(&t->id), "secret",
	    body_b64(key_slice(&t->secret)), "revoke",
	    body_b64(SLICE_OF(hash)));
}

static void
field(json_t *o, const char *name, uint8_t *to, size_t n)
{
	const json_t *v = json_object_get(o, name);

	assert_true(json_is_string(v));
	T_OK(b64_decode_exactly(slice_make(json_string_value(v),
				    json_string_length(v)),
	    to, n));
}

static void
field_buf(json_t *o, const char *name, struct buf *to)
{
	const json_t *v = json_object_get(o, name);
	uint8_t *at;
	size_t len;

	assert_true(json_is_string(v));
	T_OK(buf_reserve(to, json_string_length(v), &at));
	T_OK(b64_decode(slice_make(json_string_value(v), json_string_length(v)),
	    at, json_string_length(v), &len));
	to->len += len;
}

void
app_link(struct app *a, const char *line)
{
	const char *mark = strstr(line, "#pair=");
	struct link_keys keys;
	uint8_t both[64];

	assert_non_null(mark);
	T_OK(b64_decode_exactly(slice_str(mark + 6), both, 64));
	memcpy(&a->l, both, 32);
	memcpy(a->link_hash, both + 32, 32);
	link_keys_make(key_slice(&a->l), &keys);
	a->link = (struct app_ticket){ keys.id, keys.secret };
}

static enum err
stretch(const uint8_t in[static 64], uint8_t ret[static 64])
{
	memcpy(ret, in, 64); /* nobody guesses at a test's passphrase */
	return ERR_OK;
}

static void
account_make(struct app *a)
{
	struct opaque_client c = { .password = SLICE_LIT("four words and one"),
		.stretch = stretch };
	uint8_t handle[32], request[32], response[64], nonce[32], record[192];
	uint8_t export[64], vault[64] = { 1, 1 };
	json_t *answer;

	sha256(SLICE_LIT("ada"), handle);
	octets_random(&a->account, sizeof a->account);
	octets_random(nonce, sizeof nonce);
	opaque_blind_draw(c.blind);
	T_OK(opaque_client_request(&c, request));
	answer = asked(a, "POST", "/api/account/start", &a->link,
	    json_pack("{s:o,s:o}", "handle", body_b64(SLICE_OF(handle)),
		"request", body_b64(SLICE_OF(request))));
	field(answer, "response", response, sizeof response);
	json_decref(answer);
	T_OK(opaque_client_record(&c, response, nonce, record, export));
	json_decref(asked(a, "POST", "/api/account/finish", &a->link,
	    json_pack("{s:o,s:o,s:o,s:o,s:o,s:o}", "handle",
		body_b64(SLICE_OF(handle)), "account", body_id(&a->account),
		"record", body_b64(SLICE_OF(record)), "vault",
		body_b64(SLICE_OF(vault)), "recovery",
		app_ticket_new(&a->recovery), "session",
		app_ticket_new(&a->session))));
}

static json_t *
version_json(const struct household_version *v)
{
	return json_pack("{s:I,s:o,s:o,s:o}", "epoch", (json_int_t)v->epoch,
	    "entry", body_b64(buf_slice(&v->entry)), "people",
	    body_b64(buf_slice(&v->people)), "hub",
	    body_b64(buf_slice(&v->hub)));
}

static json_t *
item_json(const struct app *a, const struct id *reader,
    const uint8_t kx[static 32], const struct keyring_item *item,
    uint64_t version)
{
	const struct keyring_reader at = { a->h.home, a->h.epoch, version };
	AUTO_BUF struct buf sealed;

	buf_init(&sealed, KEYRING_ITEM_OCTETS + 64);
	T_OK(keyring_seal(&at, kx, item, &sealed));
	return json_pack("{s:o,s:I,s:o}", "reader", body_id(reader), "epoch",
	    (json_int_t)a->h.epoch, "item", body_b64(buf_slice(&sealed)));
}

static void
home_make(struct app *a)
{
	const struct household_member *me = &a->h.member[0];
	struct household_version v;
	struct keyring_item item = { .kind = KEY_HOME, .key = a->h.home_key };
	uint8_t kx[32];

	kx_public(&me->kx, kx);
	T_OK(household_write(&a->h, me, &v));
	json_t *o = version_json(&v);
	json_object_set_new(o, "home", body_id(&a->h.home));
	json_object_set_new(o, "nonce", body_b64(SLICE_OF(a->h.nonce)));
	json_object_set_new(o, "founder", body_b64(SLICE_OF(a->h.founder)));
	json_object_set_new(o, "keys",
	    json_pack("[o]", item_json(a, &me->id, kx, &item, 1)));
	json_object_set_new(o, "grant",
	    json_pack("{s:o,s:o,s:i}", "id", body_id(&me->grant), "key",
		body_b64(SLICE_OF(me->sign.public)), "rights", 15));
	json_decref(asked(a, "POST", "/api/home", &a->session, o));
	household_version_fini(&v);
}

unsigned
app_home_ticket(struct app *a)
{
	const struct household_member *me = &a->h.member[0];
	uint8_t nonce[32], sign[64], origin[32] = { 0 };
	json_t *answer = asked(a, "POST", "/api/home/nonce", &a->session,
	    json_object());

	field(answer, "nonce", nonce, 32);
	json_decref(answer);
	T_OK(sign_make(&me->sign, LABEL_HOME_OPEN,
	    FIELDS(SLICE_OF(origin), id_slice(&a->session.id), SLICE_OF(nonce),
		id_slice(&me->grant)),
	    sign));
	return app_ask(a, "POST", "/api/home/open", &a->session,
	    json_pack("{s:o,s:o,s:o,s:o}", "grant", body_id(&me->grant),
		"nonce", body_b64(SLICE_OF(nonce)), "sign",
		body_b64(SLICE_OF(sign)), "ticket", app_ticket_new(&a->home)),
	    NULL);
}

void
app_sign_up(struct app *a)
{
	household_make(&a->h, (uint32_t)getpid());
	account_make(a);
	home_make(a);
	assert_int_equal(app_home_ticket(a), 200);
}

/* --- pairing --- */

struct meeting {
	uint8_t m1[PAIRING_M1_OCTETS];
	struct key reply;
};

static void
m2_send(struct app *a, struct meeting *m)
{
	const struct household_member *me = &a->h.member[0];
	struct link_keys link;
	uint8_t enc[32], nonce[32], kx[32];
	AUTO_BUF struct buf info, plain, m2;
	struct hpke hpke;
	struct keyring_item people = { .kind = KEY_PEOPLE,
		.key = a->h.people_key };
	struct keyring_item hub = { .kind = KEY_HUB, .key = a->h.hub_key };
	json_t *keys = json_array();

	link_keys_make(key_slice(&a->l), &link);
	octets_random(nonce, sizeof nonce);
	kx_public(&me->kx, kx);
	buf_init(&info, 128);
	buf_init(&plain, 8192);
	buf_init(&m2, 8192);
	json_t *one = item_json(a, &a->hub.id, m->m1 + 32, &people,
	    a->h.version);
	json_array_append(keys, json_object_get(one, "item"));
	json_decref(one);
	one = item_json(a, &a->hub.id, m->m1 + 32, &hub, a->h.version);
	json_array_append(keys, json_object_get(one, "item"));
	json_decref(one);
	T_OK(body_put(json_pack("{s:o,s:I,s:o,s:I,s:o,s:o,s:o,s:o,s:s,s:o}",
			  "home", body_id(&a->h.home), "version",
			  (json_int_t)a->h.version, "hash",
			  body_b64(SLICE_OF(a->h.hash)), "epoch",
			  (json_int_t)a->h.epoch, "member", body_id(&me->id),
			  "sign", body_b64(SLICE_OF(me->sign.public)), "kx",
			  body_b64(SLICE_OF(kx)), "keys", keys, "device",
			  "a test", "nonce", body_b64(SLICE_OF(nonce))),
	    &plain));
	T_OK(label_info(LABEL_PAIR, &info));
	T_OK(buf_append(&info, id_slice(&link.id)));
	T_OK(buf_append(&info, SLICE_OF(a->link_hash)));
	const struct hpke_info hi = { .info = buf_slice(&info),
		.psk = key_slice(&link.psk),
		.psk_id = id_slice(&link.id) };
	T_OK(hpke_send(m->m1 + 64, &hi, enc, &hpke));
	T_OK(buf_append(&m2, SLICE_OF(enc)));
	T_OK(hpke_seal(&hpke, (struct slice){ NULL, 0 }, buf_slice(&plain),
	    &m2));
	hpke_export(&hpke, SLICE_LIT("eaves/1/pair reply"), &m->reply);
	json_decref(asked(a, "POST", "/api/mailbox/m2", &a->link,
	    json_pack("{s:o}", "m2", body_b64(buf_slice(&m2)))));
}

static void
m3_read(struct app *a, struct meeting *m)
{
	AUTO_BUF struct buf m3, plain;
	json_t *answer = NULL, *said;

	buf_init(&m3, 65536);
	buf_init(&plain, 65536);
	while (app_ask(a, "GET", "/api/mailbox/m3", &a->link, NULL, &answer) ==
	       204)
		;
	field_buf(answer, "m3", &m3);
	json_decref(answer);
	T_OK(gcm_open(&m->reply, gcm_zero_nonce, (struct slice){ NULL, 0 },
	    buf_slice(&m3), &plain));
	T_OK(json_text_parse(buf_slice(&plain), 65536, &said));
	field(said, "hub", a->hub.id.octets, 16);
	field(said, "spki", a->hub.spki, 32);
	const json_t *cameras = json_object_get(said, "cameras");
	a->camera_count = json_array_size(cameras);
	assert_in_range(a->camera_count, 1, APP_CAMERAS_MAX);
	for (size_t i = 0; i < a->camera_count; i++) {
		json_t *camera = json_array_get(cameras, i);
		field(camera, "thing", a->camera[i].thing.octets, 16);
		field(json_array_get(json_object_get(camera, "streams"), 0),
		    "id", a->camera[i].stream.octets, 16);
	}
	a->camera_thing = a->camera[0].thing;
	a->camera_stream = a->camera[0].stream;
	json_decref(said);
}

static struct hour_list *
hours_make(struct app *a, size_t camera, uint32_t count)
{
	const struct id *id = &a->camera[camera].thing;
	struct hour_list *l = calloc(1, sizeof *l);
	AUTO_KEY thing;

	assert_non_null(l);
	assert_true(camera < HOUSEHOLD_MAX);
	thing_key(&a->h.home_key, &a->h.home, a->h.epoch, id, &thing);
	hour_list_make(&thing, id, (uint32_t)(time(NULL) / 3600), count, l);
	a->h.extra[camera] = (struct commit){ .kind = KEY_HOURS, .id = *id };
	memcpy(a->h.extra[camera].commit, l->hash, SHA256_OCTETS);
	if (a->h.extra_count <= camera)
		a->h.extra_count = camera + 1;
	return l;
}

void
app_write(struct app *a, const struct keyring_item *items, size_t count)
{
	const uint64_t version = a->h.version + 1;
	struct household_version v;
	json_t *keys = json_array(), *devices = json_array();
	json_t *streams = json_array();

	for (size_t i = 0; i < count; i++)
		json_array_append_new(keys,
		    item_json(a, &a->hub.id, a->hub.kx, &items[i], version));
	for (size_t i = 0; i < a->camera_count; i++)
		json_array_append_new(streams,
		    json_pack("{s:o,s:i}", "id", body_id(&a->camera[i].stream),
			"class", RUN_MEDIA));
	if (a->h.hub_count > 0)
		json_array_append_new(devices,
		    json_pack("{s:o,s:o,s:O}", "id", body_id(&a->hub.id),
			"spki", body_b64(SLICE_OF(a->hub.spki)), "streams",
			streams));
	json_decref(streams);
	T_OK(household_write(&a->h, &a->h.member[0], &v));
	json_t *o = version_json(&v);
	json_object_set_new(o, "version", json_integer((json_int_t)version));
	json_object_set_new(o, "keys", keys);
	json_object_set_new(o, "grants", json_array());
	json_object_set_new(o, "remove_grants", json_array());
	json_object_set_new(o, "devices", devices);
	json_decref(asked(a, "POST", "/api/home/write", &a->home, o));
	household_version_fini(&v);
}

void
app_pair(struct app *a)
{
	struct meeting m;
	uint8_t hash[SHA256_OCTETS];
	json_t *answer = asked(a, "GET", "/api/mailbox", &a->link, NULL);

	field(answer, "m1", m.m1, sizeof m.m1);
	json_decref(answer);
	sha256(SLICE_OF(m.m1), hash);
	assert_memory_equal(hash, a->link_hash, sizeof hash);
	memcpy(a->hub.sign, m.m1, 32);
	memcpy(a->hub.kx, m.m1 + 32, 32);
	m2_send(a, &m);
	m3_read(a, &m);
	a->h.hub[a->h.hub_count++] = a->hub;
	struct keyring_item items[2 + HOUSEHOLD_MAX] = {
		{ .kind = KEY_PEOPLE, .key = a->h.people_key },
		{ .kind = KEY_HUB, .key = a->h.hub_key },
	};
	for (size_t i = 0; i < a->camera_count; i++) {
		struct household_thing *t = household_thing_add(&a->h, "Porch");
		t->id = a->camera[i].thing;
		t->stream = a->camera[i].stream;
		items[2 + i].kind = KEY_HOURS;
		items[2 + i].hours = hours_make(a, i, 48);
	}
	app_write(a, items, 2 + a->camera_count);
	for (size_t i = 0; i < a->camera_count; i++)
		free(items[2 + i].hours);
}

/* --- live --- */

void
app_live_open(struct app *a)
{
	static const char request[] =
	    "GET /live HTTP/1.1\r\nHost: localhost\r\nUpgrade: websocket\r\n"
	    "Connection: Upgrade\r\nSec-WebSocket-Version: 13\r\n"
	    "Sec-WebSocket-Protocol: eaves.1\r\n"
	    "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n";
	struct http_head head;
	char who[80];

	buf_init(&a->live_in, 16 << 20);
	a->live_fd = server_connect(a->port);
	all_send(a->live_fd, slice_str(request));
	while (http_response_parse(buf_slice(&a->live_in), &head) != ERR_OK)
		assert_true(more_read(a->live_fd, &a->live_in));
	assert_int_equal(head.status, 101);
	buf_consume(&a->live_in, head.octets);
	app_ticket_text(&a->home, who);
	app_live_say(a, json_pack("{s:s,s:s}", "t", "hello", "ticket", who));
	json_decref(app_live_until(a, "welcome"));
}

void
app_live_close(struct app *a)
{
	close(a->live_fd);
	buf_fini(&a->live_in);
}

static void
frame_send(struct app *a, enum ws_opcode opcode, struct slice s)
{
	uint8_t head[WS_HEAD_OCTETS_MAX], mask[4] = { 1, 2, 3, 4 };
	AUTO_BUF struct buf out;

	buf_init(&out, 1 << 20);
	const size_t n = ws_head_write(opcode, s.len, mask, head);
	T_OK(buf_append(&out, slice_make(head, n)));
	T_OK(buf_append(&out, s));
	ws_mask(mask, 0, out.at + n, s.len);
	all_send(a->live_fd, buf_slice(&out));
}

void
app_live_say(struct app *a, json_t *o)
{
	AUTO_BUF struct buf text;

	buf_init(&text, 65536);
	T_OK(body_put(o, &text));
	frame_send(a, WS_TEXT, buf_slice(&text));
}

/* One whole frame at the front of the input; control frames are answered. */
static struct slice
frame_next(struct app *a, struct ws_head *h, size_t *ret_octets)
{
	for (;;) {
		const struct slice in = buf_slice(&a->live_in);
		const enum err e = ws_head_parse(in, false, 5 << 20, h);
		assert_true(e == ERR_OK || e == ERR_MORE);
		if (e == ERR_MORE ||
		    in.len - h->head_octets < h->payload_octets) {
			assert_true(more_read(a->live_fd, &a->live_in));
			continue;
		}
		*ret_octets = h->head_octets + (size_t)h->payload_octets;
		const struct slice s = slice_head(slice_skip(in,
						      h->head_octets),
		    (size_t)h->payload_octets);
		if (h->opcode != WS_PING)
			return s;
		frame_send(a, WS_PONG, s);
		buf_consume(&a->live_in, *ret_octets);
	}
}

void
app_live_next(struct app *a, json_t **ret_text, struct slice *ret_octets)
{
	static uint8_t kept[5 << 20];
	struct ws_head h;
	size_t took;
	const struct slice s = frame_next(a, &h, &took);

	assert_true(h.fin && (h.opcode == WS_TEXT || h.opcode == WS_BINARY));
	*ret_text = NULL;
	*ret_octets = (struct slice){ NULL, 0 };
	if (h.opcode == WS_TEXT) {
		T_OK(json_text_parse(s, 1 << 20, ret_text));
	} else {
		memcpy(kept, s.at, s.len);
		*ret_octets = slice_make(kept, s.len);
	}
	buf_consume(&a->live_in, took);
}

json_t *
app_live_until(struct app *a, const char *t)
{
	for (;;) {
		struct slice octets;
		json_t *o;
		app_live_next(a, &o, &octets);
		const char *what = o == NULL ? NULL
					     : json_string_value(
						   json_object_get(o, "t"));
		if (what != NULL && strcmp(what, t) == 0)
			return o;
		json_decref(o);
	}
}

void
app_place(const struct app *a, struct place *ret_place)
{
	*ret_place = (struct place){ a->h.home, a->camera_thing,
		a->camera_stream, a->hub.id, RUN_MEDIA };
}

void
app_hour_private(const struct app *a, uint32_t hour, struct key *ret_private)
{
	AUTO_KEY thing;

	thing_key(&a->h.home_key, &a->h.home, a->h.epoch, &a->camera_thing,
	    &thing);
	hour_private(&thing, hour, ret_private);
}

void
app_run_open(const struct app *a, struct slice header,
    struct run_info *ret_info, struct run_reader **ret_reader)
{
	struct place place;
	struct key hour;

	app_place(a, &place);
	for (uint32_t h = clock_hour(); h + 2 > clock_hour(); h--) {
		app_hour_private(a, h, &hour);
		if (run_read_open(header, &place, &hour, a->hub.sign, ret_info,
			ret_reader) == ERR_OK)
			return;
	}
	fail_msg("the run does not open");
}

static void
key_opens_nothing(const struct app *a, struct slice header, const struct key *k)
{
	struct run_reader *r;
	struct run_info info;
	struct place place;

	app_place(a, &place);
	assert_int_not_equal(run_read_open(header, &place, k, a->hub.sign,
				 &info, &r),
	    ERR_OK);
}

void
app_run_stays_shut(const struct app *a, struct slice header,
    struct slice octets)
{
	struct key k, hour, thing;

	for (size_t i = 0; i + sizeof k.octets <= octets.len; i++) {
		memcpy(&k, octets.at + i, sizeof k.octets);
		key_opens_nothing(a, header, &k);
		hour_private(&k, clock_hour(), &hour);
		key_opens_nothing(a, header, &hour);
		thing_key(&k, &a->h.home, a->h.epoch, &a->camera_thing, &thing);
		hour_private(&thing, clock_hour(), &hour);
		key_opens_nothing(a, header, &hour);
	}
}
