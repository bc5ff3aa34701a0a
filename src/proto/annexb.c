#include "proto/annexb.h"

#include <string.h>

size_t
annexb_start(struct slice s)
{
	size_t i = 0;

	while (i + 3 <= s.len) {
		/* a zero is rare: look for the one */
		const uint8_t *one = memchr(s.at + i + 2, 1, s.len - i - 2);
		if (one == NULL)
			return s.len;
		const size_t at = (size_t)(one - s.at);
		if (s.at[at - 1] == 0 && s.at[at - 2] == 0)
			return at - 2;
		i = at - 1;
	}
	return s.len;
}

/* Zeros before a start code and at the end belong to no unit. */
bool
annexb_next(struct slice *rest, struct slice *ret_nal)
{
	const size_t start = annexb_start(*rest);

	if (start == rest->len)
		return false;
	*rest = slice_skip(*rest, start + 3);
	const size_t end = annexb_start(*rest);
	struct slice nal = slice_head(*rest, end);
	while (nal.len > 0 && nal.at[nal.len - 1] == 0)
		nal.len--;
	*rest = slice_skip(*rest, end);
	*ret_nal = nal;
	return true;
}
