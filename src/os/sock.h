/*
 * sock.h - sockets. A peer's address is never asked for and never kept.
 */
#ifndef OS_SOCK_H
#define OS_SOCK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"

#define SOCK_ADDRESS_OCTETS 64

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
/*
 * The first address of host, in digits, for sock_connect: so that a name that
 * changes its mind leads nowhere else. ERR_MISSING: no such name.
 */
MUST_USE enum err
sock_resolve(const char *host, char to[static SOCK_ADDRESS_OCTETS]);
/*
 * A UDP socket for answers to a search by multicast, IPv4. sock_search_send
 * sends the octets to group:port on each network that this machine is on
 * (not through tunnels), and answers on how many. sock_search_end closes the
 * socket for sending, for good: whoever gets it can only hear. ERR_IO.
 */
MUST_USE enum err sock_search_open(int *ret_fd);
size_t sock_search_send(int fd, const char *group, uint16_t port,
    const void *octets, size_t len);
MUST_USE enum err sock_search_end(int fd);
/* Both ends non-blocking SEQPACKET. */
MUST_USE enum err sock_pair(int ret_fds[static 2]);
/* Closed when the other side acknowledges nothing of what was sent so long. */
void sock_unheard_limit(int fd, unsigned ms);
bool address_is_loopback(const char *address);

#endif
