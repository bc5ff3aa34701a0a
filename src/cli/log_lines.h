/*
 * log_lines.h - the lines of server.log and hub.log.
 */
#ifndef CLI_LOG_LINES_H
#define CLI_LOG_LINES_H

#include <stdbool.h>
#include <stdio.h>

#include "log/log.h"

#define WHEN_OCTETS 20 /* 2026-11-24T02:03:04Z */
#define LINE_OCTETS 1024

struct log_lines {
	FILE *file;             /* NULL: there is no such log */
	bool there;             /* line holds one */
	char line[LINE_OCTETS]; /* without its end; printable */
	char when[WHEN_OCTETS + 1];
	enum event event; /* EV__MAX: none of ours */
};

/* The first n octets of a time as the log writes it. */
bool is_when(const char *s, size_t n);
/* Seconds since 1970 as the log writes them. */
bool when_put(long long at_s, char to[static WHEN_OCTETS + 1]);

/* The log of that name in that folder, at its first line. */
void log_lines_open(struct log_lines *l, const char *dir, const char *name);
void log_lines_next(struct log_lines *l);
void log_lines_close(struct log_lines *l);
/* The number of a field. false: there is none. */
bool log_line_number(const struct log_lines *l, const char *field,
    unsigned long *ret_number);

#endif
