/* Core has no way to send octets as they are. */
#include "eavesd/core/core.h"

void octets_tell(struct core *core, const struct tell *t);
void
octets_tell(struct core *core, const struct tell *t)
{
#ifdef LEAK
	(void)!ipc_notice(core->edge, MSG_HOME_CHANGED, buf_slice(&t->body),
	    NULL, 0);
#else
	(void)!tell_notice(core->edge, MSG_HOME_CHANGED, t);
#endif
}
