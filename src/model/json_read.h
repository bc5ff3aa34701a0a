/*
 * json_read.h - a strict JSON object, read field by field. Like struct rd of
 * base/codec.h it carries its first error, so that one check at the end
 * suffices; the end refuses fields that nobody asked for.
 */
#ifndef MODEL_JSON_READ_H
#define MODEL_JSON_READ_H

#include <jansson.h>

#include "base/buf.h"
#include "base/id.h"

struct json_in {
	json_t *object; /* borrowed */
	size_t asked;   /* fields seen so far */
	enum err err;
};

/*
 * Parse text of at most octets_max octets and max depth 8. The caller gives
 * *ret_root back with json_decref. ERR_SYNTAX, ERR_LIMIT, ERR_NOMEM.
 */
MUST_USE enum err
json_text_parse(struct slice text, size_t octets_max, json_t **ret_root);

void json_in_init(struct json_in *in, json_t *object);
/* ERR_SYNTAX when fields are left over; else the first error. */
MUST_USE enum err json_in_end(const struct json_in *in);

/* A field that must be there. After an error: NULL, zeros, empty. */
json_t *json_in_get(struct json_in *in, const char *name, json_type type);
/* A text, borrowed from the JSON; longer than octets_max is ERR_LIMIT. */
struct slice
json_in_text(struct json_in *in, const char *name, size_t octets_max);
/* A whole number from 0 to most; more is ERR_RANGE. */
uint64_t json_in_number(struct json_in *in, const char *name, uint64_t most);
bool json_in_bool(struct json_in *in, const char *name);
/* b64 of exactly n octets. */
void
json_in_octets(struct json_in *in, const char *name, uint8_t *to, size_t n);
void json_in_id(struct json_in *in, const char *name, struct id *to);
/* b64 of at most to's cap; appends. */
void json_in_buf(struct json_in *in, const char *name, struct buf *to);
/* An array of at most most elements. */
json_t *json_in_array(struct json_in *in, const char *name, size_t most);

#endif
