/* Edge sees an answer of the API: what a row held when opened is none. */
#include "eavesd/core/core.h"

void row_tell(struct call *c, const struct row *row, struct slice opened);
void
row_tell(struct call *c, const struct row *row, struct slice opened)
{
	(void)opened;
#ifdef LEAK
	out_sealed(c, c->out, "body", opened);
#else
	out_sealed(c, c->out, "body", row_sealed(row, 2));
#endif
}
