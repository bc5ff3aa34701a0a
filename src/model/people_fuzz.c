/*
 * What a member wrote into the directory: whatever parses is found again by
 * its id, and allows itself to be written anew by each of its owners.
 */
#include "model/directory.h"

int LLVMFuzzerTestOneInput(const uint8_t *at, size_t len);

int
LLVMFuzzerTestOneInput(const uint8_t *at, size_t len)
{
	struct people *p;

	if (people_parse(slice_make(at, len), &p) != ERR_OK)
		return 0;
	assert(p->member_count <= PEOPLE_MEMBERS_MAX);
	for (size_t i = 0; i < p->member_count; i++) {
		const struct member *m = &p->member[i];
		assert(people_member(p, &m->id) == m);
		const enum err e = directory_allows(p, p, &m->id, true, true);
		if (m->role == ROLE_OWNER)
			assert(e == ERR_OK);
	}
	for (size_t i = 0; i < p->hub_count; i++)
		assert(people_hub(p, &p->hub[i].id) == &p->hub[i]);
	for (size_t i = 0; i < p->thing_count; i++)
		assert(people_thing(p, &p->thing[i].id) == &p->thing[i]);
	people_destroy(p);
	return 0;
}
