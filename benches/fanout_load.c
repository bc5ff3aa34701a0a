/*
 * fanout_load.c - publishers and viewers against a relay, and what it cost the
 * relay: CPU µs per delivery, from its process's accounts.
 *
 *   fanout-load plain|tls PORT PID STREAMS VIEWERS SECONDS
 *
 * VIEWERS are those of each stream. 30 records of 8 KiB a second and stream. Prints `us-per-delivery delivered sent`.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/tcp.h>
#include <openssl/ssl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#define RECORD 8192
#define FRAME  (8 + 4 + RECORD)

struct viewer {
	int fd;
	SSL *ssl;
};

static SSL_CTX *tls;
static const unsigned char run[8] = { 0xe5, 1, 2, 3, 4, 5, 6, 7 };

static double
now(void)
{
	struct timespec t;

	(void)clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

static double
cpu_us(int pid)
{
	char path[64], text[1024];
	unsigned long user, sys;

	(void)snprintf(path, sizeof path, "/proc/%d/stat", pid);
	FILE *f = fopen(path, "r");
	if (f == NULL || fgets(text, sizeof text, f) == NULL)
		exit(1);
	(void)fclose(f);
	const char *at = strrchr(text, ')');
	if (sscanf(at, ") %*c %*d %*d %*d %*d %*d %*u %*u %*u %*u %*u %lu %lu",
		&user, &sys) != 2)
		exit(1);
	return (double)(user + sys) * 1e6 / (double)sysconf(_SC_CLK_TCK);
}

static void
must(int ok, const char *what)
{
	if (ok)
		return;
	perror(what);
	exit(1);
}

static void
all_write(const struct viewer *v, const void *from, size_t n)
{
	const char *at = from;

	while (n != 0) {
		const long k = v->ssl != NULL ? SSL_write(v->ssl, at, (int)n)
					      : send(v->fd, at, n, 0);
		must(k > 0, "write");
		at += k;
		n -= (size_t)k;
	}
}

static void
viewer_open(struct viewer *v, int port, char path, int stream)
{
	struct sockaddr_in a = { .sin_family = AF_INET,
		.sin_port = htons((unsigned short)port),
		.sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	const int one = 1;
	char text[256], c;
	int seen = 0;

	v->fd = socket(AF_INET, SOCK_STREAM, 0);
	must(connect(v->fd, (struct sockaddr *)&a, sizeof a) == 0, "connect");
	(void)setsockopt(v->fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
	if (tls != NULL) {
		v->ssl = SSL_new(tls);
		(void)SSL_set_fd(v->ssl, v->fd);
		must(SSL_connect(v->ssl) == 1, "TLS");
	}
	const int n = snprintf(text, sizeof text,
	    "GET /%c%d HTTP/1.1\r\nHost: a\r\n\r\n", path, stream);
	all_write(v, text, (size_t)n);
	while (seen < 4) {
		const long k = v->ssl != NULL ? SSL_read(v->ssl, &c, 1)
					      : recv(v->fd, &c, 1, 0);
		must(k == 1, "answer");
		seen = c == "\r\n\r\n"[seen] ? seen + 1 : c == '\r';
	}
}

/* A record as the relay of edge wants it; the bare one looks at none of it. */
static size_t
record_make(unsigned char *to, unsigned long index)
{
	size_t n = 0;

	memset(to, 0x5a, RECORD);
	to[n++] = 1;
	if (index == 0) { /* a run header */
		to[n++] = 2;
		memcpy(to + 15, run, 8);
		n = 103;
		to[n++] = 0xf0;
		memcpy(to + n, run, 8);
		return RECORD;
	}
	to[n++] = index % 30 == 1;
	to[n++] = (unsigned char)(0xf0 | (index < 8        ? index
					     : index < 256 ? 8
							   : 9));
	memcpy(to + n, run, 8);
	n += 8;
	if (index >= 256)
		to[n++] = (unsigned char)(index >> 8);
	if (index >= 8)
		to[n++] = (unsigned char)index;
	return RECORD;
}

static void
publish(const struct viewer *p, unsigned long index)
{
	static unsigned char frame[FRAME];

	frame[0] = 0x82;
	frame[1] = 0x80 | 126;
	frame[2] = (RECORD + 4) >> 8;
	frame[3] = (RECORD + 4) & 255;
	memset(frame + 4, 0, 8); /* mask of zeros, slot 0 */
	(void)record_make(frame + 12, index);
	all_write(p, frame, FRAME);
}

static unsigned long
octets_take(int ep)
{
	static unsigned char sink[65536];
	struct epoll_event ready[256];
	unsigned long octets = 0;
	const int n = epoll_wait(ep, ready, 256, 0);

	for (int i = 0; i < n; i++) {
		const struct viewer *v = ready[i].data.ptr;
		long k;

		do {
			k = v->ssl != NULL
				? SSL_read(v->ssl, sink, sizeof sink)
				: recv(v->fd, sink, sizeof sink, MSG_DONTWAIT);
			if (k > 0)
				octets += (unsigned long)k;
		} while (k > 0 && v->ssl != NULL && SSL_pending(v->ssl) > 0);
	}
	return octets;
}

static unsigned long
wait_until(int ep, double until)
{
	unsigned long octets = 0;

	do {
		octets += octets_take(ep);
		(void)poll(NULL, 0, 0);
	} while (now() < until);
	return octets;
}

static void
all_open(struct viewer *v, int streams, int viewers, int port, int ep)
{
	for (int i = 0; i < streams * viewers; i++) {
		struct epoll_event e = { .events = EPOLLIN, .data.ptr = &v[i] };

		viewer_open(&v[i], port, 'v', i / viewers);
		(void)epoll_ctl(ep, EPOLL_CTL_ADD, v[i].fd, &e);
	}
	for (int i = 0; i < streams; i++) {
		struct viewer *p = &v[streams * viewers + i];

		viewer_open(p, port, 'p', i);
		publish(p, 0); /* the header; viewers join at the next key */
	}
}

int
main(int argc, char **argv)
{
	if (argc != 7)
		return 2;
	const int port = atoi(argv[2]), pid = atoi(argv[3]);
	const int streams = atoi(argv[4]), viewers = atoi(argv[5]);
	const size_t count = (size_t)(streams * viewers);
	struct viewer *v = calloc(count + (size_t)streams, sizeof *v);
	const struct rlimit files = { 100000, 100000 };
	unsigned long index = 1, octets = 0;

	(void)setrlimit(RLIMIT_NOFILE, &files);
	(void)signal(SIGPIPE, SIG_IGN);
	if (strcmp(argv[1], "tls") == 0)
		tls = SSL_CTX_new(TLS_client_method());
	const int ep = epoll_create1(0);
	all_open(v, streams, viewers, port, ep);
	const double cpu0 = cpu_us(pid), begin = now();
	/* the streams take turns within the time of a picture */
	while (now() < begin + atoi(argv[6])) {
		for (int i = 0; i < streams; i++) {
			const double at = (double)i / streams;

			octets += wait_until(ep,
			    begin + ((double)index - 1 + at) / 30.0);
			publish(&v[count + (size_t)i], index);
		}
		index++;
	}
	octets += wait_until(ep, now() + 1);
	const double delivered = (double)octets / (RECORD + 8);
	(void)printf("%.3f %.0f %.0f\n", (cpu_us(pid) - cpu0) / delivered,
	    delivered, (double)(index - 1) * (double)count);
	return 0;
}
