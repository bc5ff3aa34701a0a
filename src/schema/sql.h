/*
 * sql.h - the tables of fields.def as SQL. No other text makes a table.
 */
#ifndef SCHEMA_SQL_H
#define SCHEMA_SQL_H

#define SCHEMA_VERSION 2

extern const char *const schema_sql[];
extern const unsigned schema_sql_count;

#endif
