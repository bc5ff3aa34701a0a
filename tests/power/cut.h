/*
 * cut.h - a disk in memory, under SQLite, whose power can be cut. What was
 * not synced is lost, or half lost, as a seed decides.
 */
#ifndef POWER_CUT_H
#define POWER_CUT_H

#include <stdbool.h>

/* Makes it SQLite's default. sync_lies: a sync does nothing (a control). */
void cut_install(bool sync_lies);
/* Empty disk; the power fails at the given operation (0: never). */
void cut_reset(unsigned seed, unsigned fails_at);
/* As many operations from now on (0: never). */
void cut_at(unsigned fails_at);
bool cut_failed(void);
/* The disk is full: nothing grows, nothing new is made. */
void cut_full(bool on);
bool cut_is_full(void);
/* Power comes back: every file as the disk has it. */
void cut_power_on(void);

/* --- for another kind of file on the same disk (cut_files.c) --- */

/* Counts what may be cut; true when there is no power (any more). */
bool cut(void);
bool cut_sync_lies(void);
unsigned cut_draw(void);

#endif
