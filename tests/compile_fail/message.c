/* To a less trusted process goes what the schema has a type for. */
#include "ipc/tell.h"

void name_tell(struct tell *t, struct slice name);
void
name_tell(struct tell *t, struct slice name)
{
	const struct count n = { name.len };

#ifdef LEAK
	tell_key(t, name);
#else
	tell_count(t, n, 4);
#endif
}
