/*
 * keeper_folder.h - the keeper's folder as octets: n × (name sized ‖ octets
 * sized). Sealed to a passphrase (keeper_backup.c), or under a key that is
 * split 2 of 3 (keeper_split.c).
 */
#ifndef CLI_KEEPER_FOLDER_H
#define CLI_KEEPER_FOLDER_H

#include <stdbool.h>

#include "base/buf.h"

#define KEEPER_FOLDER_OCTETS ((size_t)256 << 20)

MUST_USE enum err keeper_folder_put(int dir_fd, struct buf *to);
/* ERR_SYNTAX: names a file that is not the keeper's. */
MUST_USE enum err keeper_folder_get(struct slice plain, int dir_fd);
/* To a path, whole or not at all. */
MUST_USE enum err whole_write(const char *path, struct slice octets);

/* --- keeper_split.c: each ends as a command does --- */

/* Three files: the path with .1, .2 and .3 behind it. */
int keeper_split(const char *command, const char *folder, const char *path);
int keeper_join(const char *command, const char *share, const char *other,
    const char *folder);
bool keeper_share_is(struct slice octets);

#endif
