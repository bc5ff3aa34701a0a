#include "model/retention.h"

#include <assert.h>

bool
retention_over(uint32_t day, uint32_t days, uint32_t today)
{
	return days != 0 && (uint64_t)day + days < today;
}

uint64_t
retention_octets(const struct retention *r)
{
	uint64_t octets = 0;

	for (size_t i = 0; i < r->stream_count; i++)
		octets += r->streams[i].octets;
	return octets;
}

static bool
is_picked(const size_t *goes, size_t count, size_t segment)
{
	for (size_t i = 0; i < count; i++)
		if (goes[i] == segment)
			return true;
	return false;
}

/* Its stream alone says that it goes. */
static bool
is_over(const struct retention *r, size_t segment)
{
	const struct retained *s = &r->segments[segment];
	const struct retention_stream *of = &r->streams[s->stream];

	return retention_over(s->day, of->days, r->today) ||
	       (of->octets_max != 0 && of->octets > of->octets_max);
}

/* Of one day, the stream that has more gives first. */
static bool
goes_before(const struct retention *r, size_t a, size_t b)
{
	const struct retained *s = &r->segments[a], *t = &r->segments[b];

	if (s->stream == t->stream)
		return a < b;
	if (s->day != t->day)
		return s->day < t->day;
	return r->streams[s->stream].octets > r->streams[t->stream].octets;
}

/* The next one to go; segment_count: none has to. */
static size_t
next_pick(const struct retention *r, const size_t *goes, size_t count)
{
	const bool home_over = retention_octets(r) > r->home_octets_max;
	size_t oldest = r->segment_count;

	for (size_t i = 0; i < r->segment_count; i++) {
		if (is_picked(goes, count, i))
			continue;
		if (is_over(r, i))
			return i;
		if (oldest == r->segment_count || goes_before(r, i, oldest))
			oldest = i;
	}
	return home_over ? oldest : r->segment_count;
}

size_t
retention_pick(struct retention *r, size_t ret_goes[RETENTION_STEP])
{
	size_t count = 0;

	while (count < RETENTION_STEP) {
		const size_t next = next_pick(r, ret_goes, count);

		if (next == r->segment_count)
			break;
		struct retention_stream
		    *of = &r->streams[r->segments[next].stream];
		assert(of->octets >= r->segment_octets);
		of->octets -= r->segment_octets;
		ret_goes[count++] = next;
	}
	return count;
}
