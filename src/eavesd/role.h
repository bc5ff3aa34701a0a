/*
 * role.h - how a process of eavesd begins: its descriptors by number, the
 * same in the parent's table (parent/children.c) and in each start.
 */
#ifndef EAVESD_ROLE_H
#define EAVESD_ROLE_H

#include <stdbool.h>
#include <sys/types.h>

#include "base/err.h"
#include "ipc/ipc.h"

enum role_fd {
	ROLE_FD_PARENT = 3,

	KEEPER_FD_CORE = 4,
	KEEPER_FD_FOLDER = 5,

	CORE_FD_EDGE = 4,
	CORE_FD_KEEPER = 5,
	CORE_FD_FOLDER = 6,

	EDGE_FD_CORE = 4,
	EDGE_FD_BROWSER = 5, /* listening */
	EDGE_FD_DEVICE = 6,
	EDGE_FD_DEVICE_KEY = 7, /* PEM files */
	EDGE_FD_DEVICE_CERT = 8,
	EDGE_FD_TLS_KEY = 9, /* empty when the browser port is plain */
	EDGE_FD_TLS_CERT = 10,
	EDGE_FD_METRICS = 11, /* listening, or an empty file */
};

struct role_start {
	uid_t uid;                 /* to become, 0: stay */
	uint64_t media_octets_max; /* core: what segments may take in all */
};

/* Each runs until told to stop; the value is the exit status. */
int keeper_main(const struct role_start *start);
int core_main(const struct role_start *start);
int edge_main(const struct role_start *start);
int parent_main(int argc, char **argv);

/* Tells the parent that this process is up and how it is fenced. */
struct sandbox_missing;
void role_ready(struct ipc *parent, const struct sandbox_missing *missing);

/*
 * What lies in the folder is of a newer Eaves and is left alone: the parent
 * says so, and ends with the second of these.
 */
#define ROLE_NEWER   100
#define PARENT_NEWER 4
_Noreturn void role_newer(void);

#endif
