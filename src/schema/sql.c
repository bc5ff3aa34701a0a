#include "schema/sql.h"

#define SQL_ID     "BLOB NOT NULL"
#define SQL_INDEX  "BLOB NOT NULL"
#define SQL_SEALED "BLOB NOT NULL"
#define SQL_COUNT  "INTEGER NOT NULL"
#define SQL_DAY    "INTEGER NOT NULL"
#define SQL_ENUM   "INTEGER NOT NULL"

/* clang-format off */
const char *const schema_sql[] = {
#define TABLE(name, what) "CREATE TABLE " #name " ("
#define FIELD(column, class, what) #column " " SQL_##class ", "
#define END(name) "PRIMARY KEY (" KEY_##name ")) WITHOUT ROWID;",
#define KEY_meta "id"
#define KEY_account "name"
#define KEY_vault "account"
#define KEY_tally "account"
#define KEY_ticket "id"
#define KEY_entitlement "id"
#define KEY_home "id"
#define KEY_entry "home, version"
#define KEY_keyitem "home, reader, version, place"
#define KEY_device "name"
#define KEY_stream "id"
#define KEY_segment "id"
#define KEY_record "stream, run, place"
#define KEY_held "segment, lock"
#define KEY_lock "id"
#define KEY_holds "segment"
#define KEY_span "name"
#include "schema/fields.def"
	/* the newest and the oldest of a stream, among a million of them */
	("CREATE INDEX segment_stream ON segment "
	 "(stream, place, day, closed)"),
	"CREATE INDEX record_day ON record (stream, day)",
	"CREATE INDEX held_lock ON held (lock)",
};

const struct schema_step schema_steps[] = {
#define MIGRATION(n, text) { n, text "; UPDATE meta SET version = " #n },
#include "schema/migrations.def"
#undef MIGRATION
};
/* clang-format on */
const unsigned schema_sql_count = sizeof schema_sql / sizeof *schema_sql;
const unsigned schema_step_count = sizeof schema_steps / sizeof *schema_steps;
