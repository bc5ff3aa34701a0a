/*
 * segment.c - the files that hold media: made, filled up after a crash, let
 * go. A file and the rows that name it come and go together: a new one is
 * removed when its turn was not committed, an old one after its rows are gone
 * for good. What a power cut leaves between the two is a file that no row
 * names: removed at the next start.
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>

#include "base/codec.h"
#include "eavesd/core/core.h"
#include "os/file.h"
#include "stream/segment.h"

/* How a segment was closed; 0: it is not. */
static const struct choice segment_left = { 2 };

enum err
id_take(void *ctx, const struct row *row)
{
	struct id_list *l = ctx;

	if (l->count < COUNT(l->at) && row_octets(row, 0).len == ID_OCTETS)
		memcpy(l->at[l->count++].octets, row_octets(row, 0).at,
		    ID_OCTETS);
	return ERR_OK;
}

void
segment_name(const struct id *segment, char to[static SEGMENT_NAME_ROOM])
{
	hex_encode(id_slice(segment), to);
}

/*
 * A file has one writer. The lock is the descriptor's: edge has it with the
 * descriptor, until it closes that or dies. ERR_AGAIN: somebody else has it.
 */
static enum err
segment_lock(int fd)
{
	struct flock whole = { .l_type = F_WRLCK, .l_whence = SEEK_SET };

	if (fcntl(fd, F_OFD_SETLK, &whole) == 0)
		return ERR_OK;
	return errno == EACCES ? ERR_AGAIN : err_of_errno(errno);
}

/* --- with the commit of the turn --- */

static enum err
name_keep(struct segment_names *n, const struct id *segment)
{
	if (n->count == COUNT(n->at))
		return ERR_LIMIT;
	n->at[n->count++] = *segment;
	return ERR_OK;
}

/* One that stays is removed at the next start. */
static void
name_unlink(struct core *core, const struct id *segment)
{
	char name[SEGMENT_NAME_ROOM];

	segment_name(segment, name);
	(void)unlinkat(core->segments_fd, name, 0);
}

void
segments_settle(struct core *core, enum err committed)
{
	const struct segment_names *n = committed == ERR_OK ? &core->gone
							    : &core->made;

	if (committed != ERR_OK)
		spans_forget(core);
	for (size_t i = 0; i < n->count; i++)
		name_unlink(core, &n->at[i]);
	core->gone.count = core->made.count = 0;
}

void
segments_undo(struct core *core, size_t made, size_t gone)
{
	spans_forget(core);
	for (; core->made.count > made; core->made.count--)
		name_unlink(core, &core->made.at[core->made.count - 1]);
	core->gone.count = gone;
}

enum err
segment_make(struct core *core, struct id *ret_segment, int *ret_fd)
{
	char name[SEGMENT_NAME_ROOM];
	struct id segment;
	enum err e;

	octets_random(segment.octets, ID_OCTETS);
	segment_name(&segment, name);
	if ((e = name_keep(&core->made, &segment)) != ERR_OK)
		return e;
	const int fd = openat(core->segments_fd, name,
	    O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0600);
	if (fd == -1)
		return err_of_errno(errno);
	fd_times_hide(fd);
	/* edge syncs the file; its name is the folder's */
	if ((e = segment_lock(fd)) == ERR_OK && fsync(core->segments_fd) == -1)
		e = err_of_errno(errno);
	if (e != ERR_OK) {
		(void)close(fd);
		return e;
	}
	*ret_segment = segment;
	*ret_fd = fd;
	return ERR_OK;
}

enum err
segment_drop(struct core *core, const struct id *stream,
    const struct id *segment)
{
	enum err e;

	if ((e = name_keep(&core->gone, segment)) != ERR_OK ||
	    (e = spans_drop(core, stream, segment)) != ERR_OK)
		return e;
	return store_write(core->store, SQL_SEGMENT_DROP,
	    CELLS(cell_id(segment)));
}

/* --- what a crash left --- */

