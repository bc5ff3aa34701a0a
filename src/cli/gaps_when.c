#include "cli/gaps_when.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define US         UINT64_C(1000000)
#define ZONE_ROOM  64
#define YEAR_LEAST 1970
#define YEAR_MOST  9999

/* A name of the zone database and nothing else: TZ could be a path. */
static bool
zone_ok(struct slice zone)
{
	if (zone.len == 0 || zone.len >= ZONE_ROOM || zone.at[0] == '/')
		return false;
	for (size_t i = 0; i < zone.len; i++)
		if (!isalnum(zone.at[i]) &&
		    memchr("_+-/", zone.at[i], 4) == NULL)
			return false;
	return true;
}

void
gaps_zone(struct slice zone)
{
	char name[ZONE_ROOM + 1] = ":UTC";

	if (zone_ok(zone))
		(void)snprintf(name, sizeof name, ":%.*s", (int)zone.len,
		    (const char *)zone.at);
	(void)setenv("TZ", name, 1);
	tzset();
}

const char *
gaps_when(uint64_t us, char to[static GAPS_WHEN_ROOM])
{
	const time_t s = (time_t)(us / US);
	struct tm tm;

	if (localtime_r(&s, &tm) == NULL ||
	    strftime(to, GAPS_WHEN_ROOM, "%Y-%m-%d %H:%M:%S", &tm) == 0)
		return "?";
	return to;
}

static uint64_t
us_of(struct tm *tm)
{
	tm->tm_isdst = -1;
	const time_t s = mktime(tm);

	return s < 0 ? 0 : (uint64_t)s * US;
}

static bool
date_ok(const struct tm *tm)
{
	return tm->tm_year >= YEAR_LEAST - 1900 &&
	       tm->tm_year <= YEAR_MOST - 1900 && tm->tm_mon >= 0 &&
	       tm->tm_mon < 12 && tm->tm_mday >= 1 && tm->tm_mday <= 31 &&
	       tm->tm_hour < 24 && tm->tm_min < 60 && tm->tm_sec < 61;
}

bool
gaps_when_parse(const char *text, uint64_t *ret_us)
{
	static const char *const forms[] = { "%Y-%m-%d %H:%M:%S",
		"%Y-%m-%d %H:%M", "%Y-%m-%dT%H:%M:%S", "%Y-%m-%dT%H:%M",
		"%Y-%m-%d" };

	for (size_t i = 0; i < sizeof forms / sizeof forms[0]; i++) {
		struct tm tm = { 0 };
		const char *end = strptime(text, forms[i], &tm);
		if (end == NULL || *end != '\0' || !date_ok(&tm))
			continue;
		*ret_us = us_of(&tm);
		return true;
	}
	return false;
}

bool
gaps_day_parse(const char *text, uint64_t *ret_from, uint64_t *ret_to)
{
	struct tm tm = { 0 };
	const char *end = strptime(text, "%Y-%m-%d", &tm);

	if (end == NULL || *end != '\0' || !date_ok(&tm))
		return false;
	struct tm next = tm;
	next.tm_mday++;
	*ret_from = us_of(&tm);
	*ret_to = us_of(&next);
	return true;
}

uint64_t
gaps_day_begin(uint64_t us)
{
	const time_t s = (time_t)(us / US);
	struct tm tm;

	if (localtime_r(&s, &tm) == NULL)
		return us;
	tm.tm_hour = tm.tm_min = tm.tm_sec = 0;
	return us_of(&tm);
}
