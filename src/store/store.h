/*
 * store.h - rows, in SQLite: WAL, synchronous=FULL. All writes between two
 * store_commit() are one transaction: whoever acknowledges does so after it.
 */
#ifndef STORE_STORE_H
#define STORE_STORE_H

#include "base/buf.h"
#include "schema/types.h"

enum statement {
#define STATEMENT(name, sql) SQL_##name,
#include "store/statements.def"
#undef STATEMENT
	STATEMENT__MAX
};

/* A value for a place in a statement. There is none for a slice or text. */
struct cell {
	enum {
		CELL_OCTETS,
		CELL_NUMBER
	} kind;
	struct slice octets;
	uint64_t number;
};
static inline struct cell
cell_id(const struct id *id)
{
	return (struct cell){ .kind = CELL_OCTETS, .octets = id_slice(id) };
}
static inline struct cell
cell_index(const struct index16 *i)
{
	return (
	    struct cell){ .kind = CELL_OCTETS, .octets = id_slice(&i->octets) };
}
static inline struct cell
cell_sealed(struct sealed s)
{
	return (struct cell){ .kind = CELL_OCTETS, .octets = s.octets };
}
static inline struct cell
cell_count(struct count c)
{
	return (struct cell){ .kind = CELL_NUMBER, .number = c.n };
}
static inline struct cell
cell_day(struct day d)
{
	return (struct cell){ .kind = CELL_NUMBER, .number = d.since_1970 };
}
static inline struct cell
cell_choice(struct choice c)
{
	return (struct cell){ .kind = CELL_NUMBER, .number = c.of };
}

struct store;
struct row;

/*
 * In the current folder; made if it is not there, and brought to our version
 * of the schema if an older Eaves wrote it. ERR_UNSUPPORTED: written by a
 * newer one, and not touched; ERR_CORRUPT, ERR_IO.
 */
MUST_USE enum err store_open(const char *name, struct store **ret_store);
/* Makes nothing and changes nothing: an older one is for store_copy() alone. */
MUST_USE enum err
store_open_as_is(const char *name, bool *ret_older, struct store **ret_store);
void store_close(struct store *s);

#define CELLS(...)                                                             \
	(const struct cell[]){ __VA_ARGS__ },                                  \
	    sizeof((const struct cell[]){ __VA_ARGS__ }) / sizeof(struct cell)
#define NO_CELLS NULL, 0

/* ERR_EXISTS (a key is taken), ERR_LIMIT (disk full), ERR_IO. */
MUST_USE enum err store_write(struct store *s, enum statement n,
    const struct cell *cells, size_t cell_count);
/* Calls each row; it may stop the walk with an error, which is returned. */
MUST_USE enum err store_each(struct store *s, enum statement n,
    const struct cell *cells, size_t cell_count,
    enum err (*each)(void *ctx, const struct row *row), void *ctx);
/* The first row's column of octets appended to out. ERR_MISSING: no row. */
MUST_USE enum err store_octets(struct store *s, enum statement n,
    const struct cell *cells, size_t cell_count, int column, struct buf *out);
MUST_USE enum err
store_number(struct store *s, enum statement n, const struct cell *cells,
    size_t cell_count, int column, uint64_t *ret_number);
/* Columns of a row: valid during the call. */
struct slice row_octets(const struct row *row, int column);
uint64_t row_number(const struct row *row, int column);
/* A column that was sealed when it came in. */
static inline struct sealed
row_sealed(const struct row *row, int column)
{
	return (struct sealed){ row_octets(row, column) };
}

/* A part that is kept or undone as a whole, inside the transaction. */
MUST_USE enum err store_part_begin(struct store *s);
MUST_USE enum err store_part_end(struct store *s, bool keep);
/* On the disk when it returns ERR_OK. Nothing to write is ERR_OK too. */
MUST_USE enum err store_commit(struct store *s);
/* A compact copy in a new file of that name; between transactions. */
MUST_USE enum err store_copy(struct store *s, const char *name);

#endif
