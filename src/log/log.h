/*
 * log.h - typed log lines. There is no format string and no maker for a
 * name, an address or a token: what has no maker cannot be logged.
 */
#ifndef LOG_LOG_H
#define LOG_LOG_H

#include <stdint.h>

#include "base/err.h"
#include "base/slice.h"

enum event {
#define EVENT(name, level, sentence, todo) EV_##name,
#include "log/events.def"
#undef EVENT
	EV__MAX
};

struct log_field {
	const char *name; /* a literal */
	enum {
		LOG_NONE,
		LOG_NUMBER,
		LOG_ERR
	} kind;
	uint64_t number;
};
#define F_COUNT(literal, n)                                                    \
	((struct log_field){ "" literal "", LOG_NUMBER, (uint64_t)((n)*1) })
#define F_ERR(e) ((struct log_field){ "error", LOG_ERR, (uint64_t)(e) })
#define F_NONE   ((struct log_field){ "", LOG_NONE, 0 })

/* What a line means, for the people who read it. All literals. */
struct event_text {
	const char *name, *level;
	const char *sentence; /* what happened */
	const char *todo;     /* what to do about it; "Nothing." */
};
const struct event_text *event_text(enum event event);
/* The event of that name. ERR_MISSING. */
MUST_USE enum err event_find(struct slice name, enum event *ret_event);

/* One line on standard error. */
void log_event(enum event event, struct log_field a, struct log_field b);

#endif
