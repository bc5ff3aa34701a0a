#include "tests/power/cut.h"

#include <pthread.h>
#include <sqlite3.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#define FILES_MAX  16
#define SECTOR     512u
#define OCTETS_MAX (8u << 20)

struct disk_file {
	char name[64];
	bool used;
	uint8_t *now, *synced;
	size_t now_octets, synced_octets;
};

struct handle {
	sqlite3_file base;
	struct disk_file *file;
};

static struct disk_file files[FILES_MAX];
static unsigned seed, fails_at, operations;
static bool failed, lies, full;
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;

static unsigned
draw(void)
{
	seed = seed * 1103515245u + 12345u;
	return seed >> 16;
}

unsigned
cut_draw(void)
{
	return draw();
}

bool
cut(void)
{
	(void)pthread_mutex_lock(&lock);
	if (!failed && fails_at != 0 && ++operations >= fails_at)
		failed = true;
	const bool gone = failed;
	(void)pthread_mutex_unlock(&lock);
	return gone;
}

bool
cut_failed(void)
{
	(void)pthread_mutex_lock(&lock);
	const bool gone = failed;
	(void)pthread_mutex_unlock(&lock);
	return gone;
}

void
cut_full(bool on)
{
	(void)pthread_mutex_lock(&lock);
	full = on;
	(void)pthread_mutex_unlock(&lock);
}

bool
cut_is_full(void)
{
	(void)pthread_mutex_lock(&lock);
	const bool is = full;
	(void)pthread_mutex_unlock(&lock);
	return is;
}

bool
cut_sync_lies(void)
{
	return lies;
}

void
cut_at(unsigned new_fails_at)
{
	fails_at = new_fails_at;
	operations = 0;
}

void
cut_reset(unsigned new_seed, unsigned new_fails_at)
{
	for (size_t i = 0; i < FILES_MAX; i++) {
		free(files[i].now);
		free(files[i].synced);
	}
	memset(files, 0, sizeof files);
	seed = new_seed;
	fails_at = new_fails_at;
	operations = 0;
	failed = false;
}

void
cut_power_on(void)
{
	for (size_t i = 0; i < FILES_MAX; i++) {
		struct disk_file *f = &files[i];

		if (!f->used)
			continue;
		/* a sector that was on its way is there, or not */
		for (size_t at = 0; at < f->now_octets; at += SECTOR) {
			const size_t n = f->now_octets - at < SECTOR
					     ? f->now_octets - at
					     : SECTOR;

			if (memcmp(f->now + at, f->synced + at, n) == 0 ||
			    draw() % 2 == 0)
				continue;
			if (at + n > f->synced_octets && draw() % 2 == 0)
				continue;
			memcpy(f->synced + at, f->now + at, n);
			if (at + n > f->synced_octets)
				f->synced_octets = at + n;
		}
		memcpy(f->now, f->synced, OCTETS_MAX);
		f->now_octets = f->synced_octets;
	}
	failed = false;
	fails_at = 0;
}

static struct disk_file *
file_find(const char *name, bool make)
{
	const char *base = strrchr(name, '/');

	base = base == NULL ? name : base + 1;
	for (size_t i = 0; i < FILES_MAX; i++)
		if (files[i].used && strcmp(files[i].name, base) == 0)
			return &files[i];
	for (size_t i = 0; make && i < FILES_MAX; i++)
		if (!files[i].used) {
			files[i] = (struct disk_file){ .used = true,
				.now = calloc(1, OCTETS_MAX),
				.synced = calloc(1, OCTETS_MAX) };
			strncpy(files[i].name, base, 63);
			return &files[i];
		}
	return NULL;
}

static int
x_close(sqlite3_file *f)
{
	(void)f;
	return SQLITE_OK;
}

static int
x_read(sqlite3_file *h, void *to, int n, sqlite3_int64 at)
{
	const struct disk_file *f = ((struct handle *)h)->file;
	const size_t from = (size_t)at, want = (size_t)n;

	memset(to, 0, want);
	if (from >= f->now_octets)
		return SQLITE_IOERR_SHORT_READ;
	const size_t have = f->now_octets - from;
	memcpy(to, f->now + from, have < want ? have : want);
	return have < want ? SQLITE_IOERR_SHORT_READ : SQLITE_OK;
}

