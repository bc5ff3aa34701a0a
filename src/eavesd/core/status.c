/*
 * status.c - counts and days for the people who run the server, in the file
 * `status` of the store's folder: what `eaves status` cannot count while core
 * has the store for itself. Nothing in it is not in the store, too.
 */
#include <fcntl.h>
#include <stdio.h>
#include <string.h>

#include "eavesd/core/core.h"
#include "eavesd/role.h"
#include "os/clock.h"
#include "os/file.h"
#include "schema/sql.h"

#define STATUS_MS     60000u
#define STATUS_OCTETS 4096
#define NEWEST_MAX    64 /* days told */

static enum err
line_put(struct buf *to, const char *word, uint64_t number)
{
	char line[64];
	const int n = snprintf(line, sizeof line, "%s %llu\n", word,
	    (unsigned long long)number);

	return buf_append(to, slice_make(line, (size_t)n));
}

static enum err
count_put(struct core *core, const char *word, enum statement n, struct buf *to)
{
	uint64_t number;
	const enum err e = store_number(core->store, n, NO_CELLS, 0, &number);

	return e == ERR_OK ? line_put(to, word, number) : e;
}

static enum err
newest_put(void *ctx, const struct row *row)
{
	return line_put(ctx, "newest", row_number(row, 0));
}

/* `end` tells a reader that it saw all of it. */
static enum err
status_put(struct core *core, struct buf *to)
{
	const struct count most = { NEWEST_MAX };
	enum err e;

	if ((e = buf_append(to, SLICE_LIT("version " EAVES_VERSION "\n"))) !=
		ERR_OK ||
	    (e = line_put(to, "schema", SCHEMA_VERSION)) != ERR_OK ||
	    (e = line_put(to, "media_octets_max", core->media_octets_max)) !=
		ERR_OK ||
	    (e = count_put(core, "homes", SQL_HOME_COUNT, to)) != ERR_OK ||
	    (e = count_put(core, "streams", SQL_STREAM_COUNT, to)) != ERR_OK ||
	    (e = store_each(core->store, SQL_SEGMENT_DAYS,
		 CELLS(cell_count(most)), newest_put, to)) != ERR_OK)
		return e;
	return buf_append(to, SLICE_LIT("end\n"));
}

void
status_write(struct core *core)
{
	AUTO_BUF struct buf text = { 0 };
	const uint64_t now = clock_monotonic_ms();

	if (now < core->status_due_ms)
		return;
	core->status_due_ms = now + STATUS_MS;
	buf_init(&text, STATUS_OCTETS);
	if (status_put(core, &text) != ERR_OK)
		return;
	AUTO_FD int fd = openat(CORE_FD_FOLDER, "status",
	    O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, 0600);
	if (fd == -1 || fd_write_all(fd, buf_slice(&text)) != ERR_OK)
		return; /* a full disk is said by what matters more */
	fd_times_hide(fd);
}
