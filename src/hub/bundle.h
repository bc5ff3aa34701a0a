/*
 * bundle.h - frames of sound that wait until they are one record: 60 ms of
 * them, so that a record is worth its envelope, and one more only while they
 * stay below that; its octets are padded (proto/sound.h). Frames that do not
 * follow each other, or sound otherwise, are two records.
 *
 *   if (!bundle_takes(b, &frame, time)) write what bundle_put() gives
 *   bundle_add(b, &frame, time)
 *   if (bundle_is_full(b)) write what bundle_put() gives
 *
 * Pure: times are the frames'.
 */
#ifndef HUB_BUNDLE_H
#define HUB_BUNDLE_H

#include "base/buf.h"
#include "hub/unit.h"

#define BUNDLE_US 60000
/* A frame this far from where the one before it ends does not follow it. */
#define BUNDLE_STEP_US 30000

struct bundle {
	struct sound sound;
	uint8_t config[SOUND_CONFIG_MAX]; /* sound.config is here */
	uint16_t sizes[SOUND_FRAMES_MAX];
	size_t count;
	uint32_t samples; /* of all frames */
	struct buf frames;
	uint64_t time_us; /* of its first sample */
};

void bundle_init(struct bundle *b);
void bundle_fini(struct bundle *b);
void bundle_clear(struct bundle *b);

/* Whether this frame may stand behind those that wait. */
bool bundle_takes(const struct bundle *b, const struct unit_sound *s,
    uint64_t time_us);
/* ERR_SYNTAX: no sound. ERR_NOMEM. */
MUST_USE enum err
bundle_add(struct bundle *b, const struct unit_sound *s, uint64_t time_us);
bool bundle_is_full(const struct bundle *b);
/* A record's octets to to, and nothing waits any more. ERR_NOMEM. */
MUST_USE enum err bundle_put(struct bundle *b, struct buf *to);

#endif
