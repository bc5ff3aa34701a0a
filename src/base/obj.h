/*
 * obj.h - small helpers that every room uses.
 */
#ifndef BASE_OBJ_H
#define BASE_OBJ_H

#include <assert.h>
#include <stddef.h>

#define COUNT(a) (sizeof(a) / sizeof *(a))
/* Long-lived objects carry a magic number, checked at each entry. */
#define OBJ_CHECK(p, m) assert((p) != NULL && (p)->magic == (m))
/* The struct that holds member m at p. */
#define OBJ_OF(p, type, m) ((type *)(void *)((char *)(p)-offsetof(type, m)))

#endif
