/*
 * sandbox_test.c - each role tries what it may never do. A child enters the
 * sandbox and tries; it must die of it (SIGSYS) or be refused.
 */
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/obj.h"
#include "os/file.h"
#include "os/memory.h"
#include "os/sandbox.h"
#include "unit/t.h"

static int folder_fd;

static int
try_socket(void)
{
	return socket(AF_INET, SOCK_STREAM, 0);
}

static int
try_connect(void)
{
	return connect(0, NULL, 0);
}

static int
try_bind(void)
{
	return bind(0, NULL, 0);
}

static int
try_exec(void)
{
	char *const argv[] = { (char *)(uintptr_t) "true", NULL };

	return execv("/bin/true", argv);
}

static int
try_fork(void)
{
	return fork();
}

static int
try_ptrace(void)
{
	return (int)ptrace(PTRACE_ATTACH, getppid(), NULL, NULL);
}

static int
try_kill(void)
{
	return kill(getppid(), 0);
}

static int
try_executable_memory(void)
{
	return mmap(NULL, 4096, PROT_READ | PROT_WRITE | PROT_EXEC,
		   MAP_PRIVATE | MAP_ANONYMOUS, -1, 0) == MAP_FAILED
		   ? -1
		   : 0;
}

static int
try_open(void)
{
	return open("/etc/passwd", O_RDONLY);
}

static int
try_open_outside(void)
{
	return openat(folder_fd, "../../etc/passwd", O_RDONLY);
}

static int
try_setuid(void)
{
	return setuid(0);
}

static const struct {
	const char *what;
	int (*act)(void);
} forbidden[] = {
	{ "socket", try_socket },
	{ "connect", try_connect },
	{ "bind", try_bind },
	{ "exec", try_exec },
	{ "fork", try_fork },
	{ "ptrace", try_ptrace },
	{ "kill", try_kill },
	{ "executable memory", try_executable_memory },
	{ "open", try_open },
	{ "open outside its folder", try_open_outside },
	{ "setuid", try_setuid },
};

/* In the child: 0 when it was refused politely; it may die instead. */
static int
attempt(enum sandbox_role role, int (*act)(void))
{
	const struct sandbox s = { .role = role,
		.folder_fd = role == SANDBOX_CORE || role == SANDBOX_KEEPER
				 ? folder_fd
				 : -1,
		.fds_max = 64 };
	struct sandbox_missing missing;

	if (sandbox_enter(&s, &missing) != ERR_OK)
		return 3;
	return act() == -1 ? 0 : 1;
}

static void
tries_and_fails(enum sandbox_role role, const char *what, int (*act)(void))
{
	const pid_t pid = fork();
	int status;

	if (pid == 0)
		_exit(attempt(role, act));
	assert_int_equal(waitpid(pid, &status, 0), pid);
	if (WIFSIGNALED(status) && WTERMSIG(status) == SIGSYS)
		return;
	if (!WIFEXITED(status) || WEXITSTATUS(status) != 0)
		fail_msg("role %d did %s: status %x", (int)role, what,
		    (unsigned)status);
}

static void
no_role_does_what_is_forbidden(void **state)
{
	(void)state;
#if EAVES_SANITIZED
	skip(); /* the sanitizers' own calls are let through there */
#endif
	for (int role = 0; role < SANDBOX__MAX; role++)
		for (size_t i = 0; i < sizeof forbidden / sizeof *forbidden;
		     i++)
			tries_and_fails((enum sandbox_role)role,
			    forbidden[i].what, forbidden[i].act);
}

static int
try_unshare(void)
{
	return unshare(CLONE_NEWUSER);
}

static int
try_mount(void)
{
	return mount("none", "/tmp", "tmpfs", 0, NULL);
}

