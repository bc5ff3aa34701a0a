/*
 * migrate_test.c - stores as older versions wrote them (tests/vectors/store)
 * open, lose nothing, and have the tables of a new one; newer ones stay as
 * they are.
 */
#include <fcntl.h>
#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "crypto/crypto.h"
#include "os/file.h"
#include "schema/sql.h"
#include "store/store.h"
#include "unit/t.h"

#define GOLDEN_OCTETS (1u << 20)
#define ROWS_OCTETS   (1u << 20)

static char dir[64];

static int
folder_make(void **state)
{
	(void)state;
	(void)snprintf(dir, sizeof dir, "/tmp/eaves-migrate-XXXXXX");
	return mkdtemp(dir) == NULL || chdir(dir) == -1;
}

static int
folder_drop(void **state)
{
	static const char *const names[] = { "store.db", "store.db-wal",
		"new.db", "copy.db", "copy.db-wal" };

	(void)state;
	for (size_t i = 0; i < sizeof names / sizeof *names; i++)
		(void)unlink(names[i]);
	return chdir("/") == -1 || rmdir(dir) == -1;
}

static void
run(const char *file, const char *sql)
{
	sqlite3 *db;

	assert_int_equal(sqlite3_open(file, &db), SQLITE_OK);
	assert_int_equal(sqlite3_exec(db, sql, NULL, NULL, NULL), SQLITE_OK);
	assert_int_equal(sqlite3_close(db), SQLITE_OK);
}

/* The store as that version wrote it; false when there is none any more. */
static bool
golden(unsigned version, const char *file)
{
	AUTO_BUF struct buf sql;
	char path[512];

	(void)snprintf(path, sizeof path, "%s/store/%u.sql",
	    getenv("EAVES_VECTORS"), version);
	buf_init(&sql, GOLDEN_OCTETS);
	if (file_read(AT_FDCWD, path, &sql) != ERR_OK)
		return false;
	T_OK(buf_append(&sql, SLICE_OF("")));
	run(file, (const char *)sql.at);
	return true;
}

/* What a question gives, as text; white space apart, which SQLite keeps. */
static void
ask(const char *file, const char *sql, struct buf *to)
{
	sqlite3_stmt *st;
	sqlite3 *db;

	assert_int_equal(sqlite3_open(file, &db), SQLITE_OK);
	assert_int_equal(sqlite3_prepare_v2(db, sql, -1, &st, NULL), SQLITE_OK);
	while (sqlite3_step(st) == SQLITE_ROW)
		for (int i = 0; i < sqlite3_column_count(st); i++) {
			const void *at = sqlite3_column_blob(st, i);

			T_OK(buf_append(to,
			    slice_make(at,
				(size_t)sqlite3_column_bytes(st, i))));
			T_OK(buf_append(to, SLICE_LIT("\n")));
		}
	assert_int_equal(sqlite3_finalize(st), SQLITE_OK);
	assert_int_equal(sqlite3_close(db), SQLITE_OK);
}

#define TABLES                                                                 \
	"SELECT replace(replace(sql, ' ', ''), char(10), '') "                 \
	"FROM sqlite_master WHERE sql IS NOT NULL ORDER BY name"
/* Rows of each class: by their own columns, so that new ones may come. */
#define ROWS                                                                   \
	"SELECT 'account', name, body FROM account UNION ALL "                 \
	"SELECT 'ticket', id, body FROM ticket UNION ALL "                     \
	"SELECT 'vault', account, body FROM vault UNION ALL "                  \
	"SELECT 'entry', home, body FROM entry UNION ALL "                     \
	"SELECT 'home', id, body FROM home UNION ALL "                         \
	"SELECT 'keyitem', reader, body FROM keyitem UNION ALL "               \
	"SELECT 'span', name, body FROM span UNION ALL "                       \
	"SELECT 'segment', id, place FROM segment UNION ALL "                  \
	"SELECT 'record', stream, body FROM record"

static void
same(const struct buf *a, const struct buf *b)
{
	if (slice_eq(buf_slice(a), buf_slice(b)))
		return;
	print_message("# a new store is made with:\n");
	for (unsigned i = 0; i < schema_sql_count; i++)
		print_message("#   %s\n", schema_sql[i]);
	fail_msg("%.*s\nis not\n%.*s", (int)a->len, (const char *)a->at,
	    (int)b->len, (const char *)b->at);
}

static void
a_store_of_each_older_version_becomes_one_of_this(void **state)
{
	(void)state;
	for (unsigned v = 1; v < SCHEMA_VERSION; v++) {
		AUTO_BUF struct buf rows, tables, was_rows, want, stamp;
		uint64_t version = 0;
		struct store *s;

		buf_init(&rows, ROWS_OCTETS);
		buf_init(&tables, ROWS_OCTETS);
		buf_init(&was_rows, ROWS_OCTETS);
		buf_init(&want, ROWS_OCTETS);
		buf_init(&stamp, 64);
		if (!golden(v, "store.db"))
			continue;
		ask("store.db", ROWS, &was_rows);
		assert_true(was_rows.len > 1000);
		T_OK(store_open("store.db", &s));
		T_OK(store_number(s, SQL_META_GET, NO_CELLS, 0, &version));
		assert_int_equal(version, SCHEMA_VERSION);
		T_OK(store_octets(s, SQL_META_GET, NO_CELLS, 1, &stamp));
		assert_int_equal(stamp.len, ID_OCTETS);
		store_close(s);
		ask("store.db", ROWS, &rows);
		same(&rows, &was_rows);
		T_OK(store_open("new.db", &s));
		store_close(s);
		ask("store.db", TABLES, &tables);
		ask("new.db", TABLES, &want);
		same(&tables, &want);
		assert_int_equal(unlink("store.db"), 0);
	}
}

