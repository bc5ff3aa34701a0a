#include "store/store.h"

#include <fcntl.h>
#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/obj.h"
#include "os/clock.h"
#include "schema/sql.h"

#define STORE_MAGIC 0x73746f72u

struct store {
	uint32_t magic;
	sqlite3 *db;
	sqlite3_stmt *statements[STATEMENT__MAX];
	bool writing;
	char name[64], wal[72];
};

static const char *const sql[] = {
#define STATEMENT(name, text) [SQL_##name] = text,
#include "store/statements.def"
#undef STATEMENT
};

static enum err
err_of_sqlite(int code)
{
	switch (code & 0xff) {
	case SQLITE_OK:
	case SQLITE_DONE:
	case SQLITE_ROW:
		return ERR_OK;
	case SQLITE_CONSTRAINT:
		return ERR_EXISTS;
	case SQLITE_FULL:
		return ERR_LIMIT;
	case SQLITE_NOMEM:
		return ERR_NOMEM;
	case SQLITE_CORRUPT:
	case SQLITE_NOTADB:
		return ERR_CORRUPT;
	default:
		return ERR_IO;
	}
}

static enum err
bind_all(sqlite3_stmt *st, const struct cell *cells, size_t n)
{
	int r = SQLITE_OK;

	for (size_t i = 0; r == SQLITE_OK && i < n; i++)
		r = cells[i].kind == CELL_NUMBER
			? sqlite3_bind_int64(st, (int)i + 1,
			      (sqlite3_int64)cells[i].number)
			: sqlite3_bind_blob64(st, (int)i + 1,
			      cells[i].octets.len == 0 ? (const uint8_t *)""
						       : cells[i].octets.at,
			      cells[i].octets.len, SQLITE_STATIC);
	return err_of_sqlite(r);
}

enum err
store_each(struct store *s, enum statement n, const struct cell *cells,
    size_t cell_count, enum err (*each)(void *ctx, const struct row *row),
    void *ctx)
{
	sqlite3_stmt *st = s->statements[n];
	enum err e;
	int r;

	OBJ_CHECK(s, STORE_MAGIC);
	if ((e = bind_all(st, cells, cell_count)) != ERR_OK)
		goto reset;
	while ((r = sqlite3_step(st)) == SQLITE_ROW)
		if (each != NULL &&
		    (e = each(ctx, (const struct row *)(const void *)st)) !=
			ERR_OK)
			goto reset;
	e = err_of_sqlite(r);
reset:
	(void)sqlite3_reset(st);
	(void)sqlite3_clear_bindings(st);
	return e;
}

static enum err
run(struct store *s, enum statement n)
{
	return store_each(s, n, NO_CELLS, NULL, NULL);
}

static enum err
writing_begin(struct store *s)
{
	enum err e;

	/*
	 * On a full disk SQLite may have rolled all of it back by itself: what
	 * comes later in the turn must not stand alone.
	 */
	if (s->writing)
		return sqlite3_get_autocommit(s->db) ? ERR_IO : ERR_OK;
	if ((e = run(s, SQL_BEGIN)) == ERR_OK)
		s->writing = true;
	return e;
}

enum err
store_write(struct store *s, enum statement n, const struct cell *cells,
    size_t cell_count)
{
	const enum err e = writing_begin(s);

	return e == ERR_OK ? store_each(s, n, cells, cell_count, NULL, NULL)
			   : e;
}

struct slice
row_octets(const struct row *row, int column)
{
	sqlite3_stmt *st = (sqlite3_stmt *)(uintptr_t)row;
	const void *at = sqlite3_column_blob(st, column);

	return slice_make(at, (size_t)sqlite3_column_bytes(st, column));
}

uint64_t
row_number(const struct row *row, int column)
{
	sqlite3_stmt *st = (sqlite3_stmt *)(uintptr_t)row;

	return (uint64_t)sqlite3_column_int64(st, column);
}

struct first {
	int column;
	struct buf *out;
	uint64_t number;
	bool found;
};

static enum err
first_take(void *ctx, const struct row *row)
{
	struct first *f = ctx;

	if (f->found)
		return ERR_OK;
	f->found = true;
	if (f->out != NULL)
		return buf_append(f->out, row_octets(row, f->column));
	f->number = row_number(row, f->column);
	return ERR_OK;
}

enum err
store_octets(struct store *s, enum statement n, const struct cell *cells,
    size_t cell_count, int column, struct buf *out)
{
	struct first f = { .column = column, .out = out };
	const enum err e = store_each(s, n, cells, cell_count, first_take, &f);

	return e != ERR_OK ? e : f.found ? ERR_OK : ERR_MISSING;
}

