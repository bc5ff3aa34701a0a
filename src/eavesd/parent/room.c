/*
 * room.c - how much of the disk recordings may take, when nobody said it: a
 * fifth of what was free at the first start. Kept in a file, so that it does
 * not shrink from start to start; whoever wants another number says so.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/statvfs.h>

#include "eavesd/parent/room.h"
#include "os/file.h"

#define FILE_NAME  "media.octets"
#define PART       5u
#define OCTETS_MIN ((uint64_t)256 << 20) /* some files of each camera */

static bool
room_read(int folder_fd, uint64_t *ret_octets)
{
	AUTO_BUF struct buf b;
	char text[24] = "";
	char *end;

	buf_init(&b, sizeof text - 1);
	if (file_read(folder_fd, FILE_NAME, &b) != ERR_OK)
		return false;
	memcpy(text, b.at, b.len);
	*ret_octets = strtoull(text, &end, 10);
	return *ret_octets >= OCTETS_MIN && (*end == '\n' || *end == '\0');
}

enum err
media_room(int folder_fd, uint64_t *ret_octets)
{
	struct statvfs disk;
	char text[24];

	if (room_read(folder_fd, ret_octets))
		return ERR_OK;
	if (fstatvfs(folder_fd, &disk) == -1)
		return ERR_IO;
	uint64_t octets = (uint64_t)disk.f_bavail * disk.f_frsize / PART;
	if (octets < OCTETS_MIN)
		octets = OCTETS_MIN;
	*ret_octets = octets;
	(void)snprintf(text, sizeof text, "%llu\n", (unsigned long long)octets);
	return file_write(folder_fd, FILE_NAME, slice_str(text));
}
