/* The command line, the part of it that travels, and the channel. */
#include <fcntl.h>
#include <getopt.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/obj.h"
#include "hub/channel.h"
#include "hub/settings.h"
#include "os/sock.h"
#include "unit/t.h"

#define PIN "00112233445566778899aabbccddeeff00112233445566778899aabbccddeeff"
#define START                                                                  \
	"eaves-hub", "--dir", "/d", "--server", "localhost:8471", "--pin", PIN

static enum err
parse(const char *const *words, struct settings *s, const char **why)
{
	char *argv[32];
	int argc = 0;
	bool done;

	for (; words[argc] != NULL; argc++)
		argv[argc] = (char *)(uintptr_t)words[argc];
	argv[argc] = NULL;
	optind = 0;
	return settings_parse(argc, argv, s, &done, why);
}
#define PARSE(s, why, ...)                                                     \
	parse((const char *const[]){ __VA_ARGS__, NULL }, s, why)

static void
a_command_line_is_understood_and_travels_without_addresses(void **state)
{
	static struct settings s, t;
	const char *why;
	AUTO_BUF struct buf b;

	(void)state;
	T_OK(PARSE(&s, &why, START, "--camera", "demo", "--camera",
	    "rtsp://ada@cam/1", "--camera-name", "Yard", "--no-sound",
	    "--demo-seed", "9", "--demo-speed", "2.5", "--link-url",
	    "https://home.example", "--spool", "300"));
	assert_int_equal(s.spool_octets, 300u << 20);
	assert_int_equal(s.port, 8471);
	assert_int_equal(s.pin[31], 0xff);
	assert_int_equal(s.camera_count, 2);
	assert_string_equal(s.camera[0].name, "Porch");
	assert_string_equal(s.camera[1].name, "Yard");
	assert_string_equal(s.camera[1].address.user, "ada");
	assert_int_equal(s.demo_speed_milli, 2500);
	buf_init(&b, SETTINGS_OCTETS_MAX);
	T_OK(settings_put(&s, &b));
	assert_null(memmem(b.at, b.len, "ada", 3));
	for (size_t n = 0; n < b.len; n++)
		assert_int_not_equal(settings_get(t_edge(b.at, n), &t), ERR_OK);
	T_OK(settings_get(buf_slice(&b), &t));
	assert_string_equal(t.camera[1].name, "Yard");
	assert_false(t.camera[0].sound_off);
	assert_true(t.camera[1].sound_off);
	assert_string_equal(t.link_url, "https://home.example");
	assert_int_equal(t.spool_octets, 300u << 20);
}

static void
what_is_wrong_with_a_command_line_is_said(void **state)
{
	static struct settings s;
	const char *why;

	(void)state;
	T_ERR(ERR_SYNTAX, PARSE(&s, &why, "eaves-hub"));
	assert_string_equal(why, "--dir is missing");
	T_ERR(ERR_SYNTAX, PARSE(&s, &why, "eaves-hub", "--dir", "/d"));
	assert_string_equal(why, "--server is missing");
	T_ERR(ERR_SYNTAX, PARSE(&s, &why, START, "--pin", "12"));
	T_ERR(ERR_SYNTAX, PARSE(&s, &why, START, "--spool", "2 GB"));
	T_ERR(ERR_SYNTAX, PARSE(&s, &why, START, "--spool", "-1"));
	T_ERR(ERR_SYNTAX, PARSE(&s, &why, START, "--camera", "rtsp://a:b@c/"));
	assert_non_null(strstr(why, "camera-password"));
	T_ERR(ERR_SYNTAX, PARSE(&s, &why, START, "--camera-name", "x"));
	T_ERR(ERR_SYNTAX, PARSE(&s, &why, START, "--no-sound"));
	T_ERR(ERR_SYNTAX, PARSE(&s, &why, START, "--demo-speed", "fast"));
	T_ERR(ERR_SYNTAX, PARSE(&s, &why, START, "--demo-seed", "-1x"));
	T_ERR(ERR_SYNTAX, PARSE(&s, &why, START, "stray"));
}

static enum err
asked(int fd, struct channel_request *ret_request)
{
	static struct buf more; /* lives on: the request points into it */

	if (more.cap == 0)
		buf_init(&more, CHANNEL_MORE_OCTETS_MAX);
	buf_clear(&more);
	return channel_asked(fd, ret_request, &more);
}

static void
a_descriptor_goes_through_the_channel(void **state)
{
	struct channel_request r = { CHANNEL_CAMERA, 3 }, got;
	struct channel_answer a = { CHANNEL_CAMERA, 3, 0 }, heard;
	int pair[2], fd;

	(void)state;
	T_OK(sock_pair(pair));
	T_ERR(ERR_AGAIN, asked(pair[1], &got));
	T_OK(channel_ask(pair[0], &r));
	T_OK(asked(pair[1], &got));
	assert_int_equal(got.camera, 3);
	T_OK(channel_answer(pair[1], &a, STDERR_FILENO));
	T_OK(channel_answered(pair[0], &heard, &fd));
	assert_true(fd > STDERR_FILENO);
	assert_int_equal(fcntl(fd, F_GETFD), FD_CLOEXEC);
	close(fd);
	T_OK(channel_answer(pair[1], &a, -1));
	T_OK(channel_answered(pair[0], &heard, &fd));
	assert_int_equal(fd, -1);
	/* nonsense of the other side */
	assert_int_equal(send(pair[0], "\7\0", 2, 0), 2);
	T_ERR(ERR_SYNTAX, asked(pair[1], &got));
	assert_int_equal(send(pair[0], "\1", 1, 0), 1);
	T_ERR(ERR_SYNTAX, asked(pair[1], &got));
	assert_int_equal(send(pair[0], "\1\0\0", 3, 0), 3);
	T_ERR(ERR_SYNTAX, asked(pair[1], &got));
	close(pair[0]);
	T_ERR(ERR_CLOSED, asked(pair[1], &got));
	T_ERR(ERR_CLOSED, channel_answer(pair[1], &a, -1));
	close(pair[1]);
}

static void
a_request_has_something_to_say_and_nothing_to_pass(void **state)
{
	struct channel_request r = { .ask = CHANNEL_FIND,
		.camera = 1,
		.more = SLICE_LIT("where") },
			       got;
	static const uint8_t long_octets[CHANNEL_MORE_OCTETS_MAX + 1];
	/* as a request, but with a descriptor */
	const struct channel_answer a = { CHANNEL_FIND, 1, 0 };
	int pair[2];

	(void)state;
	T_OK(sock_pair(pair));
	T_OK(channel_ask(pair[0], &r));
	T_OK(asked(pair[1], &got));
	assert_int_equal(got.camera, 1);
	T_SLICE_EQ(got.more, SLICE_LIT("where"));
	r.more = SLICE_OF(long_octets);
	T_OK(channel_ask(pair[0], &r));
	T_ERR(ERR_SYNTAX, asked(pair[1], &got));
	const int next = dup(pair[0]);
	close(next);
	T_OK(channel_answer(pair[0], &a, STDERR_FILENO));
	T_ERR(ERR_SYNTAX, asked(pair[1], &got));
	const int still = dup(pair[0]);
	assert_int_equal(still, next);
	close(still);
	close(pair[0]);
	close(pair[1]);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(
		    a_command_line_is_understood_and_travels_without_addresses),
		cmocka_unit_test(what_is_wrong_with_a_command_line_is_said),
		cmocka_unit_test(a_descriptor_goes_through_the_channel),
		cmocka_unit_test(
		    a_request_has_something_to_say_and_nothing_to_pass),
	};

	return T_RUN(tests);
}
