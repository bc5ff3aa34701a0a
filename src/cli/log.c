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
#include "cli/log_lines.h"

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

static bool
ago(const char *s, char to[static WHEN_OCTETS + 1])
{
	static const char units[] = "mhd";
	static const long unit_s[] = { 60, 3600, 86400 };
	char *end;
	const unsigned long n = strtoul(s, &end, 10);
	const char *unit = *end == '\0' ? NULL : strchr(units, *end);

	if (s[0] < '0' || s[0] > '9' || unit == NULL || end[1] != '\0' ||
	    n > 36500)
		return false;
	return when_put((long long)time(NULL) -
			    (long long)n * unit_s[unit - units],
	    to);
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

static void
line_tell(const struct log_lines *l, const char *from,
    const struct choice_of_lines *c)
{
	if (strcmp(l->when, c->since) < 0 ||
	    (c->event != EV__MAX && l->event != c->event))
		return;
	if (l->event == EV__MAX) {
		(void)printf("%s: %s\n", from, l->line);
		return;
	}
	const struct event_text *t = event_text(l->event);
	(void)printf("%.*s (%s)\n    %s\n    To do: %s\n",
	    (int)strcspn(l->line + WHEN_OCTETS, ":") + WHEN_OCTETS, l->line,
	    from, t->sentence, t->todo);
}

static int
log_tell(const struct choice_of_lines *c)
{
	struct log_lines server, hub;

	log_lines_open(&server, c->dir, "server.log");
	log_lines_open(&hub, c->dir, "hub.log");
	if (server.file == NULL && hub.file == NULL)
		return complain("there is no log; say where ./run keeps its "
				"data: --dir FOLDER");
	while (server.there || hub.there) {
		const bool is_hub = !server.there ||
				    (hub.there &&
					strcmp(hub.when, server.when) < 0);
		struct log_lines *l = is_hub ? &hub : &server;

		line_tell(l, is_hub ? "hub" : "server", c);
		log_lines_next(l);
	}
	log_lines_close(&server);
	log_lines_close(&hub);
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
