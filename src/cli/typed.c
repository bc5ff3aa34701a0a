#include "cli/typed.h"

#include <utf8proc.h>

#include "base/obj.h"

#define POINTS_MAX (TYPED_OCTETS_MAX * 4)
#define NFC        (UTF8PROC_STABLE | UTF8PROC_COMPOSE)
#define SIGMA      0x3a3 /* ends a word in a shape of its own */
#define SIGMA_LAST 0x3c2
#define DOTTED_I   0x130 /* its dot stays: a mark behind a small i */
#define DOT        0x307

/* Letters and marks composed, as characters; the library sees no heap. */
struct points {
	int32_t at[POINTS_MAX];
	size_t len;
};

static void
points_wipe(struct points *p)
{
	octets_wipe(p, sizeof *p);
}
#define AUTO_POINTS __attribute__((cleanup(points_wipe)))

static enum err
points_of(struct slice text, struct points *p)
{
	utf8proc_ssize_t n = utf8proc_decompose(text.at,
	    (utf8proc_ssize_t)text.len, p->at, POINTS_MAX, NFC);

	if (n < 0)
		return ERR_SYNTAX;
	if (n > POINTS_MAX)
		return ERR_LIMIT;
	n = utf8proc_normalize_utf32(p->at, n, NFC);
	if (n < 0)
		return ERR_SYNTAX;
	p->len = (size_t)n;
	return ERR_OK;
}

static bool
is_space(int32_t c)
{
	return (c >= '\t' && c <= '\r') || c == 0xfeff ||
	       utf8proc_category(c) == UTF8PROC_CATEGORY_ZS || c == 0x2028 ||
	       c == 0x2029;
}

static bool
is_letter(const struct points *p, size_t i)
{
	return i < p->len &&
	       utf8proc_category(p->at[i]) >= UTF8PROC_CATEGORY_LU &&
	       utf8proc_category(p->at[i]) <= UTF8PROC_CATEGORY_LO;
}

static enum err
point_put(int32_t c, struct buf *to)
{
	uint8_t octets[4];
	const utf8proc_ssize_t n = utf8proc_encode_char(c, octets);

	return buf_append(to, slice_make(octets, (size_t)n));
}

static enum err
small_put(const struct points *p, size_t i, struct buf *to)
{
	enum err e;

	if (p->at[i] == SIGMA && i > 0 && is_letter(p, i - 1) &&
	    !is_letter(p, i + 1))
		return point_put(SIGMA_LAST, to);
	if ((e = point_put(utf8proc_tolower(p->at[i]), to)) == ERR_OK &&
	    p->at[i] == DOTTED_I)
		e = point_put(DOT, to);
	return e;
}

enum err
typed_name(struct slice name, uint8_t ret_hash[static SHA256_OCTETS])
{
	AUTO_POINTS struct points p = { 0 };
	AUTO_BUF struct buf small;
	size_t from = 0;
	enum err e;

	buf_init_secret(&small, 4 * POINTS_MAX);
	if (name.len > TYPED_OCTETS_MAX)
		return ERR_SYNTAX;
	if ((e = points_of(name, &p)) != ERR_OK)
		return e;
	while (from < p.len && is_space(p.at[from]))
		from++;
	while (p.len > from && is_space(p.at[p.len - 1]))
		p.len--;
	if (from == p.len)
		return ERR_SYNTAX;
	for (size_t i = from; i < p.len; i++)
		if ((e = small_put(&p, i, &small)) != ERR_OK)
			return e;
	if ((e = points_of(buf_slice(&small), &p)) != ERR_OK)
		return e;
	small.len = 0;
	for (size_t i = 0; i < p.len; i++)
		if ((e = point_put(p.at[i], &small)) != ERR_OK)
			return e;
	sha256(buf_slice(&small), ret_hash);
	return ERR_OK;
}

enum err
typed_phrase(struct slice typed, struct buf *to)
{
	AUTO_POINTS struct points p = { 0 };
	bool gap = false;
	enum err e;

	if ((e = points_of(typed, &p)) != ERR_OK)
		return e;
	for (size_t i = 0; i < p.len && e == ERR_OK; i++) {
		if (is_space(p.at[i])) {
			gap = to->len > 0;
			continue;
		}
		if (gap)
			e = buf_append(to, SLICE_LIT(" "));
		gap = false;
		if (e == ERR_OK)
			e = point_put(p.at[i], to);
	}
	return e;
}
