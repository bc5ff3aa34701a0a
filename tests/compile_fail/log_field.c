/* A field's name made at run time could carry anything: literals only. */
#include "log/log.h"

void field_log(const char *name);
void
field_log(const char *name)
{
	(void)name;
#ifdef LEAK
	log_event(EV_READY, F_COUNT(name, 1), F_NONE);
#else
	log_event(EV_READY, F_COUNT("who", 1), F_NONE);
#endif
}
