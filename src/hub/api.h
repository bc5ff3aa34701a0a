/*
 * api.h - requests at the server's device door (docs/API.md): POST with JSON,
 * one at a time, over TLS 1.3 with this device's certificate to the one
 * server whose key is pinned.
 *
 * Connections are made by others (channel.h): when one is needed, connect()
 * is called and answers with api_connected or api_unreachable.
 */
#ifndef HUB_API_H
#define HUB_API_H

#include <jansson.h>

#include "net/conn.h"

#define API_ANSWER_OCTETS_MAX ((size_t)16 << 20)
#define API_TIMEOUT_MS        30000

/* What both connections of the hub need. */
struct server {
	SSL_CTX *tls;
	uint8_t pin[32]; /* SHA-256 of its SPKI */
	char host[256];  /* for the Host field */
};
/* ERR_CRYPTO: somebody else answers there. */
MUST_USE enum err server_check(const struct server *s, const struct conn *c);

struct api {
	struct loop *loop;
	const struct server *server;
	void *owner;
	void (*connect)(struct api *a);
	/* the request at hand; NULL: none */
	void (*answered)(struct api *a, enum err e, unsigned status,
	    json_t *body);
	struct conn conn;
	bool connected, connecting, dead;
	struct buf request;
	struct loop_timer timeout;
};

void api_init(struct api *a, struct loop *loop, const struct server *server);
void api_fini(struct api *a);
/*
 * body is given back. answered is called once, later: ERR_OK with a status
 * and a body (borrowed, NULL when empty), or what went wrong. At most one
 * request at a time.
 */
void api_post(struct api *a, const char *path, json_t *body,
    void (*answered)(struct api *a, enum err e, unsigned status, json_t *body));
/* Takes fd, which is connecting. */
void api_connected(struct api *a, int fd);
void api_unreachable(struct api *a, enum err e);

#endif
