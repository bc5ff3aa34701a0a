#include "net/conn.h"

#include <errno.h>
#include <openssl/err.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#define CONN_MAGIC  0x636f6e6eu
#define READ_OCTETS 16384u

struct blob *
blob_make(size_t len)
{
	struct blob *b = malloc(sizeof *b + len);

	if (b != NULL)
		*b = (struct blob){ .refs = 1, .len = len };
	return b;
}

struct blob *
blob_copy(struct slice s)
{
	struct blob *b = blob_make(s.len);

	if (b != NULL && s.len != 0)
		memcpy(b->at, s.at, s.len);
	return b;
}

void
blob_hold(struct blob *b)
{
	b->refs++;
}

void
blob_drop(struct blob *b)
{
	if (b != NULL && --b->refs == 0)
		free(b);
}

/* --- octets through the socket --- */

static enum err
tls_err(const struct conn *c, int r)
{
	const int why = SSL_get_error(c->ssl, r);

	ERR_clear_error();
	switch (why) {
	case SSL_ERROR_WANT_READ:
	case SSL_ERROR_WANT_WRITE:
		return ERR_AGAIN;
	case SSL_ERROR_ZERO_RETURN:
		return ERR_CLOSED;
	case SSL_ERROR_SYSCALL:
		return ERR_CLOSED;
	default:
		return ERR_SYNTAX;
	}
}

static enum err
octets_write(struct conn *c, struct slice s, size_t *ret_sent)
{
	if (c->ssl != NULL) {
		const int n = SSL_write(c->ssl, s.at, (int)s.len);

		if (n <= 0)
			return tls_err(c, n);
		*ret_sent = (size_t)n;
		return ERR_OK;
	}
	const ssize_t n = send(c->watch.fd, s.at, s.len, MSG_NOSIGNAL);
	if (n == -1)
		return err_of_errno(errno);
	*ret_sent = (size_t)n;
	return ERR_OK;
}

static enum err
octets_read(struct conn *c, uint8_t *to, size_t room, size_t *ret_got)
{
	if (c->ssl != NULL) {
		const int n = SSL_read(c->ssl, to, (int)room);

		if (n <= 0)
			return tls_err(c, n);
		*ret_got = (size_t)n;
		return ERR_OK;
	}
	const ssize_t n = recv(c->watch.fd, to, room, 0);
	if (n == -1)
		return err_of_errno(errno);
	*ret_got = (size_t)n;
	return n == 0 ? ERR_CLOSED : ERR_OK;
}

/* --- the queue --- */

static void
queue_free(struct conn *c)
{
	while (c->queue_count != 0) {
		blob_drop(c->queue[c->queue_first]);
		c->queue_first = (c->queue_first + 1) % c->queue_room;
		c->queue_count--;
	}
	free(c->queue);
	c->queue = NULL;
	c->queue_room = c->queue_first = 0;
	c->queued_octets = c->first_sent = 0;
}

static enum err
queue_grow(struct conn *c)
{
	const unsigned room = c->queue_room == 0 ? 8 : 2 * c->queue_room;
	struct blob **queue;

	if (c->queue_count == CONN_QUEUE_MAX)
		return ERR_LIMIT;
	if ((queue = malloc(room * sizeof(*queue))) == NULL)
		return ERR_NOMEM;
	for (unsigned i = 0; i < c->queue_count; i++)
		queue[i] = c->queue[(c->queue_first + i) % c->queue_room];
	free(c->queue);
	c->queue = queue;
	c->queue_first = 0;
	c->queue_room = room;
	return ERR_OK;
}

static enum err
queue_put(struct conn *c, struct blob *b, size_t sent)
{
	enum err e;

	if (c->queued_octets + b->len - sent > c->rules.out_octets_max)
		return ERR_LIMIT;
	if (c->queue_count == c->queue_room && (e = queue_grow(c)) != ERR_OK)
		return e;
	if (c->queue_count == 0)
		c->first_sent = sent;
	blob_hold(b);
	c->queue[(c->queue_first + c->queue_count++) % c->queue_room] = b;
	c->queued_octets += b->len - sent;
	loop_fd_want(&c->watch, EPOLLIN | EPOLLOUT);
	return ERR_OK;
}

