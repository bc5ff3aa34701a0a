/*
 * golden_sound.c - what records of sound carry (proto/sound.h), and what must
 * be refused.
 */
#include <stdlib.h>

#include "base/obj.h"
#include "crypto/crypto.h"
#include "model/golden.h"
#include "proto/sound.h"

#define MUST(call)                                                             \
	do {                                                                   \
		if ((call) != ERR_OK)                                          \
			abort();                                               \
	} while (0)

/* Frames of an Opus packet of 20 ms, of AAC, of G.711: any octets do. */
static const struct {
	enum sound_codec codec;
	uint32_t rate;
	uint8_t channels;
	const char *config;
	uint16_t sizes[4];
	size_t count;
} kinds[] = { { SOUND_AAC, 48000, 2, "\x11\x90", { 40, 41, 42 }, 3 },
	{ SOUND_AAC, 16000, 1, "\x14\x08", { 113 }, 1 }, /* no zeros */
	{ SOUND_OPUS, 48000, 2, "", { 80, 20, 3 }, 3 },
	{ SOUND_PCMU, 8000, 1, "", { 160, 160, 160 }, 3 },
	{ SOUND_PCMA, 16000, 2, "", { 640, 640 }, 2 } };

static void
frames_draw(size_t kind, struct buf *to)
{
	for (size_t i = 0; i < kinds[kind].count; i++)
		for (size_t k = 0; k < kinds[kind].sizes[i]; k++) {
			/* 1111 1100: Opus, one frame of 20 ms */
			const uint8_t o = k == 0 ? 0xfc : (uint8_t)(31 * i + k);
			MUST(buf_append(to, slice_make(&o, 1)));
		}
}

static void
octets_make(size_t kind, struct buf *to)
{
	AUTO_BUF struct buf frames;
	const struct sound s = { .codec = kinds[kind].codec,
		.rate = kinds[kind].rate,
		.channels = kinds[kind].channels,
		.config = slice_str(kinds[kind].config) };

	buf_init(&frames, SOUND_OCTETS_MAX);
	frames_draw(kind, &frames);
	MUST(sound_put(&s, kinds[kind].sizes, kinds[kind].count,
	    buf_slice(&frames), to));
}

static json_t *
kind_json(size_t kind)
{
	AUTO_BUF struct buf octets;
	json_t *list = json_array();
	struct sound_head head;
	struct slice frames, frame;
	uint32_t samples;

	buf_init(&octets, SOUND_OCTETS_MAX);
	octets_make(kind, &octets);
	MUST(sound_parse(buf_slice(&octets), &head, &frames));
	const struct sound s = head.sound;
	while (head.count > 0) {
		MUST(sound_frame_next(&head, &frames, &frame));
		MUST(sound_frame_length(&s, frame, &samples));
		json_array_append_new(list,
		    json_pack("{s:o,s:i}", "octets", hex_json(frame), "samples",
			(int)samples));
	}
	return json_pack("{s:i,s:i,s:i,s:o,s:o,s:o}", "codec", (int)s.codec,
	    "rate", (int)s.rate, "channels", (int)s.channels, "config",
	    hex_json(s.config), "frames", list, "octets",
	    hex_json(buf_slice(&octets)));
}

/* One octet of the first kind is another; or it is longer, or shorter. */
static const struct {
	const char *what;
	size_t at;
	uint8_t is;
	int more;
} bad[] = { { "an unknown codec", 0, 5, 0 }, { "no codec", 0, 0, 0 },
	{ "Opus with a config", 0, 2, 0 }, { "a rate of 0", 3, 0, 0 },
	{ "three channels", 5, 3, 0 }, { "AAC without its config", 6, 0, 0 },
	{ "a config that is too long", 6, 65, 0 }, { "no frames", 9, 0, 0 },
	{ "one frame less than there are", 9, 2, 0 },
	{ "more frames than are allowed", 9, 33, 0 },
	{ "an empty frame", 11, 0, 0 },
	{ "a frame that is too long", 10, 0x21, 0 },
	{ "frames of more octets than there are", 15, 255, 0 },
	{ "padding that is not zero", 255, 1, 0 },
	{ "padding that begins too early", 15, 41, 0 },
	{ "an octet less", 0, SOUND_AAC, -1 },
	{ "128 octets of padding too much", 0, SOUND_AAC, 128 } };

static json_t *
bad_json(size_t i)
{
	static const uint8_t zeros[128];
	AUTO_BUF struct buf octets;
	struct sound_head head;
	struct slice frames;

	buf_init(&octets, SOUND_OCTETS_MAX);
	octets_make(0, &octets);
	octets.at[bad[i].at] = bad[i].is;
	if (bad[i].more > 0)
		MUST(buf_append(&octets,
		    slice_make(zeros, (size_t)bad[i].more)));
	else
		octets.len -= (size_t)-bad[i].more;
	if (sound_parse(buf_slice(&octets), &head, &frames) != ERR_SYNTAX)
		abort();
	return json_pack("{s:s,s:s,s:o}", "what", bad[i].what, "error",
	    err_name(ERR_SYNTAX), "octets", hex_json(buf_slice(&octets)));
}

json_t *
golden_sound(void)
{
	json_t *good = json_array(), *refused = json_array();

	for (size_t i = 0; i < COUNT(kinds); i++)
		json_array_append_new(good, kind_json(i));
	for (size_t i = 0; i < COUNT(bad); i++)
		json_array_append_new(refused, bad_json(i));
	return json_pack("{s:o,s:o}", "records", good, "bad_records", refused);
}
