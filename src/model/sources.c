#include "model/sources.h"

#include "model/json_read.h"

#define JSON_OCTETS_MAX ((size_t)128 << 10)

/* A text without control characters, whole. */
static void
text_get(struct json_in *in, const char *name, size_t most, char *to)
{
	const struct slice s = json_in_text(in, name, most);

	if (in->err != ERR_OK)
		return;
	for (size_t i = 0; i < s.len; i++)
		if (s.at[i] < 0x20 || s.at[i] == 0x7f) {
			in->err = ERR_SYNTAX;
			return;
		}
	memcpy(to, s.at, s.len);
	to[s.len] = '\0';
}

static enum err
source_get(json_t *from, struct source *s)
{
	struct json_in in;

	*s = (struct source){ 0 };
	json_in_init(&in, from);
	json_in_id(&in, "thing", &s->thing);
	text_get(&in, "address", SOURCE_ADDRESS_OCTETS, s->address);
	text_get(&in, "sub", SOURCE_ADDRESS_OCTETS, s->sub);
	text_get(&in, "user", SOURCE_WORD_OCTETS, s->user);
	text_get(&in, "password", SOURCE_WORD_OCTETS, s->password);
	s->sound = json_in_bool(&in, "sound");
	return json_in_end(&in);
}

enum err
sources_parse(struct slice json, struct sources *ret)
{
	struct json_in in;
	json_t *root;
	enum err e;

	ret->count = 0;
	if ((e = json_text_parse(json, JSON_OCTETS_MAX, &root)) != ERR_OK)
		return e;
	json_in_init(&in, root);
	json_t *cameras = json_in_array(&in, "cameras", SOURCES_MAX);
	if ((e = json_in_end(&in)) == ERR_OK)
		for (size_t i = 0; e == ERR_OK && i < json_array_size(cameras);
		     i++) {
			struct source *s = &ret->at[ret->count++];
			e = source_get(json_array_get(cameras, i), s);
			for (size_t k = 0; e == ERR_OK && k < i; k++)
				if (id_eq(&ret->at[k].thing, &s->thing))
					e = ERR_SYNTAX;
		}
	json_decref(root);
	return e;
}
