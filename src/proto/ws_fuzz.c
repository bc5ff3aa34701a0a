/* The verdict depends on the head alone; every prefix of it wants more. */
#include "proto/ws.h"

int LLVMFuzzerTestOneInput(const uint8_t *, size_t);
int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
	struct ws_head h, again;

	if (n == 0)
		return 0;
	const bool masked = (data[0] & 1) != 0;
	const struct slice s = slice_make(data + 1, n - 1);
	if (ws_head_parse(s, masked, 1 << 20, &h) != ERR_OK)
		return 0;
	assert(h.head_octets <= s.len && h.payload_octets <= 1 << 20);
	for (size_t i = 0; i < h.head_octets; i++)
		assert(ws_head_parse(slice_head(s, i), masked, 1 << 20,
			   &again) == ERR_MORE);
	return 0;
}
