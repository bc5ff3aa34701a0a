#include "base/buf.h"
#include "base/codec.h"
#include "base/err.h"
#include "base/utf8.h"
#include "unit/t.h"

static void
buf_refuses_what_passes_its_cap_and_keeps_what_it_had(void **state)
{
	AUTO_BUF struct buf b;

	(void)state;
	buf_init(&b, 5);
	T_OK(buf_append(&b, SLICE_LIT("abc")));
	T_ERR(ERR_LIMIT, buf_append(&b, SLICE_LIT("def")));
	T_SLICE_EQ(buf_slice(&b), SLICE_LIT("abc"));
	T_OK(buf_append(&b, SLICE_LIT("de")));
	buf_consume(&b, 2);
	T_SLICE_EQ(buf_slice(&b), SLICE_LIT("cde"));
}

static void
a_message_reads_back_as_it_was_written(void **state)
{
	AUTO_BUF struct buf b;
	struct wr w;
	struct rd r;

	(void)state;
	buf_init(&b, 100);
	wr_init(&w, &b);
	wr_u8(&w, 1);
	wr_u16(&w, 0x203);
	wr_u32(&w, 0x4050607);
	wr_u64(&w, 0x8090a0b0c0d0e0f);
	wr_sized(&w, SLICE_LIT("hi"));
	T_OK(wr_end(&w));
	rd_init(&r, t_edge(b.at, b.len));
	assert_int_equal(rd_u8(&r), 1);
	assert_int_equal(rd_u16(&r), 0x203);
	assert_int_equal(rd_u32(&r), 0x4050607);
	assert_true(rd_u64(&r) == 0x8090a0b0c0d0e0f);
	T_SLICE_EQ(rd_sized(&r, 2), SLICE_LIT("hi"));
	T_OK(rd_end(&r));
}

static void
a_reader_refuses_short_long_and_left_over(void **state)
{
	struct rd r;

	(void)state;
	rd_init(&r, t_edge("\0\0\0\5abc", 7));
	assert_int_equal(rd_sized(&r, 10).len, 0);
	T_ERR(ERR_SYNTAX, rd_end(&r));
	rd_init(&r, t_edge("\0\0\0\5abcde", 9));
	assert_int_equal(rd_sized(&r, 4).len, 0);
	T_ERR(ERR_LIMIT, rd_end(&r));
	rd_init(&r, t_edge("ab", 2));
	(void)rd_u8(&r);
	T_ERR(ERR_SYNTAX, rd_end(&r));
}

/* RFC 4648 section 10, in the url alphabet and without padding */
static void
b64_is_that_of_rfc_4648(void **state)
{
	static const char *const pairs[][2] = { { "", "" }, { "f", "Zg" },
		{ "fo", "Zm8" }, { "foo", "Zm9v" }, { "foob", "Zm9vYg" },
		{ "fooba", "Zm9vYmE" }, { "foobar", "Zm9vYmFy" },
		{ "\xfb\xff", "-_8" } };
	char text[16];
	uint8_t back[16];
	size_t len;

	(void)state;
	for (size_t i = 0; i < sizeof pairs / sizeof *pairs; i++) {
		b64_encode(slice_str(pairs[i][0]), text);
		assert_string_equal(text, pairs[i][1]);
		T_OK(b64_decode(slice_str(text), back, sizeof back, &len));
		T_SLICE_EQ(slice_make(back, len), slice_str(pairs[i][0]));
	}
}

static void
text_forms_have_one_spelling(void **state)
{
	static const char *const bad[] = { "Z", "Zh", "Zg=", "Zg==", "Z g",
		"Zm9+", "Zm/v", "Zm9vY" };
	uint8_t back[16];
	size_t len;

	(void)state;
	for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
		T_ERR(ERR_SYNTAX,
		    b64_decode(slice_str(bad[i]), back, sizeof back, &len));
	T_ERR(ERR_SYNTAX, hex_decode(SLICE_LIT("0F"), back, 1));
	T_ERR(ERR_SYNTAX, hex_decode(SLICE_LIT("0"), back, 1));
	T_OK(hex_decode(SLICE_LIT("0f"), back, 1));
	assert_int_equal(back[0], 15);
}

/* What is given, what is left of it. */
static const struct {
	const char *given, *left;
} words[] = {
	{ "K\xc3\xbc"
	  "che \xe2\x82\xac \xf0\x9f\x8f\xa0",
	    "K\xc3\xbc"
	    "che \xe2\x82\xac \xf0\x9f\x8f\xa0" },
	{ "a\tb\nc\x7f\x1b[31m", "abc[31m" },
	{ "\xc0\xafx", "x" },         /* over-long */
	{ "\xed\xa0\x80x", "x" },     /* half of a pair */
	{ "\xf4\x90\x80\x80x", "x" }, /* past the last */
	{ "\xe2\x82", "" },           /* cut off */
	{ "a\xc2\x85"
	  "b",
	    "ab" }, /* C1 */
	{ "a\xe2\x80\xae"
	  "b",
	    "ab" }, /* turns the direction */
	{ "\xff\xfe", "" },
};

static void
words_of_strangers_are_cleaned(void **state)
{
	char to[64];

	(void)state;
	for (size_t i = 0; i < sizeof words / sizeof *words; i++) {
		const struct slice given = t_edge(words[i].given,
		    strlen(words[i].given));
		const size_t n = utf8_clean(given, to, sizeof to);
		assert_string_equal(to, words[i].left);
		assert_int_equal(n, strlen(words[i].left));
		assert_int_equal(utf8_is_clean(given), n == given.len);
	}
	/* never half a character */
	assert_int_equal(utf8_clean(SLICE_LIT("ab\xe2\x82\xac"), to, 5), 2);
	assert_string_equal(to, "ab");
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(
		    buf_refuses_what_passes_its_cap_and_keeps_what_it_had),
		cmocka_unit_test(a_message_reads_back_as_it_was_written),
		cmocka_unit_test(a_reader_refuses_short_long_and_left_over),
		cmocka_unit_test(b64_is_that_of_rfc_4648),
		cmocka_unit_test(text_forms_have_one_spelling),
		cmocka_unit_test(words_of_strangers_are_cleaned),
	};

	return T_RUN(tests);
}
