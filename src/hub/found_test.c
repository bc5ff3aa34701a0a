#include <string.h>
#include <unistd.h>

#include "base/obj.h"
#include "hub/found.h"
#include "unit/t.h"

static const struct found_camera camera = { .address = "10.0.0.7",
	.port = 8080,
	.path = "/onvif/device_service?a=b",
	.name = "K\xc3\xbc"
		"che",
	.hardware = "M-10",
	.endpoint = "12-34" };
static const struct found_profile profile = { .port = 554,
	.path = "/live/1",
	.name = "main",
	.codec = FOUND_H265,
	.width = 2560,
	.height = 1440,
	.fps = 25,
	.kbit_s = 4096,
	.audio = true };
static const struct found_device device = { .why = REASON_BUSY,
	.path = "/dev/v4l/by-id/usb-A-index0",
	.name = "Desk" };

/* What the writer put into a pipe, as octets of its unit. */
static size_t
written(enum unit_kind kind, uint8_t to[static FOUND_UNIT_OCTETS])
{
	uint8_t got[FOUND_UNIT_OCTETS + UNIT_HEAD_OCTETS];
	struct unit u;
	size_t took;
	int fd[2];

	assert_int_equal(pipe(fd), 0);
	T_OK(kind == UNIT_FOUND    ? found_camera_write(fd[1], 7, &camera)
	     : kind == UNIT_DEVICE ? found_device_write(fd[1], 7, &device)
				   : found_profile_write(fd[1], 7, &profile));
	const size_t n = (size_t)read(fd[0], got, sizeof got);
	T_OK(unit_parse(slice_make(got, n), &u, &took));
	assert_int_equal(took, n);
	assert_int_equal(u.kind, kind);
	assert_true(u.time_us == 7);
	memcpy(to, u.octets.at, u.octets.len);
	close(fd[0]);
	close(fd[1]);
	return u.octets.len;
}

static void
what_was_found_reads_back_and_no_prefix_of_it_does(void **state)
{
	uint8_t octets[FOUND_UNIT_OCTETS];
	struct found_camera c;
	struct found_profile p;
	struct found_device d;
	size_t n = written(UNIT_FOUND, octets);

	(void)state;
	for (size_t i = 0; i < n; i++)
		assert_int_not_equal(found_camera_read(t_edge(octets, i), &c),
		    ERR_OK);
	T_OK(found_camera_read(t_edge(octets, n), &c));
	assert_memory_equal(&c, &camera, sizeof c);
	n = written(UNIT_PROFILE, octets);
	for (size_t i = 0; i < n; i++)
		assert_int_not_equal(found_profile_read(t_edge(octets, i), &p),
		    ERR_OK);
	T_OK(found_profile_read(t_edge(octets, n), &p));
	assert_memory_equal(&p, &profile, sizeof p);
	octets[n] = 0;
	T_ERR(ERR_SYNTAX, found_profile_read(t_edge(octets, n + 1), &p));
	n = written(UNIT_DEVICE, octets);
	for (size_t i = 0; i < n; i++)
		assert_int_not_equal(found_device_read(t_edge(octets, i), &d),
		    ERR_OK);
	T_OK(found_device_read(t_edge(octets, n), &d));
	assert_memory_equal(&d, &device, sizeof d);
}

static void
what_a_broken_process_says_is_refused(void **state)
{
	/* place in the unit of the camera, what is put there */
	static const struct {
		const char *what, *at, *by;
	} bad[] = { { "an address that is a name", "10.0.0.7", "1x.0.0.7" },
		{ "a blank in a path", "/onvif", "/on if" },
		{ "a path from nowhere", "/onvif", "aonvif" },
		{ "a line end in a name", "M-10", "M\n10" },
		{ "half a character", "\xc3\xbc", "\xc3z" } };
	struct found_camera c;
	struct found_profile p;
	struct found_device d;
	uint8_t octets[FOUND_UNIT_OCTETS];
	size_t n;

	(void)state;
	for (size_t i = 0; i < COUNT(bad); i++) {
		n = written(UNIT_FOUND, octets);
		uint8_t *at = memmem(octets, n, bad[i].at, strlen(bad[i].at));
		assert_non_null(at);
		memcpy(at, bad[i].by, strlen(bad[i].by));
		if (found_camera_read(t_edge(octets, n), &c) != ERR_SYNTAX)
			fail_msg("%s", bad[i].what);
	}
	n = written(UNIT_FOUND, octets);
	octets[0] = octets[1] = 0; /* no port */
	T_ERR(ERR_SYNTAX, found_camera_read(t_edge(octets, n), &c));
	n = written(UNIT_PROFILE, octets);
	octets[n - 1] = 2; /* perhaps sound */
	T_ERR(ERR_SYNTAX, found_profile_read(t_edge(octets, n), &p));
	n = written(UNIT_PROFILE, octets);
	octets[n - 12] = FOUND_CODEC__MAX;
	T_ERR(ERR_SYNTAX, found_profile_read(t_edge(octets, n), &p));
	n = written(UNIT_DEVICE, octets);
	octets[n - 1] = '\n';
	T_ERR(ERR_SYNTAX, found_device_read(t_edge(octets, n), &d));
	n = written(UNIT_DEVICE, octets);
	memcpy(memmem(octets, n, "/dev", 4), "/etc", 4);
	T_ERR(ERR_SYNTAX, found_device_read(t_edge(octets, n), &d));
	n = written(UNIT_DEVICE, octets);
	octets[0] = REASON__MAX;
	T_ERR(ERR_SYNTAX, found_device_read(t_edge(octets, n), &d));
}

static void
a_text_has_a_limit(void **state)
{
	uint8_t octets[400] = { 0, 80, 0, 1, '/', FOUND_NAME_OCTETS + 1 };
	struct found_camera c;

	(void)state;
	memset(octets + 6, 'x', FOUND_NAME_OCTETS + 1);
	T_ERR(ERR_LIMIT,
	    found_camera_read(t_edge(octets, 6 + FOUND_NAME_OCTETS + 1 + 2),
		&c));
	octets[5]--; /* one less, and two empty texts behind it */
	memset(octets + 6 + FOUND_NAME_OCTETS, 0, 2);
	T_OK(found_camera_read(t_edge(octets, 6 + FOUND_NAME_OCTETS + 2), &c));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(
		    what_was_found_reads_back_and_no_prefix_of_it_does),
		cmocka_unit_test(what_a_broken_process_says_is_refused),
		cmocka_unit_test(a_text_has_a_limit),
	};

	return T_RUN(tests);
}
