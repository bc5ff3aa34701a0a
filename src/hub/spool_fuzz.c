/*
 * A spool file as a disk may give it back: what is read is what a server
 * takes: one run's header, a key frame, then records in order. Rows, too.
 */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "hub/rows.h"
#include "hub/spool.h"
#include "model/run.h"
#include "stream/segment.h"

static char path[64];

static void
folder_drop(void)
{
	char name[96];

	(void)snprintf(name, sizeof name, "%s/spool", path);
	(void)rmdir(name);
	(void)snprintf(name, sizeof name, "%s/rows", path);
	(void)rmdir(name);
	(void)rmdir(path);
}

static int
folder_open(void)
{
	(void)snprintf(path, sizeof path, "/tmp/eaves-fuzz.XXXXXX");
	if (mkdtemp(path) == NULL || atexit(folder_drop) != 0)
		abort();
	const int fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	(void)mkdirat(fd, "spool", 0700);
	(void)mkdirat(fd, "rows", 0700);
	return fd;
}

static void
file_put(int folder, const char *name, struct slice s)
{
	const int fd = openat(folder, name, O_WRONLY | O_CREAT | O_TRUNC, 0600);

	if (fd == -1 || write(fd, s.at, s.len) != (ssize_t)s.len)
		abort();
	(void)close(fd);
}

static void
records_look(struct spool *s, struct spool_file *f)
{
	struct spool_reader r;
	struct slice record;
	struct run_id run;
	uint64_t index = 0;

	if (spool_read(s, f, &r) != ERR_OK) {
		assert(!f->reading);
		return;
	}
	for (size_t n = 0; spool_reader_next(&r, &record) == ERR_OK; n++) {
		struct record_clear c;

		assert(record_clear_parse(record, &c) == ERR_OK);
		assert((c.flags == RECORD_HEADER) == (n == 0));
		assert(n != 1 || c.flags == RECORD_KEY);
		assert(n == 0 ||
		       (c.index > index && memcmp(c.run.octets, run.octets,
					       RUN_ID_OCTETS) == 0));
		run = c.run;
		index = c.index;
	}
	assert(r.headed && r.at <= f->octets);
	spool_reader_close(&r, f);
}

int LLVMFuzzerTestOneInput(const uint8_t *, size_t);
int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
	static int folder = -1;
	const struct slice in = slice_make(data, n);
	struct spool s;
	struct rows rows;

	if (folder == -1)
		folder = folder_open();
	file_put(folder, "spool/0000000000000007", in);
	if (spool_open(&s, folder, 1 << 20, 0) == ERR_OK) {
		struct spool_file *f = spool_oldest(&s);
		records_look(&s, f);
		spool_drop(&s, f);
		assert(s.octets == 0 && s.count == 0);
	}
	spool_close(&s);
	file_put(folder, "rows/0123456789abcdef", in);
	if (rows_open(&rows, folder, 0) == ERR_OK)
		rows_clear(&rows);
	rows_fini(&rows);
	(void)unlinkat(folder, "rows/0123456789abcdef", 0);
	return 0;
}
