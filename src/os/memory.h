/*
 * memory.h - secrets and memory that libraries take: what jansson parses
 * (tickets, passwords, a vault) lies in many small pieces that nobody can name
 * any more when they are given back.
 */
#ifndef OS_MEMORY_H
#define OS_MEMORY_H

/* For json_set_alloc_funcs(): free(), with zeros over all of it first. */
void free_wiped(void *at);
/* What it does first. */
void memory_wipe(void *at);
/* No core dump tells what this process knew. */
void dumps_off(void);

#endif
