/*
 * power_test.c - the power goes at a random write or sync, a hundred times
 * over: no row that was acknowledged (store_commit() said OK) is lost, and none
 * is there by half. With syncs that lie, rows are lost: so the test can fail.
 * And at each write or sync of a migration: the store is of one version or of
 * the next.
 */
#include <fcntl.h>
#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/obj.h"
#include "os/file.h"
#include "schema/sql.h"
#include "store/store.h"
#include "tests/power/cut.h"
#include "unit/t.h"

#define SEEDS    100
#define ROWS_MAX 200

static uint8_t padded[1024];

static struct id
stream_of(unsigned i)
{
	return (struct id){ { 1, (uint8_t)(i % 7) } };
}

static void
body_of(unsigned i)
{
	memset(padded, (int)(i * 31 + 7), sizeof padded);
	padded[0] = 1;
}

static enum err
row_add(struct store *s, unsigned i)
{
	const struct index16 run = { { { (uint8_t)(i % 3) } } };
	const struct id stream = stream_of(i);
	const struct count place = { i };
	const struct day day = { 20000 };
	struct sealed body;

	body_of(i);
	if (sealed_by_peer(SLICE_OF(padded), &body) != ERR_OK)
		return ERR_SYNTAX;
	return store_write(s, SQL_RECORD_ADD,
	    CELLS(cell_id(&stream), cell_index(&run), cell_count(place),
		cell_day(day), cell_sealed(body)));
}

struct found {
	bool there[ROWS_MAX];
	bool damaged;
};

static enum err
row_look(void *ctx, const struct row *row)
{
	const unsigned i = (unsigned)row_number(row, 1);
	struct found *f = ctx;

	body_of(i);
	if (i >= ROWS_MAX || !slice_eq(row_octets(row, 2), SLICE_OF(padded)))
		f->damaged = true;
	else
		f->there[i] = true;
	return ERR_OK;
}

/* Rows acknowledged before the power went. */
static unsigned
life(unsigned seed, unsigned fails_at)
{
	unsigned acknowledged = 0;
	struct store *s;

	cut_reset(seed, fails_at);
	if (store_open("store.db", &s) != ERR_OK)
		return 0;
	for (unsigned i = 0; i < ROWS_MAX && !cut_failed(); i++) {
		if (row_add(s, i) != ERR_OK)
			break;
		if (i % (1 + seed % 5) == 0 && store_commit(s) == ERR_OK)
			acknowledged = i + 1;
	}
	store_close(s);
	return acknowledged;
}

/* How many acknowledged rows are gone; damaged rows count too. */
static unsigned
after(unsigned acknowledged)
{
	struct found f = { .damaged = false };
	const struct count all = { 1000 };
	unsigned lost = 0;
	struct store *s;

	cut_power_on();
	if (store_open("store.db", &s) != ERR_OK)
		return acknowledged == 0 ? 0 : acknowledged;
	for (unsigned k = 0; k < 7; k++) {
		const struct id stream = stream_of(k);

		if (store_each(s, SQL_RECORD_NEWEST,
			CELLS(cell_id(&stream), cell_count(all)), row_look,
			&f) != ERR_OK)
			f.damaged = true;
	}
	store_close(s);
	for (unsigned i = 0; i < acknowledged; i++)
		lost += !f.there[i];
	return lost + f.damaged;
}

static unsigned
lost_over_all_seeds(void)
{
	unsigned lost = 0, acknowledged = 0;

	for (unsigned seed = 1; seed <= SEEDS; seed++) {
		const unsigned n = life(seed, 20 + seed * 13 % 900);

		acknowledged += n;
		lost += after(n);
	}
	print_message("# %u seeds, %u rows acknowledged, %u lost\n", SEEDS,
	    acknowledged, lost);
	assert_true(acknowledged > SEEDS);
	return lost;
}

static void
no_acknowledged_row_is_lost_when_the_power_goes(void **state)
{
	(void)state;
	cut_install(false);
	assert_int_equal(lost_over_all_seeds(), 0);
}

