#include <string.h>

#include "base/obj.h"
#include "hub/address.h"
#include "unit/t.h"

static void
addresses_are_what_a_person_writes(void **state)
{
	static const struct {
		const char *text;
		enum capture_kind kind;
		const char *path, *host;
		unsigned port;
		const char *user, *url;
	} good[] = {
		{ "demo", CAPTURE_DEMO, "", "", 0, "", "" },
		{ "/a/film.mp4", CAPTURE_FILE, "/a/film.mp4", "", 0, "", "" },
		{ "film.mp4", CAPTURE_FILE, "film.mp4", "", 0, "", "" },
		{ "pipe:/run/x", CAPTURE_PIPE, "/run/x", "", 0, "", "" },
		{ "v4l2:/dev/video2", CAPTURE_WEBCAM, "/dev/video2", "", 0, "",
		    "" },
		{ "v4l2:/tmp/x", CAPTURE_WEBCAM, "/tmp/x", "", 0, "", "" },
		{ "/dev/video0", CAPTURE_WEBCAM, "/dev/video0", "", 0, "", "" },
		{ "/dev/v4l/by-id/usb-A-video-index0", CAPTURE_WEBCAM,
		    "/dev/v4l/by-id/usb-A-video-index0", "", 0, "", "" },
		{ "/dev/vid", CAPTURE_FILE, "/dev/vid", "", 0, "", "" },
		{ "rtsp://cam/live", CAPTURE_RTSP, "", "cam", 554, "",
		    "rtsp://cam/live" },
		{ "rtsp://cam", CAPTURE_RTSP, "", "cam", 554, "",
		    "rtsp://cam" },
		{ "rtsp://ada@192.0.2.1:8554/a?b=1", CAPTURE_RTSP, "",
		    "192.0.2.1", 8554, "ada", "rtsp://192.0.2.1:8554/a?b=1" },
		{ "rtsp://[2001:db8::1]:554/", CAPTURE_RTSP, "", "2001:db8::1",
		    554, "", "rtsp://[2001:db8::1]:554/" },
	};
	struct address a;

	(void)state;
	for (size_t i = 0; i < COUNT(good); i++) {
		T_OK(address_parse(good[i].text, &a));
		assert_int_equal(a.kind, good[i].kind);
		assert_string_equal(a.path, good[i].path);
		assert_string_equal(a.host, good[i].host);
		assert_int_equal(a.port, good[i].port);
		assert_string_equal(a.user, good[i].user);
		assert_string_equal(a.url, good[i].url);
	}
}

static void
transport_udp_at_its_end_is_ours(void **state)
{
	static const struct {
		const char *text, *url;
		bool udp;
	} good[] = {
		{ "rtsp://cam/live?transport=udp", "rtsp://cam/live", true },
		{ "rtsp://cam/a?b=1&transport=udp", "rtsp://cam/a?b=1", true },
		{ "rtsp://cam?transport=udp", "rtsp://cam", true },
		{ "rtsp://cam/xtransport=udp", "rtsp://cam/xtransport=udp",
		    false },
		{ "rtsp://cam/?transport=udp&a=1",
		    "rtsp://cam/?transport=udp&a=1", false },
	};
	struct address a;

	(void)state;
	for (size_t i = 0; i < COUNT(good); i++) {
		T_OK(address_parse(good[i].text, &a));
		assert_string_equal(a.url, good[i].url);
		assert_int_equal(a.udp, good[i].udp);
		assert_string_equal(a.host, "cam");
	}
}

static void
a_password_in_an_address_is_refused(void **state)
{
	struct address a;

	(void)state;
	T_ERR(ERR_DENIED, address_parse("rtsp://ada:word@cam/", &a));
	T_ERR(ERR_DENIED, address_parse("rtsp://ada:@cam/", &a));
	T_ERR(ERR_DENIED, address_parse("rtsp://:word@cam/", &a));
	T_ERR(ERR_DENIED, address_parse("rtsp://ada:wo@rd@cam/", &a));
	T_ERR(ERR_DENIED, address_parse("rtsp://ada@b@cam/", &a));
}

static void
what_is_no_address_is_refused(void **state)
{
	static const char *const bad[] = { "", "pipe:", "v4l2:", "rtsp://",
		"rtsp:///x", "rtsp://cam:0/", "rtsp://cam:65536/",
		"rtsp://cam:x/", "rtsp://cam:/", "rtsp://[::1/", "rtsp://a b/",
		"rtsp://a/\n", "http://cam/", "rtsp://@cam/" };
	char host[256];
	uint16_t port;
	struct address a;

	(void)state;
	for (size_t i = 0; i < COUNT(bad); i++)
		T_ERR(ERR_SYNTAX, address_parse(bad[i], &a));
	T_OK(host_port_parse("localhost:8444", host, &port));
	assert_int_equal(port, 8444);
	T_ERR(ERR_SYNTAX, host_port_parse("localhost", host, &port));
	T_ERR(ERR_SYNTAX, host_port_parse(":1", host, &port));
	char longer[ADDRESS_OCTETS_MAX + 2];
	memset(longer, 'a', sizeof longer);
	longer[sizeof longer - 1] = '\0';
	T_ERR(ERR_LIMIT, address_parse(longer, &a));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(addresses_are_what_a_person_writes),
		cmocka_unit_test(transport_udp_at_its_end_is_ours),
		cmocka_unit_test(a_password_in_an_address_is_refused),
		cmocka_unit_test(what_is_no_address_is_refused),
	};

	return T_RUN(tests);
}
