/*
 * log.c - what server and hub of ./run logged, in the order of time, each line
 * with its event's sentence and what to do about it: log/events.def.
 */
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/obj.h"
#include "cli/cli.h"
#include "log/log.h"

#define WHEN_OCTETS 20 /* 2026-11-24T02:03:04Z */
#define LINE_OCTETS 1024

struct source {
	const char *name;
	FILE *file;
	bool there;             /* line holds one */
	char line[LINE_OCTETS]; /* without its end */
	char when[WHEN_OCTETS + 1];
};

struct choice_of_lines {
	const char *dir;
	char since[WHEN_OCTETS + 1]; /* "": from the beginning */
	enum event event;            /* EV__MAX: each */
};

static int
complain(const char *why)
{
	(void)fprintf(stderr, "eaves: log: %s\n", why);
	return 1;
}

/* --- times --- */

/* The beginning of a time as the log writes it: a day, an hour, a second. */
static bool
is_when(const char *s, size_t n)
{
	static const char shape[] = "0000-00-00T00:00:00Z";

	for (size_t i = 0; i < n; i++)
		if (shape[i] == '0' ? s[i] < '0' || s[i] > '9'
				    : s[i] != shape[i])
			return false;
	return true;
}

static bool
ago(const char *s, char to[static WHEN_OCTETS + 1])
{
	static const char units[] = "mhd";
	static const long unit_s[] = { 60, 3600, 86400 };
	char *end;
	const unsigned long n = strtoul(s, &end, 10);
	const char *unit = *end == '\0' ? NULL : strchr(units, *end);
	struct tm tm;

	if (s[0] < '0' || s[0] > '9' || unit == NULL || end[1] != '\0' ||
	    n > 36500)
		return false;
	const time_t then = time(NULL) - (time_t)n * unit_s[unit - units];
	return gmtime_r(&then, &tm) != NULL &&
	       strftime(to, WHEN_OCTETS + 1, "%Y-%m-%dT%H:%M:%SZ", &tm) ==
		   WHEN_OCTETS;
}

static bool
since_read(const char *s, char to[static WHEN_OCTETS + 1])
{
	const size_t n = strlen(s);

	if (n < 10 || n > WHEN_OCTETS || !is_when(s, n))
		return ago(s, to);
	memcpy(to, s, n + 1);
	return true;
}

/* --- lines --- */

/* What could move a terminal's cursor is no letter of ours. */
static void
line_clean(char *s)
{
	s[strcspn(s, "\n")] = '\0';
	for (; *s != '\0'; s++)
		if (*s < ' ' || *s > '~')
			*s = '?';
}

/* A line without a time, from a library, belongs to the one before. */
static void
source_next(struct source *s)
{
	s->there = s->file != NULL &&
		   fgets(s->line, sizeof s->line, s->file) != NULL;
	if (!s->there)
		return;
	line_clean(s->line);
	if (strlen(s->line) > WHEN_OCTETS && is_when(s->line, WHEN_OCTETS)) {
		memcpy(s->when, s->line, WHEN_OCTETS);
		s->when[WHEN_OCTETS] = '\0';
	}
}

/* "TIME LEVEL NAME a=1 b=2: sentence" */
static enum event
line_event(const char *line)
{
	const char *name = strchr(line, ' ');
	enum event event;

	if (!is_when(line, strnlen(line, WHEN_OCTETS)) || name == NULL ||
	    (name = strchr(name + 1, ' ')) == NULL)
		return EV__MAX;
	name++;
	return event_find(slice_make(name, strcspn(name, " :")), &event) ==
		       ERR_OK
		   ? event
		   : EV__MAX;
}

static void
line_tell(const struct source *s, const struct choice_of_lines *c)
{
	const enum event event = line_event(s->line);

	if (strcmp(s->when, c->since) < 0 ||
	    (c->event != EV__MAX && event != c->event))
		return;
	if (event == EV__MAX) {
		(void)printf("%s: %s\n", s->name, s->line);
		return;
	}
	const struct event_text *t = event_text(event);
	(void)printf("%.*s (%s)\n    %s\n    To do: %s\n",
	    (int)strcspn(s->line + WHEN_OCTETS, ":") + WHEN_OCTETS, s->line,
	    s->name, t->sentence, t->todo);
}

static int
log_tell(const struct choice_of_lines *c)
{
	struct source sources[] = { { .name = "server" }, { .name = "hub" } };
	bool any = false;

	for (size_t i = 0; i < COUNT(sources); i++) {
		char path[4096];

		(void)snprintf(path, sizeof path, "%s/%s.log", c->dir,
		    sources[i].name);
		sources[i].file = fopen(path, "re");
		any = any || sources[i].file != NULL;
		source_next(&sources[i]);
	}
	if (!any)
		return complain("there is no log; say where ./run keeps its "
				"data: --dir FOLDER");
	while (sources[0].there || sources[1].there) {
		const bool second = !sources[0].there ||
				    (sources[1].there &&
					strcmp(sources[1].when,
					    sources[0].when) < 0);

		line_tell(&sources[second], c);
		source_next(&sources[second]);
	}
	for (size_t i = 0; i < COUNT(sources); i++)
		if (sources[i].file != NULL)
			(void)fclose(sources[i].file);
	return 0;
}

static int
list_tell(void)
{
	for (int i = 0; i < EV__MAX; i++) {
		const struct event_text *t = event_text((enum event)i);

		(void)printf("%s (%s)\n    %s\n    To do: %s\n", t->name,
		    t->level, t->sentence, t->todo);
	}
	return 0;
}

int
cli_log(int argc, char **argv)
{
	struct choice_of_lines c = { .dir = "var", .event = EV__MAX };

	if (argc == 2 && strcmp(argv[1], "--list") == 0)
		return list_tell();
	for (int i = 1; i < argc; i++) {
		if (strcmp(argv[i], "--dir") == 0 && i + 1 < argc) {
			c.dir = argv[++i];
		} else if (strcmp(argv[i], "--since") == 0 && i + 1 < argc) {
			if (since_read(argv[++i], c.since))
				continue;
			(void)complain("a time is 2026-11-24, "
				       "2026-11-24T20:15, 90m, 12h or 7d");
			return 2;
		} else if (c.event != EV__MAX ||
			   event_find(slice_str(argv[i]), &c.event) != ERR_OK) {
			(void)complain("no such event; eaves log --list");
			return 2;
		}
	}
	return log_tell(&c);
}