static void
with_syncs_that_lie_rows_are_lost(void **state)
{
	(void)state;
	cut_install(true);
	assert_true(lost_over_all_seeds() > 0);
}

/* --- migrations --- */

#define SQL_OCTETS (1u << 20)

static void
old_store_make(void)
{
	AUTO_BUF struct buf sql;
	char path[512];
	sqlite3 *db;

	(void)snprintf(path, sizeof path, "%s/store/1.sql",
	    getenv("EAVES_VECTORS"));
	buf_init(&sql, SQL_OCTETS);
	T_OK(file_read(AT_FDCWD, path, &sql));
	T_OK(buf_append(&sql, SLICE_OF("")));
	assert_int_equal(sqlite3_open("store.db", &db), SQLITE_OK);
	assert_int_equal(sqlite3_exec(db,
			     "PRAGMA locking_mode=EXCLUSIVE;"
			     "PRAGMA journal_mode=WAL;",
			     NULL, NULL, NULL),
	    SQLITE_OK);
	assert_int_equal(sqlite3_exec(db, (const char *)sql.at, NULL, NULL,
			     NULL),
	    SQLITE_OK);
	assert_int_equal(sqlite3_close(db), SQLITE_OK);
}

static uint64_t
number(sqlite3 *db, const char *sql)
{
	sqlite3_stmt *st;

	assert_int_equal(sqlite3_prepare_v2(db, sql, -1, &st, NULL), SQLITE_OK);
	assert_int_equal(sqlite3_step(st), SQLITE_ROW);
	const uint64_t n = (uint64_t)sqlite3_column_int64(st, 0);
	assert_int_equal(sqlite3_finalize(st), SQLITE_OK);
	return n;
}

/* What is on the disk, looked at without our own code: its version. */
static unsigned
version_whole(void)
{
	sqlite3 *db;

	assert_int_equal(sqlite3_open("store.db", &db), SQLITE_OK);
	assert_int_equal(sqlite3_exec(db, "PRAGMA locking_mode=EXCLUSIVE;",
			     NULL, NULL, NULL),
	    SQLITE_OK);
	const unsigned version = (unsigned)number(db,
	    "SELECT version FROM meta");
	const bool made = number(db, "SELECT count(*) FROM sqlite_master "
				     "WHERE name = 'segment_stream'") == 1;
	assert_int_equal(number(db, "SELECT count(*) FROM ticket"), 4);
	assert_int_equal(number(db, "SELECT count(*) FROM record"), 1);
	assert_int_equal(sqlite3_close(db), SQLITE_OK);
	assert_int_equal(made, version == SCHEMA_VERSION);
	assert_true(version == 1 || version == SCHEMA_VERSION);
	return version;
}

static void
a_migration_is_whole_or_did_not_happen(void **state)
{
	unsigned old = 0, cuts = 0;

	(void)state;
	cut_install(false);
	for (bool cut_it = true; cut_it; cuts++) {
		struct store *s = NULL;
		bool opened;

		cut_reset(cuts + 1, 0);
		old_store_make();
		cut_at(cuts + 1);
		if ((opened = store_open("store.db", &s) == ERR_OK))
			store_close(s);
		cut_it = cut_failed();
		cut_power_on();
		old += version_whole() == 1;
		/* what was said to be done stays so */
		if (opened)
			assert_int_equal(version_whole(), SCHEMA_VERSION);
		T_OK(store_open("store.db", &s));
		store_close(s);
		assert_int_equal(version_whole(), SCHEMA_VERSION);
	}
	print_message("# power went at %u places, %u times before it was so\n",
	    cuts - 1, old);
	assert_true(cuts > 10 && old > 5 && old < cuts);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(
		    no_acknowledged_row_is_lost_when_the_power_goes),
		cmocka_unit_test(a_migration_is_whole_or_did_not_happen),
		cmocka_unit_test(with_syncs_that_lie_rows_are_lost),
	};

	return T_RUN(tests);
}
