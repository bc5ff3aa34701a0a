/*
 * websocket.h - whole messages over a connection, for either end: takes
 * frames apart, answers pings, puts fragments together, closes politely.
 */
#ifndef NET_WEBSOCKET_H
#define NET_WEBSOCKET_H

#include "net/conn.h"
#include "proto/ws.h"

struct websocket {
	struct conn *conn;
	bool server; /* reads masked frames, sends unmasked ones */
	bool closing;
	size_t message_octets_max;
	uint8_t kind; /* of the message being put together, or 0 */
	struct buf parts;
	/* One whole message; its octets live for the call. */
	enum err (*message)(struct websocket *w, enum ws_opcode kind,
	    struct slice octets);
	void (*pong)(struct websocket *w); /* may be NULL */
};

void websocket_init(struct websocket *w, struct conn *conn, bool server,
    size_t message_octets_max);
void websocket_fini(struct websocket *w);
/* Eats what is whole in conn->in. Its error closes the connection. */
MUST_USE enum err websocket_input(struct websocket *w);
MUST_USE enum err
websocket_send(struct websocket *w, enum ws_opcode opcode, struct slice octets);
/* Code and a short plain sentence; then the connection finishes. */
void websocket_close(struct websocket *w, uint16_t code, const char *text);
/* A frame that a server sends to many; NULL: no memory. */
struct blob *websocket_frame(enum ws_opcode opcode, const struct slice *parts,
    size_t part_count);

#endif