static void
a_parent_and_its_children_are_fenced_too(void **state)
{
	int (*const acts[])(void) = { try_ptrace, try_unshare, try_mount };

	(void)state;
#if EAVES_SANITIZED
	skip(); /* as above */
#endif
	for (size_t i = 0; i < sizeof acts / sizeof *acts; i++) {
		const pid_t pid = fork();
		int status;

		if (pid == 0) {
			sandbox_begin();
			if (sandbox_parent() != ERR_OK)
				_exit(3);
			/* a child of it, as the others are */
			const pid_t child = fork();
			if (child == 0)
				_exit(acts[i]() == -1 ? 1 : 2);
			(void)waitpid(child, &status, 0);
			_exit(WIFSIGNALED(status) && WTERMSIG(status) == SIGSYS
				  ? 0
				  : 1);
		}
		assert_int_equal(waitpid(pid, &status, 0), pid);
		assert_true(WIFEXITED(status));
		assert_int_equal(WEXITSTATUS(status), 0);
	}
}

static int
allowed_work(void)
{
	AUTO_BUF struct buf b;
	enum err e;

	buf_init(&b, 64);
	if ((e = file_write(folder_fd, "own", SLICE_LIT("hello"))) != ERR_OK ||
	    (e = file_read(folder_fd, "own", &b)) != ERR_OK)
		return 0; /* attempt() wants -1 for "refused" */
	return b.len == 5 ? -1 : 0;
}

static void *
memory_use(void *arg)
{
	void *at[64];

	(void)arg;
	for (int turn = 0; turn < 20; turn++) {
		for (size_t i = 0; i < COUNT(at); i++)
			if ((at[i] = malloc(100000)) != NULL)
				memset(at[i], 1, 100000);
		for (size_t i = COUNT(at); i-- > 0;)
			free(at[i]);
	}
	return NULL;
}

/* -1: it came back alive. */
static int
thread_uses_memory(void)
{
	pthread_t thread;

	return pthread_create(&thread, NULL, memory_use, NULL) == 0 &&
		       pthread_join(thread, NULL) == 0
		   ? -1
		   : 0;
}

static void
a_thread_takes_and_gives_back_memory(void **state)
{
	const struct sandbox s = { .role = SANDBOX_EDGE,
		.folder_fd = -1,
		.fds_max = 64 };
	struct sandbox_missing missing;
	int status;

	(void)state;
	const pid_t pid = fork();
	if (pid == 0) {
		sandbox_begin();
		if (sandbox_enter(&s, &missing) != ERR_OK)
			_exit(3);
		_exit(thread_uses_memory() == -1 ? 0 : 1);
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_int_equal(status, 0);
}

/* So that the test above cannot pass because nothing works at all. */
static void
core_and_keeper_use_their_folder(void **state)
{
	(void)state;
	tries_and_fails(SANDBOX_CORE, "its work", allowed_work);
	tries_and_fails(SANDBOX_KEEPER, "its work", allowed_work);
	assert_int_equal(faccessat(folder_fd, "own", R_OK, 0), 0);
}

/* What a library gave back tells nobody what it was. */
static void
what_is_freed_is_zeros_first(void **state)
{
	char *secret = malloc(100);

	(void)state;
	assert_non_null(secret);
	memset(secret, 's', 100);
	memory_wipe(secret);
	for (size_t i = 0; i < 100; i++)
		assert_int_equal(secret[i], 0);
	free_wiped(secret);
	free_wiped(NULL);
}

static void
no_core_is_left(void **state)
{
	int status;

	(void)state;
	const pid_t pid = fork();
	if (pid == 0) {
		struct rlimit core = { 1, 1 };
		dumps_off();
		(void)getrlimit(RLIMIT_CORE, &core);
		_exit(core.rlim_cur == 0 && core.rlim_max == 0 &&
			      (EAVES_SANITIZED || prctl(PR_GET_DUMPABLE) == 0)
			  ? 0
			  : 1);
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_int_equal(status, 0);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(no_role_does_what_is_forbidden),
		cmocka_unit_test(a_parent_and_its_children_are_fenced_too),
		cmocka_unit_test(a_thread_takes_and_gives_back_memory),
		cmocka_unit_test(core_and_keeper_use_their_folder),
		cmocka_unit_test(what_is_freed_is_zeros_first),
		cmocka_unit_test(no_core_is_left),
	};
	char dir[] = "/tmp/eaves-sandbox-XXXXXX";
	int failed;

	if (mkdtemp(dir) == NULL || folder_open(dir, &folder_fd) != ERR_OK)
		return 1;
	failed = T_RUN(tests);
	(void)unlinkat(folder_fd, "own", 0);
	(void)rmdir(dir);
	return failed;
}
