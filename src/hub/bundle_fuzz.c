/*
 * Sound as a taken-over capture process may send it: whatever is gathered is
 * a record that every reader takes apart into the same frames.
 */
#include "hub/bundle.h"

/* flags ‖ u16 what the time is off by ‖ u16 length ‖ a sound unit */
static bool
sound_take(struct slice *rest, uint8_t *ret_flags, uint64_t *time_us,
    struct unit_sound *ret)
{
	if (rest->len < 5)
		return false;
	*ret_flags = rest->at[0];
	*time_us += slice_be(slice_skip(*rest, 1), 2) * 8;
	const size_t want = (size_t)slice_be(slice_skip(*rest, 3), 2);
	*rest = slice_skip(*rest, 5);
	const size_t n = want < rest->len ? want : rest->len;
	const struct slice unit = slice_head(*rest, n);
	*rest = slice_skip(*rest, n);
	return unit_sound_parse(unit, ret) == ERR_OK;
}

static void
record_look(struct bundle *b)
{
	const size_t count = b->count;
	struct sound_head head;
	struct slice frames, frame;
	struct buf record;

	buf_init(&record, SOUND_OCTETS_MAX);
	const enum err e = bundle_put(b, &record);
	assert(e == ERR_OK && record.len % SOUND_PADDED_TO == 0);
	const enum err r = sound_parse(buf_slice(&record), &head, &frames);
	assert(r == ERR_OK && head.count == count);
	for (size_t i = 0; i < count; i++) {
		uint32_t samples = 0;
		const enum err f = sound_frame_next(&head, &frames, &frame);
		assert(f == ERR_OK);
		const enum err l = sound_frame_length(&head.sound, frame,
		    &samples);
		assert(l == ERR_OK && samples > 0);
	}
	assert(frames.len == 0);
	buf_fini(&record);
}

int LLVMFuzzerTestOneInput(const uint8_t *, size_t);
int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
	struct slice rest = slice_make(data, n);
	uint64_t time_us = 1000000;
	struct sound_head head;
	struct slice frames;
	struct unit_sound s;
	struct bundle b;
	uint8_t flags;

	/* and as a record that somebody else made */
	if (sound_parse(rest, &head, &frames) == ERR_OK)
		assert(head.count > 0 && frames.len == head.octets);
	bundle_init(&b);
	while (sound_take(&rest, &flags, &time_us, &s)) {
		if ((flags & 1) != 0)
			bundle_clear(&b);
		if (!bundle_takes(&b, &s, time_us))
			record_look(&b);
		if (bundle_add(&b, &s, time_us) == ERR_OK && bundle_is_full(&b))
			record_look(&b);
	}
	bundle_fini(&b);
	return 0;
}
