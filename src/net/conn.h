/*
 * conn.h - a connection on the loop, plain or TLS: octets in, a bounded queue
 * of counted octets out, one deadline. It knows no protocol above.
 *
 * The owner embeds struct conn. closed() is called once, from conn_close() or
 * when the peer goes; the owner frees its memory there or later. After that
 * no callback comes.
 */
#ifndef NET_CONN_H
#define NET_CONN_H

#include "base/buf.h"
#include "net/tls.h"
#include "os/loop.h"

/* Octets that many connections send: made once, counted. */
struct blob {
	uint32_t refs;
	size_t len;
	uint8_t at[];
};
struct blob *blob_make(size_t len); /* one reference; NULL: no memory */
struct blob *blob_copy(struct slice s);
void blob_hold(struct blob *b);
void blob_drop(struct blob *b); /* NULL is fine */

#define CONN_QUEUE_MAX 512

struct conn_rules {
	size_t in_octets_max;  /* unparsed input */
	size_t out_octets_max; /* queued output: beyond, conn_send fails */
};

struct conn {
	uint32_t magic;
	struct loop *loop;
	struct loop_fd watch;
	struct loop_timer deadline;
	SSL *ssl; /* NULL: plain */
	bool open, finishing, dead, in_callback, tls_write_wants_read;
	struct buf in;
	struct conn_rules rules;
	/*
	 * What waits to be sent; allocated only while something does. A ring
	 * of queue_room places.
	 */
	struct blob **queue;
	unsigned queue_first, queue_count, queue_room;
	size_t first_sent, queued_octets;
	/* the handshake is done (plain: at once) */
	void (*opened)(struct conn *c);
	/*
	 * New input in c->in; the owner consumes what it understands. An
	 * error closes the connection.
	 */
	enum err (*input)(struct conn *c);
	/* the queue has run empty; may be NULL */
	void (*drained)(struct conn *c);
	void (*closed)(struct conn *c, enum err why);
};

/*
 * Takes fd. context NULL: plain. client: this side began the connection (it
 * may still be connecting). The callbacks are set before.
 */
MUST_USE enum err conn_start(struct conn *c, struct loop *loop, int fd,
    SSL_CTX *context, bool client, const struct conn_rules *rules);
/* Within ms something must be said by the owner, or it is closed. 0: never. */
void conn_deadline(struct conn *c, uint64_t ms);
/* ERR_LIMIT: too much is waiting; nothing was added. ERR_CLOSED. */
MUST_USE enum err conn_send_blob(struct conn *c, struct blob *b);
MUST_USE enum err conn_send(struct conn *c, struct slice s);
/* Octets not yet taken by the system. */
size_t conn_queued(const struct conn *c);
/* Sends what is queued, then closes. */
void conn_finish(struct conn *c);
void conn_close(struct conn *c, enum err why);
/* The peer's key; ERR_MISSING when plain or none was shown. */
MUST_USE enum err
conn_peer_spki(const struct conn *c, uint8_t ret_hash[static 32]);

#endif
