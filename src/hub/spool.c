#include "hub/spool.h"

#include <assert.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <sys/uio.h>
#include <unistd.h>

#include "hub/under.h"
#include "model/run.h"
#include "os/file.h"
#include "stream/segment.h"

#define NAME_OCTETS 16
#define NAME_ROOM   (NAME_OCTETS + 1)

static void
name_of(uint64_t number, char to[static NAME_ROOM])
{
	(void)snprintf(to, NAME_ROOM, "%016llx", (unsigned long long)number);
}

static void
file_add(struct spool *s, struct spool_file *f)
{
	struct spool_file **at = &s->first;

	while (*at != NULL && (*at)->number < f->number)
		at = &(*at)->next;
	f->next = *at;
	*at = f;
	s->octets += f->octets;
	s->count++;
}

/* --- the folder --- */

static enum err
file_find(struct spool *s, const char *name)
{
	struct spool_file *f;
	struct stat st;
	char *end;
	const unsigned long long n = strtoull(name, &end, 16);

	if (strlen(name) != NAME_OCTETS || *end != '\0' ||
	    fstatat(s->dir_fd, name, &st, AT_SYMLINK_NOFOLLOW) == -1 ||
	    !S_ISREG(st.st_mode))
		return ERR_OK;
	if ((f = calloc(1, sizeof *f)) == NULL)
		return ERR_NOMEM;
	f->number = n;
	f->octets = (uint64_t)st.st_size;
	file_add(s, f);
	if (n >= s->next_number)
		s->next_number = n + 1;
	return ERR_OK;
}

/* What an earlier life left: whole files, or one with a torn tail. */
static enum err
files_find(struct spool *s)
{
	const struct dirent *entry;
	DIR *dir;
	enum err e = folder_list(s->dir_fd, ".", &dir);

	if (e != ERR_OK)
		return e;
	while (e == ERR_OK && (entry = readdir(dir)) != NULL)
		e = file_find(s, entry->d_name);
	(void)closedir(dir);
	return e;
}

enum err
spool_open(struct spool *s, int folder_fd, uint64_t octets_max, uint32_t uid)
{
	struct statvfs vfs;
	enum err e;

	*s = (struct spool){ .dir_fd = -1, .next_number = 1 };
	for (size_t i = 0; i < SPOOL_WRITERS_MAX; i++)
		s->writer[i].fd = -1;
	if (octets_max == 0)
		return ERR_OK;
	if ((e = under_open(folder_fd, "spool", uid, &s->dir_fd)) != ERR_OK)
		return e;
	if ((e = files_find(s)) != ERR_OK || fstatvfs(s->dir_fd, &vfs) == -1) {
		spool_close(s);
		return e != ERR_OK ? e : ERR_IO;
	}
	const uint64_t room = s->octets +
			      (uint64_t)vfs.f_bavail * vfs.f_frsize / 10;
	s->octets_max = octets_max < room ? octets_max : room;
	for (size_t i = 0; i < SPOOL_WRITERS_MAX; i++)
		buf_init(&s->writer[i].header, RUN_HEADER_OCTETS);
	return ERR_OK;
}

void
spool_close(struct spool *s)
{
	for (size_t i = 0; i < SPOOL_WRITERS_MAX; i++) {
		spool_end(s, i);
		buf_fini(&s->writer[i].header);
	}
	while (s->first != NULL) {
		struct spool_file *f = s->first;
		s->first = f->next;
		free(f);
	}
	if (s->dir_fd != -1)
		(void)close(s->dir_fd);
	s->dir_fd = -1;
	s->octets = s->count = 0;
}

bool
spool_is_on(const struct spool *s)
{
	return s->dir_fd != -1;
}

void
spool_clear(struct spool *s)
{
	for (size_t i = 0; i < SPOOL_WRITERS_MAX; i++)
		spool_end(s, i);
	while (s->first != NULL)
		spool_drop(s, s->first);
}

/* --- writing --- */

/* The run may go on in another file. */
static void
file_end(struct spool_writer *w)
{
	if (w->fd == -1)
		return;
	(void)fdatasync(w->fd);
	fd_times_hide(w->fd);
	(void)close(w->fd);
	w->file->writing = false;
	w->file = NULL;
	w->fd = -1;
	w->dirty = false;
}

