#include <string.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/obj.h"
#include "hub/unit.h"
#include "unit/t.h"

static void
unit_make(struct buf *to, uint8_t kind, const char *octets)
{
	uint8_t head[UNIT_HEAD_OCTETS];
	const struct unit u = { .kind = kind,
		.flags = UNIT_KEY,
		.time_us = 0x0102030405060708,
		.octets = slice_str(octets) };

	unit_head(&u, head);
	T_OK(buf_append(to, SLICE_OF(head)));
	T_OK(buf_append(to, u.octets));
}

static void
a_unit_reads_back_and_asks_for_more_on_every_proper_prefix(void **state)
{
	AUTO_BUF struct buf b;
	struct unit u;
	size_t took;

	(void)state;
	buf_init(&b, 100);
	unit_make(&b, UNIT_H264, "picture");
	for (size_t n = 0; n < b.len; n++)
		T_ERR(ERR_MORE, unit_parse(t_edge(b.at, n), &u, &took));
	T_OK(unit_parse(t_edge(b.at, b.len), &u, &took));
	assert_int_equal(took, b.len);
	assert_int_equal(u.kind, UNIT_H264);
	assert_int_equal(u.flags, UNIT_KEY);
	assert_true(u.time_us == 0x0102030405060708);
	T_SLICE_EQ(u.octets, SLICE_LIT("picture"));
}

static void
a_unit_of_another_form_is_refused_at_its_head(void **state)
{
	/* place of the octet to change, its new value, what comes of it */
	static const struct {
		size_t at;
		uint8_t value;
		enum err want;
	} bad[] = { { 0, 0x40, ERR_SYNTAX }, { 1, 0, ERR_SYNTAX },
		{ 2, 0, ERR_SYNTAX }, { 2, 8, ERR_SYNTAX },
		{ 3, 4, ERR_SYNTAX }, { 12, 1, ERR_SYNTAX },
		{ 15, 1, ERR_SYNTAX }, { 16, 1, ERR_LIMIT },
		{ 17, 0x41, ERR_LIMIT }, { 17, 0x40, ERR_MORE } };

	(void)state;
	for (size_t i = 0; i < COUNT(bad); i++) {
		AUTO_BUF struct buf b;
		struct unit u;
		size_t took;
		buf_init(&b, 100);
		unit_make(&b, UNIT_H264, "");
		b.at[bad[i].at] = bad[i].value;
		T_ERR(bad[i].want, unit_parse(t_edge(b.at, b.len), &u, &took));
	}
}

static void
a_status_has_a_known_reason_and_five_octets(void **state)
{
	enum reason r;
	uint32_t detail;

	(void)state;
	T_OK(unit_status(t_edge("\x3\0\0\1\x91", 5), &r, &detail));
	assert_int_equal(r, REASON_PASSWORD);
	assert_int_equal(detail, 401);
	T_ERR(ERR_SYNTAX, unit_status(t_edge("\x3\0\0\1", 4), &r, &detail));
	T_ERR(ERR_SYNTAX, unit_status(t_edge("\x3\0\0\1\1\1", 6), &r, &detail));
	T_ERR(ERR_SYNTAX, unit_status(t_edge("\x14\0\0\0\0", 5), &r, &detail));
}

static void
what_is_written_to_a_pipe_is_what_a_reader_parses(void **state)
{
	uint8_t got[200];
	struct unit u;
	size_t took, len;
	enum reason r;
	uint32_t detail;
	int fd[2];

	(void)state;
	assert_int_equal(pipe(fd), 0);
	T_OK(unit_write_status(fd[1], 5, REASON_FILE, 7));
	len = (size_t)read(fd[0], got, sizeof got);
	T_OK(unit_parse(t_edge(got, len), &u, &took));
	assert_int_equal(took, len);
	assert_int_equal(u.kind, UNIT_STATUS);
	T_OK(unit_status(u.octets, &r, &detail));
	assert_int_equal(r, REASON_FILE);
	assert_int_equal(detail, 7);
	close(fd[0]);
	close(fd[1]);
}

static struct unit_sound
sound_of(enum sound_codec codec, uint32_t rate, unsigned channels,
    size_t config_octets, size_t frame_octets)
{
	static uint8_t octets[SOUND_FRAME_OCTETS_MAX + 1];

	memset(octets, 0xab, sizeof octets);
	return (struct unit_sound){ .codec = codec,
		.rate = rate,
		.channels = channels,
		.config = slice_make(octets, config_octets),
		.frame = slice_make(octets, frame_octets) };
}

