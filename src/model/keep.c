#include "model/keep.h"

#include "model/json_read.h"
#include "model/people.h"
#include "model/retention.h"

#define OCTETS_MAX ((uint64_t)1 << 50)

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
