/*
 * link.c - another set-up link, when the first was lost. The hub prints it
 * where ./run runs, and nowhere else: a link lets its reader become the
 * owner. What is asked of the hub is to begin anew.
 */
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "cli/cli.h"
#include "os/file.h"

#define WORDS_OCTETS_MAX 8192

static int
complain(const char *why)
{
	(void)fprintf(stderr, "eaves: link: %s\n", why);
	return 1;
}

/* A hub has a home when it keeps one. */
static bool
has_home(int dir_fd)
{
	struct stat st;

	return fstatat(dir_fd, "hub/home", &st, 0) == 0 && st.st_size > 0;
}

/* The process of that number is an eaves-hub, and not somebody else's. */
static bool
is_hub(long pid)
{
	static const char name[] = "/eaves-hub";
	AUTO_BUF struct buf words;
	char path[64];

	buf_init(&words, WORDS_OCTETS_MAX);
	(void)snprintf(path, sizeof path, "/proc/%ld/cmdline", pid);
	return file_read(AT_FDCWD, path, &words) == ERR_OK &&
	       memmem(words.at, strnlen((char *)words.at, words.len), name,
		   sizeof name - 1) != NULL;
}

int
cli_link(int argc, char **argv)
{
	AUTO_FD int dir_fd = -1;
	char text[16] = "";

	if (argc != 2)
		return 2;
	dir_fd = open(argv[1], O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (dir_fd == -1)
		return complain("there is no such folder");
	if (has_home(dir_fd))
		return complain("this hub has a home already: sign in instead");
	AUTO_FD int pid_fd = openat(dir_fd, "hub.pid", O_RDONLY | O_CLOEXEC);
	if (pid_fd == -1 || read(pid_fd, text, sizeof text - 1) <= 0)
		return complain("no hub runs there; ./run prints a link");
	const long pid = strtol(text, NULL, 10);
	if (pid <= 1 || !is_hub(pid) || kill((pid_t)pid, SIGTERM) == -1)
		return complain("no hub runs there; ./run prints a link");
	(void)puts("Another link is printed where ./run runs.");
	return 0;
}
