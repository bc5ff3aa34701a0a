/*
 * A capture process tries what it must not: each attempt, made in a process
 * that has entered the sandbox as capture.c does, must end it.
 */
#include <errno.h>
#include <fcntl.h>
#include <linux/videodev2.h>
#include <netinet/in.h>
#include <poll.h>
#include <signal.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/ptrace.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/err.h"
#include "base/obj.h"
#include "hub/capture/capture.h"
#include "hub/capture/webcam_device.h"
#include "os/sandbox.h"
#include "os/sock.h"
#include "unit/t.h"

static void
try_open(void)
{
	(void)!open("/etc/passwd", O_RDONLY);
}

static void
try_create(void)
{
	(void)!open("/tmp/eaves-must-not-be", O_WRONLY | O_CREAT, 0600);
}

static void
try_socket(void)
{
	(void)!socket(AF_INET, SOCK_STREAM, 0);
}

static void
try_unix_socket(void)
{
	(void)!socket(AF_UNIX, SOCK_STREAM, 0);
}

static void
try_connect(void)
{
	const struct sockaddr a = { .sa_family = AF_INET };

	(void)!connect(0, &a, sizeof a);
}

static void
try_exec(void)
{
	char *const argv[] = { NULL };

	(void)!execve("/bin/true", argv, argv);
}

static void
try_fork(void)
{
	if (fork() == 0)
		_exit(0);
}

static void
try_signal(void)
{
	(void)!kill(getppid(), 0);
}

