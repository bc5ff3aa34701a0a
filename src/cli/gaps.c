/*
 * gaps.c - what is missing of each camera, and why: a member signs in, and
 * reads what the hubs signed. The server is asked and not believed.
 */
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <termios.h>
#include <unistd.h>

#include "base/obj.h"
#include "cli/cli.h"
#include "cli/gaps_say.h"
#include "cli/gaps_when.h"
#include "cli/reader.h"
#include "os/clock.h"

#define SERVER       "http://127.0.0.1:8470"
#define TYPED_MAX    1024
#define DAY_US       (24 * INDEX_HOUR_US)
#define DAYS_MAX     400
#define PROBE_US     60000000u /* one group of each minute is asked for */
#define SETTLING_US  10000000u /* what is newer may not be on the disk yet */
#define CUT_US       1000000u
#define ROW_DUE_US   150000000u
#define RUN_ENDS_US  3000000u
#define MISSING      1
#define NOT_CLEAR    2
#define NOT_POSSIBLE 3

struct options {
	const char *server, *ca, *from, *to, *day;
	size_t camera; /* 0: all */
	bool json, quick;
};

/* A group that the index lists, and how far it reaches. */
struct listed {
	struct run_id run;
	struct index_group group;
	uint64_t end_us;
	bool asked, lost;
};

struct gaps {
	struct options o;
	struct reader reader;
	struct reader_live live;
	bool has_live;
	struct span at;
	bool missing;
	size_t cameras; /* of the homes so far */
	/* of the camera at hand */
	struct reader_camera camera;
	struct reader_kept kept;
	struct reader_rows rows;
	struct listed *place;
	size_t place_count;
	struct span *lost;
	size_t lost_count;
};

/* --- asking the person --- */

/* A line, without its end; hidden: a terminal does not show it. */
static enum err
line_read(const char *prompt, bool hidden, struct buf *to)
{
	struct termios before;
	const bool terminal = tcgetattr(STDIN_FILENO, &before) == 0;
	enum err e = ERR_OK;
	uint8_t ch;

	if (terminal) {
		(void)fprintf(stderr, "%s: ", prompt);
		struct termios silent = before;
		if (hidden)
			silent.c_lflag &= ~(tcflag_t)ECHO;
		(void)tcsetattr(STDIN_FILENO, TCSAFLUSH, &silent);
	}
	while (e == ERR_OK && read(STDIN_FILENO, &ch, 1) == 1 && ch != '\n')
		e = buf_append(to, slice_make(&ch, 1));
	octets_wipe(&ch, 1);
	if (terminal)
		(void)tcsetattr(STDIN_FILENO, TCSAFLUSH, &before);
	if (terminal && hidden)
		(void)fputc('\n', stderr);
	return e;
}

/* What was not said is asked for, where there is somebody to ask. */
static enum err
server_open(struct gaps *g)
{
	AUTO_BUF struct buf typed;
	enum err e = ERR_OK;

	buf_init(&typed, TYPED_MAX);
	if (g->o.server == NULL && isatty(STDIN_FILENO) == 1)
		e = line_read("Server [" SERVER "]", false, &typed);
	if (e == ERR_OK && typed.len > 0)
		e = buf_append(&typed, SLICE_LIT("\0"));
	if (e != ERR_OK)
		return e;
	return door_open(&g->reader.door,
	    g->o.server != NULL ? g->o.server
	    : typed.len > 0     ? (const char *)typed.at
				: SERVER,
	    g->o.ca);
}

static enum err
enter(struct gaps *g)
{
	AUTO_BUF struct buf name, phrase;
	enum err e;

	buf_init(&name, TYPED_MAX);
	buf_init_secret(&phrase, TYPED_MAX);
	if ((e = server_open(g)) != ERR_OK ||
	    (e = line_read("Name", false, &name)) != ERR_OK ||
	    (e = line_read("Passphrase", true, &phrase)) != ERR_OK)
		return e;
	return reader_enter(&g->reader, buf_slice(&name), buf_slice(&phrase));
}

