/* A name in a log line: there is no maker for text. */
#include "log/log.h"

void person_log(const char *name, unsigned long n);
void
person_log(const char *name, unsigned long n)
{
	(void)name;
#ifdef LEAK
	log_event(EV_READY, F_COUNT("who", name), F_NONE);
#else
	log_event(EV_READY, F_COUNT("who", n), F_NONE);
#endif
}
