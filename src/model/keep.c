#include "model/keep.h"

#include <string.h>

#include "base/codec.h"
#include "model/json_read.h"
#include "model/people.h"
#include "model/retention.h"

#define OCTETS_MAX ((uint64_t)1 << 50)
#define DAY_US     (24 * INDEX_HOUR_US)
#define CLOCKS_US  UINT64_C(600000000) /* a server's may be ahead of ours */

static enum err
thing_check(json_t *from)
{
	struct json_in in;
	struct id id;

	json_in_init(&in, from);
	json_in_id(&in, "thing", &id);
	(void)json_in_number(&in, "days", RETENTION_DAYS_MAX);
	(void)json_in_number(&in, "octets", OCTETS_MAX);
	return json_in_end(&in);
}

static enum err
id_check(json_t *from)
{
	/* an object around it, to be read like all others */
	json_t *around = json_pack("{sO}", "id", from);
	struct json_in in;
	struct id id;

	if (around == NULL)
		return ERR_NOMEM;
	json_in_init(&in, around);
	json_in_id(&in, "id", &id);
	const enum err e = json_in_end(&in);
	json_decref(around);
	return e;
}

static enum err
each_check(json_t *array, enum err (*check)(json_t *))
{
	enum err e = ERR_OK;

	for (size_t i = 0; e == ERR_OK && i < json_array_size(array); i++)
		e = check(json_array_get(array, i));
	return e;
}

static enum err
lock_check(json_t *from)
{
	struct json_in in;
	struct id id;
	enum err e;

	json_in_init(&in, from);
	json_in_id(&in, "id", &id);
	json_t *things = json_in_array(&in, "things", PEOPLE_THINGS_MAX);
	const uint64_t begin = json_in_number(&in, "from", INT64_MAX);
	const uint64_t end = json_in_number(&in, "to", INT64_MAX);
	if ((e = json_in_end(&in)) != ERR_OK)
		return e;
	return begin < end ? each_check(things, id_check) : ERR_SYNTAX;
}

enum err
keep_check(json_t *keep)
{
	struct json_in in;
	enum err e;

	json_in_init(&in, keep);
	(void)json_in_number(&in, "quota", OCTETS_MAX);
	json_t *things = json_in_array(&in, "things", PEOPLE_THINGS_MAX);
	json_t *locks = json_in_array(&in, "locks", KEEP_LOCKS_MAX);
	if ((e = json_in_end(&in)) != ERR_OK ||
	    (e = each_check(things, thing_check)) != ERR_OK)
		return e;
	return each_check(locks, lock_check);
}

/* --- a checked one --- */

static uint64_t
number_of(json_t *o, const char *name)
{
	return (uint64_t)json_integer_value(json_object_get(o, name));
}

static bool
is_id(json_t *text, const char *id)
{
	return json_is_string(text) && strcmp(json_string_value(text), id) == 0;
}

struct keep_thing
keep_of(json_t *keep, const struct id *thing)
{
	struct keep_thing k = { .days = RETENTION_DAYS,
		.quota = number_of(keep, "quota") };
	char id[B64_ROOM(ID_OCTETS)];
	json_t *one;
	size_t i;

	b64_encode(id_slice(thing), id);
	json_array_foreach(json_object_get(keep, "things"), i, one)
	{
		if (!is_id(json_object_get(one, "thing"), id))
			continue;
		k.days = number_of(one, "days");
		k.octets = number_of(one, "octets");
		break;
	}
	if (k.days == 0)
		k.days = RETENTION_DAYS;
	return k;
}

size_t
keep_locks(json_t *keep, const struct id *thing,
    struct span to[static KEEP_LOCKS_MAX])
{
	char id[B64_ROOM(ID_OCTETS)];
	size_t n = 0, i, k;
	json_t *one, *of;

	b64_encode(id_slice(thing), id);
	json_array_foreach(json_object_get(keep, "locks"), i, one)
	    json_array_foreach(json_object_get(one, "things"), k, of)
	{
		if (n < KEEP_LOCKS_MAX && is_id(of, id)) {
			to[n++] = (struct span){ number_of(one, "from"),
				number_of(one, "to") };
			break;
		}
	}
	return n;
}

/* --- version after version --- */

static uint64_t
begin_of(uint64_t days, uint64_t us)
{
	const uint64_t day = (us + CLOCKS_US) / DAY_US;

	return days == 0 || day <= days ? 0 : (day - days) * DAY_US;
}

static bool
is_tighter(uint64_t octets, uint64_t than)
{
	return octets != 0 && (than == 0 || octets < than);
}

void
keep_take(struct keep_past *p, const struct keep_thing *next, uint64_t time_us)
{
	p->keep_us = keep_begin(p, time_us);
	if (is_tighter(p->now.octets, next->octets) ||
	    is_tighter(p->now.quota, next->quota))
		p->room_us = time_us;
	p->now = *next;
}

uint64_t
keep_begin(const struct keep_past *p, uint64_t now_us)
{
	const uint64_t begin = begin_of(p->now.days, now_us);

	return begin > p->keep_us ? begin : p->keep_us;
}
