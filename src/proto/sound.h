/*
 * sound.h - what a record of kind 2 carries: docs/FORMATS.md section 10. The
 * same as web/src/proto/sound.ts. Pure; slices are borrowed.
 */
#ifndef PROTO_SOUND_H
#define PROTO_SOUND_H

#include "base/err.h"
#include "base/slice.h"

#define SOUND_HEAD_MAX 71

enum sound_codec {
	SOUND_AAC = 1,
	SOUND_OPUS = 2,
	SOUND_PCMU = 3,
	SOUND_PCMA = 4
};

struct sound {
	enum sound_codec codec;
	uint8_t channels;    /* 1 or 2 */
	uint32_t rate;       /* 8000 to 96000 */
	struct slice config; /* AAC: its AudioSpecificConfig */
};

/* All of the octets before the frame. ERR_SYNTAX. */
MUST_USE enum err sound_head_parse(struct slice head, struct sound *ret_sound);
/* Samples of one channel in a frame. ERR_SYNTAX. */
MUST_USE enum err sound_frame_length(const struct sound *s, struct slice frame,
    uint32_t *ret_samples);

#endif
