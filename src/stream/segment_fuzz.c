/* A segment: what the scan gives is what stands there, frame by frame. */
#include "stream/segment.h"

static enum err
each_again(void *ctx, const struct record_clear *clear, struct slice record)
{
	struct buf *again = ctx;
	struct record_clear same;

	assert(record_clear_parse(record, &same) == ERR_OK);
	assert(same.flags == clear->flags && same.index == clear->index);
	assert((clear->flags == RECORD_HEADER) == (clear->index == 0));
	return segment_frame_put(again, record);
}

int LLVMFuzzerTestOneInput(const uint8_t *, size_t);
int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
	struct buf again;

	buf_init(&again, SEGMENT_OCTETS);
	if (segment_head_put(&again) == ERR_OK &&
	    segment_scan(slice_make(data, n), each_again, &again) == ERR_OK)
		assert(slice_starts(slice_make(data, n), buf_slice(&again)));
	buf_fini(&again);
	return 0;
}
