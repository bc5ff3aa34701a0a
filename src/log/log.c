#include "log/log.h"

#include <assert.h>
#include <stdio.h>
#include <time.h>

static const struct event_text events[] = {
#define EVENT(name, level, sentence, todo) { #name, #level, sentence, todo },
#include "log/events.def"
#undef EVENT
};

const struct event_text *
event_text(enum event event)
{
	assert((unsigned)event < EV__MAX);
	return &events[event];
}

enum err
event_find(struct slice name, enum event *ret_event)
{
	for (int i = 0; i < EV__MAX; i++)
		if (slice_eq(name, slice_str(events[i].name))) {
			*ret_event = (enum event)i;
			return ERR_OK;
		}
	return ERR_MISSING;
}

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
