/*
 * finder.h - the parent's part in looking for cameras: it starts the capture
 * processes that do it, makes their connections, and ends those that take
 * too long. It reads nothing that comes from a network.
 *
 *   DISCOVER  the parent sends the search; the process can only hear
 *   DEVICES   the parent opens the video devices of this machine; the process
 *             can ask them for their names
 *   PROBE     the process asks for connections over a channel of its own; the
 *             parent makes them to the one address that the request named,
 *             whose name it looked up once
 */
#ifndef HUB_FINDER_H
#define HUB_FINDER_H

#include <poll.h>
#include <sys/types.h>

#include "base/slice.h"
#include "hub/unit.h"
#include "os/sock.h"

#define FINDERS_MAX            2
#define FINDER_MS              12000
#define FINDER_CONNECTIONS_MAX 48

struct finder {
	pid_t pid;      /* 0: none runs */
	int channel_fd; /* PROBE: to the process; -1 */
	char address[SOCK_ADDRESS_OCTETS];
	uint16_t port;
	unsigned connections;
	uint64_t due_ms; /* when it is ended */
};
struct finders {
	int program_fd; /* eaves-capture */
	uint32_t uid;   /* the processes' own; 0: the parent's */
	struct finder finder[FINDERS_MAX];
};

void finders_init(struct finders *f, int program_fd, uint32_t uid);
void finders_end(struct finders *f);
/*
 * Serves CHANNEL_FIND: *ret_why RUNNING and *ret_fd the read end of the
 * process' pipe, the caller's; or why there is none. ERR_SYNTAX: the request
 * is nonsense.
 */
MUST_USE enum err finders_start(struct finders *f, unsigned which,
    struct slice request, enum reason *ret_why, int *ret_fd);

/* For the parent's loop: poll these, then take the turn. */
void finders_poll(const struct finders *f, struct pollfd to[FINDERS_MAX]);
void finders_turn(struct finders *f, const struct pollfd polled[FINDERS_MAX]);
/* Until the next one is due; -1: none runs. */
int finders_wait_ms(const struct finders *f);
/* After SIGCHLD. */
void finders_reap(struct finders *f);

#endif
