/*
 * body.h - JSON bodies of our requests, made with jansson; octets are b64.
 */
#ifndef MODEL_BODY_H
#define MODEL_BODY_H

#include <jansson.h>

#include "base/buf.h"
#include "base/id.h"

/* NULL: no memory, which json_pack understands. */
json_t *body_b64(struct slice s);
json_t *body_id(const struct id *id);
/*
 * Appends j as text and gives j back; NULL is ERR_NOMEM, so that a whole
 * json_pack may stand in the call.
 */
MUST_USE enum err body_put(json_t *j, struct buf *to);

#endif