/* Room for so much more: the oldest that is whole goes. */
static bool
room_make(struct spool *s, size_t octets)
{
	while (
	    s->octets + octets > s->octets_max || s->count >= SPOOL_FILES_MAX) {
		struct spool_file *f = s->first;
		while (f != NULL && (f->writing || f->reading))
			f = f->next;
		if (f == NULL)
			return false;
		spool_drop(s, f);
		s->lost++;
	}
	return true;
}

/* What could not be written whole is taken off again. */
static enum err
frame_put(struct spool *s, struct spool_writer *w, struct slice record)
{
	const size_t n = record.len + 4;
	uint8_t length[4];
	const struct iovec pieces[] = { { length, 4 },
		{ (void *)(uintptr_t)record.at, record.len } };

	if (!room_make(s, n))
		return ERR_LIMIT;
	for (unsigned i = 0; i < 4; i++)
		length[i] = (uint8_t)(record.len >> (24 - 8 * i));
	if (writev(w->fd, pieces, 2) != (ssize_t)n) {
		const enum err e = errno == ENOSPC ? ERR_LIMIT : ERR_IO;
		(void)!ftruncate(w->fd, (off_t)w->file->octets);
		return e;
	}
	w->dirty = true;
	w->file->octets += n;
	s->octets += n;
	return ERR_OK;
}

static enum err
file_begin(struct spool *s, struct spool_writer *w, const struct id *stream)
{
	struct spool_file *f;
	char name[NAME_ROOM];
	enum err e;

	if (!room_make(s, ID_OCTETS))
		return ERR_LIMIT;
	if ((f = calloc(1, sizeof *f)) == NULL)
		return ERR_NOMEM;
	f->number = s->next_number++;
	name_of(f->number, name);
	const int fd = openat(s->dir_fd, name,
	    O_WRONLY | O_CREAT | O_EXCL | O_APPEND | O_CLOEXEC | O_NOFOLLOW,
	    0600);
	if (fd == -1) {
		free(f);
		return err_of_errno(errno);
	}
	if ((e = fd_write_all(fd, id_slice(stream))) != ERR_OK) {
		(void)close(fd);
		(void)unlinkat(s->dir_fd, name, 0);
		free(f);
		return e;
	}
	fd_times_hide(fd);
	f->octets = f->kept_at = ID_OCTETS;
	f->writing = true;
	file_add(s, f);
	w->fd = fd;
	w->file = f;
	return ERR_OK;
}

/* A file begins with its run's header, then this key frame. */
static enum err
key_begin(struct spool *s, struct spool_writer *w, const struct id *stream)
{
	enum err e;

	file_end(w);
	if ((e = file_begin(s, w, stream)) != ERR_OK)
		return e;
	if ((e = frame_put(s, w, buf_slice(&w->header))) != ERR_OK) {
		struct spool_file *f = w->file;
		file_end(w);
		spool_drop(s, f);
	}
	return e;
}

enum err
spool_record(struct spool *s, size_t n, const struct id *stream, uint8_t flags,
    struct slice record)
{
	struct spool_writer *w = &s->writer[n];
	enum err e;

	if (!spool_is_on(s))
		return ERR_CLOSED;
	if (flags == RUN_HEADER) {
		file_end(w);
		buf_clear(&w->header);
		return buf_append(&w->header, record);
	}
	if (flags == RUN_KEY && w->header.len != 0 &&
	    (w->fd == -1 || w->file->octets >= SPOOL_FILE_OCTETS) &&
	    (e = key_begin(s, w, stream)) != ERR_OK)
		return e;
	if (w->fd == -1)
		return ERR_MISSING;
	if ((e = frame_put(s, w, record)) != ERR_OK)
		file_end(w);
	else if ((flags & RUN_END) != 0)
		spool_end(s, n);
	return e;
}

void
spool_end(struct spool *s, size_t n)
{
	file_end(&s->writer[n]);
	buf_clear(&s->writer[n].header);
}

void
spool_sync(struct spool *s)
{
	for (size_t i = 0; i < SPOOL_WRITERS_MAX; i++) {
		struct spool_writer *w = &s->writer[i];
		if (w->fd == -1 || !w->dirty)
			continue;
		w->dirty = false;
		(void)fdatasync(w->fd);
	}
}

