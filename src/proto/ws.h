/*
 * ws.h - WebSocket frames (RFC 6455). Pure.
 */
#ifndef PROTO_WS_H
#define PROTO_WS_H

#include "base/err.h"
#include "base/slice.h"

#define WS_HEAD_OCTETS_MAX 14
#define WS_ACCEPT_OCTETS   28

enum ws_opcode {
	WS_MORE = 0,
	WS_TEXT = 1,
	WS_BINARY = 2,
	WS_CLOSE = 8,
	WS_PING = 9,
	WS_PONG = 10
};

struct ws_head {
	uint64_t payload_octets;
	size_t head_octets;
	uint8_t mask[4]; /* zeros when not masked */
	uint8_t opcode;
	bool fin;
};

/*
 * One frame head (section 5.2). A server reads masked frames, a client
 * unmasked ones. *ret_head is written on ERR_OK only.
 *
 * ERR_MORE    a proper prefix.
 * ERR_SYNTAX  reserved bit or opcode, wrong masking, a control frame that is
 *             long or fragmented, a length not in its shortest form. Close 1002.
 * ERR_LIMIT   longer than payload_octets_max. Close 1009.
 */
MUST_USE enum err ws_head_parse(struct slice in, bool masked,
    uint64_t payload_octets_max, struct ws_head *ret_head);
/* mask NULL: a server's frame. Returns its length. */
size_t ws_head_write(enum ws_opcode opcode, uint64_t payload_octets,
    const uint8_t *mask, uint8_t to[static WS_HEAD_OCTETS_MAX]);
/* XORs n octets that stand `from` octets into the payload. */
void
ws_mask(const uint8_t mask[static 4], size_t from, uint8_t *octets, size_t n);
/* Section 4.2.2: the answer to a Sec-WebSocket-Key. 28 digits and NUL. */
void ws_accept(struct slice key, char to[static WS_ACCEPT_OCTETS + 1]);

#endif