static void
a_sound_reads_back_as_it_was_written(void **state)
{
	static const struct {
		enum sound_codec codec;
		uint32_t rate;
		unsigned channels;
		size_t config, frame;
	} good[] = { { SOUND_AAC, 8000, 1, 2, 1 },
		{ SOUND_AAC, 96000, 2, 64, 8192 },
		{ SOUND_OPUS, 48000, 2, 0, 100 },
		{ SOUND_PCMU, 8000, 1, 0, 160 },
		{ SOUND_PCMA, 16000, 2, 0, 320 } };
	static uint8_t got[SOUND_FRAME_OCTETS_MAX + 200];

	(void)state;
	for (size_t i = 0; i < COUNT(good); i++) {
		const struct unit_sound in = sound_of(good[i].codec,
		    good[i].rate, good[i].channels, good[i].config,
		    good[i].frame);
		struct unit_sound out;
		struct unit u;
		size_t took;
		int fd[2];

		assert_int_equal(pipe(fd), 0);
		T_OK(unit_write_sound(fd[1], 77, &in));
		const size_t n = (size_t)read(fd[0], got, sizeof got);
		T_OK(unit_parse(t_edge(got, n), &u, &took));
		assert_int_equal(took, n);
		assert_int_equal(u.kind, UNIT_SOUND);
		assert_int_equal(u.flags, UNIT_OWN_TIME);
		assert_true(u.time_us == 77);
		T_OK(unit_sound_parse(u.octets, &out));
		assert_int_equal(out.codec, in.codec);
		assert_int_equal(out.rate, in.rate);
		assert_int_equal(out.channels, in.channels);
		T_SLICE_EQ(out.config, in.config);
		T_SLICE_EQ(out.frame, in.frame);
		close(fd[0]);
		close(fd[1]);
	}
}

static void
a_sound_outside_its_limits_is_neither_written_nor_read(void **state)
{
	static const struct {
		unsigned codec;
		uint32_t rate;
		unsigned channels;
		size_t config, frame;
		enum err want;
	} bad[] = { { 0, 8000, 1, 0, 9, ERR_SYNTAX },
		{ SOUND_PCMA + 1, 8000, 1, 0, 9, ERR_SYNTAX },
		{ SOUND_AAC, 8000, 1, 0, 9, ERR_SYNTAX },
		{ SOUND_OPUS, 8000, 1, 2, 9, ERR_SYNTAX },
		{ SOUND_PCMU, 8000, 1, 0, 0, ERR_SYNTAX },
		{ SOUND_PCMU, 7999, 1, 0, 9, ERR_LIMIT },
		{ SOUND_PCMU, 96001, 1, 0, 9, ERR_LIMIT },
		{ SOUND_PCMU, 8000, 0, 0, 9, ERR_LIMIT },
		{ SOUND_PCMU, 8000, 3, 0, 9, ERR_LIMIT },
		{ SOUND_AAC, 8000, 1, 65, 9, ERR_LIMIT },
		{ SOUND_PCMU, 8000, 1, 0, 8193, ERR_LIMIT } };

	(void)state;
	for (size_t i = 0; i < COUNT(bad); i++) {
		const struct unit_sound in = sound_of((enum sound_codec)bad[i]
							  .codec,
		    bad[i].rate, bad[i].channels, bad[i].config, bad[i].frame);
		uint8_t octets[SOUND_HEAD_OCTETS + 65 + 8193] = {
			(uint8_t)bad[i].codec, 0, (uint8_t)(bad[i].rate >> 16),
			(uint8_t)(bad[i].rate >> 8), (uint8_t)bad[i].rate,
			(uint8_t)bad[i].channels, (uint8_t)bad[i].config
		};
		struct unit_sound out;

		T_ERR(bad[i].want, unit_write_sound(-1, 0, &in));
		T_ERR(bad[i].want,
		    unit_sound_parse(t_edge(octets, SOUND_HEAD_OCTETS +
							bad[i].config +
							bad[i].frame),
			&out));
	}
	for (size_t n = 0; n < 9; n++) {
		struct unit_sound out;

		T_ERR(ERR_SYNTAX,
		    unit_sound_parse(t_edge("\1\0\0\x1f\x40\1\2\x14\x08", n),
			&out));
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(
		    a_unit_reads_back_and_asks_for_more_on_every_proper_prefix),
		cmocka_unit_test(a_unit_of_another_form_is_refused_at_its_head),
		cmocka_unit_test(a_status_has_a_known_reason_and_five_octets),
		cmocka_unit_test(
		    what_is_written_to_a_pipe_is_what_a_reader_parses),
		cmocka_unit_test(a_sound_reads_back_as_it_was_written),
		cmocka_unit_test(
		    a_sound_outside_its_limits_is_neither_written_nor_read),
	};

	return T_RUN(tests);
}