/* --- rows --- */

static uint32_t
day_of(uint64_t us)
{
	return (uint32_t)(us / DAY_US);
}

/* Whether a row begins at or after that time: it names the one before. */
static bool
has_row_after(const struct reader_rows *rows, uint64_t us)
{
	for (size_t i = 0; i < rows->count; i++)
		if (rows->hour[i].from_us >= us)
			return true;
	return false;
}

/*
 * The days of the question, the newest day, and what follows the question
 * until a row that tells of its end.
 */
static enum err
rows_read(struct gaps *g)
{
	const uint32_t last = day_of(g->at.to_us);
	uint32_t newest;
	enum err e;

	if ((e = reader_rows_newest(&g->reader, &g->camera, &newest)) != ERR_OK)
		return e;
	for (uint32_t d = day_of(g->at.from_us); d <= last; d++)
		if ((e = reader_rows_day(&g->reader, &g->camera, d,
			 &g->rows)) != ERR_OK)
			return e;
	for (uint32_t d = last + 1; d <= newest && d <= last + DAYS_MAX &&
				    !has_row_after(&g->rows, g->at.to_us);
	     d++)
		if ((e = reader_rows_day(&g->reader, &g->camera, d,
			 &g->rows)) != ERR_OK)
			return e;
	return newest == 0
		   ? ERR_OK
		   : reader_rows_day(&g->reader, &g->camera, newest, &g->rows);
}

/* What heads say of the index; time 0: nothing that could be checked. */
static void
named_make(struct gaps *g, struct ledger_named *to)
{
	static const struct run_id none;
	const struct heads *h = g->has_live
				    ? reader_live_heads(&g->live, &g->camera)
				    : NULL;

	*to = (struct ledger_named){ 0 };
	for (size_t i = 0; h != NULL && i < h->count; i++) {
		const struct head *one = &h->head[i];
		if (!id_eq(&one->stream, &g->camera.index) ||
		    memcmp(&one->run, &none, sizeof none) == 0)
			continue;
		to->run = one->run;
		to->mark = one->mark_number;
		memcpy(to->mark_hash, one->mark_hash, SHA256_OCTETS);
		to->time_us = h->time_us;
	}
}

/* --- what was recorded after the hub's last row --- */

/* Whether nothing tells what came after that row, and nothing will soon. */
static bool
is_cut_off(const struct gaps *g, const struct index_hour *h)
{
	for (size_t i = 0; i < g->rows.count; i++)
		if (g->rows.hour[i].from_us <= h->to_us + CUT_US &&
		    g->rows.hour[i].to_us > h->to_us)
			return false;
	return h->to_us < g->at.to_us && h->to_us + CUT_US > g->at.from_us &&
	       (h->to_us + ROW_DUE_US < clock_realtime_us() ||
		   has_row_after(&g->rows, h->to_us));
}

static enum err
tail_find(struct gaps *g, const struct index_hour *h, struct index_hour_run *r)
{
	uint64_t last_us = 0;
	enum err e;

	if (r->as != TRACK_MAIN || r->group_count == 0 ||
	    r->last_us + RUN_ENDS_US < h->to_us)
		return ERR_OK;
	e = reader_live_tail(&g->live, &g->camera, &r->run,
	    &r->group[r->group_count - 1], &last_us);
	if (e == ERR_OK && last_us > r->last_us)
		r->last_us = last_us;
	return e == ERR_MISSING ? ERR_OK : e;
}

static enum err
tails_find(struct gaps *g)
{
	enum err e = ERR_OK;

	for (size_t i = 0; i < g->rows.count && g->has_live; i++) {
		struct index_hour *h = &g->rows.hour[i];
		if (!is_cut_off(g, h))
			continue;
		for (size_t k = 0; e == ERR_OK && k < h->run_count; k++)
			e = tail_find(g, h, &h->run[k]);
	}
	return e;
}

