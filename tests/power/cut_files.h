/*
 * cut_files.h - the same disk under plain files: what is written below one
 * folder may be lost until it is synced, a new name in it until the folder is;
 * a name that was removed may be back. The linker puts this in the place of
 * openat, write, pwrite, unlinkat and their syncs (--wrap); files elsewhere are left alone.
 */
#ifndef POWER_CUT_FILES_H
#define POWER_CUT_FILES_H

#include <stdint.h>

/* From now on files made in this folder; those of another are forgotten. */
void cut_files_watch(int folder_fd);
/* Says that so many octets of the disk are free; 0: what there is. */
void cut_files_left(uint64_t octets);
/* Removes them all. */
void cut_files_drop(void);
/* Power comes back (before cut_power_on()): the files as the disk has them. */
void cut_files_power_on(void);

#endif
