#include "model/body.h"

#include <stdlib.h>

#include "base/codec.h"
#include "crypto/crypto.h"

json_t *
body_b64(struct slice s)
{
	char *text = malloc(B64_ROOM(s.len));

	if (text == NULL)
		return NULL;
	b64_encode(s, text);
	json_t *j = json_string(text);
	octets_wipe(text, B64_ROOM(s.len));
	free(text);
	return j;
}

json_t *
body_id(const struct id *id)
{
	return body_b64(id_slice(id));
}

static int
piece_put(const char *at, size_t len, void *to)
{
	return buf_append(to, slice_make(at, len)) == ERR_OK ? 0 : -1;
}

enum err
body_put(json_t *j, struct buf *to)
{
	if (j == NULL)
		return ERR_NOMEM;
	const int r = json_dump_callback(j, piece_put, to, JSON_COMPACT);
	json_decref(j);
	return r == 0 ? ERR_OK : ERR_LIMIT;
}
