#include "base/buf.h"

#include <stdlib.h>

static void
octets_wipe(uint8_t *at, size_t len)
{
	if (at != NULL && len != 0)
		explicit_bzero(at, len);
}

void
buf_init(struct buf *b, size_t cap_octets)
{
	*b = (struct buf){ .cap = cap_octets };
}

void
buf_init_secret(struct buf *b, size_t cap_octets)
{
	*b = (struct buf){ .cap = cap_octets, .wipe = true };
}

void
buf_fini(struct buf *b)
{
	if (b->wipe)
		octets_wipe(b->at, b->room);
	free(b->at);
	*b = (struct buf){ 0 };
}

void
buf_clear(struct buf *b)
{
	if (b->wipe)
		octets_wipe(b->at, b->len);
	b->len = 0;
}

static enum err
buf_grow(struct buf *b, size_t want)
{
	size_t room = b->room != 0 ? b->room : 256;

	while (room < want)
		room = room > SIZE_MAX / 2 ? want : room * 2;
	if (room > b->cap)
		room = b->cap;
	/* malloc and copy, not realloc: a moved secret must not stay behind */
	uint8_t *at = malloc(room);
	if (at == NULL)
		return ERR_NOMEM;
	if (b->len != 0)
		memcpy(at, b->at, b->len);
	if (b->wipe)
		octets_wipe(b->at, b->len);
	free(b->at);
	b->at = at;
	b->room = room;
	return ERR_OK;
}

enum err
buf_reserve(struct buf *b, size_t n, uint8_t **ret_at)
{
	enum err e;

	if (n > b->cap || b->len > b->cap - n)
		return ERR_LIMIT;
	if ((b->len + n > b->room || b->at == NULL) &&
	    (e = buf_grow(b, b->len + n)) != ERR_OK)
		return e;
	*ret_at = b->at + b->len;
	return ERR_OK;
}

enum err
buf_append(struct buf *b, struct slice s)
{
	uint8_t *at;
	enum err e;

	if (s.len == 0)
		return ERR_OK;
	if ((e = buf_reserve(b, s.len, &at)) != ERR_OK)
		return e;
	memcpy(at, s.at, s.len);
	b->len += s.len;
	return ERR_OK;
}

void
buf_consume(struct buf *b, size_t n)
{
	assert(n <= b->len);
	if (n == 0)
		return;
	b->len -= n;
	if (b->len != 0)
		memmove(b->at, b->at + n, b->len);
	if (b->wipe)
		octets_wipe(b->at + b->len, n);
}