static int
x_write(sqlite3_file *h, const void *from, int n, sqlite3_int64 at)
{
	struct disk_file *f = ((struct handle *)h)->file;

	if (cut())
		return SQLITE_IOERR_WRITE;
	if ((size_t)at + (size_t)n > OCTETS_MAX ||
	    (cut_is_full() && (size_t)at + (size_t)n > f->now_octets))
		return SQLITE_FULL;
	memcpy(f->now + at, from, (size_t)n);
	if ((size_t)at + (size_t)n > f->now_octets)
		f->now_octets = (size_t)at + (size_t)n;
	return SQLITE_OK;
}

static int
x_truncate(sqlite3_file *h, sqlite3_int64 n)
{
	struct disk_file *f = ((struct handle *)h)->file;

	if (cut())
		return SQLITE_IOERR_TRUNCATE;
	if ((size_t)n < f->now_octets)
		memset(f->now + n, 0, f->now_octets - (size_t)n);
	f->now_octets = (size_t)n;
	return SQLITE_OK;
}

static int
x_sync(sqlite3_file *h, int flags)
{
	struct disk_file *f = ((struct handle *)h)->file;

	(void)flags;
	if (cut())
		return SQLITE_IOERR_FSYNC;
	if (!lies) {
		memcpy(f->synced, f->now, OCTETS_MAX);
		f->synced_octets = f->now_octets;
	}
	return SQLITE_OK;
}

static int
x_size(sqlite3_file *h, sqlite3_int64 *ret)
{
	*ret = (sqlite3_int64)((struct handle *)h)->file->now_octets;
	return SQLITE_OK;
}

static int
x_lock(sqlite3_file *h, int level)
{
	(void)h;
	(void)level;
	return SQLITE_OK;
}

static int
x_reserved(sqlite3_file *h, int *ret)
{
	(void)h;
	*ret = 0;
	return SQLITE_OK;
}

static int
x_control(sqlite3_file *h, int op, void *arg)
{
	(void)h;
	(void)op;
	(void)arg;
	return SQLITE_NOTFOUND;
}

static int
x_sector(sqlite3_file *h)
{
	(void)h;
	return SECTOR;
}

static int
x_traits(sqlite3_file *h)
{
	(void)h;
	return 0;
}

static const sqlite3_io_methods methods = { 1, x_close, x_read, x_write,
	x_truncate, x_sync, x_size, x_lock, x_lock, x_reserved, x_control,
	x_sector, x_traits, NULL, NULL, NULL, NULL, NULL, NULL };

static int
v_open(sqlite3_vfs *v, const char *name, sqlite3_file *h, int flags, int *out)
{
	struct handle *handle = (struct handle *)h;

	(void)v;
	handle->file = file_find(name == NULL ? "temporary" : name,
	    (flags & SQLITE_OPEN_CREATE) != 0);
	handle->base.pMethods = handle->file == NULL ? NULL : &methods;
	if (out != NULL)
		*out = flags;
	return handle->file == NULL ? SQLITE_CANTOPEN : SQLITE_OK;
}

static int
v_delete(sqlite3_vfs *v, const char *name, int sync_folder)
{
	struct disk_file *f = file_find(name, false);

	(void)v;
	(void)sync_folder;
	if (cut())
		return SQLITE_IOERR_DELETE;
	if (f != NULL) {
		free(f->now);
		free(f->synced);
		memset(f, 0, sizeof *f);
	}
	return SQLITE_OK;
}

static int
v_access(sqlite3_vfs *v, const char *name, int flags, int *ret)
{
	(void)v;
	(void)flags;
	*ret = file_find(name, false) != NULL;
	return SQLITE_OK;
}

static int
v_full(sqlite3_vfs *v, const char *name, int room, char *to)
{
	(void)v;
	(void)sqlite3_snprintf(room, to, "/%s", name);
	return SQLITE_OK;
}

static int
v_random(sqlite3_vfs *v, int n, char *to)
{
	(void)v;
	for (int i = 0; i < n; i++)
		to[i] = (char)draw();
	return n;
}

static int
v_sleep(sqlite3_vfs *v, int us)
{
	(void)v;
	return us;
}

static int
v_time(sqlite3_vfs *v, double *ret)
{
	(void)v;
	*ret = 2461000.5;
	return SQLITE_OK;
}

void
cut_install(bool sync_lies)
{
	static sqlite3_vfs vfs = { .iVersion = 1,
		.szOsFile = sizeof(struct handle),
		.mxPathname = 255,
		.zName = "cut",
		.xOpen = v_open,
		.xDelete = v_delete,
		.xAccess = v_access,
		.xFullPathname = v_full,
		.xRandomness = v_random,
		.xSleep = v_sleep,
		.xCurrentTime = v_time };

	lies = sync_lies;
	(void)sqlite3_vfs_register(&vfs, 1);
}
