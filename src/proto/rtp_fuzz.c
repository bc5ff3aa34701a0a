/* Packets behind u8 lengths: no unit is larger than allowed, none is empty. */
#include "proto/rtp.h"

int LLVMFuzzerTestOneInput(const uint8_t *, size_t);
int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
	struct rtp_h264 r;
	struct slice s = slice_make(data, n);

	rtp_h264_init(&r, 4096);
	while (s.len > 1) {
		const size_t len = s.at[0] < s.len ? s.at[0] : s.len - 1;
		struct rtp_packet p;
		enum rtp_state state = RTP_GOING_ON;

		if (rtp_packet_parse(slice_make(s.at + 1, len), &p) == ERR_OK)
			do {
				(void)!rtp_h264_take(&r, &p, &state);
				assert(r.unit.len <= 4096);
				if (state != RTP_GOING_ON) {
					assert(r.unit.len != 0);
					rtp_h264_next(&r);
				}
			} while (state == RTP_WHOLE_AGAIN);
		s = slice_skip(s, 1 + len);
	}
	rtp_h264_fini(&r);
	return 0;
}
