/*
 * http_answer.h - whole answers to an HTTP/1.1 client (RFC 9112), as cameras
 * give them: a bare LF, HTTP/1.0 and a body that ends with the connection are
 * taken, where http1.h is strict. One request at a time, so that nothing can
 * be smuggled. Pure.
 */
#ifndef PROTO_HTTP_ANSWER_H
#define PROTO_HTTP_ANSWER_H

#include "base/buf.h"

#define HTTP_ANSWER_HEAD_OCTETS_MAX 8192
#define HTTP_ANSWER_BODY_OCTETS_MAX ((size_t)256 << 10)
/* With the lengths of chunks. */
#define HTTP_ANSWER_OCTETS_MAX ((size_t)512 << 10)

struct http_answer {
	unsigned status;
	struct slice challenges[4]; /* WWW-Authenticate */
	size_t challenge_count;
	bool close;    /* the connection is of no more use */
	size_t octets; /* of the whole message */
};

/*
 * At the front of in; slices point into it. ended: nothing follows in. The
 * body, without its chunks, is appended to body, which is left as it was on
 * an error. 1xx answers before it are passed over.
 * ERR_MORE, ERR_SYNTAX, ERR_LIMIT, ERR_CLOSED (it ended too early), ERR_NOMEM.
 */
MUST_USE enum err http_answer_parse(struct slice in, bool ended,
    struct buf *body, struct http_answer *ret_answer);

#endif
