/*
 * channel.h - what the hub process asks of its parent. The hub process holds
 * the keys and can neither open a socket, nor a file outside its folder, nor
 * start a program; the parent can, and holds no key and reads no byte of a
 * network. One SEQPACKET pair, requests answered in order.
 *
 *   CHANNEL_SERVER     -> a socket that connects to the server, or an error
 *   CHANNEL_CAMERA 2n, 2n + 1, TRYING_CAMERA (main and sub address; one that is
 *                      tried; behind it may stand capture settings)
 *                      -> the read end of a new capture process' pipe, or why
 *                         there is none; the process before is ended
 *   CHANNEL_FIND n        -> the same for a process that looks for cameras or
 *                         asks one; what it shall do follows the request, as
 *                         capture_settings_put writes it
 *
 * Between a process that asks a camera and the parent there is another one:
 *
 *   CHANNEL_CONNECT    -> a socket that connects to its camera, or an error
 */
#ifndef HUB_CHANNEL_H
#define HUB_CHANNEL_H

#include <stdint.h>

#include "base/buf.h"
#include "base/err.h"

#define CHANNEL_MORE_OCTETS_MAX ((size_t)4096)

enum channel_ask {
	CHANNEL_SERVER = 1,
	CHANNEL_CAMERA = 2,
	CHANNEL_FIND = 3,
	CHANNEL_CONNECT = 4
};

struct channel_request {
	uint8_t ask, camera; /* CHANNEL_FIND: which of the processes */
	/* CHANNEL_FIND, or a camera that the household named; at most
	 * CHANNEL_MORE_OCTETS_MAX */
	struct slice more;
};
struct channel_answer {
	uint8_t ask, camera;
	uint8_t why; /* _CAMERA, _FIND: enum reason, else enum err; 0: ok */
};

/* ERR_CLOSED: the other side is gone. ERR_AGAIN: full, empty. */
MUST_USE enum err channel_ask(int fd, const struct channel_request *r);
/* ERR_SYNTAX: not a request. What follows it is put into more. */
MUST_USE enum err
channel_asked(int fd, struct channel_request *ret_request, struct buf *more);
/* pass_fd is sent along when it is not -1; it stays the caller's. */
MUST_USE enum err
channel_answer(int fd, const struct channel_answer *a, int pass_fd);
/* *ret_fd is the caller's, or -1. */
MUST_USE enum err
channel_answered(int fd, struct channel_answer *ret_answer, int *ret_fd);

#endif
