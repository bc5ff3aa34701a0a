/*
 * sources.h - the hub part of the directory: where a hub's cameras are, and
 * how it comes in there. docs/FORMATS.md section 5. Only hubs and those who
 * may manage the home can open it.
 */
#ifndef MODEL_SOURCES_H
#define MODEL_SOURCES_H

#include <stdbool.h>

#include "base/err.h"
#include "base/id.h"
#include "base/slice.h"

#define SOURCES_MAX           64
#define SOURCE_ADDRESS_OCTETS 512
#define SOURCE_WORD_OCTETS    128

/* Texts end with a NUL. */
struct source {
	struct id thing;
	char address[SOURCE_ADDRESS_OCTETS +
		     1]; /* rtsp://HOST[:PORT]/PATH, v4l2:PATH */
	char sub[SOURCE_ADDRESS_OCTETS + 1]; /* empty: none */
	char user[SOURCE_WORD_OCTETS + 1];
	char password[SOURCE_WORD_OCTETS + 1];
	bool sound;
};

struct sources {
	size_t count;
	struct source at[SOURCES_MAX];
};

/*
 * Strict, as people_parse(). The caller wipes what it got: passwords are in
 * it. ERR_SYNTAX, ERR_LIMIT, ERR_NOMEM.
 */
MUST_USE enum err sources_parse(struct slice json, struct sources *ret);

#endif
