/*
 * sandbox.h - what a process may still do once it has started. Each role is
 * a list of system calls; anything else ends the process. Where the kernel
 * has Landlock, files are fenced too.
 */
#ifndef OS_SANDBOX_H
#define OS_SANDBOX_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "base/err.h"

enum sandbox_role {
	SANDBOX_EDGE,    /* accept, read and write descriptors; no files */
	SANDBOX_CORE,    /* its folder; no sockets but its channels */
	SANDBOX_KEEPER,  /* its own folder; nothing else */
	SANDBOX_CAPTURE, /* read and write what it was given */
	SANDBOX_HUB,     /* its folder; descriptors passed to it */
	SANDBOX__MAX
};

/*
 * CAPTURE: what it may say to these devices, from the first descriptor on, and
 * nothing else by ioctl().
 */
struct sandbox_device {
	int fd;
	unsigned fd_count;
	const uint32_t *requests;
	size_t count;
};

struct sandbox {
	enum sandbox_role role;
	int folder_fd; /* the one folder it may use, or -1 */
	unsigned fds_max;
	const struct sandbox_device *device; /* NULL: there is none */
	uid_t uid; /* taken when started as root; 0: stay */
};

struct sandbox_missing {
	bool landlock, own_user; /* what this machine does not give */
};

/* For good. Call before a byte from a peer is read. */
MUST_USE enum err
sandbox_enter(const struct sandbox *s, struct sandbox_missing *ret_missing);
/*
 * For a parent, and whatever it starts: what no part of Eaves ever does
 * (trace, mount, load into the kernel, new namespaces, ...) ends the process.
 */
MUST_USE enum err sandbox_parent(void);
/* No core dumps, no ptrace: every process, first of all. */
void sandbox_begin(void);

#endif
