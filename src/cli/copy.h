/*
 * copy.h - folders of write-once files, copied so that a file is either not
 * there or whole, and tells the day alone.
 */
#ifndef CLI_COPY_H
#define CLI_COPY_H

#include <stdbool.h>

#include "base/err.h"

struct copied {
	unsigned long files, kept; /* written now; there before */
};

/* One file, octet for octet. */
MUST_USE enum err file_copy(int from_fd, int to_fd, const char *name);
/*
 * Every file of from that to lacks, or has with another size; files that from
 * has no more go (mirror) or stay.
 */
MUST_USE enum err
files_copy(int from_fd, int to_fd, bool mirror, struct copied *ret);
/* The folder of that name below dir_fd, made if need be. */
MUST_USE enum err subfolder_open(int dir_fd, const char *name, int *ret_fd);
/* ERR_EXISTS: there is something in it. */
MUST_USE enum err folder_must_be_empty(int dir_fd);

#endif
