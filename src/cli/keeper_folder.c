#include "cli/keeper_folder.h"

#include <fcntl.h>
#include <stdio.h>
#include <string.h>

#include "base/codec.h"
#include "base/obj.h"
#include "os/file.h"

#define FILE_OCTETS ((size_t)64 << 20)

static const char *const names[] = { "keeper.secret", "rest.keys",
	"generations", "stamp", "device.key", "device.crt" };

enum err
keeper_folder_put(int dir_fd, struct buf *to)
{
	struct wr w;

	wr_init(&w, to);
	for (size_t i = 0; i < COUNT(names); i++) {
		AUTO_BUF struct buf octets;
		enum err e;

		buf_init_secret(&octets, FILE_OCTETS);
		e = file_read(dir_fd, names[i], &octets);
		if (e == ERR_MISSING && i != 0)
			continue; /* never needed so far */
		if (e != ERR_OK)
			return e;
		wr_sized(&w, slice_str(names[i]));
		wr_sized(&w, buf_slice(&octets));
	}
	return wr_end(&w);
}

static bool
is_ours(struct slice name)
{
	for (size_t i = 0; i < COUNT(names); i++)
		if (slice_eq(name, slice_str(names[i])))
			return true;
	return false;
}

enum err
keeper_folder_get(struct slice plain, int dir_fd)
{
	struct rd r;
	enum err e;

	rd_init(&r, plain);
	while (r.err == ERR_OK && r.rest.len != 0) {
		char name[32] = "";
		const struct slice n = rd_sized(&r, sizeof name - 1);
		const struct slice octets = rd_sized(&r, FILE_OCTETS);

		if (r.err != ERR_OK || !is_ours(n))
			return ERR_SYNTAX;
		memcpy(name, n.at, n.len);
		if ((e = file_write(dir_fd, name, octets)) != ERR_OK)
			return e;
	}
	return rd_end(&r);
}

enum err
whole_write(const char *path, struct slice sealed)
{
	const char *slash = strrchr(path, '/');
	char folder[4096] = ".";

	if (slash != NULL)
		(void)snprintf(folder, sizeof folder, "%.*s",
		    (int)(slash - path) + 1, path);
	AUTO_FD int dir_fd = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (dir_fd == -1)
		return ERR_MISSING;
	return file_write(dir_fd, slash == NULL ? path : slash + 1, sealed);
}
