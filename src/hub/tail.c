#include "hub/tail.h"

#include <stdlib.h>
#include <string.h>

#include "model/run.h"

void
tail_init(struct tail *t)
{
	*t = (struct tail){ 0 };
	t->last = &t->first;
}

static struct tail_record *
first_take(struct tail *t)
{
	struct tail_record *r = t->first;

	t->first = r->next;
	if (t->first == NULL)
		t->last = &t->first;
	t->octets -= r->len;
	return r;
}

void
tail_clear(struct tail *t)
{
	while (t->first != NULL)
		free(first_take(t));
	free(t->header);
	tail_init(t);
}

/* The first group, with the headers before the next key frame. */
static void
group_drop(struct tail *t)
{
	bool key = false;

	while (t->first != NULL && !(key && t->first->flags == RUN_KEY)) {
		struct tail_record *r = first_take(t);
		key |= r->flags == RUN_KEY;
		if (r->flags != RUN_HEADER) {
			free(r);
			continue;
		}
		free(t->header);
		t->header = r;
		key = true; /* nothing before it counts */
	}
}

/* When the second group began; UINT64_MAX: there is none. */
static uint64_t
second_ms(const struct tail *t)
{
	const struct tail_record *r = t->first;
	bool key = false;

	for (; r != NULL; r = r->next) {
		if (r->flags == RUN_KEY && key)
			return r->ms;
		key |= r->flags == RUN_KEY;
	}
	return UINT64_MAX;
}

static void
old_drop(struct tail *t, uint64_t now_ms)
{
	uint64_t ms;

	while ((ms = second_ms(t)) != UINT64_MAX && ms + TAIL_MS <= now_ms)
		group_drop(t);
}

void
tail_add(struct tail *t, uint8_t flags, struct slice record, uint64_t ms)
{
	struct tail_record *r;

	/* nothing begins without its header and a key frame */
	if (flags != RUN_HEADER && flags != RUN_KEY && t->first == NULL)
		return;
	if ((r = malloc(sizeof *r + record.len)) == NULL) {
		tail_clear(t);
		return;
	}
	*r = (struct tail_record){ .ms = ms, .flags = flags };
	r->len = record.len;
	memcpy(r->at, record.at, record.len);
	*t->last = r;
	t->last = &r->next;
	t->octets += r->len;
	if (flags == RUN_KEY)
		old_drop(t, ms);
	while (t->octets > TAIL_OCTETS_MAX)
		group_drop(t);
}

void
tail_take(struct tail *t, uint64_t now_ms,
    void (*each)(void *ctx, uint8_t flags, struct slice record), void *ctx)
{
	old_drop(t, now_ms);
	if (t->header != NULL)
		each(ctx, RUN_HEADER,
		    slice_make(t->header->at, t->header->len));
	while (t->first != NULL) {
		struct tail_record *r = first_take(t);
		each(ctx, r->flags, slice_make(r->at, r->len));
		free(r);
	}
	tail_clear(t);
}
