#include "model/json_read.h"

#include <string.h>

#include "base/codec.h"

#define DEPTH_MAX 8

/*
 * jansson recurses into what it parses and bounds it at 2048 levels, which is
 * more than we want to think about: count brackets outside of strings first.
 */
static bool
depth_ok(struct slice text)
{
	unsigned depth = 0;
	bool in_string = false;

	for (size_t i = 0; i < text.len; i++) {
		const uint8_t c = text.at[i];
		if (in_string) {
			if (c == '\\')
				i++;
			else if (c == '"')
				in_string = false;
		} else if (c == '"') {
			in_string = true;
		} else if (c == '{' || c == '[') {
			if (++depth > DEPTH_MAX)
				return false;
		} else if ((c == '}' || c == ']') && depth > 0) {
			depth--;
		}
	}
	return true;
}

enum err
json_text_parse(struct slice text, size_t octets_max, json_t **ret_root)
{
	json_error_t why;

	if (text.len > octets_max || !depth_ok(text))
		return ERR_LIMIT;
	json_t *root = json_loadb((const char *)text.at, text.len,
	    JSON_REJECT_DUPLICATES, &why);
	if (root == NULL)
		return json_error_code(&why) == json_error_out_of_memory
			   ? ERR_NOMEM
			   : ERR_SYNTAX;
	*ret_root = root;
	return ERR_OK;
}

void
json_in_init(struct json_in *in, json_t *object)
{
	*in = (struct json_in){ .object = object,
		.err = json_is_object(object) ? ERR_OK : ERR_SYNTAX };
}

enum err
json_in_end(const struct json_in *in)
{
	if (in->err != ERR_OK)
		return in->err;
	return json_object_size(in->object) == in->asked ? ERR_OK : ERR_SYNTAX;
}

json_t *
json_in_get(struct json_in *in, const char *name, json_type type)
{
	if (in->err != ERR_OK)
		return NULL;
	json_t *v = json_object_get(in->object, name);
	if (v == NULL || json_typeof(v) != type) {
		in->err = ERR_SYNTAX;
		return NULL;
	}
	in->asked++;
	return v;
}

struct slice
json_in_text(struct json_in *in, const char *name, size_t octets_max)
{
	const json_t *v = json_in_get(in, name, JSON_STRING);

	if (v == NULL)
		return (struct slice){ NULL, 0 };
	if (json_string_length(v) > octets_max) {
		in->err = ERR_LIMIT;
		return (struct slice){ NULL, 0 };
	}
	return slice_make(json_string_value(v), json_string_length(v));
}

uint64_t
json_in_number(struct json_in *in, const char *name, uint64_t most)
{
	const json_t *v = json_in_get(in, name, JSON_INTEGER);

	if (v == NULL)
		return 0;
	const json_int_t n = json_integer_value(v);
	if (n < 0 || (uint64_t)n > most) {
		in->err = ERR_RANGE;
		return 0;
	}
	return (uint64_t)n;
}

bool
json_in_bool(struct json_in *in, const char *name)
{
	if (in->err != ERR_OK)
		return false;
	const json_t *v = json_object_get(in->object, name);
	if (!json_is_boolean(v)) {
		in->err = ERR_SYNTAX;
		return false;
	}
	in->asked++;
	return json_is_true(v);
}

void
json_in_octets(struct json_in *in, const char *name, uint8_t *to, size_t n)
{
	const struct slice text = json_in_text(in, name, B64_ROOM(n));

	if (in->err == ERR_OK)
		in->err = b64_decode_exactly(text, to, n);
	if (in->err != ERR_OK)
		memset(to, 0, n);
}

void
json_in_id(struct json_in *in, const char *name, struct id *to)
{
	json_in_octets(in, name, to->octets, ID_OCTETS);
}

void
json_in_buf(struct json_in *in, const char *name, struct buf *to)
{
	const struct slice text = json_in_text(in, name, B64_ROOM(to->cap));
	uint8_t *room;
	size_t len;

	if (in->err != ERR_OK)
		return;
	const size_t most = text.len / 4 * 3 + 3;
	const size_t left = to->cap - to->len;
	if ((in->err = buf_reserve(to, most < left ? most : left, &room)) !=
	    ERR_OK)
		return;
	in->err = b64_decode(text, room, most < left ? most : left, &len);
	if (in->err == ERR_OK)
		to->len += len;
}

json_t *
json_in_array(struct json_in *in, const char *name, size_t most)
{
	json_t *v = json_in_get(in, name, JSON_ARRAY);

	if (v != NULL && json_array_size(v) > most) {
		in->err = ERR_LIMIT;
		return NULL;
	}
	return v;
}
