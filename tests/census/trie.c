#include "tests/census/trie.h"

#include <stdlib.h>

static void *
must(void *p)
{
	if (p == NULL)
		abort();
	return p;
}

static uint32_t
node_new(struct trie *t)
{
	if (t->node_count == t->node_room) {
		t->node_room = t->node_room == 0 ? 4096 : 2 * t->node_room;
		t->next = must(
		    realloc(t->next, t->node_room * sizeof *t->next));
		t->fail = must(
		    realloc(t->fail, t->node_room * sizeof *t->fail));
		t->ends = must(
		    realloc(t->ends, t->node_room * sizeof *t->ends));
	}
	memset(t->next[t->node_count], 0, sizeof *t->next);
	t->fail[t->node_count] = 0;
	t->ends[t->node_count] = 0;
	return (uint32_t)t->node_count++;
}

void
trie_init(struct trie *t)
{
	memset(t, 0, sizeof *t);
	(void)node_new(t);
}

bool
trie_add(struct trie *t, struct slice form, size_t owner, const char *name)
{
	uint32_t node = 0;

	if (t->form_count == TRIE_FORMS_MAX)
		return false;
	for (size_t i = 0; i < form.len; i++) {
		uint32_t to = t->next[node][form.at[i]];

		if (to == 0) {
			to = node_new(t);
			t->next[node][form.at[i]] = to;
		}
		node = to;
	}
	struct trie_form *f = &t->forms[t->form_count++];
	*f = (struct trie_form){ .owner = owner,
		.name = name,
		.at = must(malloc(form.len)),
		.len = form.len,
		.same = t->ends[node] };
	memcpy(f->at, form.at, form.len);
	t->ends[node] = (uint32_t)t->form_count;
	return true;
}

void
trie_link(struct trie *t)
{
	uint32_t *queue = must(malloc(t->node_count * sizeof *queue));
	size_t head = 0, tail = 0;

	for (unsigned c = 0; c < 256; c++)
		if (t->next[0][c] != 0)
			queue[tail++] = t->next[0][c];
	while (head < tail) {
		const uint32_t node = queue[head++];

		for (unsigned c = 0; c < 256; c++) {
			const uint32_t to = t->next[node][c];
			const uint32_t other = t->next[t->fail[node]][c];

			if (to == 0) {
				t->next[node][c] = other;
				continue;
			}
			t->fail[to] = other;
			queue[tail++] = to;
		}
	}
	free(queue);
}

struct slice
trie_form(const struct trie *t, size_t form)
{
	return slice_make(t->forms[form].at, t->forms[form].len);
}

void
trie_scan(const struct trie *t, struct slice in,
    void (*hit)(void *ctx, size_t owner, const char *name, size_t offset),
    void *ctx)
{
	uint32_t node = 0;

	for (size_t i = 0; i < in.len; i++) {
		node = t->next[node][in.at[i]];
		for (uint32_t n = node; n != 0; n = t->fail[n])
			for (uint32_t e = t->ends[n]; e != 0;
			     e = t->forms[e - 1].same)
				hit(ctx, t->forms[e - 1].owner,
				    t->forms[e - 1].name,
				    i + 1 - t->forms[e - 1].len);
	}
}
