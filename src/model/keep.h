/*
 * keep.h - how long a home keeps what it recorded, as its members signed it
 * in the directory: docs/FORMATS.md section 5. A hub has no use for it and
 * looks at its form alone; apps compare it with what the server does.
 */
#ifndef MODEL_KEEP_H
#define MODEL_KEEP_H

#include <jansson.h>

#include "base/err.h"

#define KEEP_LOCKS_MAX 64

/* ERR_SYNTAX, ERR_LIMIT, ERR_RANGE, ERR_NOMEM. */
MUST_USE enum err keep_check(json_t *keep);

#endif
