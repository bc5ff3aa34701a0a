#include "base/obj.h"
#include "hub/h264.h"
#include "unit/t.h"

#define SC  "\0\0\0\1"
#define SC3 "\0\0\1"

static enum err
convert(struct h264_setup *s, const void *in, size_t len, struct buf *out,
    bool *key)
{
	buf_clear(out);
	return h264_unit(t_edge(in, len), s, out, key);
}

static void
a_key_frame_loses_delimiters_and_keeps_its_setup(void **state)
{
	struct h264_setup s;
	AUTO_BUF struct buf out, setup;
	bool key;

	(void)state;
	h264_setup_init(&s);
	buf_init(&out, 100);
	buf_init(&setup, 100);
	T_OK(convert(&s,
	    T_BYTES(SC "\x09\xf0" SC "\x67SPS" SC "\x68PP" SC3
		       "\x65picture\0\0" SC3 "\x0c\xff\xff"),
	    &out, &key));
	assert_true(key);
	T_SLICE_EQ(buf_slice(&out),
	    ((struct slice){ T_BYTES(
		"\0\0\0\4\x67SPS\0\0\0\3\x68PP\0\0\0\x8\x65picture") }));
	T_OK(h264_setup_put(&s, &setup));
	T_SLICE_EQ(buf_slice(&setup),
	    ((struct slice){ T_BYTES("\0\0\0\4\x67SPS\0\0\0\3\x68PP") }));
	assert_true(s.changed);
	h264_setup_fini(&s);
}

static void
a_key_frame_without_setup_gets_the_one_before(void **state)
{
	struct h264_setup s;
	AUTO_BUF struct buf out;
	bool key;

	(void)state;
	h264_setup_init(&s);
	buf_init(&out, 100);
	T_ERR(ERR_MISSING, convert(&s, T_BYTES(SC "\x65i"), &out, &key));
	T_OK(
	    convert(&s, T_BYTES(SC "\x67S" SC "\x68P" SC "\x65i"), &out, &key));
	s.changed = false;
	T_OK(convert(&s, T_BYTES(SC "\x65i"), &out, &key));
	T_SLICE_EQ(buf_slice(&out),
	    ((struct slice){
		T_BYTES("\0\0\0\2\x67S\0\0\0\2\x68P\0\0\0\2\x65i") }));
	assert_false(s.changed);
	T_OK(
	    convert(&s, T_BYTES(SC "\x67T" SC "\x68P" SC "\x65i"), &out, &key));
	assert_true(s.changed);
	T_OK(convert(&s, T_BYTES(SC "\x41p"), &out, &key));
	assert_false(key);
	h264_setup_fini(&s);
}

static void
h265_keeps_its_vps_and_has_other_key_frames(void **state)
{
	struct h264_setup s;
	AUTO_BUF struct buf out, setup;
	bool key;

	(void)state;
	h264_setup_init(&s);
	buf_init(&out, 100);
	buf_init(&setup, 100);
	/* CRA without sets; then delimiter, VPS, SPS, PPS, IDR_W_RADL */
	T_ERR(ERR_MISSING,
	    h265_unit((struct slice){ T_BYTES(SC "\x2a\1i") }, &s, &out, &key));
	T_OK(h265_unit((struct slice){ T_BYTES(
			   SC "\x46\1\x50" SC "\x40\1V" SC "\x42\1S" SC
			      "\x44\1P" SC3 "\x26\1i") },
	    &s, &out, &key));
	assert_true(key);
	T_SLICE_EQ(buf_slice(&out),
	    ((struct slice){ T_BYTES("\0\0\0\3\x40\1V\0\0\0\3\x42\1S"
				     "\0\0\0\3\x44\1P\0\0\0\3\x26\1i") }));
	T_OK(h264_setup_put(&s, &setup));
	assert_int_equal(setup.len, 21);
	buf_clear(&out);
	T_OK(
	    h265_unit((struct slice){ T_BYTES(SC "\x2a\1i") }, &s, &out, &key));
	assert_true(key);
	assert_int_equal(out.len, 28);
	buf_clear(&out);
	T_OK(
	    h265_unit((struct slice){ T_BYTES(SC "\x02\1p") }, &s, &out, &key));
	assert_false(key);
	T_ERR(ERR_SYNTAX,
	    h265_unit((struct slice){ T_BYTES(SC "\x42\1S") }, &s, &out, &key));
	h264_setup_fini(&s);
}

static void
what_is_no_picture_is_refused(void **state)
{
	struct h264_setup s;
	AUTO_BUF struct buf out;
	bool key;

	(void)state;
	h264_setup_init(&s);
	buf_init(&out, 100);
	T_ERR(ERR_SYNTAX, convert(&s, "", 0, &out, &key));
	T_ERR(ERR_SYNTAX, convert(&s, T_BYTES("abc"), &out, &key));
	T_ERR(ERR_SYNTAX, convert(&s, T_BYTES(SC), &out, &key));
	T_ERR(ERR_SYNTAX, convert(&s, T_BYTES(SC "\x67S"), &out, &key));
	T_ERR(ERR_SYNTAX, convert(&s, T_BYTES(SC SC SC), &out, &key));
	T_OK(convert(&s, T_BYTES(SC "\x41"), &out, &key));
	h264_setup_fini(&s);
}

static void
too_many_units_and_a_huge_setup_are_a_limit(void **state)
{
	struct h264_setup s;
	AUTO_BUF struct buf in, out;
	bool key;

	(void)state;
	h264_setup_init(&s);
	buf_init(&in, 100000);
	buf_init(&out, 100000);
	for (int i = 0; i < H264_NALS_MAX + 1; i++)
		T_OK(buf_append(&in, slice_make(SC3 "\x41", 4)));
	T_ERR(ERR_LIMIT, h264_unit(buf_slice(&in), &s, &out, &key));
	buf_clear(&in);
	T_OK(buf_append(&in, slice_make(SC3 "\x67", 4)));
	for (int i = 0; i < H264_SETUP_OCTETS_MAX; i++)
		T_OK(buf_append(&in, SLICE_LIT("x")));
	T_ERR(ERR_LIMIT, h264_unit(buf_slice(&in), &s, &out, &key));
	h264_setup_fini(&s);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(
		    a_key_frame_loses_delimiters_and_keeps_its_setup),
		cmocka_unit_test(a_key_frame_without_setup_gets_the_one_before),
		cmocka_unit_test(h265_keeps_its_vps_and_has_other_key_frames),
		cmocka_unit_test(what_is_no_picture_is_refused),
		cmocka_unit_test(too_many_units_and_a_huge_setup_are_a_limit),
	};

	return T_RUN(tests);
}