static void
try_code(void)
{
	(void)!mmap(NULL, 4096, PROT_READ | PROT_EXEC,
	    MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
}

static void
try_unlink(void)
{
	(void)!unlink("/tmp/eaves-must-not-be");
}

static void
try_bind(void)
{
	const struct sockaddr a = { .sa_family = AF_INET };

	(void)!bind(0, &a, sizeof a);
}

static void
try_send_to_an_address(void)
{
	const struct sockaddr a = { .sa_family = AF_INET };

	(void)!sendto(0, "x", 1, 0, &a, sizeof a);
}

static void
try_sendmsg(void)
{
	const struct msghdr m = { 0 };

	(void)!sendmsg(0, &m, 0);
}

static const struct {
	const char *what;
	void (*act)(void);
} tries[] = { { "open a file", try_open }, { "create a file", try_create },
	{ "make a socket", try_socket },
	{ "make a unix socket", try_unix_socket }, { "connect", try_connect },
	{ "execute", try_exec }, { "fork", try_fork },
	{ "signal its parent", try_signal }, { "map code", try_code },
	{ "unlink", try_unlink }, { "bind", try_bind },
	{ "send to an address", try_send_to_an_address },
	{ "send a message", try_sendmsg } };

/* A request of video devices, but none that gives pictures. */
static void
try_another_request(void)
{
	(void)!ioctl(CAPTURE_CAMERA_FD, VIDIOC_S_OUTPUT, NULL);
}

static void
try_typing(void)
{
	(void)!ioctl(CAPTURE_CAMERA_FD, TIOCSTI, "x");
}

/* Nothing is there: the kernel says so, and the process goes on. */
static void
device_requests_are_heard(void)
{
	static const unsigned needed[] = { VIDIOC_QUERYCAP, VIDIOC_ENUM_FMT,
		VIDIOC_ENUM_FRAMESIZES, VIDIOC_ENUM_FRAMEINTERVALS,
		VIDIOC_S_FMT, VIDIOC_S_PARM, VIDIOC_S_CTRL, VIDIOC_REQBUFS,
		VIDIOC_QUERYBUF, VIDIOC_QBUF, VIDIOC_DQBUF, VIDIOC_STREAMON,
		VIDIOC_STREAMOFF };

	for (size_t i = 0; i < COUNT(needed); i++)
		if (ioctl(CAPTURE_CAMERA_FD, needed[i], NULL) != -1 ||
		    errno != EBADF)
			_exit(98);
	/* of any other descriptor: it is no terminal */
	if (ioctl(STDERR_FILENO, VIDIOC_STREAMON, NULL) != -1 ||
	    errno != ENOTTY || ioctl(CAPTURE_UDP_FD, TIOCSTI, "x") != -1 ||
	    errno != ENOTTY)
		_exit(97);
}

/* Each of them hears one question; so does nothing behind them. */
static void
devices_are_asked_for_their_names(void)
{
	for (int fd = CAPTURE_CAMERA_FD; fd < CAPTURE_CAMERA_FD + 16; fd++)
		if (ioctl(fd, VIDIOC_QUERYCAP, NULL) != -1 || errno == ENOTTY)
			_exit(98);
	if (ioctl(CAPTURE_CAMERA_FD + 16, VIDIOC_QUERYCAP, NULL) != -1 ||
	    errno != ENOTTY ||
	    ioctl(STDERR_FILENO, VIDIOC_QUERYCAP, NULL) != -1 ||
	    errno != ENOTTY)
		_exit(97);
}

static void
try_streaming(void)
{
	(void)!ioctl(CAPTURE_CAMERA_FD + 3, VIDIOC_STREAMON, NULL);
}

static int
sandboxed_with(const struct sandbox_device *device, void (*act)(void))
{
	int status;
	const pid_t pid = fork();

	if (pid == 0) {
		const struct sandbox s = { .role = SANDBOX_CAPTURE,
			.folder_fd = -1,
			.fds_max = 16,
			.device = device };
		struct sandbox_missing missing;
		(void)close_range(CAPTURE_CAMERA_FD, 63, 0);
		if (sandbox_enter(&s, &missing) != ERR_OK)
			_exit(99);
		if (act != NULL)
			act();
		_exit(0);
	}
	assert_true(pid > 0);
	assert_int_equal(waitpid(pid, &status, 0), pid);
	return status;
}

static int
sandboxed(void (*act)(void))
{
	return sandboxed_with(NULL, act);
}

static void
a_camera_in_a_usb_port_is_asked_for_pictures_and_nothing_else(void **state)
{
	void (*const acts[])(
	    void) = { try_another_request, try_typing, try_open };

	(void)state;
	assert_int_equal(sandboxed_with(&webcam_requests,
			     device_requests_are_heard),
	    0);
	for (size_t i = 0; i < COUNT(acts); i++) {
		const int status = sandboxed_with(&webcam_requests, acts[i]);
#if EAVES_SANITIZED
		if (acts[i] == try_open)
			continue; /* on the sanitizers' own list */
#endif
		assert_true(WIFSIGNALED(status));
		assert_int_equal(WTERMSIG(status), SIGSYS);
	}
}

static void
devices_that_are_looked_at_are_not_started(void **state)
{
	(void)state;
	assert_int_equal(sandboxed_with(&webcam_questions,
			     devices_are_asked_for_their_names),
	    0);
	const int status = sandboxed_with(&webcam_questions, try_streaming);
	assert_true(WIFSIGNALED(status));
	assert_int_equal(WTERMSIG(status), SIGSYS);
}

static void
a_capture_process_that_tries_a_forbidden_thing_is_ended(void **state)
{
	(void)state;
#if EAVES_SANITIZED
	skip(); /* the sanitizer's own list lets some of these through */
#endif
	for (size_t i = 0; i < COUNT(tries); i++) {
		const int status = sandboxed(tries[i].act);
		if (!WIFSIGNALED(status) || WTERMSIG(status) != SIGSYS)
			fail_msg("%s: status %x", tries[i].what, status);
	}
}

static void
a_capture_process_that_does_nothing_forbidden_lives(void **state)
{
	(void)state;
	assert_int_equal(sandboxed(NULL), 0);
}

static void
who_hears_the_answers_to_a_search_can_send_nothing(void **state)
{
	struct sockaddr_in to = { .sin_family = AF_INET };
	socklen_t room = sizeof to;
	uint8_t octet = 0;
	int hears, other;

	(void)state;
	T_OK(sock_search_open(&hears));
	T_OK(sock_search_open(&other));
	T_OK(sock_search_end(hears));
	assert_int_equal(getsockname(hears, (struct sockaddr *)(void *)&to,
			     &room),
	    0);
	to.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	assert_int_equal(sendto(other, "x", 1, 0,
			     (struct sockaddr *)(void *)&to, sizeof to),
	    1);
	struct pollfd p = { .fd = hears, .events = POLLIN };
	assert_int_equal(poll(&p, 1, 30000), 1);
	assert_int_equal(recv(hears, &octet, 1, 0), 1);
	assert_int_equal(octet, 'x');
	assert_int_equal(sendto(hears, "x", 1, 0,
			     (struct sockaddr *)(void *)&to, sizeof to),
	    -1);
	assert_int_equal(errno, EPIPE);
	const struct msghdr m = { .msg_name = &to, .msg_namelen = sizeof to };
	assert_int_equal(sendmsg(hears, &m, 0), -1);
	assert_int_equal(errno, EPIPE);
	close(hears);
	close(other);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(
		    a_camera_in_a_usb_port_is_asked_for_pictures_and_nothing_else),
		cmocka_unit_test(devices_that_are_looked_at_are_not_started),
		cmocka_unit_test(
		    a_capture_process_that_tries_a_forbidden_thing_is_ended),
		cmocka_unit_test(
		    a_capture_process_that_does_nothing_forbidden_lives),
		cmocka_unit_test(
		    who_hears_the_answers_to_a_search_can_send_nothing),
	};

	return T_RUN(tests);
}
