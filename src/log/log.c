#include "log/log.h"

#include <stdio.h>
#include <time.h>

static const struct {
	const char *name, *level, *sentence;
} events[] = {
#define EVENT(name, level, sentence, todo) { #name, #level, sentence },
#include "log/events.def"
#undef EVENT
};

static int
field_put(char *to, size_t room, struct log_field f)
{
	switch (f.kind) {
	case LOG_NUMBER:
		return snprintf(to, room, " %s=%llu", f.name,
		    (unsigned long long)f.number);
	case LOG_ERR:
		return snprintf(to, room, " %s=%s", f.name,
		    err_name((enum err)f.number));
	case LOG_NONE:
		break;
	}
	return 0;
}

void
log_event(enum event event, struct log_field a, struct log_field b)
{
	char when[32] = "", x[64] = "", y[64] = "";
	const time_t now = time(NULL);
	struct tm tm;

	if (gmtime_r(&now, &tm) != NULL)
		(void)strftime(when, sizeof when, "%Y-%m-%dT%H:%M:%SZ", &tm);
	(void)field_put(x, sizeof x, a);
	(void)field_put(y, sizeof y, b);
	(void)fprintf(stderr, "%s %s %s%s%s: %s\n", when, events[event].level,
	    events[event].name, x, y, events[event].sentence);
}
