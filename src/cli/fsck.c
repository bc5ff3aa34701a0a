/*
 * fsck.c - `eaves fsck`, so that it is found: the program is eaves-fsck, which
 * lies beside this one when installed, and in its own room when built.
 */
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/obj.h"
#include "cli/cli.h"

/* The folder of this program, with its last slash. */
static int
own_folder(char to[static PATH_MAX])
{
	const ssize_t n = readlink("/proc/self/exe", to, PATH_MAX - 1);
	char *slash;

	if (n <= 0)
		return -1;
	to[n] = '\0';
	if ((slash = strrchr(to, '/')) == NULL)
		return -1;
	slash[1] = '\0';
	return 0;
}

int
cli_fsck(int argc, char **argv)
{
	static const char *const places[] = { "eaves-fsck",
		"../eavesd/eaves-fsck" };
	char folder[PATH_MAX], path[PATH_MAX + 32];

	if (argc != 3)
		return 2;
	if (own_folder(folder) == 0)
		for (size_t i = 0; i < COUNT(places); i++) {
			(void)snprintf(path, sizeof path, "%s%s", folder,
			    places[i]);
			(void)execv(path, argv);
		}
	(void)fputs("eaves: fsck: the program eaves-fsck is not there\n",
	    stderr);
	return 1;
}
