#include "hub/bundle.h"

static_assert(SOUND_FRAME_OCTETS_MAX == SOUND_FRAME_MAX &&
		  SOUND_CONFIG_OCTETS_MAX == SOUND_CONFIG_MAX,
    "what a unit may hold, a record can");

void
bundle_init(struct bundle *b)
{
	*b = (struct bundle){ 0 };
	buf_init_secret(&b->frames, (size_t)SOUND_FRAMES_MAX * SOUND_FRAME_MAX);
}

void
bundle_fini(struct bundle *b)
{
	buf_fini(&b->frames);
}

void
bundle_clear(struct bundle *b)
{
	buf_clear(&b->frames);
	b->count = 0;
	b->samples = 0;
}

static struct sound
sound_of(const struct unit_sound *s)
{
	return (struct sound){ .codec = s->codec,
		.channels = (uint8_t)s->channels,
		.rate = s->rate,
		.config = s->config };
}

static uint64_t
length_us(const struct bundle *b)
{
	return (uint64_t)b->samples * 1000000 / sound_scale(&b->sound);
}

bool
bundle_takes(const struct bundle *b, const struct unit_sound *s,
    uint64_t time_us)
{
	const struct sound sound = sound_of(s);

	if (b->count == 0) /* it has no rate yet */
		return true;
	const uint64_t due_us = b->time_us + length_us(b);
	return b->count < SOUND_FRAMES_MAX && sound_same(&sound, &b->sound) &&
	       time_us <= due_us + BUNDLE_STEP_US &&
	       due_us <= time_us + BUNDLE_STEP_US;
}

static void
bundle_begin(struct bundle *b, const struct sound *sound, uint64_t time_us)
{
	b->sound = *sound;
	if (sound->config.len > 0)
		memcpy(b->config, sound->config.at, sound->config.len);
	b->sound.config = slice_make(b->config, sound->config.len);
	b->time_us = time_us;
}

enum err
bundle_add(struct bundle *b, const struct unit_sound *s, uint64_t time_us)
{
	const struct sound sound = sound_of(s);
	uint32_t samples;
	enum err e;

	assert(bundle_takes(b, s, time_us));
	if ((e = sound_frame_length(&sound, s->frame, &samples)) != ERR_OK ||
	    (e = buf_append(&b->frames, s->frame)) != ERR_OK)
		return e;
	if (b->count == 0)
		bundle_begin(b, &sound, time_us);
	b->sizes[b->count++] = (uint16_t)s->frame.len;
	b->samples += samples;
	return ERR_OK;
}

bool
bundle_is_full(const struct bundle *b)
{
	return b->count == SOUND_FRAMES_MAX ||
	       (b->count > 0 && length_us(b) >= BUNDLE_US);
}

enum err
bundle_put(struct bundle *b, struct buf *to)
{
	const enum err e = sound_put(&b->sound, b->sizes, b->count,
	    buf_slice(&b->frames), to);

	bundle_clear(b);
	return e;
}
