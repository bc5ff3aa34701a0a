/*
 * people.h - the people part of the directory, parsed: who lives in the home,
 * which hubs and things it has, and what the keys of its epoch must be.
 * docs/FORMATS.md section 5. Strict: an unknown field, a wrong type, an id
 * twice is ERR_SYNTAX; too many of anything is ERR_LIMIT.
 */
#ifndef MODEL_PEOPLE_H
#define MODEL_PEOPLE_H

#include <stdbool.h>

#include "base/buf.h"
#include "base/id.h"
#include "crypto/kx.h"
#include "crypto/sign.h"

#define PEOPLE_OCTETS_MAX  ((size_t)256 << 10)
#define PEOPLE_MEMBERS_MAX 32
#define PEOPLE_HUBS_MAX    8
#define PEOPLE_THINGS_MAX  128
#define PEOPLE_STREAMS_MAX 8
#define PEOPLE_COMMITS_MAX 512
#define PEOPLE_NAME_OCTETS 200 /* longest name, in UTF-8 */

/* What a member may do; rights as in docs/FORMATS.md. */
#define ROLE_LIST(X)                                                           \
	X(OWNER, "owner", 1 | 2 | 4 | 8)                                       \
	X(ADULT, "adult", 1 | 2 | 4 | 8)                                       \
	X(CHILD, "child", 1 | 4)                                               \
	X(CARER, "carer", 1 | 4)
enum role {
#define X(name, text, rights) ROLE_##name,
	ROLE_LIST(X)
#undef X
	ROLE__MAX
};
enum right {
	RIGHT_LIVE = 1,
	RIGHT_PAST = 2,
	RIGHT_WRITE = 4,
	RIGHT_MANAGE = 8
};
unsigned role_rights(enum role role);
MUST_USE enum err role_parse(struct slice text, enum role *ret_role);

enum key_kind {
	KEY_HOME = 1,
	KEY_PEOPLE = 2,
	KEY_HUB = 3,
	KEY_THING = 4,
	KEY_HOURS = 5
};

/* Texts are borrowed from the struct people. */
struct member {
	struct id id, grant;
	enum role role;
	struct slice name;
	uint8_t sign[SIGN_PUBLIC_OCTETS], kx[KX_OCTETS];
};
struct people_hub {
	struct id id;
	uint8_t sign[SIGN_PUBLIC_OCTETS], kx[KX_OCTETS], spki[SHA256_OCTETS];
};
/* What a camera's stream is for. */
#define TRACK_LIST(X)                                                          \
	X(MAIN, "main")                                                        \
	X(SUB, "sub")                                                          \
	X(THUMB, "thumb")                                                      \
	X(INDEX, "index")
enum track_kind {
	TRACK_OTHER, /* of no camera */
#define X(name, text) TRACK_##name,
	TRACK_LIST(X)
#undef X
	TRACK__MAX
};
/* "main", ...; a word that lives as long as the program. */
const char *track_word(enum track_kind as);

struct people_stream {
	struct id id;
	uint8_t class;
	enum track_kind as;
};
struct thing {
	struct id id, hub;
	struct slice kind, name;
	struct people_stream stream[PEOPLE_STREAMS_MAX];
	size_t stream_count;
};
struct commit {
	uint8_t kind;
	struct id id;
	uint8_t commit[SHA256_OCTETS];
};

struct people {
	struct slice name, zone;
	uint8_t founder[SIGN_PUBLIC_OCTETS], nonce[32];
	struct member member[PEOPLE_MEMBERS_MAX];
	struct people_hub hub[PEOPLE_HUBS_MAX];
	struct thing thing[PEOPLE_THINGS_MAX];
	struct commit commit[PEOPLE_COMMITS_MAX];
	size_t member_count, hub_count, thing_count, commit_count;
	struct slice guests; /* their JSON, in one canonical form */
	struct slice keep;   /* the same (keep.h); empty: there is none */
	struct buf text;     /* what the slices point into */
};

/* The caller gives *ret_people back with people_destroy. */
MUST_USE enum err people_parse(struct slice json, struct people **ret_people);
void people_destroy(struct people *p);

/* NULL when there is none of that id. */
const struct member *people_member(const struct people *p, const struct id *id);
const struct people_hub *
people_hub(const struct people *p, const struct id *id);
/* NULL: it has none for that. */
const struct people_stream *
thing_stream(const struct thing *t, enum track_kind as);
const struct thing *people_thing(const struct people *p, const struct id *id);
/*
 * Whether the directory commits to that key (id zeros but for a thing's key
 * and an hour list).
 */
bool people_commits(const struct people *p, uint8_t kind, const struct id *id,
    const uint8_t commit[static SHA256_OCTETS]);

#endif