enum err
store_number(struct store *s, enum statement n, const struct cell *cells,
    size_t cell_count, int column, uint64_t *ret_number)
{
	struct first f = { .column = column };
	const enum err e = store_each(s, n, cells, cell_count, first_take, &f);

	if (e == ERR_OK && f.found)
		*ret_number = f.number;
	return e != ERR_OK ? e : f.found ? ERR_OK : ERR_MISSING;
}

enum err
store_part_begin(struct store *s)
{
	const enum err e = writing_begin(s);

	return e == ERR_OK ? run(s, SQL_SAVE) : e;
}

enum err
store_part_end(struct store *s, bool keep)
{
	enum err e = keep ? ERR_OK : run(s, SQL_UNDO);

	return e == ERR_OK ? run(s, SQL_KEEP) : e;
}

/*
 * The time of the last write is the time of a home's last act: files keep
 * no more of it than the day.
 */
static void
times_hide(const struct store *s)
{
	const struct timespec day = { .tv_sec = (time_t)clock_day() * 86400 };
	const struct timespec both[] = { day, day };

	(void)utimensat(AT_FDCWD, s->name, both, 0);
	(void)utimensat(AT_FDCWD, s->wal, both, 0);
}

enum err
store_commit(struct store *s)
{
	OBJ_CHECK(s, STORE_MAGIC);
	if (!s->writing)
		return ERR_OK;
	s->writing = false;
	/* SQLite has rolled all of it back by itself: nothing happened */
	if (sqlite3_get_autocommit(s->db))
		return ERR_IO;
	const enum err e = run(s, SQL_COMMIT);
	if (e != ERR_OK)
		(void)sqlite3_exec(s->db, "ROLLBACK", NULL, NULL, NULL);
	times_hide(s);
	return e;
}

enum err
store_copy(struct store *s, const char *name)
{
	sqlite3_stmt *st = s->statements[SQL_COPY];

	OBJ_CHECK(s, STORE_MAGIC);
	assert(!s->writing);
	int r = sqlite3_bind_text(st, 1, name, -1, SQLITE_STATIC);
	if (r == SQLITE_OK)
		r = sqlite3_step(st);
	(void)sqlite3_reset(st);
	(void)sqlite3_clear_bindings(st);
	return err_of_sqlite(r);
}

static enum err
pragmas_set(struct store *s)
{
	/* one process has it for itself: no shared-memory file */
	static const char text[] = "PRAGMA locking_mode=EXCLUSIVE;"
				   "PRAGMA journal_mode=WAL;"
				   "PRAGMA synchronous=FULL;"
				   "PRAGMA secure_delete=ON;"
				   "PRAGMA temp_store=MEMORY;"
				   "PRAGMA trusted_schema=OFF;"
				   "PRAGMA cell_size_check=ON;";

	return err_of_sqlite(sqlite3_exec(s->db, text, NULL, NULL, NULL));
}

/* --- versions of the schema --- */

static enum err
statement_prepare(struct store *s, enum statement n)
{
	if (s->statements[n] != NULL)
		return ERR_OK;
	return err_of_sqlite(sqlite3_prepare_v3(s->db, sql[n], -1,
	    SQLITE_PREPARE_PERSISTENT, &s->statements[n], NULL));
}

/* 0: an empty file. */
static enum err
version_read(struct store *s, uint64_t *ret_version)
{
	uint64_t tables, metas, version;
	enum err e;

	if ((e = store_number(s, SQL_META_TABLES, NO_CELLS, 0, &tables)) !=
		ERR_OK ||
	    (e = store_number(s, SQL_META_TABLES, NO_CELLS, 1, &metas)) !=
		ERR_OK)
		return e;
	*ret_version = 0;
	if (tables == 0)
		return ERR_OK;
	if (metas != 1)
		return ERR_CORRUPT; /* somebody else's file */
	if ((e = statement_prepare(s, SQL_META_GET)) != ERR_OK)
		return e;
	e = store_number(s, SQL_META_GET, NO_CELLS, 0, &version);
	/* version 1 wrote its row after its tables: power can go between */
	if (e == ERR_MISSING)
		version = 1;
	else if (e != ERR_OK || version == 0)
		return e == ERR_OK ? ERR_CORRUPT : e;
	*ret_version = version;
	return ERR_OK;
}

static enum err
text_run(struct store *s, const char *text)
{
	return err_of_sqlite(sqlite3_exec(s->db, text, NULL, NULL, NULL));
}

static enum err
tables_make(struct store *s)
{
	enum err e = ERR_OK;

	for (unsigned i = 0; e == ERR_OK && i < schema_sql_count; i++)
		e = text_run(s, schema_sql[i]);
	if (e != ERR_OK || (e = statement_prepare(s, SQL_META_MAKE)) != ERR_OK)
		return e;
	return store_write(s, SQL_META_MAKE,
	    CELLS(cell_count((struct count){ SCHEMA_VERSION })));
}

