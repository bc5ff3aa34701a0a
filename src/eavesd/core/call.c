/*
 * call.c - from a question of edge to a handler and back. The table below is
 * the API: docs/API.md in the same order.
 */
#include <stdlib.h>
#include <unistd.h>

#include "base/codec.h"
#include "eavesd/core/core.h"

#define DEPTH_MAX     8
#define ANSWER_OCTETS (1000u << 10) /* what a channel carries */

static const struct route {
	handler handle;
	bool device_door;
} routes[64] = {
	[1] = { info_get, false },
	[2] = { mailbox_m1_get, false },
	[3] = { mailbox_m2_post, false },
	[4] = { mailbox_m3_get, false },
	[5] = { account_start, false },
	[6] = { account_finish, false },
	[7] = { session_start, false },
	[8] = { session_finish, false },
	[9] = { session_recover, false },
	[10] = { session_delete, false },
	[11] = { session_end, false },
	[12] = { password_start, false },
	[13] = { password_finish, false },
	[14] = { vault_get, false },
	[15] = { vault_put, false },
	[16] = { home_post, false },
	[17] = { home_nonce, false },
	[18] = { home_open, false },
	[19] = { home_read, false },
	[20] = { home_write, false },
	[21] = { row_post, false },
	[22] = { rows_post, false },
	[23] = { keep_read, false },
	[24] = { keep_write, false },
	[25] = { lock_post, false },
	[26] = { unlock_post, false },
	[40] = { device_enroll, true },
	[41] = { device_link, true },
	[42] = { device_mailbox_post, true },
	[43] = { device_m2_get, true },
	[44] = { device_m3_post, true },
	[45] = { device_refuse_post, true },
	[46] = { device_home, true },
};

enum err
keeper_ask(struct core *core, enum ipc_type type, struct slice question,
    struct buf *out)
{
	struct buf answer;
	enum err e;

	if (core->keeper == NULL)
		return ERR_CLOSED;
	buf_init_secret(&answer, BODY_OCTETS + 1024);
	e = ipc_call(core->keeper, type, question, &answer);
	if (e == ERR_OK && (answer.len == 0 || answer.at[0] >= ERR__MAX))
		e = ERR_CORRUPT;
	if (e == ERR_OK)
		e = (enum err)answer.at[0];
	if (e == ERR_OK && out != NULL)
		e = buf_append(out, slice_skip(buf_slice(&answer), 1));
	buf_fini(&answer);
	return e;
}

static enum err
row_ask(struct core *core, enum ipc_type type, enum table table, uint32_t slot,
    const struct id *key, struct slice in, struct buf *out)
{
	struct buf q;
	struct wr w;
	enum err e;

	buf_init_secret(&q, BODY_OCTETS);
	wr_init(&w, &q);
	wr_u8(&w, (uint8_t)table);
	wr_u32(&w, slot);
	wr_id(&w, key);
	wr_octets(&w, in);
	if ((e = wr_end(&w)) == ERR_OK)
		e = keeper_ask(core, type, buf_slice(&q), out);
	buf_fini(&q);
	return e;
}

enum err
row_seal(struct core *core, enum table table, uint32_t slot,
    const struct id *key, struct slice plain, struct buf *out)
{
	return row_ask(core, MSG_ROW_SEAL, table, slot, key, plain, out);
}

enum err
row_open(struct core *core, enum table table, uint32_t slot,
    const struct id *key, struct slice sealed, struct buf *out)
{
	return row_ask(core, MSG_ROW_OPEN, table, slot, key, sealed, out);
}

void
answer_keep(struct core *core, uint32_t id, enum ipc_type type,
    struct tell *body, const int *fds, size_t fd_count)
{
	if (core->answer_count == ANSWERS_MAX) {
		/* edge never has as many questions open */
		tell_fini(body);
		for (size_t i = 0; i < fd_count; i++)
			(void)close(fds[i]);
		return;
	}
	struct answer *a = &core->answers[core->answer_count++];
	*a = (struct answer){ .id = id,
		.type = type,
		.body = *body,
		.fd_count = fd_count };
	for (size_t i = 0; i < fd_count; i++)
		a->fds[i] = fds[i];
	*body = (struct tell){ 0 };
}

