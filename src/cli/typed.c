#include "cli/typed.h"

#include <ctype.h>
#include <limits.h>
#include <string.h>
#include <wchar.h>
#include <wctype.h>

#include "base/obj.h"

struct range {
	uint32_t from, to;
};

/*
 * Of Unicode 15: what is never there once a text is composed, and marks that
 * are nearly never, after a letter that takes them. In order.
 */
static const struct range apart[] = { { 0x300, 0x345 }, { 0x374, 0x374 },
	{ 0x37e, 0x37e }, { 0x387, 0x387 }, { 0x958, 0x95f }, { 0x9dc, 0x9dd },
	{ 0x9df, 0x9df }, { 0xa33, 0xa33 }, { 0xa36, 0xa36 }, { 0xa59, 0xa5b },
	{ 0xa5e, 0xa5e }, { 0xb5c, 0xb5d }, { 0xf43, 0xf43 }, { 0xf4d, 0xf4d },
	{ 0xf52, 0xf52 }, { 0xf57, 0xf57 }, { 0xf5c, 0xf5c }, { 0xf69, 0xf69 },
	{ 0xf73, 0xf73 }, { 0xf75, 0xf76 }, { 0xf78, 0xf78 }, { 0xf81, 0xf81 },
	{ 0xf93, 0xf93 }, { 0xf9d, 0xf9d }, { 0xfa2, 0xfa2 }, { 0xfa7, 0xfa7 },
	{ 0xfac, 0xfac }, { 0xfb9, 0xfb9 }, { 0x1161, 0x1175 },
	{ 0x11a8, 0x11c2 }, { 0x1f71, 0x1f71 }, { 0x1f73, 0x1f73 },
	{ 0x1f75, 0x1f75 }, { 0x1f77, 0x1f77 }, { 0x1f79, 0x1f79 },
	{ 0x1f7b, 0x1f7b }, { 0x1f7d, 0x1f7d }, { 0x1fbb, 0x1fbb },
	{ 0x1fbe, 0x1fbe }, { 0x1fc9, 0x1fc9 }, { 0x1fcb, 0x1fcb },
	{ 0x1fd3, 0x1fd3 }, { 0x1fdb, 0x1fdb }, { 0x1fe3, 0x1fe3 },
	{ 0x1feb, 0x1feb }, { 0x1fee, 0x1fef }, { 0x1ff9, 0x1ff9 },
	{ 0x1ffb, 0x1ffb }, { 0x1ffd, 0x1ffd }, { 0x2000, 0x2001 },
	{ 0x2126, 0x2126 }, { 0x212a, 0x212b }, { 0x2329, 0x232a },
	{ 0x2adc, 0x2adc }, { 0x3099, 0x309a }, { 0xf900, 0xfa0d },
	{ 0xfa10, 0xfa10 }, { 0xfa12, 0xfa12 }, { 0xfa15, 0xfa1e },
	{ 0xfa20, 0xfa20 }, { 0xfa22, 0xfa22 }, { 0xfa25, 0xfa26 },
	{ 0xfa2a, 0xfa6d }, { 0xfa70, 0xfad9 }, { 0xfb1d, 0xfb1d },
	{ 0xfb1f, 0xfb1f }, { 0xfb2a, 0xfb36 }, { 0xfb38, 0xfb3c },
	{ 0xfb3e, 0xfb3e }, { 0xfb40, 0xfb41 }, { 0xfb43, 0xfb44 },
	{ 0xfb46, 0xfb4e }, { 0x1d15e, 0x1d164 }, { 0x1d1bb, 0x1d1c0 },
	{ 0x2f800, 0x2fa1d } };

