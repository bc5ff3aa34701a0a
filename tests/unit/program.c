#include "unit/program.h"

#include <dirent.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "unit/t.h"

void
child_start(struct child *c, const char *const argv[])
{
	int fd[2];

	assert_int_equal(pipe2(fd, O_CLOEXEC), 0);
	c->pid = fork();
	assert_true(c->pid >= 0);
	if (c->pid == 0) {
		(void)dup2(fd[1], STDOUT_FILENO);
		(void)execv(argv[0], (char *const *)(uintptr_t)argv);
		_exit(127);
	}
	close(fd[1]);
	c->out = fd[0];
}

void
child_stop(struct child *c)
{
	if (c->pid <= 0)
		return;
	(void)kill(c->pid, SIGTERM);
	(void)waitpid(c->pid, NULL, 0);
	close(c->out);
	c->pid = 0;
}

void
line_wait(struct child *c, const char *begins, char *to, size_t room)
{
	size_t n = 0;

	for (;;) {
		struct pollfd p = { .fd = c->out, .events = POLLIN };
		assert_int_equal(poll(&p, 1, 30000), 1);
		assert_true(n + 1 < room);
		assert_int_equal(read(c->out, to + n, 1), 1);
		if (to[n++] != '\n')
			continue;
		to[n - 1] = '\0';
		if (strncmp(to, begins, strlen(begins)) == 0)
			return;
		n = 0;
	}
}

pid_t
child_of(pid_t pid, const char *name)
{
	char path[64], text[512];
	DIR *d = opendir("/proc");
	pid_t found = 0;

	assert_non_null(d);
	for (struct dirent *e; found == 0 && (e = readdir(d)) != NULL;) {
		int parent;
		(void)snprintf(path, sizeof path, "/proc/%.20s/stat",
		    e->d_name);
		FILE *f = fopen(path, "r");
		if (f == NULL)
			continue;
		const char *at = fgets(text, sizeof text, f);
		fclose(f);
		const char *end = at == NULL ? NULL : strrchr(at, ')');
		if (end == NULL || sscanf(end, ") %*c %d", &parent) != 1 ||
		    parent != pid)
			continue;
		if (strstr(text, name) != NULL)
			found = (pid_t)atoi(e->d_name);
	}
	closedir(d);
	return found;
}

bool
memory_holds(pid_t pid, struct slice what)
{
	char path[64], line[512];
	bool found = false;

	(void)snprintf(path, sizeof path, "/proc/%d/maps", (int)pid);
	FILE *maps = fopen(path, "r");
	assert_non_null(maps);
	(void)snprintf(path, sizeof path, "/proc/%d/mem", (int)pid);
	const int mem = open(path, O_RDONLY);
	assert_true(mem >= 0);
	while (!found && fgets(line, sizeof line, maps) != NULL) {
		unsigned long from, to;
		char may[8];
		if (sscanf(line, "%lx-%lx %7s", &from, &to, may) != 3 ||
		    may[0] != 'r' || may[1] != 'w' || to - from > 1ul << 30)
			continue;
		uint8_t *at = malloc(to - from);
		assert_non_null(at);
		const ssize_t n = pread(mem, at, to - from, (off_t)from);
		if (n > 0)
			found = memmem(at, (size_t)n, what.at, what.len) !=
				NULL;
		free(at);
	}
	close(mem);
	fclose(maps);
	return found;
}
