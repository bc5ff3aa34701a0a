#include "hub/capture/demo_stamp.h"

#include <stdbool.h>
#include <string.h>

#include "base/obj.h"

#define DOT    3 /* one dot of a letter */
#define WIDE   6 /* dots from letter to letter */
#define HIGH   7
#define MARGIN 3

void
stamp_blocks(struct picture *p, uint64_t time_us, uint16_t count)
{
	const uint64_t v = time_us << 16 | count;
	const size_t half = (size_t)p->width / 2;

	for (size_t i = 0; i < STAMP_BLOCKS; i++) {
		const int luma = v >> (STAMP_BLOCKS - 1 - i) & 1 ? 235 : 16;
		for (size_t y = 0; y < STAMP_BLOCK; y++)
			memset(p->y + y * (size_t)p->width + i * STAMP_BLOCK,
			    luma, STAMP_BLOCK);
	}
	for (size_t y = 0; y < STAMP_BLOCK / 2; y++) {
		memset(p->u + y * half, 128, STAMP_BLOCKS * STAMP_BLOCK / 2);
		memset(p->v + y * half, 128, STAMP_BLOCKS * STAMP_BLOCK / 2);
	}
}

uint64_t
stamp_read(const struct picture *p)
{
	uint64_t v = 0;

	for (size_t i = 0; i < STAMP_BLOCKS; i++) {
		const size_t middle = STAMP_BLOCK / 2 * (size_t)p->width +
				      i * STAMP_BLOCK + STAMP_BLOCK / 2;
		v = v << 1 | (p->y[middle] > 125 ? 1u : 0u);
	}
	return v;
}

/* Five columns of seven dots; the lowest bit is the rightmost column. */
static const struct {
	char letter;
	uint8_t row[HIGH];
} letters[] = {
	{ '0', { 14, 17, 19, 21, 25, 17, 14 } },
	{ '1', { 4, 12, 4, 4, 4, 4, 14 } },
	{ '2', { 14, 17, 1, 2, 4, 8, 31 } },
	{ '3', { 31, 2, 4, 2, 1, 17, 14 } },
	{ '4', { 2, 6, 10, 18, 31, 2, 2 } },
	{ '5', { 31, 16, 30, 1, 1, 17, 14 } },
	{ '6', { 6, 8, 16, 30, 17, 17, 14 } },
	{ '7', { 31, 1, 2, 4, 8, 8, 8 } },
	{ '8', { 14, 17, 17, 14, 17, 17, 14 } },
	{ '9', { 14, 17, 17, 15, 1, 2, 12 } },
	{ '-', { 0, 0, 0, 14, 0, 0, 0 } },
	{ ':', { 0, 4, 4, 0, 4, 4, 0 } },
	{ 'U', { 17, 17, 17, 17, 17, 17, 14 } },
	{ 'T', { 31, 4, 4, 4, 4, 4, 4 } },
	{ 'C', { 14, 17, 16, 16, 16, 17, 14 } },
};

static void
letter_put(struct picture *p, int x, int y, char c)
{
	for (size_t i = 0; i < COUNT(letters); i++) {
		if (letters[i].letter != c)
			continue;
		for (int dot = 0; dot < HIGH * 5; dot++) {
			const int row = dot / 5, col = dot % 5;
			if ((letters[i].row[row] >> (4 - col) & 1) == 0)
				continue;
			for (int k = 0; k < DOT; k++)
				memset(p->y +
					   (size_t)(y + row * DOT + k) *
					       (size_t)p->width +
					   (size_t)(x + col * DOT),
				    226, DOT);
		}
		return;
	}
}

/* Darken to two fifths and take the colour out. */
static void
plate_put(struct picture *p, int x, int y, int w, int h)
{
	const size_t half = (size_t)p->width / 2;

	for (int row = y; row < y + h; row++)
		for (int col = x; col < x + w; col++) {
			uint8_t *dot = p->y + (size_t)row * (size_t)p->width +
				       (size_t)col;
			*dot = (uint8_t)(16 + (*dot - 16) * 2 / 5);
		}
	for (int row = y / 2; row < (y + h) / 2; row++)
		for (int col = x / 2; col < (x + w) / 2; col++) {
			const size_t i = (size_t)row * half + (size_t)col;
			p->u[i] = (uint8_t)(128 + (p->u[i] - 128) / 2);
			p->v[i] = (uint8_t)(128 + (p->v[i] - 128) / 2);
		}
}

static void
digits(char *to, uint64_t v, int n)
{
	while (n-- > 0) {
		to[n] = (char)('0' + v % 10);
		v /= 10;
	}
}

/* The date of a day counted from 1970 (Howard Hinnant's way). */
static void
date_of(int64_t day, uint64_t *year, uint64_t *month, uint64_t *mday)
{
	const int64_t z = day + 719468;
	const int64_t era = z / 146097;
	const uint64_t doe = (uint64_t)(z - era * 146097);
	const uint64_t yoe = (doe - doe / 1460 + doe / 36524 - doe / 146096) /
			     365;
	const uint64_t doy = doe - (365 * yoe + yoe / 4 - yoe / 100);
	const uint64_t mp = (5 * doy + 2) / 153;

	*mday = doy - (153 * mp + 2) / 5 + 1;
	*month = mp < 10 ? mp + 3 : mp - 9;
	*year = yoe + (uint64_t)era * 400 + (*month <= 2 ? 1 : 0);
}

void
stamp_clock(struct picture *p, int x, int y, uint64_t time_us, int32_t offset_s)
{
	const int64_t local = (int64_t)(time_us / 1000000) + offset_s;
	const uint64_t s = (uint64_t)(local > 0 ? local : 0);
	char text[] = "0000-00-00 00:00:00 UTC";
	const size_t len = sizeof text - 1 - (offset_s == 0 ? 0 : 4);
	uint64_t year, month, mday;

	date_of((int64_t)(s / 86400), &year, &month, &mday);
	digits(text, year, 4);
	digits(text + 5, month, 2);
	digits(text + 8, mday, 2);
	digits(text + 11, s / 3600 % 24, 2);
	digits(text + 14, s / 60 % 60, 2);
	digits(text + 17, s % 60, 2);
	plate_put(p, x - 2 * MARGIN, y - 2 * MARGIN,
	    (int)len * WIDE * DOT + 3 * MARGIN + 1, HIGH * DOT + 4 * MARGIN);
	for (size_t i = 0; i < len; i++)
		letter_put(p, x + (int)i * WIDE * DOT, y, text[i]);
}
