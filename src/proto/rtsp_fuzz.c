/* What we would answer never holds more lines than we wrote. */
#include "proto/rtsp.h"

int LLVMFuzzerTestOneInput(const uint8_t *, size_t);
int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
	const struct rtsp_login login = { SLICE_LIT("ada"),
		SLICE_LIT("secret") };
	struct rtsp_challenge c;
	struct rtsp_response r;
	struct rtsp_transport t;
	struct rtsp_frame f;
	struct buf out;
	size_t octets, lines = 0;

	if (rtsp_frame_parse(slice_make(data, n), &f, &octets) == ERR_OK)
		assert(octets <= n);
	if (rtsp_response_parse(slice_make(data, n), &r) != ERR_OK)
		return 0;
	assert(r.head_octets + r.body_octets <= n);
	rtsp_transport_parse(r.transport, &t);
	assert(t.channel[0] < 256 && t.channel[1] < 256);
	(void)rtsp_lists(r.methods, "GET_PARAMETER");
	if (rtsp_challenge_choose(&r, &c) != ERR_OK)
		return 0;
	buf_init(&out, 8192);
	if (rtsp_authorize(&c, &login, "PLAY", SLICE_LIT("rtsp://a/"), "00",
		&out) == ERR_OK) {
		for (size_t i = 0; i < out.len; i++)
			lines += out.at[i] == '\n';
		assert(lines == 1);
	}
	buf_fini(&out);
	return 0;
}
