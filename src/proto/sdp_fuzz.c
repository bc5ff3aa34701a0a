#include "proto/sdp.h"

int LLVMFuzzerTestOneInput(const uint8_t *, size_t);
int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
	struct sdp_offer o;

	if (sdp_parse(slice_make(data, n), &o) != ERR_OK)
		return 0;
	assert(o.video.codec == SDP_H264 || o.video.codec == SDP_H265);
	for (size_t i = 0; i < SDP_SET__MAX; i++)
		assert(o.set_octets[i] <= SDP_SET_OCTETS_MAX);
	assert(o.aac.config_octets <= sizeof o.aac.config);
	if (o.sound.codec == SDP_NONE)
		return 0;
	assert(o.sound.rate >= 8000 && o.sound.rate <= 96000);
	assert(o.sound.channels == 1 || o.sound.channels == 2);
	if (o.sound.codec == SDP_AAC)
		assert(o.aac.size_bits >= 1 && o.aac.size_bits <= 16 &&
		       o.aac.index_bits <= 8 && o.aac.delta_bits <= 8 &&
		       o.aac.samples != 0 && o.aac.config_octets >= 2);
	return 0;
}
