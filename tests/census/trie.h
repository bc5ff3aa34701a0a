/*
 * trie.h - many patterns in one pass (Aho and Corasick, 1975). Memory is
 * taken once; the tool that uses it is short-lived and frees nothing.
 */
#ifndef CENSUS_TRIE_H
#define CENSUS_TRIE_H

#include "base/slice.h"

#define TRIE_FORMS_MAX 16384

struct trie_form {
	size_t owner;
	const char *name;
	uint8_t *at;
	size_t len;
	uint32_t same; /* the next form that ends at the same node, or 0 */
};

struct trie {
	uint32_t (*next)[256];
	uint32_t *fail;
	uint32_t *ends; /* 1 + form that ends here */
	size_t node_count, node_room;
	struct trie_form forms[TRIE_FORMS_MAX];
	size_t form_count;
};

void trie_init(struct trie *t);
/* false when the table is full. The octets are copied, the name is kept. */
bool
trie_add(struct trie *t, struct slice form, size_t owner, const char *name);
/* Once, after the last add and before the first scan. */
void trie_link(struct trie *t);
struct slice trie_form(const struct trie *t, size_t form);
void trie_scan(const struct trie *t, struct slice in,
    void (*hit)(void *ctx, size_t owner, const char *name, size_t offset),
    void *ctx);

#endif
