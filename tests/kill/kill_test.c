/*
 * kill_test.c - every process of eavesd is killed, one by one and all but the
 * parent at once: it is back by itself, and a sign-in still gets its answer.
 *
 *   kill_test EAVESD
 */
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/obj.h"
#include "os/clock.h"
#include "os/sock.h"
#include "unit/program.h"
#include "unit/t.h"

static const char *const roles[] = { "keeper", "core", "edge" };
static const char *eavesd_path;
static char dir[64];
static struct child server;
static uint16_t port;

/* The process `eavesd -x role` below pid; 0: none now. */
static pid_t
role_find(pid_t parent, const char *role)
{
	char path[96], text[512], want[32];
	int pid = 0;

	(void)snprintf(path, sizeof path, "/proc/%d/task/%d/children",
	    (int)parent, (int)parent);
	(void)snprintf(want, sizeof want, "-x %s", role);
	FILE *list = fopen(path, "r");
	if (list == NULL)
		return 0;
	while (fscanf(list, "%d", &pid) == 1) {
		(void)snprintf(path, sizeof path, "/proc/%d/cmdline", pid);
		FILE *f = fopen(path, "r");
		if (f == NULL)
			continue;
		size_t n = fread(text, 1, sizeof text - 1, f);
		(void)fclose(f);
		text[n] = '\0';
		while (n-- > 0)
			if (text[n] == '\0')
				text[n] = ' ';
		if (strstr(text, want) != NULL) {
			(void)fclose(list);
			return pid;
		}
	}
	(void)fclose(list);
	return 0;
}

/* The status of one question that edge, core and keeper answer together. */
static unsigned
ask(void)
{
	char name[44], ke1[129], text[512];
	char answer[256] = "";
	unsigned status = 0;
	struct pollfd p = { .events = POLLOUT };

	memset(name, 'A', sizeof name);
	memset(ke1, 'A', sizeof ke1);
	const int n = snprintf(text, sizeof text,
	    "POST /api/session/start HTTP/1.1\r\nHost: a\r\n"
	    "Content-Length: 193\r\nConnection: close\r\n\r\n"
	    "{\"handle\":\"%.43s\",\"ke1\":\"%.128s\"}",
	    name, ke1);
	if (sock_connect("127.0.0.1", port, &p.fd) != ERR_OK)
		return 0;
	if (poll(&p, 1, 5000) == 1 && sock_error(p.fd) == ERR_OK &&
	    send(p.fd, text, (size_t)n, MSG_NOSIGNAL) == n) {
		p.events = POLLIN;
		if (poll(&p, 1, 5000) == 1 &&
		    recv(p.fd, answer, sizeof answer - 1, 0) > 0)
			(void)sscanf(answer, "HTTP/1.1 %u", &status);
	}
	(void)close(p.fd);
	return status;
}

/* Zeros are no point: the keeper refuses them, and 400 came all the way. */
static void
answers_again(void)
{
	const uint64_t until = clock_monotonic_ms() + 30000;

	while (ask() != 400)
		assert_true(clock_monotonic_ms() < until);
}

static void
role_wait(const char *role, pid_t other_than)
{
	const uint64_t until = clock_monotonic_ms() + 30000;

	for (;;) {
		const pid_t pid = role_find(server.pid, role);

		if (pid != 0 && pid != other_than)
			return;
		assert_true(clock_monotonic_ms() < until);
		(void)poll(NULL, 0, 10);
	}
}

static void
each_process_comes_back_by_itself(void **state)
{
	(void)state;
	answers_again();
	for (size_t i = 0; i < COUNT(roles); i++) {
		const pid_t pid = role_find(server.pid, roles[i]);

		assert_int_not_equal(pid, 0);
		assert_int_equal(kill(pid, SIGKILL), 0);
		role_wait(roles[i], pid);
		answers_again();
	}
}

static void
all_of_them_come_back(void **state)
{
	pid_t pids[COUNT(roles)];

	(void)state;
	for (size_t i = 0; i < COUNT(roles); i++)
		pids[i] = role_find(server.pid, roles[i]);
	for (size_t i = 0; i < COUNT(roles); i++)
		(void)kill(pids[i], SIGKILL);
	for (size_t i = 0; i < COUNT(roles); i++)
		role_wait(roles[i], pids[i]);
	answers_again();
}

static int
server_start(void **state)
{
	char store[96], keeper[96], line[128];
	unsigned p, d;

	(void)state;
	(void)snprintf(dir, sizeof dir, "/tmp/eaves-kill-XXXXXX");
	assert_non_null(mkdtemp(dir));
	(void)snprintf(store, sizeof store, "%s/s", dir);
	(void)snprintf(keeper, sizeof keeper, "%s/k", dir);
	child_start(&server, (const char *const[]){ eavesd_path, "--dir", store,
				 "--keeper-dir", keeper, "--uid-base", "0",
				 "--port", "0", "--device-port", "0", NULL });
	line_wait(&server, "ready", line, sizeof line);
	assert_int_equal(sscanf(line, "ready %u %u", &p, &d), 2);
	port = (uint16_t)p;
	return 0;
}

static int
server_stop(void **state)
{
	char command[128];

	(void)state;
	child_stop(&server);
	(void)snprintf(command, sizeof command, "rm -r %s", dir);
	return system(command) == 0 ? 0 : -1;
}

int
main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(each_process_comes_back_by_itself),
		cmocka_unit_test(all_of_them_come_back),
	};

	if (argc != 2)
		return 2;
	eavesd_path = argv[1];
	(void)signal(SIGPIPE, SIG_IGN);
	(void)cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, server_start, server_stop);
}