/* --- what is listed, is it given? --- */

static int
place_order(const void *a, const void *b)
{
	const struct listed *x = a, *y = b;

	if (x->group.time_us != y->group.time_us)
		return x->group.time_us < y->group.time_us ? -1 : 1;
	return memcmp(&x->run, &y->run, sizeof x->run);
}

static size_t
groups_count(const struct reader_rows *rows)
{
	size_t n = 0;

	for (size_t i = 0; i < rows->count; i++)
		for (size_t k = 0; k < rows->hour[i].run_count; k++)
			n += rows->hour[i].run[k].group_count;
	return n;
}

/* What went, by the server's own word, is not asked for. */
static bool
is_gone(const struct gaps *g, uint64_t us)
{
	for (size_t i = 0; i < g->kept.lock_count; i++)
		if (us >= g->kept.lock[i].from_us && us < g->kept.lock[i].to_us)
			return false;
	return us < g->kept.oldest_us;
}

static bool
is_asked_about(const struct gaps *g, uint64_t us)
{
	return us >= g->at.from_us && us < g->at.to_us && !is_gone(g, us) &&
	       us + SETTLING_US < clock_realtime_us();
}

static enum err
places_make(struct gaps *g)
{
	size_t n = 0;

	g->place = calloc(groups_count(&g->rows) + 1, sizeof *g->place);
	if (g->place == NULL)
		return ERR_NOMEM;
	for (size_t i = 0; i < g->rows.count; i++)
		for (size_t k = 0; k < g->rows.hour[i].run_count; k++) {
			const struct index_hour_run *r = &g->rows.hour[i]
							      .run[k];
			for (size_t j = 0;
			     r->as == TRACK_MAIN && j < r->group_count; j++)
				if (is_asked_about(g, r->group[j].time_us))
					g->place[n++] = (struct listed){
						.run = r->run,
						.group = r->group[j],
						.end_us = r->last_us
					};
		}
	qsort(g->place, n, sizeof *g->place, place_order);
	g->place_count = n;
	for (size_t i = 0; i + 1 < n; i++)
		if (memcmp(&g->place[i].run, &g->place[i + 1].run,
			sizeof g->place[i].run) == 0)
			g->place[i].end_us = g->place[i + 1].group.time_us;
	return ERR_OK;
}

static enum err
place_ask(struct gaps *g, size_t i)
{
	struct listed *p = &g->place[i];
	enum err e;

	if (p->asked)
		return ERR_OK;
	p->asked = true;
	e = reader_live_group(&g->live, &g->camera, &p->run, &p->group);
	p->lost = e == ERR_MISSING;
	return p->lost ? ERR_OK : e;
}

/* Around one that is not there, each one, until one that is. */
static enum err
around_ask(struct gaps *g, size_t i)
{
	enum err e = ERR_OK;

	for (size_t k = i; e == ERR_OK && k-- > 0 && g->place[k + 1].lost;)
		e = place_ask(g, k);
	for (size_t k = i + 1;
	     e == ERR_OK && k < g->place_count && g->place[k - 1].lost; k++)
		e = place_ask(g, k);
	return e;
}

/* One group of each minute, of each run the first; near a loss each one. */
static enum err
places_ask(struct gaps *g)
{
	uint64_t next_us = 0;
	enum err e = ERR_OK;

	for (size_t i = 0; e == ERR_OK && i < g->place_count; i++) {
		const struct listed *p = &g->place[i];
		const bool run_begins = i == 0 || memcmp(&p->run, &p[-1].run,
						      sizeof p->run) != 0;
		if (p->asked || (!run_begins && p->group.time_us < next_us))
			continue;
		next_us = p->group.time_us + PROBE_US;
		if ((e = place_ask(g, i)) == ERR_OK && p->lost)
			e = around_ask(g, i);
	}
	return e;
}

