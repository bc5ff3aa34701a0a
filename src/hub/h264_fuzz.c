/*
 * What is converted walks as lengths to its very end, and holds no start code
 * at the front of a unit; converted back and again, it is the same.
 */
#include "hub/h264.h"

int LLVMFuzzerTestOneInput(const uint8_t *at, size_t len);

static void
annexb_put(struct slice units, struct buf *to)
{
	while (units.len > 0) {
		assert(units.len > 4);
		const size_t n = (size_t)slice_be(units, 4);
		assert(n > 0 && n <= units.len - 4);
		if (buf_append(to, slice_make("\0\0\0\1", 4)) != ERR_OK ||
		    buf_append(to, slice_head(slice_skip(units, 4), n)) !=
			ERR_OK)
			assert(false);
		units = slice_skip(units, 4 + n);
	}
}

int
LLVMFuzzerTestOneInput(const uint8_t *at, size_t len)
{
	AUTO_BUF struct buf once, again, annexb;
	struct h264_setup s;
	bool key, key_again;

	buf_init(&once, 1 << 22);
	buf_init(&again, 1 << 22);
	buf_init(&annexb, 1 << 22);
	h264_setup_init(&s);
	if (len < 1 << 20 &&
	    h264_unit(slice_make(at, len), &s, &once, &key) == ERR_OK) {
		annexb_put(buf_slice(&once), &annexb);
		if (h264_unit(buf_slice(&annexb), &s, &again, &key_again) !=
		    ERR_OK)
			assert(false);
		assert(key == key_again);
		assert(slice_eq(buf_slice(&once), buf_slice(&again)));
	}
	h264_setup_fini(&s);
	return 0;
}
