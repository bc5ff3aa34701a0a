#include <string.h>

#include "base/obj.h"
#include "hub/capture/rtsp_url.h"
#include "unit/t.h"

static void
a_control_is_read_as_cameras_mean_it(void **state)
{
	static const struct {
		const char *base, *control, *want;
	} good[] = {
		{ "rtsp://c/live/", "track1", "rtsp://c/live/track1" },
		{ "rtsp://c/live", "track1", "rtsp://c/live/track1" },
		{ "rtsp://c/live", "/track1", "rtsp://c/live/track1" },
		{ "rtsp://c/live/", "/track1", "rtsp://c/live/track1" },
		{ "rtsp://c/live", "", "rtsp://c/live" },
		{ "rtsp://c/live/", "*", "rtsp://c/live/" },
		{ "rtsp://c/live", "rtsp://c:554/x/trackID=1",
		    "rtsp://c:554/x/trackID=1" },
		{ "rtsp://c/live", "RTSP://c/x", "rtsp://c/x" },
		{ "rtsp://c/live", "rtsp://ada:word@c/x", "rtsp://c/x" },
		{ "rtsp://c/cam?channel=1&sub=0", "trackID=0",
		    "rtsp://c/cam?channel=1&sub=0/trackID=0" },
		{ "rtsp://c/cam", "track?a=1&b=/",
		    "rtsp://c/cam/track?a=1&b=/" },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(good); i++) {
		char to[RTSP_URL_ROOM];

		T_OK(rtsp_url_control(slice_str(good[i].base),
		    t_edge(good[i].control, strlen(good[i].control)), to));
		assert_string_equal(to, good[i].want);
	}
}

static void
an_address_that_no_request_can_hold_is_refused(void **state)
{
	const struct slice base = SLICE_LIT("rtsp://c/");
	char to[RTSP_URL_ROOM], longer[RTSP_URL_ROOM];

	(void)state;
	T_ERR(ERR_SYNTAX, rtsp_url_control(base, SLICE_LIT("a b"), to));
	T_ERR(ERR_SYNTAX, rtsp_url_control(base, SLICE_LIT("a\r\nX: 1"), to));
	T_ERR(ERR_SYNTAX,
	    rtsp_url_control(base, SLICE_LIT("rtsp://c/\x7f"), to));
	T_ERR(ERR_SYNTAX, rtsp_url_bare(SLICE_LIT("rtsp:/c"), to));
	memset(longer, 'a', sizeof longer);
	T_ERR(ERR_LIMIT, rtsp_url_control(base,
			     slice_make(longer, sizeof longer - base.len), to));
	T_OK(rtsp_url_control(base,
	    slice_make(longer, sizeof longer - base.len - 1), to));
	assert_int_equal(strlen(to), RTSP_URL_ROOM - 1);
}

static void
only_the_same_host_and_port_is_the_same_camera(void **state)
{
	static const struct {
		const char *a, *b;
		bool same;
	} pairs[] = { { "rtsp://c/x", "rtsp://c/y", true },
		{ "rtsp://c:554/x", "rtsp://C/y", true },
		{ "rtsp://c", "rtsp://ada:w@c:554?x", true },
		{ "rtsp://c/x", "rtsp://d/x", false },
		{ "rtsp://c/x", "rtsp://c:555/x", false },
		{ "rtsp://c/x", "rtsp://c@d/x", false },
		{ "rtsp://c/x", "/y", false },
		{ "rtsp://c/x", "http://c/y", false },
		{ "rtsp://c/x", "", false },
		{ "rtsp://[::1]:554/x", "rtsp://[::1]/", true } };

	(void)state;
	for (size_t i = 0; i < COUNT(pairs); i++)
		assert_int_equal(rtsp_url_same_camera(slice_str(pairs[i].a),
				     t_edge(pairs[i].b, strlen(pairs[i].b))),
		    pairs[i].same);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_control_is_read_as_cameras_mean_it),
		cmocka_unit_test(
		    an_address_that_no_request_can_hold_is_refused),
		cmocka_unit_test(
		    only_the_same_host_and_port_is_the_same_camera),
	};

	return T_RUN(tests);
}
