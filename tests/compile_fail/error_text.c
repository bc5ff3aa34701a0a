/* An error text is a sentence of the source, never made of what was sent. */
#include "eavesd/core/core.h"

bool name_refuse(struct call *c, const char *name);
bool
name_refuse(struct call *c, const char *name)
{
	(void)name;
#ifdef LEAK
	return call_fail(c, 409, "conflict", WORDS(name));
#else
	return call_fail(c, 409, "conflict", WORDS("The name is taken."));
#endif
}
