/*
 * golden.h - what golden files are made of: octets in hex, in JSON. Tests
 * only.
 */
#ifndef MODEL_GOLDEN_H
#define MODEL_GOLDEN_H

#include <jansson.h>

#include "base/slice.h"

json_t *hex_json(struct slice s);
/* The whole of run.json, directory.json, sound.json and ledger.json. */
json_t *golden_run(void);
json_t *golden_directory(void);
json_t *golden_sound(void);
json_t *golden_ledger(void);

#endif
