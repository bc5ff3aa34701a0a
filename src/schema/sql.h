/*
 * sql.h - the tables of fields.def as SQL, and the way to them from older
 * ones. No other text makes a table.
 */
#ifndef SCHEMA_SQL_H
#define SCHEMA_SQL_H

#define SCHEMA_VERSION 2

/* What a new store is made with. */
extern const char *const schema_sql[];
extern const unsigned schema_sql_count;

/* migrations.def: each step also says the version that it leads to. */
struct schema_step {
	unsigned to;
	const char *sql;
};
extern const struct schema_step schema_steps[];
extern const unsigned schema_step_count;

#endif
