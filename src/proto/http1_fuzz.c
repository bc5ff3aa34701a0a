/* A head is whole or not, whatever follows it. */
#include "proto/http1.h"

int LLVMFuzzerTestOneInput(const uint8_t *, size_t);
int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
	struct http_head h, again;

	if (http_request_parse(slice_make(data, n), &h) == ERR_OK) {
		assert(h.octets <= n && h.field_count <= HTTP_FIELDS_MAX);
		assert(http_request_parse(slice_make(data, h.octets), &again) ==
		       ERR_OK);
		assert(again.octets == h.octets);
		assert(http_request_parse(slice_make(data, h.octets - 1),
			   &again) == ERR_MORE);
	}
	(void)!http_response_parse(slice_make(data, n), &h);
	return 0;
}
