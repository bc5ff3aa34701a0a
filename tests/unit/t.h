/*
 * t.h - what unit tests share: cmocka, and slices that end at an unmapped
 * page, so that reading one octet too far is a crash and not a guess.
 *
 * A test program lists its tests in one table and ends with
 *   return T_RUN(tests);
 * T_RUN picks cmocka's TAP output; tools/tap counts it.
 */
#ifndef UNIT_T_H
#define UNIT_T_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include "base/slice.h"

#define T_BYTES(s) (const void *)("" s ""), sizeof(s) - 1
#define T_RUN(tests)                                                           \
	(cmocka_set_message_output(CM_OUTPUT_TAP),                             \
	    cmocka_run_group_tests(tests, NULL, NULL))
#define T_OK(call)        assert_int_equal((call), ERR_OK)
#define T_ERR(want, call) assert_int_equal((call), (want))
#define T_SLICE_EQ(a, b)                                                       \
	do {                                                                   \
		const struct slice a_ = (a), b_ = (b);                         \
		assert_int_equal(a_.len, b_.len);                              \
		if (a_.len != 0)                                               \
			assert_memory_equal(a_.at, b_.at, a_.len);             \
	} while (0)

/* A copy of the octets that ends where the page ends. Never freed. */
struct slice t_edge(const void *octets, size_t len);
/* A whole file; fails the test when it cannot be read. The caller frees at. */
struct slice t_file(const char *path);
/* "00ff" to octets that end at a page; fails the test on bad hex. */
struct slice t_hex(const char *hex);

#endif
