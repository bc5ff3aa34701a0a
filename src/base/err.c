#include "base/err.h"

#include <errno.h>

const char *
err_text(enum err e)
{
	static const char *const texts[] = {
#define X(name, text) [ERR_##name] = text,
		ERR_LIST(X)
#undef X
	};

	return (unsigned)e < ERR__MAX ? texts[e] : "unknown error";
}

const char *
err_name(enum err e)
{
	static const char *const names[] = {
#define X(name, text) [ERR_##name] = #name,
		ERR_LIST(X)
#undef X
	};

	return (unsigned)e < ERR__MAX ? names[e] : "UNKNOWN";
}

enum err
err_of_errno(int code)
{
	switch (code) {
	case EAGAIN:
	case EINTR:
		return ERR_AGAIN;
	case EEXIST:
		return ERR_EXISTS;
	case ENOENT:
		return ERR_MISSING;
	case EACCES:
	case EPERM:
		return ERR_DENIED;
	case ENOMEM:
		return ERR_NOMEM;
	case ENOSPC:
	case EDQUOT:
	case EMFILE:
	case ENFILE:
	case EMSGSIZE:
		return ERR_LIMIT;
	case EPIPE:
	case ECONNRESET:
		return ERR_CLOSED;
	case ECONNREFUSED:
		return ERR_REFUSED;
	case EHOSTUNREACH:
	case ENETUNREACH:
		return ERR_UNREACHABLE;
	case ETIMEDOUT:
		return ERR_TIMEOUT;
	default:
		return ERR_IO;
	}
}
