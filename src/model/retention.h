/*
 * retention.h - which recorded segments go, oldest first: because their days
 * are over, their stream is over its octets, or their home is over its quota.
 * A decision, without clock or disk: who asks tells what is there.
 */
#ifndef MODEL_RETENTION_H
#define MODEL_RETENTION_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define RETENTION_DAYS     7u    /* of a camera for which nobody chose */
#define RETENTION_DAYS_MAX 3650u /* ten years */
#define RETENTION_STEP     8u    /* segments that go in one step, at most */

/* A segment that may go: it is whole, and no lock keeps it. */
struct retained {
	size_t stream; /* its number among the streams of the home */
	uint32_t day;  /* the last day of which it can hold something */
};

struct retention_stream {
	uint32_t days;       /* it keeps so many, and today; 0: for ever */
	uint64_t octets_max; /* 0: as much as the home has */
	uint64_t octets;     /* what it has, and is about to have */
};

struct retention {
	struct retention_stream *streams;
	size_t stream_count;
	/* of each stream the oldest, RETENTION_STEP of them when it has so many */
	const struct retained *segments;
	size_t segment_count;
	uint64_t segment_octets; /* of each */
	uint64_t home_octets_max;
	uint32_t today;
};

/* Whether what is about that day, of a stream that keeps so many, goes. */
bool retention_over(uint32_t day, uint32_t days, uint32_t today);

/*
 * Writes the numbers of those that go, RETENTION_STEP at most, and returns how
 * many: ask again when it was that many. Takes their octets off the streams.
 */
size_t retention_pick(struct retention *r, size_t ret_goes[RETENTION_STEP]);

/* What all streams have together. */
uint64_t retention_octets(const struct retention *r);

#endif
