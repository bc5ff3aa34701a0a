#include "schema/sql.h"

#define SQL_ID     "BLOB NOT NULL"
#define SQL_INDEX  "BLOB NOT NULL"
#define SQL_SEALED "BLOB NOT NULL"
#define SQL_COUNT  "INTEGER NOT NULL"
#define SQL_DAY    "INTEGER NOT NULL"
#define SQL_ENUM   "INTEGER NOT NULL"

/* clang-format off */
const char *const schema_sql[] = {
#define TABLE(name, what) "CREATE TABLE IF NOT EXISTS " #name " ("
#define FIELD(column, class, what) #column " " SQL_##class ", "
#define END(name) "PRIMARY KEY (" KEY_##name ")) WITHOUT ROWID;",
#define KEY_meta "id"
#define KEY_account "name"
#define KEY_vault "account"
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
	("CREATE INDEX IF NOT EXISTS segment_stream ON segment "
	 "(stream, place, day, closed);"),
	"CREATE INDEX IF NOT EXISTS held_lock ON held (lock);",
};
/* clang-format on */
const unsigned schema_sql_count = sizeof schema_sql / sizeof *schema_sql;