static enum err
queue_flush(struct conn *c)
{
	while (c->queue_count != 0) {
		struct blob *b = c->queue[c->queue_first];
		size_t n;
		const enum err e = octets_write(c,
		    slice_make(b->at + c->first_sent, b->len - c->first_sent),
		    &n);

		if (e != ERR_OK)
			return e;
		c->first_sent += n;
		c->queued_octets -= n;
		if (c->first_sent < b->len)
			continue;
		c->first_sent = 0;
		c->queue_first = (c->queue_first + 1) % c->queue_room;
		c->queue_count--;
		blob_drop(b);
	}
	queue_free(c); /* an idle connection holds no queue */
	loop_fd_want(&c->watch, EPOLLIN);
	return ERR_OK;
}

enum err
conn_send_blob(struct conn *c, struct blob *b)
{
	size_t n = 0;
	enum err e;

	if (c->dead || c->finishing)
		return ERR_CLOSED;
	if (b->len == 0)
		return ERR_OK;
	if (c->open && c->queue_count == 0) {
		e = octets_write(c, slice_make(b->at, b->len), &n);
		if (e == ERR_OK && n == b->len)
			return ERR_OK;
		if (e != ERR_OK && e != ERR_AGAIN)
			return ERR_CLOSED; /* the loop will tell */
	}
	return queue_put(c, b, n);
}

enum err
conn_send(struct conn *c, struct slice s)
{
	struct blob *b = blob_copy(s);
	enum err e;

	if (b == NULL)
		return ERR_NOMEM;
	e = conn_send_blob(c, b);
	blob_drop(b);
	return e;
}

size_t
conn_queued(const struct conn *c)
{
	return c->queued_octets;
}

/* --- its life --- */

void
conn_close(struct conn *c, enum err why)
{
	if (c->magic != CONN_MAGIC || c->dead)
		return;
	const int fd = c->watch.fd;
	c->dead = true;
	loop_fd_remove(&c->watch);
	loop_timer_remove(&c->deadline);
	if (c->ssl != NULL) {
		if (c->open)
			(void)SSL_shutdown(c->ssl);
		ERR_clear_error();
		SSL_free(c->ssl);
		c->ssl = NULL;
	}
	(void)close(fd);
	queue_free(c);
	buf_fini(&c->in);
	c->closed(c, why);
}

static void
deadline_due(struct loop_timer *t)
{
	conn_close(OBJ_OF(t, struct conn, deadline), ERR_TIMEOUT);
}

void
conn_deadline(struct conn *c, uint64_t ms)
{
	if (c->dead)
		return;
	if (ms == 0)
		loop_timer_remove(&c->deadline);
	else if (loop_timer_set(c->loop, &c->deadline, ms, deadline_due) !=
		 ERR_OK)
		conn_close(c, ERR_NOMEM);
}

void
conn_finish(struct conn *c)
{
	if (c->dead)
		return;
	c->finishing = true;
	if (c->queue_count == 0)
		conn_close(c, ERR_OK);
}

/*
 * Nobody there, or gone in the middle of it: that says nothing about keys.
 * Whose key it is, the owner looks at when it is open.
 */
static enum err
handshake_err(int why, int code)
{
	if (why != SSL_ERROR_SYSCALL)
		return ERR_SYNTAX;
	return code == 0 ? ERR_CLOSED : err_of_errno(code);
}

static enum err
open_go_on(struct conn *c)
{
	int r;

	errno = 0;
	if (c->ssl != NULL && (r = SSL_do_handshake(c->ssl)) <= 0) {
		const int code = errno;
		const int why = SSL_get_error(c->ssl, r);

		ERR_clear_error();
		if (why == SSL_ERROR_WANT_WRITE)
			loop_fd_want(&c->watch, EPOLLIN | EPOLLOUT);
		else if (why == SSL_ERROR_WANT_READ)
			loop_fd_want(&c->watch, EPOLLIN);
		else
			return handshake_err(why, code);
		return ERR_AGAIN;
	}
	c->open = true;
	loop_fd_want(&c->watch,
	    c->queue_count != 0 ? EPOLLIN | EPOLLOUT : EPOLLIN);
	if (c->opened != NULL)
		c->opened(c);
	return ERR_OK;
}