static void
the_steps_count_up_to_this_version(void **state)
{
	unsigned last = 1;

	(void)state;
	for (unsigned i = 0; i < schema_step_count; i++) {
		assert_true(schema_steps[i].to == last ||
			    schema_steps[i].to == last + 1);
		last = schema_steps[i].to;
	}
	assert_int_equal(last, SCHEMA_VERSION);
}

static void
file_hash(const char *file, uint8_t to[static SHA256_OCTETS])
{
	AUTO_BUF struct buf b;

	buf_init(&b, 4u << 20);
	T_OK(file_read(AT_FDCWD, file, &b));
	sha256(buf_slice(&b), to);
}

static void
a_newer_store_is_refused_and_stays_as_it_is(void **state)
{
	uint8_t before[SHA256_OCTETS], after[SHA256_OCTETS];
	struct store *s = NULL;
	bool older;

	(void)state;
	T_OK(store_open("store.db", &s));
	store_close(s);
	run("store.db", "UPDATE meta SET version = version + 1;"
			"CREATE TABLE of_tomorrow (x)");
	file_hash("store.db", before);
	T_ERR(ERR_UNSUPPORTED, store_open("store.db", &s));
	T_ERR(ERR_UNSUPPORTED, store_open_as_is("store.db", &older, &s));
	file_hash("store.db", after);
	assert_memory_equal(before, after, sizeof before);
}

static void
a_step_that_fails_leaves_the_older_version(void **state)
{
	AUTO_BUF struct buf version, tables;
	struct store *s;

	(void)state;
	assert_true(golden(1, "store.db"));
	/* in the way of the last statement of a step */
	run("store.db", "CREATE TRIGGER no BEFORE UPDATE OF version ON meta "
			"BEGIN SELECT RAISE(ABORT, 'no'); END");
	assert_int_not_equal(store_open("store.db", &s), ERR_OK);
	buf_init(&version, 64);
	buf_init(&tables, ROWS_OCTETS);
	ask("store.db", "SELECT version FROM meta", &version);
	assert_true(slice_eq(buf_slice(&version), SLICE_LIT("1\n")));
	ask("store.db",
	    "SELECT name FROM sqlite_master WHERE name = 'segment_stream'",
	    &tables);
	assert_int_equal(tables.len, 0);
	run("store.db", "DROP TRIGGER no");
	T_OK(store_open("store.db", &s));
	store_close(s);
}

static void
a_copy_of_an_older_store_is_as_old(void **state)
{
	AUTO_BUF struct buf was, is;
	struct store *s;
	bool older;

	(void)state;
	buf_init(&was, ROWS_OCTETS);
	buf_init(&is, ROWS_OCTETS);
	assert_true(golden(1, "store.db"));
	T_OK(store_open_as_is("store.db", &older, &s));
	assert_true(older);
	T_OK(store_copy(s, "copy.db"));
	store_close(s);
	ask("store.db", "SELECT version FROM meta", &was);
	ask("store.db", ROWS, &was);
	ask("copy.db", "SELECT version FROM meta", &is);
	ask("copy.db", ROWS, &is);
	same(&is, &was);
	assert_true(slice_starts(buf_slice(&is), SLICE_LIT("1\n")));
	T_OK(store_open("copy.db", &s));
	store_close(s);
	T_OK(store_open_as_is("copy.db", &older, &s));
	assert_false(older);
	store_close(s);
	T_ERR(ERR_IO, store_open_as_is("none.db", &older, &s));
}

static void
somebody_elses_file_is_no_store(void **state)
{
	struct store *s;

	(void)state;
	run("store.db", "CREATE TABLE x (y)");
	T_ERR(ERR_CORRUPT, store_open("store.db", &s));
}

/* Version 1 wrote its row in a second transaction. */
static void
a_first_start_of_version_1_that_was_cut_goes_on(void **state)
{
	struct store *s;

	(void)state;
	assert_true(golden(1, "store.db"));
	run("store.db", "DELETE FROM meta");
	T_OK(store_open("store.db", &s));
	store_close(s);
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, folder_make, folder_drop)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(a_store_of_each_older_version_becomes_one_of_this),
		TEST(the_steps_count_up_to_this_version),
		TEST(a_newer_store_is_refused_and_stays_as_it_is),
		TEST(a_step_that_fails_leaves_the_older_version),
		TEST(a_copy_of_an_older_store_is_as_old),
		TEST(somebody_elses_file_is_no_store),
		TEST(a_first_start_of_version_1_that_was_cut_goes_on),
	};

	return T_RUN(tests);
}
