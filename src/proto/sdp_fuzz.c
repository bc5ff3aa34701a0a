#include "proto/sdp.h"

int LLVMFuzzerTestOneInput(const uint8_t *, size_t);
int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
	struct sdp_video v;

	if (sdp_parse(slice_make(data, n), &v) == ERR_OK)
		assert(v.sps_octets <= sizeof v.sps &&
		       v.pps_octets <= sizeof v.pps);
	return 0;
}
