/*
 * program.h - programs under test: started, heard, looked into. What goes
 * wrong fails the test.
 */
#ifndef UNIT_PROGRAM_H
#define UNIT_PROGRAM_H

#include <sys/types.h>

#include "base/slice.h"

struct child {
	pid_t pid; /* 0: not running */
	int out;   /* its standard output */
};

void child_start(struct child *c, const char *const argv[]);
void child_stop(struct child *c);
/* The next line that begins so, within 30 s. */
void line_wait(struct child *c, const char *begins, char *to, size_t room);
/* A process of that name whose parent is pid; 0: none. */
pid_t child_of(pid_t pid, const char *name);
/* Whether these octets stand in what the process may write; for root only. */
bool memory_holds(pid_t pid, struct slice what);

#endif
