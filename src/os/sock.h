/*
 * sock.h - sockets. A peer's address is never asked for and never kept.
 */
#ifndef OS_SOCK_H
#define OS_SOCK_H

#include <stdbool.h>
#include <stdint.h>

#include "base/err.h"

/*
 * Listens on a numeric address ("127.0.0.1", "0.0.0.0", "::1"); port 0 takes a
 * free one, *ret_port tells which. Non-blocking, close-on-exec.
 */
MUST_USE enum err sock_listen(const char *address, uint16_t port, int *ret_fd,
    uint16_t *ret_port);
/* The next connection, non-blocking, without delay. ERR_AGAIN when none. */
MUST_USE enum err sock_accept(int listen_fd, int *ret_fd);
/*
 * Begins to connect; writable when done, then sock_error(). host may be a
 * name. ERR_MISSING: no such name.
 */
MUST_USE enum err sock_connect(const char *host, uint16_t port, int *ret_fd);
MUST_USE enum err sock_error(int fd);
/* Both ends non-blocking SEQPACKET. */
MUST_USE enum err sock_pair(int ret_fds[static 2]);
bool address_is_loopback(const char *address);

#endif