static enum err
lost_make(struct gaps *g)
{
	enum err e;

	if ((e = places_make(g)) != ERR_OK || !g->has_live || g->o.quick ||
	    (e = places_ask(g)) != ERR_OK)
		return e;
	g->lost = calloc(g->place_count + 1, sizeof *g->lost);
	if (g->lost == NULL)
		return ERR_NOMEM;
	for (size_t i = 0; i < g->place_count; i++)
		if (g->place[i].lost)
			g->lost[g->lost_count++] = (struct span){
				g->place[i].group.time_us, g->place[i].end_us
			};
	return ERR_OK;
}

/* --- */

static bool
has_server(const struct gap *gaps, size_t count, uint64_t from_us)
{
	for (size_t i = 0; i < count; i++)
		if (gaps[i].cause == CAUSE_SERVER && gaps[i].at.to_us > from_us)
			return true;
	return false;
}

static enum err
camera_find(struct gaps *g, struct ledger_named *named)
{
	enum err e;

	named_make(g, named); /* before the rows: they are at least as new */
	if ((e = rows_read(g)) != ERR_OK ||
	    (e = reader_kept(&g->reader, &g->camera, clock_realtime_us(),
		 &g->rows, &g->kept)) != ERR_OK ||
	    (e = tails_find(g)) != ERR_OK)
		return e;
	return lost_make(g);
}

static enum err
camera_tell(struct gaps *g, size_t number)
{
	struct gaps_found f = { .camera = number,
		.name = g->camera.thing->name,
		.index = !id_is_zero(&g->camera.index) };
	struct ledger_question q = { .at = g->at,
		.born_us = g->camera.born_us };
	struct gap *gaps = NULL;
	enum err e = ERR_OK;

	if (f.index && (e = camera_find(g, &q.named)) == ERR_OK) {
		q.row = g->rows.row;
		q.row_count = g->rows.count;
		q.day = g->rows.day;
		q.day_count = g->rows.day_count;
		q.lost = g->lost;
		q.lost_count = g->lost_count;
		q.oldest_us = g->kept.oldest_us;
		q.keep_us = g->kept.keep_us;
		q.room_us = g->kept.room_us;
		q.lock = g->kept.lock;
		q.lock_count = g->kept.lock_count;
		e = ledger_make(&q, &gaps, &f.count);
	}
	if (e != ERR_OK)
		return e;
	f.gap = gaps;
	f.shut = g->rows.shut;
	/* rows that heads name are there, if no end is withheld */
	if (!has_server(gaps, f.count, q.named.time_us - 1))
		f.confirmed_us = q.named.time_us;
	(g->o.json ? gaps_say_json : gaps_say)(&f);
	g->missing = g->missing || f.count > 0 || !f.index;
	free(gaps);
	return ERR_OK;
}

/* They are counted through all homes. */
static enum err
cameras_tell(struct gaps *g)
{
	enum err e = ERR_OK;

	for (size_t n = 0;
	     e == ERR_OK && reader_camera(&g->reader, n, &g->camera); n++) {
		g->cameras++;
		if (g->o.camera != 0 && g->o.camera != g->cameras)
			continue;
		e = camera_tell(g, g->cameras);
		reader_rows_fini(&g->rows);
		free(g->place);
		free(g->lost);
		g->place = NULL;
		g->lost = NULL;
		g->kept = (struct reader_kept){ 0 };
		g->place_count = g->lost_count = 0;
	}
	return e;
}

/* Today, when nothing else was asked for. */
static bool
span_make(struct gaps *g)
{
	const uint64_t now = clock_realtime_us();
	struct span at = { gaps_day_begin(now), now };

	if (g->o.day != NULL &&
	    !gaps_day_parse(g->o.day, &at.from_us, &at.to_us))
		return false;
	if ((g->o.from != NULL && !gaps_when_parse(g->o.from, &at.from_us)) ||
	    (g->o.to != NULL && !gaps_when_parse(g->o.to, &at.to_us)))
		return false;
	if (at.to_us > now)
		at.to_us = now;
	g->at = at;
	return at.from_us < at.to_us &&
	       at.to_us - at.from_us <= DAYS_MAX * DAY_US;
}

