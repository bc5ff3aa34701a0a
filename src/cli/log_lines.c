#include "cli/log_lines.h"

#include <stdlib.h>
#include <string.h>
#include <time.h>

bool
is_when(const char *s, size_t n)
{
	static const char shape[] = "0000-00-00T00:00:00Z";

	for (size_t i = 0; i < n; i++)
		if (shape[i] == '0' ? s[i] < '0' || s[i] > '9'
				    : s[i] != shape[i])
			return false;
	return true;
}

bool
when_put(long long at_s, char to[static WHEN_OCTETS + 1])
{
	const time_t at = (time_t)at_s;
	struct tm tm;

	return gmtime_r(&at, &tm) != NULL &&
	       strftime(to, WHEN_OCTETS + 1, "%Y-%m-%dT%H:%M:%SZ", &tm) ==
		   WHEN_OCTETS;
}

/* What could move a terminal's cursor is no letter of ours. */
static void
line_clean(char *s)
{
	s[strcspn(s, "\n")] = '\0';
	for (; *s != '\0'; s++)
		if (*s < ' ' || *s > '~')
			*s = '?';
}

/* "TIME LEVEL NAME a=1 b=2: sentence" */
static enum event
line_event(const char *line)
{
	const char *name = strchr(line, ' ');
	enum event event;

	if (name == NULL || (name = strchr(name + 1, ' ')) == NULL)
		return EV__MAX;
	name++;
	return event_find(slice_make(name, strcspn(name, " :")), &event) ==
		       ERR_OK
		   ? event
		   : EV__MAX;
}

/* A line without a time, from a library, belongs to the one before. */
void
log_lines_next(struct log_lines *l)
{
	l->event = EV__MAX;
	l->there = l->file != NULL &&
		   fgets(l->line, sizeof l->line, l->file) != NULL;
	if (!l->there)
		return;
	line_clean(l->line);
	if (strlen(l->line) > WHEN_OCTETS && is_when(l->line, WHEN_OCTETS)) {
		memcpy(l->when, l->line, WHEN_OCTETS);
		l->when[WHEN_OCTETS] = '\0';
		l->event = line_event(l->line);
	}
}

void
log_lines_open(struct log_lines *l, const char *dir, const char *name)
{
	char path[4096];

	*l = (struct log_lines){ .event = EV__MAX };
	(void)snprintf(path, sizeof path, "%s/%s", dir, name);
	l->file = fopen(path, "re");
	log_lines_next(l);
}

void
log_lines_close(struct log_lines *l)
{
	if (l->file != NULL)
		(void)fclose(l->file);
	*l = (struct log_lines){ .event = EV__MAX };
}

bool
log_line_number(const struct log_lines *l, const char *field,
    unsigned long *ret_number)
{
	char want[40];
	const int n = snprintf(want, sizeof want, " %s=", field);
	const char *at = strstr(l->line, want);

	if (at == NULL)
		return false;
	*ret_number = strtoul(at + n, NULL, 10);
	return true;
}
