/*
 * channel.h - what the hub process asks of its parent. The hub process holds
 * the keys and can neither open a socket, nor a file outside its folder, nor
 * start a program; the parent can, and holds no key and reads no byte of a
 * network. One SEQPACKET pair, requests answered in order.
 *
 *   CHANNEL_SERVER     -> a socket that connects to the server, or an error
 *   CHANNEL_CAMERA n   -> the read end of a new capture process' pipe, or why
 *                         there is none; the process before is ended
 */
#ifndef HUB_CHANNEL_H
#define HUB_CHANNEL_H

#include <stdint.h>

#include "base/err.h"

enum channel_ask {
	CHANNEL_SERVER = 1,
	CHANNEL_CAMERA = 2
};

struct channel_request {
	uint8_t ask, camera;
};
struct channel_answer {
	uint8_t ask, camera;
	uint8_t why; /* CHANNEL_SERVER: enum err, _CAMERA: enum reason; 0: ok */
};

/* ERR_CLOSED: the other side is gone. ERR_AGAIN: full, empty. */
MUST_USE enum err channel_ask(int fd, const struct channel_request *r);
/* ERR_SYNTAX: not a request. */
MUST_USE enum err channel_asked(int fd, struct channel_request *ret_request);
/* pass_fd is sent along when it is not -1; it stays the caller's. */
MUST_USE enum err
channel_answer(int fd, const struct channel_answer *a, int pass_fd);
/* *ret_fd is the caller's, or -1. */
MUST_USE enum err
channel_answered(int fd, struct channel_answer *ret_answer, int *ret_fd);

#endif