static bool
options_read(int argc, char **argv, struct options *o)
{
	static const struct option known[] = { { "server", 1, NULL, 's' },
		{ "ca", 1, NULL, 'a' }, { "from", 1, NULL, 'f' },
		{ "to", 1, NULL, 't' }, { "day", 1, NULL, 'd' },
		{ "camera", 1, NULL, 'c' }, { "json", 0, NULL, 'j' },
		{ "quick", 0, NULL, 'q' }, { NULL, 0, NULL, 0 } };
	int c;

	optind = 1;
	while ((c = getopt_long(argc, argv, "", known, NULL)) != -1) {
		if (c == 's')
			o->server = optarg;
		else if (c == 'a')
			o->ca = optarg;
		else if (c == 'f')
			o->from = optarg;
		else if (c == 't')
			o->to = optarg;
		else if (c == 'd')
			o->day = optarg;
		else if (c == 'j')
			o->json = true;
		else if (c == 'q')
			o->quick = true;
		else if (c != 'c' ||
			 (o->camera = strtoul(optarg, NULL, 10)) == 0)
			return false;
	}
	return optind == argc &&
	       (o->day == NULL || (o->from == NULL && o->to == NULL));
}

static void
complain(const char *why)
{
	(void)fprintf(stderr, "eaves: gaps: %s\n", why);
}

/* Days are those of the home's own time zone. 0: it was told. */
static int
home_tell(struct gaps *g, size_t n)
{
	char *why = g->reader.door.why;
	enum err e;

	why[0] = '\0';
	if ((e = reader_home(&g->reader, n)) == ERR_OK) {
		gaps_zone(g->reader.directory.people->zone);
		if (!span_make(g)) {
			complain("a time is 2026-11-24, or "
				 "\"2026-11-24 09:41\", and --from before "
				 "--to");
			return NOT_CLEAR;
		}
		if (!g->o.json && g->reader.vault.home_count > 1)
			gaps_say_home(g->reader.directory.people->name);
		g->has_live = reader_live_open(&g->reader, &g->live) == ERR_OK;
		e = cameras_tell(g);
		if (g->has_live)
			reader_live_close(&g->live);
	}
	if (e != ERR_OK)
		complain(why[0] != '\0' ? why : err_text(e));
	return e == ERR_OK ? 0 : NOT_POSSIBLE;
}

/* What is wrong with one home hides no other. */
static int
homes_tell(struct gaps *g)
{
	const size_t homes = g->reader.vault.home_count;
	int status = 0;

	if (homes == 0)
		complain("this account has no home yet");
	for (size_t n = 0; n < homes && status != NOT_CLEAR; n++) {
		const int s = home_tell(g, n);
		status = s == 0 ? status : s;
	}
	if (homes == 0 || status != 0)
		return homes == 0 ? NOT_POSSIBLE : status;
	if (g->o.camera > g->cameras) {
		char why[64];
		(void)snprintf(why, sizeof why, "there are %zu cameras",
		    g->cameras);
		complain(why);
		return NOT_POSSIBLE;
	}
	return g->missing ? MISSING : 0;
}

int
cli_gaps(int argc, char **argv)
{
	static struct gaps g;
	int status = NOT_CLEAR;

	if (!options_read(argc, argv, &g.o)) {
		(void)fputs("eaves gaps [--server ADDRESS] [--ca FILE] "
			    "[--day DAY | --from TIME --to TIME] [--camera N] "
			    "[--quick] [--json]\n",
		    stderr);
		return status;
	}
	if (crypto_init() != ERR_OK)
		return NOT_POSSIBLE;
	if (enter(&g) == ERR_OK)
		status = homes_tell(&g);
	else {
		status = NOT_POSSIBLE;
		complain(g.reader.door.why[0] != '\0' ? g.reader.door.why
						      : "it did not work");
	}
	reader_leave(&g.reader);
	return status;
}
