/*
 * door.h - the browser door of a server (docs/API.md), from the command line:
 * requests, and the live line. Blocking; one thing at a time. Plain HTTP on
 * loopback only; else TLS 1.3 with a certificate that the system or a given
 * file vouches for.
 */
#ifndef CLI_DOOR_H
#define CLI_DOOR_H

#include <jansson.h>
#include <openssl/ssl.h>

#include "base/buf.h"
#include "base/id.h"
#include "crypto/crypto.h"

#define DOOR_WHY_OCTETS 200

struct door {
	char host[256];
	uint16_t port;
	SSL_CTX *tls;              /* NULL: plain */
	char why[DOOR_WHY_OCTETS]; /* what went wrong, for a person */
};

struct ticket {
	struct id id;
	struct key secret;
};
#define TICKET_TEXT_ROOM 80
/* "id.secret" */
void ticket_text(const struct ticket *t, char to[static TICKET_TEXT_ROOM]);
/* One more, drawn now, as requests carry it. NULL: no memory. */
json_t *ticket_new(struct ticket *t);

/* "http://127.0.0.1:8470" and the like. ca: a file, or NULL. */
MUST_USE enum err
door_open(struct door *d, const char *address, const char *ca);
void door_close(struct door *d);

/*
 * body is given back; NULL: none. ERR_DENIED: 401 or 403. ERR_CONFLICT,
 * ERR_MISSING, ERR_LIMIT, ERR_AGAIN by status; *ret_answer is the caller's.
 */
MUST_USE enum err door_ask(struct door *d, const char *method, const char *path,
    const struct ticket *ticket, json_t *body, json_t **ret_answer);

/* An open connection, and what it brought that nobody read yet. */
struct wire {
	int fd;
	SSL *ssl;
	struct buf in;
};

/* The answer to what was asked on it; as door_ask(). */
MUST_USE enum err wire_answer(struct wire *w, json_t **ret_answer);

/* The live line, upgraded; nothing is said on it yet. */
MUST_USE enum err live_open(struct door *d, struct wire *ret_wire);
void live_close(struct wire *w);
/* o is given back. */
MUST_USE enum err live_say(struct wire *w, json_t *o);
/*
 * The next message: *ret_text (the caller's), or when that is NULL *ret_octets
 * in to. ERR_TIMEOUT: none came in that time. ERR_CLOSED.
 */
MUST_USE enum err
live_next(struct wire *w, int wait_ms, struct buf *to, json_t **ret_text);

#endif