/* One read a turn: a fast sender does not starve the others. */
static enum err
input_take(struct conn *c)
{
	size_t n = 0;
	uint8_t *at;
	enum err e;

	do {
		size_t want = READ_OCTETS;
		if (c->in.len + want > c->in.cap)
			want = c->in.cap - c->in.len;
		if (want == 0)
			return ERR_LIMIT;
		if ((e = buf_reserve(&c->in, want, &at)) != ERR_OK)
			return e;
		if ((e = octets_read(c, at, want, &n)) != ERR_OK) {
			if (c->in.len == 0)
				buf_fini(&c->in), buf_init_secret(&c->in,
						      c->rules.in_octets_max);
			return e == ERR_AGAIN ? ERR_OK : e;
		}
		c->in.len += n;
		if ((e = c->input(c)) != ERR_OK || c->dead)
			return e;
		/* what TLS has decrypted already gives no new event */
	} while (c->ssl != NULL && SSL_pending(c->ssl) > 0);
	if (c->in.len == 0) {
		buf_fini(&c->in);
		buf_init_secret(&c->in, c->rules.in_octets_max);
	}
	return ERR_OK;
}

static void
conn_ready(struct loop_fd *w, uint32_t events)
{
	struct conn *c = OBJ_OF(w, struct conn, watch);
	enum err e = ERR_OK;

	if (!c->open) {
		if ((e = open_go_on(c)) == ERR_AGAIN)
			return;
		if (e != ERR_OK || c->dead) {
			conn_close(c, e);
			return;
		}
	}
	if ((events & EPOLLOUT) != 0 && c->queue_count != 0) {
		e = queue_flush(c);
		if (e == ERR_AGAIN)
			e = ERR_OK;
		else if (e == ERR_OK && c->finishing)
			e = ERR_CLOSED;
		else if (e == ERR_OK && c->drained != NULL)
			c->drained(c);
		if (c->dead)
			return;
	} else if ((events & EPOLLOUT) != 0)
		loop_fd_want(&c->watch, EPOLLIN);
	if (e == ERR_OK && (events & (EPOLLIN | EPOLLHUP | EPOLLERR)) != 0)
		e = input_take(c);
	if (e != ERR_OK && !c->dead)
		conn_close(c, e);
}

enum err
conn_start(struct conn *c, struct loop *loop, int fd, SSL_CTX *context,
    bool client, const struct conn_rules *rules)
{
	enum err e;

	c->magic = CONN_MAGIC;
	c->loop = loop;
	c->rules = *rules;
	c->open = c->finishing = c->dead = false;
	c->watch = (struct loop_fd){ .fd = -1 };
	c->deadline = (struct loop_timer){ 0 };
	c->queue = NULL;
	c->queue_first = c->queue_count = c->queue_room = 0;
	c->first_sent = c->queued_octets = 0;
	c->ssl = NULL;
	buf_init_secret(&c->in, rules->in_octets_max);
	if (context != NULL) {
		if ((c->ssl = SSL_new(context)) == NULL ||
		    SSL_set_fd(c->ssl, fd) != 1) {
			SSL_free(c->ssl);
			(void)close(fd);
			c->dead = true;
			return ERR_NOMEM;
		}
		if (client)
			SSL_set_connect_state(c->ssl);
		else
			SSL_set_accept_state(c->ssl);
	}
	/* a client's socket is writable when it is connected */
	e = loop_fd_add(loop, &c->watch, fd,
	    client ? EPOLLIN | EPOLLOUT : EPOLLIN, conn_ready);
	if (e != ERR_OK) {
		SSL_free(c->ssl);
		(void)close(fd);
		c->dead = true;
		return e;
	}
	if (!client && context == NULL)
		c->open = true;
	return ERR_OK;
}

enum err
conn_peer_spki(const struct conn *c, uint8_t ret_hash[static 32])
{
	return c->ssl == NULL ? ERR_MISSING : tls_peer_spki(c->ssl, ret_hash);
}
