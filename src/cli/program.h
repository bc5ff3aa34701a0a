/*
 * program.h - a program that ./run keeps alive, as the system shows it.
 */
#ifndef CLI_PROGRAM_H
#define CLI_PROGRAM_H

#include <stdbool.h>

#include "base/buf.h"

struct program {
	long pid;
	long long since_s; /* since 1970 */
	struct buf words;  /* its arguments, each with a NUL */
};

/*
 * The program whose number is in that file, if it is alive and has that name.
 * ERR_MISSING. Whoever gets one calls program_fini.
 */
MUST_USE enum err program_find(int dir_fd, const char *pid_file,
    const char *name, struct program *ret);
void program_fini(struct program *p);
/* The argument after that option, NULL: none. */
const char *program_option(const struct program *p, const char *option);
size_t program_option_count(const struct program *p, const char *option);
/* Whether it has a child that was told `-x role`. */
bool program_has_role(const struct program *p, const char *role);

#endif
