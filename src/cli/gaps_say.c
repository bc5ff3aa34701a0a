#include "cli/gaps_say.h"

#include <inttypes.h>
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/obj.h"
#include "cli/gaps_when.h"

#define US 1000000u

/* The words of the app: web/words/en.ts. */
static const char *const causes[CAUSE__MAX] = {
	[CAUSE_CAMERA] = "The camera gave no pictures.",
	[CAUSE_HUB] = "The hub was off.",
	[CAUSE_AWAY] = "The server was away.",
	[CAUSE_SLOW] = "The way to the server was too slow.",
	[CAUSE_DISK] = "The server's disk was full or too slow.",
	[CAUSE_SERVER] = "The server does not give out what it was given.",
	[CAUSE_GONE] = "Older than what is kept.",
	[CAUSE_SILENT] = "The hub has not said anything since.",
};

/* Why a camera gives no pictures: docs/FORMATS.md section 1. */
static const char *const reasons[] = { NULL,
	"There is no way to the camera's address.",
	"Nothing answers at the camera's address.",
	"The camera refuses the user name or the password.",
	"The camera knows no such path.",
	"The camera sends a format that no browser plays.",
	"The camera took too long to answer.",
	"The camera closed the connection.",
	"What answers at the camera's address is no camera.",
	"The camera offers no H.264 video.",
	"The camera points to another address.",
	"The camera sends more than is allowed.",
	"The camera's file cannot be read.",
	"The camera's process does not start.",
	"The camera does not do what it was asked." };

static const char *
gap_words(const struct gap *g)
{
	if (g->cause == CAUSE_CAMERA && g->state < COUNT(reasons) &&
	    reasons[g->state] != NULL)
		return reasons[g->state];
	if (g->cause == CAUSE_GONE && g->state == 1)
		return "Let go early: the server says that it had no room.";
	return causes[g->cause];
}

static uint64_t
gap_us(const struct gap *g)
{
	return g->at.to_us - g->at.from_us;
}

/* Names are people's own: nothing that a terminal would obey. */
static void
name_put(struct slice name)
{
	for (size_t i = 0; i < name.len; i++)
		(void)putchar(
		    name.at[i] < 0x20 || name.at[i] == 0x7f ? '?' : name.at[i]);
}

/* Whole seconds, rounded; what is missing is never none. */
static uint64_t
seconds(uint64_t us)
{
	const uint64_t s = (us + US / 2) / US;

	return s == 0 && us > 0 ? 1 : s;
}

static void
totals_put(const struct gaps_found *f)
{
	uint64_t of[CAUSE__MAX] = { 0 }, all = 0;

	for (size_t i = 0; i < f->count; i++) {
		of[f->gap[i].cause] += gap_us(&f->gap[i]);
		all += gap_us(&f->gap[i]);
	}
	(void)printf("  %" PRIu64 " s missing", seconds(all));
	for (size_t i = 0, said = 0; i < CAUSE__MAX; i++)
		if (of[i] != 0)
			(void)printf("%s%s %" PRIu64 " s",
			    said++ == 0 ? ": " : ", ",
			    cause_word((enum cause)i), seconds(of[i]));
	(void)puts(".");
}

static void
trust_put(const struct gaps_found *f)
{
	char when[GAPS_WHEN_ROOM];

	if (f->confirmed_us != 0)
		(void)printf("  Confirmed by the hub's signature until %s.\n",
		    gaps_when(f->confirmed_us, when));
	else
		(void)puts("  Not confirmed: the server shows no word of the "
			   "hub on what is newest. It may be off, or kept "
			   "back.");
	if (f->shut != 0)
		(void)printf("  %zu rows did not open, or were not signed by "
			     "the hub: they count for nothing.\n",
		    f->shut);
}

void
gaps_say_home(struct slice name)
{
	name_put(name);
	(void)putchar('\n');
}

void
gaps_say(const struct gaps_found *f)
{
	char from[GAPS_WHEN_ROOM], to[GAPS_WHEN_ROOM];

	(void)printf("Camera %zu: ", f->camera);
	name_put(f->name);
	(void)putchar('\n');
	if (!f->index) {
		(void)puts("  It keeps no index: what is missing cannot be "
			   "told.");
		return;
	}
	if (f->count > 0)
		(void)printf("  %-19s  %-19s  %8s  %s\n", "from", "to",
		    "seconds", "why");
	for (size_t i = 0; i < f->count; i++) {
		const struct gap *g = &f->gap[i];
		(void)printf("  %-19s  %-19s  %8" PRIu64 "  %s\n",
		    gaps_when(g->at.from_us, from), gaps_when(g->at.to_us, to),
		    seconds(gap_us(g)), gap_words(g));
	}
	totals_put(f);
	trust_put(f);
}

void
gaps_say_json(const struct gaps_found *f)
{
	for (size_t i = 0; i < f->count; i++) {
		const struct gap *g = &f->gap[i];
		json_t *j = json_pack("{s:I,s:I,s:I,s:s,s:i}", "camera",
		    (json_int_t)f->camera, "from", (json_int_t)g->at.from_us,
		    "to", (json_int_t)g->at.to_us, "cause",
		    cause_word(g->cause), "state", g->state);
		char *text = json_dumps(j, JSON_COMPACT);
		(void)puts(text == NULL ? "{}" : text);
		free(text);
		json_decref(j);
	}
}
