/*
 * sound.h - what a record of kind 2 carries: docs/FORMATS.md section 3. The
 * same as web/src/proto/sound.ts. A head, which says how it sounds and how
 * long each frame is; the frames; zeros up to a multiple of 128, so that the
 * size tells little of what is said. Pure; slices are borrowed.
 */
#ifndef PROTO_SOUND_H
#define PROTO_SOUND_H

#include "base/buf.h"
#include "base/err.h"
#include "base/slice.h"

#define SOUND_FRAMES_MAX 32
#define SOUND_FRAME_MAX  8192
#define SOUND_CONFIG_MAX 64
#define SOUND_HEAD_MAX   (7 + SOUND_CONFIG_MAX + 1 + 2 * SOUND_FRAMES_MAX)
#define SOUND_PADDED_TO  128
#define SOUND_OCTETS_MAX                                                       \
	(SOUND_HEAD_MAX + SOUND_FRAMES_MAX * SOUND_FRAME_MAX + SOUND_PADDED_TO)

enum sound_codec {
	SOUND_AAC = 1,
	SOUND_OPUS = 2,
	SOUND_PCMU = 3,
	SOUND_PCMA = 4,
	SOUND__MAX
};

struct sound {
	enum sound_codec codec;
	uint8_t channels;    /* 1 or 2 */
	uint32_t rate;       /* 8000 to 96000 */
	struct slice config; /* AAC: its AudioSpecificConfig */
};

/* The head of a record. */
struct sound_head {
	struct sound sound;
	uint8_t count;      /* of frames */
	struct slice sizes; /* u16 for each */
	uint32_t octets;    /* of all frames */
};

/* All of the octets before the frames. ERR_SYNTAX. */
MUST_USE enum err
sound_head_parse(struct slice head, struct sound_head *ret_head);
/* Takes the next frame off. ERR_SYNTAX: they hold fewer octets. */
MUST_USE enum err sound_frame_next(struct sound_head *head,
    struct slice *frames, struct slice *ret_frame);
/* Whether both sound alike: one decoder plays them. */
bool sound_same(const struct sound *a, const struct sound *b);
/* Samples of one channel in a frame. ERR_SYNTAX. */
MUST_USE enum err sound_frame_length(const struct sound *s, struct slice frame,
    uint32_t *ret_samples);
/* Samples in a second, as sound_frame_length() counts them. */
uint32_t sound_scale(const struct sound *s);
/* So many zeros stand behind so many octets of head and frames. */
size_t sound_padding(size_t octets);
/* A whole record's: head, frames, zeros. ERR_SYNTAX. */
MUST_USE enum err sound_parse(struct slice octets, struct sound_head *ret_head,
    struct slice *ret_frames);
/*
 * Appends a whole record's; sizes and frames as in the head. ERR_SYNTAX,
 * ERR_LIMIT: sound_parse would refuse it; ERR_NOMEM.
 */
MUST_USE enum err sound_put(const struct sound *s, const uint16_t *sizes,
    size_t count, struct slice frames, struct buf *to);

#endif
