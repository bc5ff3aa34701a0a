/*
 * backup.c - the server's folder to another place and back. What lies there
 * is sealed and is copied as it is; what opens it (the keeper's secret) is
 * not in it and goes another way: keeper_backup.c.
 */
#include <fcntl.h>
#include <stdio.h>
#include <unistd.h>

#include "cli/cli.h"
#include "cli/copy.h"
#include "crypto/crypto.h"
#include "os/clock.h"
#include "os/file.h"
#include "store/store.h"

static int
complain(const char *command, const char *why)
{
	(void)fprintf(stderr, "eaves: %s: %s\n", command, why);
	return 1;
}

static const char *
why_not(enum err e)
{
	if (e == ERR_UNSUPPORTED)
		return "the store was written by a newer Eaves";
	if (e == ERR_IO)
		return "the store cannot be read; is Eaves running? Stop it "
		       "first";
	return err_text(e);
}

/* On the disk, under its name; SQLite does not see to a copy's end. */
static enum err
copy_name(int dir_fd)
{
	AUTO_FD int fd = openat(dir_fd, ".store.new",
	    O_RDONLY | O_CLOEXEC | O_NOFOLLOW);

	return fd == -1 || fsync(fd) == -1 ||
		       renameat(dir_fd, ".store.new", dir_fd, "store.db") ==
			   -1 ||
		       fsync(dir_fd) == -1
		   ? ERR_IO
		   : ERR_OK;
}

/*
 * The store in the current folder, into the folder of to_fd: as it is, so that
 * older programs can go on with a copy that was made before an update.
 */
static enum err
store_save(int to_fd)
{
	char name[64];
	bool older;
	struct store *s;
	enum err e;

	if (faccessat(AT_FDCWD, "store.db", F_OK, 0) == -1)
		return ERR_MISSING;
	if ((e = store_open_as_is("store.db", &older, &s)) != ERR_OK)
		return e;
	(void)unlinkat(to_fd, ".store.new", 0);
	(void)snprintf(name, sizeof name, "/proc/self/fd/%d/.store.new", to_fd);
	e = store_copy(s, name);
	store_close(s);
	return e == ERR_OK ? copy_name(to_fd) : e;
}

/* For `eaves status`: that there is a backup, and of which day. */
static void
day_note(int from_fd)
{
	char text[24];
	const int n = snprintf(text, sizeof text, "%u\n", clock_day());

	(void)!file_write(from_fd, "last-backup", slice_make(text, (size_t)n));
}

int
cli_backup(int argc, char **argv)
{
	AUTO_FD int from_fd = -1;
	AUTO_FD int to_fd = -1;
	AUTO_FD int from_segments = -1;
	AUTO_FD int to_segments = -1;
	struct copied done;
	enum err e;

	if (argc != 3)
		return 2;
	from_fd = open(argv[1], O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (from_fd == -1)
		return complain(argv[0], "there is no such server folder");
	if ((e = folder_open(argv[2], &to_fd)) != ERR_OK)
		return complain(argv[0], "the other folder cannot be made");
	if (fchdir(from_fd) == -1 || (e = store_save(to_fd)) != ERR_OK)
		return complain(argv[0], why_not(e));
	if ((e = subfolder_open(from_fd, "segments", &from_segments)) !=
		ERR_OK ||
	    (e = subfolder_open(to_fd, "segments", &to_segments)) != ERR_OK ||
	    (e = files_copy(from_segments, to_segments, true, &done)) != ERR_OK)
		return complain(argv[0], err_text(e));
	day_note(from_fd);
	(void)printf("The store, and %lu segments (%lu new).\n"
		     "It opens with the keeper's secret alone, which is not in "
		     "it: eaves keeper-backup.\n",
	    done.files + done.kept, done.files);
	return 0;
}

/*
 * A store that comes back from elsewhere agrees with no keeper, not even with
 * one from the same day: then every ticket from before dies at the start.
 */
static enum err
stamp_change(void)
{
	struct store *s;
	struct id stamp;
	enum err e;

	if ((e = store_open("store.db", &s)) != ERR_OK)
		return e;
	octets_random(stamp.octets, sizeof stamp.octets);
	if ((e = store_write(s, SQL_META_STAMP, CELLS(cell_id(&stamp)))) ==
	    ERR_OK)
		e = store_commit(s);
	store_close(s);
	return e;
}

int
cli_restore(int argc, char **argv)
{
	AUTO_FD int from_fd = -1;
	AUTO_FD int to_fd = -1;
	AUTO_FD int from_segments = -1;
	AUTO_FD int to_segments = -1;
	struct copied done;
	enum err e;

	if (argc != 3)
		return 2;
	from_fd = open(argv[1], O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (from_fd == -1 || faccessat(from_fd, "store.db", R_OK, 0) == -1)
		return complain(argv[0], "there is no backup");
	if (crypto_init() != ERR_OK ||
	    (e = folder_open(argv[2], &to_fd)) != ERR_OK)
		return complain(argv[0], "the server folder cannot be made");
	if (folder_must_be_empty(to_fd) != ERR_OK)
		return complain(argv[0],
		    "the server folder is not empty: restore into a new one");
	if ((e = subfolder_open(from_fd, "segments", &from_segments)) !=
		ERR_OK ||
	    (e = subfolder_open(to_fd, "segments", &to_segments)) != ERR_OK ||
	    (e = files_copy(from_segments, to_segments, false, &done)) !=
		ERR_OK ||
	    (e = file_copy(from_fd, to_fd, "store.db")) != ERR_OK)
		return complain(argv[0], err_text(e));
	if (fchdir(to_fd) == -1 || (e = stamp_change()) != ERR_OK)
		return complain(argv[0], why_not(e));
	(void)printf("The store, and %lu segments. Everybody signs in anew.\n",
	    done.files);
	return 0;
}