static enum err
random_fill(int fd, off_t at)
{
	uint8_t random[65536];
	enum err e = ERR_OK;

	while (e == ERR_OK && at < (off_t)SEGMENT_OCTETS) {
		const off_t left = (off_t)SEGMENT_OCTETS - at;
		const size_t n = left < (off_t)sizeof random ? (size_t)left
							     : sizeof random;

		octets_random(random, n);
		e = fd_write_all(fd, slice_make(random, n));
		at += (off_t)n;
	}
	return e;
}

/*
 * What a crash left open: random octets to the end, never written again.
 * ERR_AGAIN: edge is still writing it, and closes it itself. ERR_LIMIT: the
 * disk is full; it is filled up another time.
 */
static enum err
segment_seal_off(struct core *core, const struct id *segment)
{
	char name[SEGMENT_NAME_ROOM];
	struct stat st;
	enum err e;

	segment_name(segment, name);
	AUTO_FD int fd = openat(core->segments_fd, name,
	    O_WRONLY | O_CLOEXEC | O_NOFOLLOW);
	if (fd != -1 && (e = segment_lock(fd)) != ERR_OK)
		return e;
	if (fd != -1 && fstat(fd, &st) == 0 &&
	    lseek(fd, 0, SEEK_END) != (off_t)-1) {
		if ((e = random_fill(fd, st.st_size)) != ERR_OK)
			return e;
		fd_times_hide(fd);
	}
	return store_write(core->store, SQL_SEGMENT_CLOSE,
	    CELLS(cell_id(segment), cell_choice(segment_left)));
}

/* *ret_count: how many are closed now. */
static enum err
segments_seal_off(struct core *core, const struct id_list *open,
    size_t *ret_count)
{
	size_t count = 0;

	for (size_t i = 0; i < open->count; i++) {
		const enum err e = segment_seal_off(core, &open->at[i]);

		if (e != ERR_OK && e != ERR_AGAIN && e != ERR_LIMIT)
			return e;
		count += e == ERR_OK;
	}
	*ret_count = count;
	return ERR_OK;
}

enum err
segments_tidy(struct core *core)
{
	size_t count;
	enum err e;

	do {
		struct id_list open = { .count = 0 };

		if ((e = store_each(core->store, SQL_SEGMENT_ALL_OPEN, NO_CELLS,
			 id_take, &open)) != ERR_OK)
			return e;
		e = segments_seal_off(core, &open, &count);
	} while (e == ERR_OK && count != 0);
	return e;
}

enum err
segments_of_tidy(struct core *core, const struct id *stream)
{
	struct id_list open = { .count = 0 };
	size_t count;
	const enum err e = store_each(core->store, SQL_SEGMENT_OPEN_ONES,
	    CELLS(cell_id(stream)), id_take, &open);

	return e == ERR_OK ? segments_seal_off(core, &open, &count) : e;
}

/* Whether that file of the folder is a segment that no row names. */
static bool
is_stray(struct core *core, const char *name)
{
	uint64_t state;
	struct id id;

	return hex_decode(slice_str(name), id.octets, ID_OCTETS) == ERR_OK &&
	       store_number(core->store, SQL_SEGMENT_STATE, CELLS(cell_id(&id)),
		   0, &state) == ERR_MISSING;
}

/* A store that knows of no segment at all may be the wrong one. */
static bool
store_knows_segments(struct core *core)
{
	uint64_t count;

	return store_number(core->store, SQL_SEGMENT_COUNT, NO_CELLS, 0,
		   &count) == ERR_OK &&
	       count != 0;
}

void
segments_strays_drop(struct core *core)
{
	const struct dirent *entry;
	unsigned count = 0;
	DIR *dir;

	if (folder_list(core->segments_fd, ".", &dir) != ERR_OK)
		return;
	while (store_knows_segments(core) && count < SEGMENT_NAMES &&
	       (entry = readdir(dir)) != NULL)
		if (is_stray(core, entry->d_name)) {
			(void)unlinkat(core->segments_fd, entry->d_name, 0);
			count++;
		}
	(void)closedir(dir);
}
