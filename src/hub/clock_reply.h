/*
 * clock_reply.h - how far a viewer's clock is from the hub's, asked through a
 * server that can neither read nor change it: docs/FORMATS.md section 9.
 */
#ifndef HUB_CLOCK_REPLY_H
#define HUB_CLOCK_REPLY_H

#include "base/buf.h"
#include "hub/keys.h"

/* A clock before this (2026-01-01) was never set. */
#define CLOCK_SET_US UINT64_C(1767225600000000)

/*
 * Appends the reply to question, which came at came_us and is answered at
 * now_us. ERR_CRYPTO: not for this hub. ERR_SYNTAX, ERR_NOMEM.
 */
MUST_USE enum err
clock_reply(const struct hub_keys *keys, const struct id *home,
    struct slice question, uint64_t came_us, uint64_t now_us, struct buf *to);

#endif
