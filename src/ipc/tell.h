/*
 * tell.h - what a process says to a less trusted one (core to edge). Only the
 * types of the schema go in: octets or a text that somebody opened fit none
 * of them, so that telling them does not compile (tests/compile_fail).
 *
 * As the writers of base/codec.h it carries its first error to tell_end().
 */
#ifndef IPC_TELL_H
#define IPC_TELL_H

#include "base/codec.h"
#include "ipc/ipc.h"
#include "schema/types.h"

struct tell {
	struct buf body;
	struct wr w;
};

/* Its octets are wiped; cap_octets is the row's of messages.def. */
void tell_init(struct tell *t, size_t cap_octets);
void tell_fini(struct tell *t);
void tell_clear(struct tell *t);
void tell_err(struct tell *t, enum err e);
void tell_id(struct tell *t, const struct id *id);
/* Big-endian; octets is the field's width: 2, 4 or 8. */
void tell_count(struct tell *t, struct count n, size_t octets);
void tell_choice(struct tell *t, struct choice c);
void tell_key(struct tell *t, struct segment_key key);
MUST_USE enum err tell_end(const struct tell *t);

/* As ipc_reply() and ipc_notice(); t may be NULL: nothing to tell. */
MUST_USE enum err tell_reply(struct ipc *ch, enum ipc_type type, uint32_t id,
    const struct tell *t, const int *fds, size_t fd_count);
MUST_USE enum err
tell_notice(struct ipc *ch, enum ipc_type type, const struct tell *t);

static inline void
tell_fini_auto(struct tell *t)
{
	tell_fini(t);
}
#define AUTO_TELL __attribute__((cleanup(tell_fini_auto)))

#endif
