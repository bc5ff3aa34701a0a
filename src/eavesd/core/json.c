#include "base/codec.h"
#include "eavesd/core/core.h"

#define DEPTH_MAX 8

bool
call_fail(struct call *c, unsigned status, const char *code, struct words text)
{
	if (c->status != 200)
		return false;
	c->status = status;
	json_decref(c->out);
	c->out = json_pack("{ss ss}", "error", code, "text", text.text);
	return false;
}

bool
call_fail_err(struct call *c, enum err e)
{
	switch (e) {
	case ERR_DENIED:
		return call_fail(c, 403, "denied",
		    WORDS("That is not allowed."));
	case ERR_MISSING:
		return call_fail(c, 404, "missing",
		    WORDS("That is not there."));
	case ERR_EXISTS:
	case ERR_CONFLICT:
		return call_fail(c, 409, "conflict",
		    WORDS("Somebody was faster: read again, then retry."));
	case ERR_SYNTAX:
	case ERR_RANGE:
	case ERR_CRYPTO:
		return call_fail(c, 400, "syntax",
		    WORDS("The request is not well formed."));
	case ERR_LIMIT:
		return call_fail(c, 429, "slow_down",
		    WORDS("Too many tries. Wait a minute, then try again."));
	default:
		return call_fail(c, 503, "later",
		    WORDS("The server cannot do that now. Try again."));
	}
}

static bool
malformed(struct call *c)
{
	return call_fail_err(c, ERR_SYNTAX);
}

bool
in_only(struct call *c, const json_t *o, const char *const *names)
{
	const char *key;
	json_t *value;

	if (!json_is_object(o))
		return malformed(c);
	json_object_foreach((json_t *)(uintptr_t)o, key, value)
	{
		size_t i = 0;

		while (names[i] != NULL && strcmp(names[i], key) != 0)
			i++;
		if (names[i] == NULL)
			return malformed(c);
	}
	return true;
}

static bool
text_of(const json_t *o, const char *name, struct slice *ret)
{
	const json_t *v = json_object_get(o, name);

	if (!json_is_string(v))
		return false;
	*ret = slice_make(json_string_value(v), json_string_length(v));
	return true;
}

bool
in_octets(struct call *c, const json_t *o, const char *name, uint8_t *to,
    size_t n)
{
	struct slice text;

	if (!text_of(o, name, &text) ||
	    b64_decode_exactly(text, to, n) != ERR_OK)
		return malformed(c);
	return true;
}

bool
in_id(struct call *c, const json_t *o, const char *name, struct id *to)
{
	return in_octets(c, o, name, to->octets, ID_OCTETS);
}

bool
in_blob(struct call *c, const json_t *o, const char *name, struct buf *to)
{
	struct slice text;
	uint8_t *at;
	size_t len;

	if (!text_of(o, name, &text))
		return malformed(c);
	const size_t room = text.len / 4 * 3 + 3;
	if (room > to->cap + 3)
		return call_fail(c, 413, "limit", WORDS("That is too big."));
	if (buf_reserve(to, room < to->cap ? room : to->cap, &at) != ERR_OK)
		return call_fail_err(c, ERR_NOMEM);
	if (b64_decode(text, at, room < to->cap ? room : to->cap, &len) !=
	    ERR_OK)
		return malformed(c);
	to->len += len;
	return true;
}

bool
in_number(struct call *c, const json_t *o, const char *name, uint64_t max,
    uint64_t *ret)
{
	const json_t *v = json_object_get(o, name);

	if (!json_is_integer(v) || json_integer_value(v) < 0 ||
	    (uint64_t)json_integer_value(v) > max)
		return malformed(c);
	*ret = (uint64_t)json_integer_value(v);
	return true;
}

const json_t *
in_object(struct call *c, const json_t *o, const char *name)
{
	const json_t *v = json_object_get(o, name);

	if (!json_is_object(v)) {
		(void)malformed(c);
		return NULL;
	}
	return v;
}

const json_t *
in_list(struct call *c, const json_t *o, const char *name, size_t max)
{
	const json_t *v = json_object_get(o, name);

	if (!json_is_array(v) || json_array_size(v) > max) {
		(void)malformed(c);
		return NULL;
	}
	return v;
}

bool
in_ticket(struct call *c, const json_t *o, const char *name,
    struct ticket_in *to)
{
	const json_t *t = in_object(c, o, name);

	return t != NULL && in_only(c, t, ONLY("id", "secret", "revoke")) &&
	       in_id(c, t, "id", &to->id) &&
	       in_octets(c, t, "secret", to->secret.octets, KEY_OCTETS) &&
	       in_octets(c, t, "revoke", to->revoke_hash, SHA256_OCTETS);
}

static void
octets_out(struct call *c, json_t *o, const char *name, struct slice s)
{
	char *text = malloc(B64_ROOM(s.len));

	if (text == NULL) {
		(void)call_fail_err(c, ERR_NOMEM);
		return;
	}
	b64_encode(s, text);
	if (json_object_set_new(o, name, json_string(text)) != 0)
		(void)call_fail_err(c, ERR_NOMEM);
	octets_wipe(text, B64_ROOM(s.len));
	free(text);
}

void
out_id(struct call *c, json_t *o, const char *name, const struct id *id)
{
	octets_out(c, o, name, id_slice(id));
}

void
out_sealed(struct call *c, json_t *o, const char *name, struct sealed s)
{
	octets_out(c, o, name, s.octets);
}

void
out_shown(struct call *c, json_t *o, const char *name, struct shown s)
{
	octets_out(c, o, name, s.octets);
}

void
out_run(struct call *c, json_t *o, const char *name, const struct run_id *run)
{
	octets_out(c, o, name, SLICE_OF(run->octets));
}

void
out_count(struct call *c, json_t *o, const char *name, struct count count)
{
	if (json_object_set_new(o, name, json_integer((json_int_t)count.n)) !=
	    0)
		(void)call_fail_err(c, ERR_NOMEM);
}

void
out_words(struct call *c, json_t *o, const char *name, struct words w)
{
	if (json_object_set_new(o, name, json_string(w.text)) != 0)
		(void)call_fail_err(c, ERR_NOMEM);
}
