/*
 * spawn.h - fork and re-execute: a child never shares its parent's memory
 * layout. It gets a role word, descriptors 0-2, and given ones from 3 upward;
 * everything else is closed and the environment is empty but for a few names.
 */
#ifndef OS_SPAWN_H
#define OS_SPAWN_H

#include <sys/types.h>

#include "base/err.h"

#define SPAWN_FDS_MAX 20

struct spawn {
	const char *const *argv; /* NULL-terminated; argv[0] names it */
	int fds[SPAWN_FDS_MAX];  /* become 3, 4, ...; -1 leaves a gap */
	size_t fd_count;
};
/* This very program again. *ret_pid is the child's. */
MUST_USE enum err spawn_self(const struct spawn *s, pid_t *ret_pid);
/* Another program of ours, open for reading at program_fd. */
MUST_USE enum err
spawn_program(const struct spawn *s, int program_fd, pid_t *ret_pid);

#endif
