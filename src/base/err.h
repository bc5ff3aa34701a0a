/*
 * err.h - the errors of the project, one list. A function that can fail
 * returns enum err; results go to ret_x and are written on ERR_OK only.
 */
#ifndef BASE_ERR_H
#define BASE_ERR_H

#define MUST_USE __attribute__((warn_unused_result))

/* name, what a person reads */
#define ERR_LIST(X)                                                            \
	X(OK, "done")                                                          \
	X(MORE, "more octets are needed")                                      \
	X(SYNTAX, "not well formed")                                           \
	X(RANGE, "a number is out of its range")                               \
	X(LIMIT, "a limit is full")                                            \
	X(DENIED, "not allowed")                                               \
	X(EXISTS, "exists already")                                            \
	X(MISSING, "not there")                                                \
	X(CONFLICT, "somebody was faster")                                     \
	X(AGAIN, "not now, try again")                                         \
	X(TIMEOUT, "took too long")                                            \
	X(CLOSED, "the other side closed")                                     \
	X(REFUSED, "nobody listens there")                                     \
	X(UNREACHABLE, "there is no way to that address")                      \
	X(UNSUPPORTED, "not supported")                                        \
	X(CRYPTO, "does not open")                                             \
	X(CORRUPT, "damaged")                                                  \
	X(NOMEM, "out of memory")                                              \
	X(IO, "input or output failed")

enum err {
#define X(name, text) ERR_##name,
	ERR_LIST(X)
#undef X
	ERR__MAX
};

/* A sentence part for people; never NULL, never personal. */
const char *err_text(enum err e);
/* "OK", "LIMIT", ...: for machines. */
const char *err_name(enum err e);
/* What errno says, in our words. code 0 is ERR_IO. */
enum err err_of_errno(int code);

#endif
