/*
 * command.h - what a member asks a hub to do: signed by the member, sealed to
 * the hub, answered under a key that only the two have. docs/FORMATS.md
 * section 9. The server in between carries octets.
 *
 * Pure: the hub's clock is an argument of who checks time and role.
 */
#ifndef MODEL_COMMAND_H
#define MODEL_COMMAND_H

#include "base/buf.h"
#include "base/id.h"
#include "crypto/kx.h"
#include "model/people.h"

#define COMMAND_BODY_MAX   4096
#define COMMAND_OCTETS_MAX (32 + 16 + 4 * 16 + 16 + COMMAND_BODY_MAX + 64)
#define COMMAND_LATE_US    30000000

struct command {
	struct id thing, member;
	uint64_t directory_version, time_us;
	struct slice body; /* JSON; borrowed from the plaintext */
	struct key reply_key;
};

/*
 * Opens what came and checks its signature against the member's key in the
 * directory. plain gets the plaintext and must outlive the command.
 * ERR_CRYPTO: not for this hub, or not signed by that member. ERR_DENIED: no
 * such member, or one who may not manage. ERR_SYNTAX, ERR_NOMEM.
 */
MUST_USE enum err command_open(const struct key *hub_kx, const struct id *home,
    const struct id *hub, const struct people *people, struct slice sealed,
    struct buf *plain, struct command *ret_command);
/* Appends. */
MUST_USE enum err
command_reply(const struct command *c, struct slice body, struct buf *to);

#endif