/* The one place where text becomes an answer: out_x() made all of it. */
static void
json_tell(struct tell *t, unsigned status, const char *text)
{
	const struct count code = { status };

	tell_clear(t);
	tell_count(t, code, 2);
	tell_choice(t, (struct choice){ 0 });
	wr_sized(&t->w, slice_str(text));
}

void
call_answer(struct call *c)
{
	char *text = c->out == NULL ? NULL : json_dumps(c->out, JSON_COMPACT);
	struct tell t;

	tell_init(&t, BODY_OCTETS * 2);
	json_tell(&t, c->status, text == NULL ? "{}" : text);
	if (tell_end(&t) != ERR_OK || t.body.len > ANSWER_OCTETS)
		/* too much at once: an answer all the same */
		json_tell(&t, 503, "{}");
	if (tell_end(&t) == ERR_OK)
		answer_keep(c->core, c->id, MSG_API_CALL, &t, NULL, 0);
	tell_fini(&t);
	if (text != NULL) {
		octets_wipe(text, strlen(text));
		free(text);
	}
}

/* Nesting is bounded before a parser sees it. */
static bool
depth_fits(struct slice s)
{
	bool in_string = false;
	unsigned depth = 0;

	for (size_t i = 0; i < s.len; i++) {
		const uint8_t ch = s.at[i];

		if (in_string) {
			if (ch == '\\')
				i++;
			else if (ch == '"')
				in_string = false;
		} else if (ch == '"')
			in_string = true;
		else if ((ch == '{' || ch == '[') && ++depth > DEPTH_MAX)
			return false;
		else if ((ch == '}' || ch == ']') && depth != 0)
			depth--;
	}
	return true;
}

static enum err
call_parse(struct call *c, struct slice body)
{
	struct rd r;

	rd_init(&r, body);
	c->route = rd_u16(&r);
	c->device_door = rd_u8(&r) == 1;
	c->has_ticket = rd_u8(&r) == 1;
	rd_id(&r, &c->ticket);
	rd_copy(&r, c->secret.octets, KEY_OCTETS);
	c->has_spki = rd_u8(&r) == 1;
	rd_copy(&r, c->spki, sizeof c->spki);
	rd_copy(&r, c->origin, sizeof c->origin);
	const struct slice text = rd_sized(&r, 512u << 10);
	const enum err e = rd_end(&r);
	if (e != ERR_OK)
		return e;
	if (text.len != 0 && depth_fits(text))
		c->in = json_loadb((const char *)text.at, text.len,
		    JSON_REJECT_DUPLICATES, NULL);
	else if (text.len == 0)
		c->in = json_object();
	return ERR_OK;
}

/* All of a call's writes, or none. */
static void
call_handle(struct call *c, handler handle)
{
	const enum err e = store_part_begin(c->core->store);
	const size_t made = c->core->made.count, gone = c->core->gone.count;

	if (e != ERR_OK) {
		(void)call_fail_err(c, ERR_IO);
		return;
	}
	handle(c);
	if (store_part_end(c->core->store, c->status < 300) != ERR_OK)
		(void)call_fail_err(c, ERR_IO);
	if (c->status >= 300)
		segments_undo(c->core, made, gone);
}

void
core_call(struct core *core, uint32_t id, struct slice body)
{
	struct call c = { .core = core,
		.id = id,
		.status = 200,
		.out = json_object() };

	if (call_parse(&c, body) != ERR_OK || c.route >= COUNT(routes) ||
	    routes[c.route].handle == NULL ||
	    routes[c.route].device_door != c.device_door)
		(void)call_fail_err(&c, ERR_MISSING);
	else if (!json_is_object(c.in))
		(void)call_fail_err(&c, ERR_SYNTAX);
	else
		call_handle(&c, routes[c.route].handle);
	if (!c.later)
		call_answer(&c);
	json_decref(c.in);
	json_decref(c.out);
	octets_wipe(&c.secret, sizeof c.secret);
	octets_wipe(&c.claims, sizeof c.claims);
}
