/*
 * index_keep.h - the newest row of each camera's index, kept over a restart,
 * so that the next one can name it and nobody can leave it out unseen. The
 * file D/hub/indexes.
 */
#ifndef HUB_INDEX_KEEP_H
#define HUB_INDEX_KEEP_H

#include "hub/keys.h"
#include "model/index.h"

struct index_keep {
	size_t count;
	struct {
		struct id thing;
		struct index_before newest;
	} at[HUB_CAMERAS_MAX];
};

/* A file that is damaged or missing is none: then no row is named. */
void index_keep_load(struct index_keep *k, int dir_fd);
MUST_USE enum err index_keep_save(const struct index_keep *k, int dir_fd);
/* Zeros: none is known. */
struct index_before
index_keep_get(const struct index_keep *k, const struct id *thing);
void index_keep_set(struct index_keep *k, const struct id *thing,
    const struct index_before *newest);

#endif