/* --- reading --- */

struct spool_file *
spool_oldest(const struct spool *s)
{
	for (struct spool_file *f = s->first; f != NULL; f = f->next)
		if (!f->writing && !f->passed)
			return f;
	return NULL;
}

void
spool_drop(struct spool *s, struct spool_file *file)
{
	char name[NAME_ROOM];

	assert(!file->writing);
	name_of(file->number, name);
	(void)unlinkat(s->dir_fd, name, 0);
	for (struct spool_file **at = &s->first; *at != NULL; at = &(*at)->next)
		if (*at == file) {
			*at = file->next;
			break;
		}
	s->octets -= file->octets;
	s->count--;
	free(file);
}

static enum err
octets_read(int fd, uint8_t *to, size_t n)
{
	size_t got = 0;

	while (got < n) {
		const ssize_t r = read(fd, to + got, n - got);
		if (r == -1 && errno == EINTR)
			continue;
		if (r <= 0)
			return r == 0 ? ERR_MISSING : ERR_IO;
		got += (size_t)r;
	}
	return ERR_OK;
}

/*
 * The server would take it, and keep it: what it would not is a disk's error,
 * and would be sent for ever, with all that is newer behind it.
 */
static bool
is_record(struct spool_reader *r, struct slice record)
{
	struct record_clear c;

	if (record_clear_parse(record, &c) != ERR_OK ||
	    (c.flags == RECORD_HEADER) == r->headed ||
	    (r->headed &&
		(memcmp(c.run.octets, r->run.octets, RUN_ID_OCTETS) != 0 ||
		    c.index <= r->index ||
		    (!r->joined && c.flags != RECORD_KEY))))
		return false;
	r->run = c.run;
	r->index = c.index;
	r->joined = r->headed;
	r->headed = true;
	return true;
}

enum err
spool_reader_next(struct spool_reader *r, struct slice *ret_record)
{
	uint8_t length[4], *to;
	enum err e;

	if (octets_read(r->fd, length, 4) != ERR_OK)
		return ERR_MISSING;
	const size_t n = (size_t)slice_be(SLICE_OF(length), 4);
	if (n == 0 || n > RUN_RECORD_MAX)
		return ERR_MISSING;
	buf_clear(&r->record);
	if ((e = buf_reserve(&r->record, n, &to)) != ERR_OK)
		return e;
	if (octets_read(r->fd, to, n) != ERR_OK)
		return ERR_MISSING;
	r->record.len = n;
	if (!is_record(r, buf_slice(&r->record)))
		return ERR_MISSING;
	r->at += n + 4;
	*ret_record = buf_slice(&r->record);
	return ERR_OK;
}

enum err
spool_read(const struct spool *s, struct spool_file *file,
    struct spool_reader *ret_reader)
{
	struct spool_reader r = { .fd = -1, .at = ID_OCTETS };
	char name[NAME_ROOM];
	struct slice header;

	name_of(file->number, name);
	r.fd = openat(s->dir_fd, name, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
	if (r.fd == -1)
		return ERR_MISSING;
	buf_init(&r.record, RUN_RECORD_MAX);
	/* a power cut may leave a file that ends before its header does */
	if (octets_read(r.fd, r.stream.octets, ID_OCTETS) != ERR_OK ||
	    spool_reader_next(&r, &header) != ERR_OK ||
	    lseek(r.fd, ID_OCTETS, SEEK_SET) == (off_t)-1) {
		(void)close(r.fd);
		buf_fini(&r.record);
		return ERR_MISSING;
	}
	r.at = ID_OCTETS;
	r.headed = false;
	file->reading = true;
	*ret_reader = r;
	return ERR_OK;
}

enum err
spool_reader_skip(struct spool_reader *r, uint64_t at)
{
	if (at <= r->at)
		return ERR_OK;
	if (lseek(r->fd, (off_t)at, SEEK_SET) == (off_t)-1)
		return err_of_errno(errno);
	r->at = at;
	r->joined = true;
	return ERR_OK;
}

void
spool_reader_close(struct spool_reader *r, struct spool_file *file)
{
	if (r->fd == -1)
		return;
	(void)close(r->fd);
	buf_fini(&r->record);
	r->fd = -1;
	file->reading = false;
}
