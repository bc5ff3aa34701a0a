/*
 * http1.h - heads of HTTP/1.1 requests and responses (RFC 9112), strictly:
 * what two parsers could read differently is refused. Pure: octets in, slices
 * into them out.
 *
 * Refused: bare LF or CR, obs-fold, white space before a colon, control
 * octets in values, a second Host or Content-Length, any Transfer-Encoding,
 * HTTP/1.0, an absolute target, more than 64 fields.
 */
#ifndef PROTO_HTTP1_H
#define PROTO_HTTP1_H

#include "base/err.h"
#include "base/slice.h"

#define HTTP_HEAD_OCTETS_MAX   8192
#define HTTP_TARGET_OCTETS_MAX 1024
#define HTTP_FIELDS_MAX        64

struct http_field {
	struct slice name, value;
};

struct http_head {
	struct slice method, target; /* of a request */
	unsigned status;             /* of a response, else 0 */
	struct http_field fields[HTTP_FIELDS_MAX];
	size_t field_count;
	size_t octets; /* of the whole head */
	uint64_t body_octets;
	bool close; /* Connection: close */
};

/*
 * ERR_MORE    no end of the head yet, and it may still come.
 * ERR_SYNTAX  answer 400 and close.
 * ERR_LIMIT   too long: answer 431 and close.
 * ERR_UNSUPPORTED  a Transfer-Encoding or version: answer 501 or 505, close.
 */
MUST_USE enum err
http_request_parse(struct slice in, struct http_head *ret_head);
/* A response to our own request. 1xx other than 101 is ERR_UNSUPPORTED. */
MUST_USE enum err
http_response_parse(struct slice in, struct http_head *ret_head);
/* The value of the first field of that name (any case); empty: none. */
struct slice http_field(const struct http_head *h, const char *name);
/* Whether a comma-separated value has that token (any case). */
bool http_has_token(struct slice value, const char *token);
bool http_is(struct slice s, const char *text);

#endif
