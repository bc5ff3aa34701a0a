/*
 * A record as it came, and the fields of a run header as they open: what is
 * taken is written again octet for octet.
 */
#include "crypto/aead.h"
#include "model/mark.h"
#include "model/run.h"

static void
fields_look(const struct run_clear *clear, struct slice fields)
{
	struct slice signature;
	struct run_info info;
	struct buf again;

	if (run_fields_get(fields, clear, &info, &signature) != ERR_OK)
		return;
	buf_init(&again, 1024);
	assert(run_fields_put(&info, &again) == ERR_OK);
	assert(slice_eq(buf_slice(&again),
	    slice_head(fields, fields.len - SIGN_OCTETS)));
	buf_fini(&again);
}

int LLVMFuzzerTestOneInput(const uint8_t *, size_t);
int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
	static const uint8_t nobody[SIGN_PUBLIC_OCTETS];
	const struct slice s = slice_make(data, n);
	struct run_clear clear;
	struct slice body;
	struct mark mark;
	uint8_t flags;

	if (run_record_flags(s, &flags, &body) == ERR_OK)
		assert(flags == 0 || flags == RUN_KEY || flags == RUN_HEADER ||
		       flags == RUN_MARK || flags == (RUN_MARK | RUN_END));
	if (run_clear_parse(s, &clear) == ERR_OK)
		fields_look(&clear, slice_skip(s, RUN_CLEAR_OCTETS));
	/* nobody signed it */
	assert(mark_get(s, nobody, &mark) != ERR_OK);
	return 0;
}
