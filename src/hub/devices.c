#include "hub/devices.h"

#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>
#include <unistd.h>

#include "hub/capture/capture.h"
#include "hub/device.h"
#include "os/file.h"

#define NUMBERS_MAX 256
#define NAME_OCTETS 128
#define UNDER       "v4l/by-id"
/* Of a device in the settings of a process: why, lengths and its number. */
#define PLAIN_OCTETS (3 + sizeof "/dev/video255" - 1)

struct nodes {
	bool is_there[NUMBERS_MAX];
	char name[NUMBERS_MAX][NAME_OCTETS + 1]; /* empty: it has none */
};

static void
numbers_find(int folder_fd, struct nodes *all)
{
	const struct dirent *entry;
	DIR *dir;

	if (folder_list(folder_fd, ".", &dir) != ERR_OK)
		return;
	while ((entry = readdir(dir)) != NULL) {
		const int n = device_number(entry->d_name);
		if (n != -1)
			all->is_there[n] = true;
	}
	(void)closedir(dir);
}

/* Which device a name in v4l/by-id leads to; -1: none. */
static int
number_behind(int dir_fd, const char *name)
{
	char to[NAME_OCTETS + 1];
	const ssize_t n = readlinkat(dir_fd, name, to, sizeof to - 1);

	if (n <= 0)
		return -1;
	to[n] = '\0';
	const char *slash = strrchr(to, '/');
	return device_number(slash == NULL ? to : slash + 1);
}

static void
name_take(struct nodes *all, int dir_fd, const char *name)
{
	char path[FOUND_PATH_OCTETS + 1];
	const int n = number_behind(dir_fd, name);

	if (n == -1 || strlen(name) > NAME_OCTETS)
		return;
	(void)snprintf(path, sizeof path, "/dev/" UNDER "/%.*s", NAME_OCTETS,
	    name);
	/* of two names the same one each time */
	if (device_path_allowed(path) &&
	    (all->name[n][0] == '\0' || strcmp(name, all->name[n]) < 0))
		memcpy(all->name[n], name, strlen(name) + 1);
}

static void
names_find(int folder_fd, struct nodes *all)
{
	const struct dirent *entry;
	DIR *dir;

	if (folder_list(folder_fd, UNDER, &dir) != ERR_OK)
		return;
	while ((entry = readdir(dir)) != NULL)
		name_take(all, dirfd(dir), entry->d_name);
	(void)closedir(dir);
}

static void
device_take(struct devices *to, const char path[static FOUND_PATH_OCTETS + 1])
{
	struct found_device *d = &to->at[to->count];
	int fd = -1;

	*d = (struct found_device){ .why = device_open(path, &fd) };
	if (d->why != REASON_RUNNING && d->why != REASON_BUSY &&
	    d->why != REASON_NOT_ALLOWED)
		return;
	memcpy(d->path, path, FOUND_PATH_OCTETS + 1);
	to->fd[to->count++] = fd;
}

/* By its name while that has room in the settings, else by its number. */
static void
path_make(const struct nodes *all, unsigned n, size_t *room,
    char to[static FOUND_PATH_OCTETS + 1])
{
	const size_t len = strlen(all->name[n]) + sizeof UNDER;

	if (all->name[n][0] == '\0' || len > *room) {
		(void)snprintf(to, FOUND_PATH_OCTETS + 1, "/dev/video%u", n);
		return;
	}
	*room -= len;
	(void)snprintf(to, FOUND_PATH_OCTETS + 1, "/dev/" UNDER "/%.*s",
	    NAME_OCTETS, all->name[n]);
}

void
devices_open(const char *folder, struct devices *ret)
{
	/* all of them fit into the settings by their numbers */
	size_t room = CAPTURE_TEXT_OCTETS_MAX -
		      FOUND_DEVICES_MAX * PLAIN_OCTETS;
	struct nodes all = { 0 };
	char path[FOUND_PATH_OCTETS + 1];
	AUTO_FD int folder_fd = open(folder,
	    O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	ret->count = 0;
	if (folder_fd == -1)
		return;
	numbers_find(folder_fd, &all);
	names_find(folder_fd, &all);
	for (unsigned i = 0; i < 2 * NUMBERS_MAX; i++) {
		const unsigned n = i % NUMBERS_MAX;
		const bool has_name = all.name[n][0] != '\0';

		if (!all.is_there[n] || has_name != (i < NUMBERS_MAX) ||
		    ret->count == FOUND_DEVICES_MAX)
			continue;
		path_make(&all, n, &room, path);
		device_take(ret, path);
	}
}

void
devices_close(struct devices *d)
{
	for (size_t i = 0; i < d->count; i++)
		if (d->fd[i] != -1)
			(void)close(d->fd[i]);
	d->count = 0;
}