static enum err
tables_migrate(struct store *s, uint64_t from)
{
	enum err e = ERR_OK;

	for (unsigned i = 0; e == ERR_OK && i < schema_step_count; i++)
		if (schema_steps[i].to > from)
			e = text_run(s, schema_steps[i].sql);
	return e;
}

/* All of it in one transaction: a store is of one version or of the next. */
static enum err
schema_bring(struct store *s)
{
	uint64_t version;
	enum err e;

	if ((e = writing_begin(s)) != ERR_OK)
		return e;
	if ((e = version_read(s, &version)) == ERR_OK)
		e = version > SCHEMA_VERSION ? ERR_UNSUPPORTED
		    : version == 0           ? tables_make(s)
					     : tables_migrate(s, version);
	if (e == ERR_OK)
		return store_commit(s);
	s->writing = false;
	(void)sqlite3_exec(s->db, "ROLLBACK", NULL, NULL, NULL);
	return e;
}

static int
name_as_is(sqlite3_vfs *vfs, const char *name, int room, char *to)
{
	const size_t len = strlen(name);

	(void)vfs;
	if (len >= (size_t)room)
		return SQLITE_CANTOPEN;
	memcpy(to, name, len + 1);
	return SQLITE_OK;
}

/*
 * SQLite would make a name absolute, and then need the right to search every
 * folder above it. Ours is found from the working folder, so that a user of
 * our own can serve a store below somebody's private folder.
 */
static const char *
vfs_here(void)
{
	static sqlite3_vfs here;

	if (here.zName == NULL) {
		const sqlite3_vfs *usual = sqlite3_vfs_find(NULL);

		if (usual == NULL)
			return NULL;
		here = *usual;
		here.zName = "here";
		here.xFullPathname = name_as_is;
		if (sqlite3_vfs_register(&here, 0) != SQLITE_OK)
			here.zName = NULL;
	}
	return here.zName;
}

static enum err
file_open(struct store *s, const char *name, int how)
{
	static const enum statement early[] = { SQL_META_TABLES, SQL_BEGIN,
		SQL_COMMIT, SQL_COPY };
	enum err e;

	s->magic = STORE_MAGIC;
	(void)snprintf(s->name, sizeof s->name, "%s", name);
	(void)snprintf(s->wal, sizeof s->wal, "%s-wal", s->name);
	e = err_of_sqlite(sqlite3_open_v2(name, &s->db,
	    SQLITE_OPEN_READWRITE | SQLITE_OPEN_NOMUTEX | how, vfs_here()));
	if (e == ERR_OK)
		(void)sqlite3_extended_result_codes(s->db, 1);
	if (e == ERR_OK)
		e = pragmas_set(s);
	for (size_t i = 0; e == ERR_OK && i < COUNT(early); i++)
		e = statement_prepare(s, early[i]);
	return e;
}

static enum err
statements_prepare(struct store *s)
{
	enum err e = ERR_OK;

	for (int i = 0; e == ERR_OK && i < STATEMENT__MAX; i++)
		e = statement_prepare(s, (enum statement)i);
	return e;
}

enum err
store_open(const char *name, struct store **ret_store)
{
	struct store *s = calloc(1, sizeof *s);
	enum err e;

	if (s == NULL)
		return ERR_NOMEM;
	if ((e = file_open(s, name, SQLITE_OPEN_CREATE)) == ERR_OK &&
	    (e = schema_bring(s)) == ERR_OK &&
	    (e = statements_prepare(s)) == ERR_OK)
		*ret_store = s;
	else
		store_close(s);
	return e;
}

enum err
store_open_as_is(const char *name, bool *ret_older, struct store **ret_store)
{
	struct store *s = calloc(1, sizeof *s);
	uint64_t version;
	enum err e;

	if (s == NULL)
		return ERR_NOMEM;
	if ((e = file_open(s, name, 0)) == ERR_OK &&
	    (e = version_read(s, &version)) == ERR_OK) {
		if (version > SCHEMA_VERSION)
			e = ERR_UNSUPPORTED;
		else if (version == SCHEMA_VERSION)
			e = statements_prepare(s);
	}
	if (e == ERR_OK) {
		*ret_older = version < SCHEMA_VERSION;
		*ret_store = s;
	} else
		store_close(s);
	return e;
}

void
store_close(struct store *s)
{
	if (s == NULL)
		return;
	OBJ_CHECK(s, STORE_MAGIC);
	for (size_t i = 0; i < STATEMENT__MAX; i++)
		(void)sqlite3_finalize(s->statements[i]);
	(void)sqlite3_close(s->db);
	s->magic = 0;
	free(s);
}