/* A second letter that such a first one takes in. In order. */
static const struct range pair[] = { { 0x627, 0x653 }, { 0x627, 0x654 },
	{ 0x627, 0x655 }, { 0x648, 0x654 }, { 0x64a, 0x654 }, { 0x6c1, 0x654 },
	{ 0x6d2, 0x654 }, { 0x6d5, 0x654 }, { 0x928, 0x93c }, { 0x930, 0x93c },
	{ 0x933, 0x93c }, { 0x9c7, 0x9be }, { 0x9c7, 0x9d7 }, { 0xb47, 0xb3e },
	{ 0xb47, 0xb56 }, { 0xb47, 0xb57 }, { 0xb92, 0xbd7 }, { 0xbc6, 0xbbe },
	{ 0xbc6, 0xbd7 }, { 0xbc7, 0xbbe }, { 0xc46, 0xc56 }, { 0xcbf, 0xcd5 },
	{ 0xcc6, 0xcc2 }, { 0xcc6, 0xcd5 }, { 0xcc6, 0xcd6 }, { 0xcca, 0xcd5 },
	{ 0xd46, 0xd3e }, { 0xd46, 0xd57 }, { 0xd47, 0xd3e }, { 0xdd9, 0xdca },
	{ 0xdd9, 0xdcf }, { 0xdd9, 0xddf }, { 0xddc, 0xdca },
	{ 0x1025, 0x102e }, { 0x1b05, 0x1b35 }, { 0x1b07, 0x1b35 },
	{ 0x1b09, 0x1b35 }, { 0x1b0b, 0x1b35 }, { 0x1b0d, 0x1b35 },
	{ 0x1b11, 0x1b35 }, { 0x1b3a, 0x1b35 }, { 0x1b3c, 0x1b35 },
	{ 0x1b3e, 0x1b35 }, { 0x1b3f, 0x1b35 }, { 0x1b42, 0x1b35 },
	{ 0x11099, 0x110ba }, { 0x1109b, 0x110ba }, { 0x110a5, 0x110ba },
	{ 0x11131, 0x11127 }, { 0x11132, 0x11127 }, { 0x11347, 0x1133e },
	{ 0x11347, 0x11357 }, { 0x114b9, 0x114b0 }, { 0x114b9, 0x114ba },
	{ 0x114b9, 0x114bd }, { 0x115b8, 0x115af }, { 0x115b9, 0x115af },
	{ 0x11935, 0x11930 } };

static bool
is_apart(uint32_t c)
{
	for (size_t i = 0; i < COUNT(apart) && apart[i].from <= c; i++)
		if (c <= apart[i].to)
			return true;
	return false;
}

static bool
is_pair(uint32_t first, uint32_t second)
{
	for (size_t i = 0; i < COUNT(pair); i++)
		if (pair[i].from == first && pair[i].to == second)
			return true;
	return false;
}

/* One character of a text, and whether it is composed with the one before. */
static enum err
next(const char **at, mbstate_t *state, uint32_t before, wchar_t *ret_c)
{
	const size_t took = mbrtowc(ret_c, *at, MB_LEN_MAX, state);

	if (took == 0 || took > MB_LEN_MAX)
		return ERR_SYNTAX;
	*at += took;
	return is_apart((uint32_t)*ret_c) || is_pair(before, (uint32_t)*ret_c)
		   ? ERR_UNSUPPORTED
		   : ERR_OK;
}

enum err
typed_name(struct slice name, uint8_t ret_hash[static SHA256_OCTETS])
{
	char text[TYPED_OCTETS_MAX + 1], small[4 * TYPED_OCTETS_MAX + 1];
	mbstate_t in = { 0 }, out = { 0 };
	size_t n = 0;
	wchar_t c = 0;
	enum err e;

	while (name.len > 0 && isspace(name.at[0]))
		name = slice_skip(name, 1);
	while (name.len > 0 && isspace(name.at[name.len - 1]))
		name.len--;
	if (name.len == 0 || name.len > TYPED_OCTETS_MAX)
		return ERR_SYNTAX;
	memcpy(text, name.at, name.len);
	text[name.len] = '\0';
	for (const char *p = text; *p != '\0';) {
		if ((e = next(&p, &in, (uint32_t)c, &c)) != ERR_OK)
			return e;
		const size_t put = wcrtomb(small + n,
		    (wchar_t)towlower((wint_t)c), &out);
		if (put > MB_LEN_MAX)
			return ERR_SYNTAX;
		n += put;
	}
	sha256(slice_make(small, n), ret_hash);
	return ERR_OK;
}

static enum err
composed(struct buf *text)
{
	mbstate_t in = { 0 };
	wchar_t c = 0;
	enum err e;

	if ((e = buf_append(text, SLICE_LIT("\0"))) != ERR_OK)
		return e;
	for (const char *p = (const char *)text->at; e == ERR_OK && *p != '\0';)
		e = next(&p, &in, (uint32_t)c, &c);
	text->len--;
	return e;
}

enum err
typed_phrase(struct slice typed, struct buf *to)
{
	bool gap = false;
	enum err e = ERR_OK;

	for (size_t i = 0; i < typed.len && e == ERR_OK; i++) {
		if (isspace(typed.at[i])) {
			gap = to->len > 0;
			continue;
		}
		if (gap)
			e = buf_append(to, SLICE_LIT(" "));
		gap = false;
		if (e == ERR_OK)
			e = buf_append(to, slice_make(&typed.at[i], 1));
	}
	return e == ERR_OK ? composed(to) : e;
}
