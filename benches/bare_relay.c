/*
 * bare_relay.c - the limit for a fan-out: the least that takes WebSocket frames
 * from one publisher and sends each to every viewer, plain or TLS, by epoll.
 * No limits, no errors, no late joiners: not a server, a yardstick.
 *
 *   bare-relay plain|tls [CERT KEY]     prints `port N`
 *
 * GET /pN publishes (masked binary frames), GET /vN views stream N; no N is 0.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/tcp.h>
#include <openssl/ssl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

struct blob {
	int refs, len;
	unsigned char at[];
};
struct peer {
	int fd, stream;
	enum {
		NEW,
		PUBLISHER,
		VIEWER
	} is;
	SSL *ssl;
	unsigned char *in;
	int in_len, in_room;
	struct blob *queue[64];
	int first, count, sent;
};

static struct stream {
	struct peer **viewers;
	int count, room;
} streams[4096];
static int ep;
static SSL_CTX *tls;

static int
out(struct peer *p, const unsigned char *at, int n)
{
	if (p->ssl == NULL)
		return (int)send(p->fd, at, (size_t)n, MSG_NOSIGNAL);
	const int r = SSL_write(p->ssl, at, n);
	if (r <= 0) {
		const int why = SSL_get_error(p->ssl, r);
		errno = why == SSL_ERROR_WANT_WRITE ||
				why == SSL_ERROR_WANT_READ
			    ? EAGAIN
			    : EPIPE;
		return -1;
	}
	return r;
}

static int
in(struct peer *p, unsigned char *to, int n)
{
	if (p->ssl == NULL)
		return (int)recv(p->fd, to, (size_t)n, 0);
	const int r = SSL_read(p->ssl, to, n);
	if (r <= 0) {
		const int why = SSL_get_error(p->ssl, r);
		if (why != SSL_ERROR_WANT_READ && why != SSL_ERROR_WANT_WRITE)
			return 0;
		errno = EAGAIN;
		return -1;
	}
	return r;
}

static void
want(struct peer *p, unsigned events)
{
	struct epoll_event e = { .events = events, .data.ptr = p };

	(void)epoll_ctl(ep, EPOLL_CTL_MOD, p->fd, &e);
}

static void
drop(struct blob *b)
{
	if (--b->refs == 0)
		free(b);
}

static void
queue(struct peer *p, struct blob *b, int sent)
{
	if (p->count == 64)
		return;
	if (p->count == 0)
		p->sent = sent;
	p->queue[(p->first + p->count++) % 64] = b;
	b->refs++;
	want(p, EPOLLIN | EPOLLOUT);
}

static void
flush(struct peer *p)
{
	while (p->count != 0) {
		struct blob *b = p->queue[p->first];
		const int n = out(p, b->at + p->sent, b->len - p->sent);

		if (n < 0)
			return;
		if ((p->sent += n) < b->len)
			continue;
		p->sent = 0;
		p->first = (p->first + 1) % 64;
		p->count--;
		drop(b);
	}
	want(p, EPOLLIN);
}

static void
fan(const struct stream *s, const unsigned char *mask,
    const unsigned char *payload, int n)
{
	struct blob *b = malloc(sizeof *b + 4 + (size_t)n);

	b->refs = 1;
	b->len = n + 4;
	b->at[0] = 0x82;
	b->at[1] = 126;
	b->at[2] = (unsigned char)(n >> 8);
	b->at[3] = (unsigned char)n;
	for (int i = 0; i < n; i++)
		b->at[4 + i] = payload[i] ^ mask[i & 3];
	for (int i = 0; i < s->count; i++) {
		struct peer *v = s->viewers[i];
		const int sent = v->count != 0 ? -1 : out(v, b->at, b->len);

		if (sent != b->len)
			queue(v, b, sent > 0 ? sent : 0);
	}
	drop(b);
}

static void
frames(struct peer *p)
{
	int at = 0;

	while (p->in_len - at >= 8) {
		const unsigned char *f = p->in + at;
		const int n = (f[1] & 127) == 126 ? f[2] << 8 | f[3]
						  : f[1] & 127;
		const int head = (f[1] & 127) == 126 ? 8 : 6;

		if (p->in_len - at < head + n)
			break;
		fan(&streams[p->stream], f + head - 4, f + head, n);
		at += head + n;
	}
	memmove(p->in, p->in + at, (size_t)(p->in_len - at));
	p->in_len -= at;
}

static void
greet(struct peer *p)
{
	static const char ok[] = "HTTP/1.1 101 Switching Protocols\r\n"
				 "Upgrade: websocket\r\n"
				 "Connection: Upgrade\r\n\r\n";
	unsigned char *end = memmem(p->in, (size_t)p->in_len, "\r\n\r\n", 4);

	if (end == NULL)
		return;
	p->is = p->in[5] == 'p' ? PUBLISHER : VIEWER;
	p->stream = atoi((char *)p->in + 6) % 4096;
	if (p->is == VIEWER) {
		struct stream *s = &streams[p->stream];

		if (s->count == s->room)
			s->viewers = realloc(s->viewers,
			    (size_t)(s->room = 2 * s->room + 8) *
				sizeof *s->viewers);
		s->viewers[s->count++] = p;
	}
	(void)out(p, (const unsigned char *)ok, sizeof ok - 1);
	const int used = (int)(end + 4 - p->in);
	memmove(p->in, end + 4, (size_t)(p->in_len - used));
	p->in_len -= used;
}

static void
readable(struct peer *p)
{
	for (;;) {
		if (p->in_room - p->in_len < 16384)
			p->in = realloc(p->in, (size_t)(p->in_room += 65536));
		const int n = in(p, p->in + p->in_len, 16384);
		if (n <= 0) {
			if (n == 0 || errno != EAGAIN) {
				(void)epoll_ctl(ep, EPOLL_CTL_DEL, p->fd, NULL);
				struct stream *s = &streams[p->stream];
				for (int i = 0; i < s->count; i++)
					if (s->viewers[i] == p)
						s->viewers[i] =
						    s->viewers[--s->count];
				(void)close(p->fd);
			}
			return;
		}
		p->in_len += n;
		if (p->is == NEW)
			greet(p);
		if (p->is == PUBLISHER)
			frames(p);
		else if (p->is == VIEWER) {
			p->in_len = p->in_room = 0;
			free(p->in);
			p->in = NULL;
			return;
		}
	}
}

static void
accept_all(int listener)
{
	const int one = 1;
	int fd;

	while ((fd = accept4(listener, NULL, NULL, SOCK_NONBLOCK)) != -1) {
		struct peer *p = calloc(1, sizeof *p);
		struct epoll_event e = { .events = EPOLLIN, .data.ptr = p };

		p->fd = fd;
		(void)setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one,
		    sizeof one);
		if (tls != NULL) {
			p->ssl = SSL_new(tls);
			(void)SSL_set_fd(p->ssl, fd);
			SSL_set_accept_state(p->ssl);
		}
		(void)epoll_ctl(ep, EPOLL_CTL_ADD, fd, &e);
	}
}

static void
tls_begin(const char *cert, const char *key)
{
	tls = SSL_CTX_new(TLS_server_method());
	(void)SSL_CTX_set_min_proto_version(tls, TLS1_3_VERSION);
	(void)SSL_CTX_set_ciphersuites(tls, "TLS_AES_128_GCM_SHA256");
	(void)SSL_CTX_set_num_tickets(tls, 0);
	(void)SSL_CTX_set_mode(tls, SSL_MODE_ENABLE_PARTIAL_WRITE |
					SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER |
					SSL_MODE_RELEASE_BUFFERS);
	if (SSL_CTX_use_certificate_file(tls, cert, SSL_FILETYPE_PEM) != 1 ||
	    SSL_CTX_use_PrivateKey_file(tls, key, SSL_FILETYPE_PEM) != 1)
		exit(1);
}

int
main(int argc, char **argv)
{
	struct sockaddr_in a = { .sin_family = AF_INET,
		.sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	socklen_t len = sizeof a;
	struct epoll_event ready[512], e = { .events = EPOLLIN };

	const struct rlimit files = { 65536, 65536 };

	(void)setrlimit(RLIMIT_NOFILE, &files);
	(void)signal(SIGPIPE, SIG_IGN);
	if (argc == 4 && strcmp(argv[1], "tls") == 0)
		tls_begin(argv[2], argv[3]);
	const int listener = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);
	if (bind(listener, (struct sockaddr *)&a, sizeof a) == -1 ||
	    listen(listener, 4096) == -1 ||
	    getsockname(listener, (struct sockaddr *)&a, &len) == -1)
		return 1;
	ep = epoll_create1(0);
	(void)epoll_ctl(ep, EPOLL_CTL_ADD, listener, &e);
	(void)printf("port %u\n", ntohs(a.sin_port));
	(void)fflush(stdout);
	for (;;) {
		const int n = epoll_wait(ep, ready, 512, -1);

		for (int i = 0; i < n; i++) {
			struct peer *p = ready[i].data.ptr;

			if (p == NULL)
				accept_all(listener);
			else if ((ready[i].events & EPOLLOUT) != 0)
				flush(p);
			else
				readable(p);
		}
	}
}
