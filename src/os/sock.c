#include "os/sock.h"

#include <arpa/inet.h>
#include <errno.h>
#include <ifaddrs.h>
#include <net/if.h>
#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

static int
find(const char *host, uint16_t port, int flags, struct addrinfo **ret)
{
	const struct addrinfo hints = { .ai_flags = flags | AI_NUMERICSERV,
		.ai_socktype = SOCK_STREAM };
	char digits[8];

	(void)snprintf(digits, sizeof digits, "%u", (unsigned)port);
	return getaddrinfo(host, digits, &hints, ret);
}

static uint16_t
port_of(int fd)
{
	struct sockaddr_storage a = { 0 };
	socklen_t n = sizeof a;

	if (getsockname(fd, (struct sockaddr *)(void *)&a, &n) == -1)
		return 0;
	return ntohs(a.ss_family == AF_INET6
			 ? ((struct sockaddr_in6 *)(void *)&a)->sin6_port
			 : ((struct sockaddr_in *)(void *)&a)->sin_port);
}

enum err
sock_listen(const char *address, uint16_t port, int *ret_fd, uint16_t *ret_port)
{
	struct addrinfo *a;
	const int one = 1;
	int fd;

	if (find(address, port, AI_NUMERICHOST | AI_PASSIVE, &a) != 0)
		return ERR_SYNTAX;
	fd = socket(a->ai_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC,
	    0);
	if (fd == -1 ||
	    setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof one) == -1 ||
	    bind(fd, a->ai_addr, a->ai_addrlen) == -1 ||
	    listen(fd, 4096) == -1) {
		const enum err e = errno == EADDRINUSE ? ERR_EXISTS
						       : err_of_errno(errno);
		freeaddrinfo(a);
		if (fd != -1)
			(void)close(fd);
		return e;
	}
	freeaddrinfo(a);
	*ret_port = port_of(fd);
	*ret_fd = fd;
	return ERR_OK;
}

enum err
sock_accept(int listen_fd, int *ret_fd)
{
	const int one = 1;
	const int fd = accept4(listen_fd, NULL, NULL,
	    SOCK_NONBLOCK | SOCK_CLOEXEC);

	if (fd == -1)
		return errno == ECONNABORTED ? ERR_AGAIN : err_of_errno(errno);
	(void)setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
	*ret_fd = fd;
	return ERR_OK;
}

enum err
sock_connect(const char *host, uint16_t port, int *ret_fd)
{
	struct addrinfo *a;
	const int one = 1;

	if (find(host, port, 0, &a) != 0)
		return ERR_MISSING;
	const int fd = socket(a->ai_family,
	    SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	if (fd == -1 || (connect(fd, a->ai_addr, a->ai_addrlen) == -1 &&
			    errno != EINPROGRESS)) {
		const enum err e = err_of_errno(errno);

		freeaddrinfo(a);
		if (fd != -1)
			(void)close(fd);
		return e;
	}
	freeaddrinfo(a);
	(void)setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
	*ret_fd = fd;
	return ERR_OK;
}

enum err
sock_error(int fd)
{
	int code = 0;
	socklen_t n = sizeof code;

	if (getsockopt(fd, SOL_SOCKET, SO_ERROR, &code, &n) == -1)
		return err_of_errno(errno);
	return code == 0 ? ERR_OK : err_of_errno(code);
}

enum err
sock_pair(int ret_fds[static 2])
{
	const int octets = 1 << 20;

	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_NONBLOCK | SOCK_CLOEXEC,
		0, ret_fds) == -1)
		return err_of_errno(errno);
	for (int i = 0; i < 2; i++)
		(void)setsockopt(ret_fds[i], SOL_SOCKET, SO_SNDBUF, &octets,
		    sizeof octets);
	return ERR_OK;
}

bool
address_is_loopback(const char *address)
{
	struct in_addr four;

	if (strcmp(address, "::1") == 0)
		return true;
	return inet_pton(AF_INET, address, &four) == 1 &&
	       (ntohl(four.s_addr) >> 24) == 127;
}

enum err
sock_resolve(const char *host, char to[static SOCK_ADDRESS_OCTETS])
{
	struct addrinfo *a;

	if (find(host, 1, 0, &a) != 0)
		return ERR_MISSING;
	const int r = getnameinfo(a->ai_addr, a->ai_addrlen, to,
	    SOCK_ADDRESS_OCTETS, NULL, 0, NI_NUMERICHOST);
	freeaddrinfo(a);
	return r == 0 ? ERR_OK : ERR_MISSING;
}

/* --- a search --- */

enum err
sock_search_open(int *ret_fd)
{
	const struct sockaddr_in any = { .sin_family = AF_INET };
	const int octets = 1 << 20; /* all may answer at once */
	const int fd = socket(AF_INET,
	    SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);

	if (fd == -1)
		return err_of_errno(errno);
	(void)setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &octets, sizeof octets);
	if (bind(fd, (const struct sockaddr *)(const void *)&any, sizeof any) ==
	    -1) {
		const enum err e = err_of_errno(errno);

		(void)close(fd);
		return e;
	}
	*ret_fd = fd;
	return ERR_OK;
}

/* Up, with multicast, and a network rather than the end of a tunnel. */
static bool
is_network(const struct ifaddrs *i)
{
	const unsigned want = IFF_UP | IFF_RUNNING | IFF_MULTICAST;

	return i->ifa_addr != NULL && i->ifa_addr->sa_family == AF_INET &&
	       (i->ifa_flags & want) == want &&
	       (i->ifa_flags & IFF_POINTOPOINT) == 0;
}

size_t
sock_search_send(int fd, const char *group, uint16_t port, const void *octets,
    size_t len)
{
	struct sockaddr_in to = { .sin_family = AF_INET,
		.sin_port = htons(port) };
	struct ifaddrs *all = NULL;
	size_t sent = 0;

	if (inet_pton(AF_INET, group, &to.sin_addr) != 1 ||
	    getifaddrs(&all) == -1)
		return 0;
	for (const struct ifaddrs *i = all; i != NULL; i = i->ifa_next) {
		if (!is_network(i))
			continue;
		const struct in_addr
		    by = ((const struct sockaddr_in *)(const void *)i->ifa_addr)
			     ->sin_addr;
		if (setsockopt(fd, IPPROTO_IP, IP_MULTICAST_IF, &by,
			sizeof by) == 0 &&
		    sendto(fd, octets, len, 0,
			(const struct sockaddr *)(const void *)&to,
			sizeof to) == (ssize_t)len)
			sent++;
	}
	freeifaddrs(all);
	return sent;
}

enum err
sock_search_end(int fd)
{
	const struct sockaddr_in here = { .sin_family = AF_INET,
		.sin_port = htons(9),
		.sin_addr = { htonl(INADDR_LOOPBACK) } };

	/* it says ENOTCONN, and yet closes: so look whether it did */
	(void)shutdown(fd, SHUT_WR);
	return sendto(fd, "", 0, MSG_NOSIGNAL,
		   (const struct sockaddr *)(const void *)&here,
		   sizeof here) == -1 &&
		       errno == EPIPE
		   ? ERR_OK
		   : ERR_IO;
}

void
sock_unheard_limit(int fd, unsigned ms)
{
	(void)setsockopt(fd, IPPROTO_TCP, TCP_USER_TIMEOUT, &ms, sizeof ms);
}
