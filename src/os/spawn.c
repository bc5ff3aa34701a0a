#include "os/spawn.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <unistd.h>

#define KEEP_FROM 64

/* Between fork and exec: only what is safe after fork. */
static _Noreturn void
child(const struct spawn *s, int self_fd, pid_t parent)
{
	static char *const environment[] = { NULL };
	int high[SPAWN_FDS_MAX];
	sigset_t none;

	/* a child does not outlive its parent */
	(void)prctl(PR_SET_PDEATHSIG, SIGKILL);
	if (getppid() != parent)
		_exit(126);
	(void)sigemptyset(&none);
	(void)sigprocmask(SIG_SETMASK, &none, NULL);
	/* up out of the way first: targets and sources may overlap */
	for (size_t i = 0; i < s->fd_count; i++) {
		high[i] = s->fds[i] == -1
			      ? -1
			      : fcntl(s->fds[i], F_DUPFD, KEEP_FROM);
		if (s->fds[i] != -1 && high[i] == -1)
			_exit(126);
	}
	const int exec_fd = fcntl(self_fd, F_DUPFD_CLOEXEC, KEEP_FROM);
	for (size_t i = 0; i < s->fd_count; i++)
		if (high[i] != -1 && dup2(high[i], 3 + (int)i) == -1)
			_exit(126);
		else if (high[i] == -1)
			(void)close(3 + (int)i);
	/* all above: at exec, not now, or the program itself would be lost */
	if (close_range(3 + (unsigned)s->fd_count, ~0u, CLOSE_RANGE_CLOEXEC) ==
	    -1)
		_exit(126);
	(void)fexecve(exec_fd, (char *const *)(uintptr_t)s->argv, environment);
	_exit(127);
}

enum err
spawn_program(const struct spawn *s, int program_fd, pid_t *ret_pid)
{
	const pid_t self = getpid();

	if (s->fd_count > SPAWN_FDS_MAX)
		return ERR_LIMIT;
	const pid_t pid = fork();
	if (pid == 0)
		child(s, program_fd, self);
	if (pid == -1)
		return err_of_errno(errno);
	*ret_pid = pid;
	return ERR_OK;
}

enum err
spawn_self(const struct spawn *s, pid_t *ret_pid)
{
	const int fd = open("/proc/self/exe", O_RDONLY | O_CLOEXEC);
	enum err e;

	if (fd == -1)
		return err_of_errno(errno);
	e = spawn_program(s, fd, ret_pid);
	(void)close(fd);
	return e;
}
