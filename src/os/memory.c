#include "os/memory.h"

#include <malloc.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>

void
memory_wipe(void *at)
{
	if (at != NULL)
		explicit_bzero(at, malloc_usable_size(at));
}

void
free_wiped(void *at)
{
	memory_wipe(at);
	free(at);
}

void
dumps_off(void)
{
	const struct rlimit none = { 0, 0 };

	(void)setrlimit(RLIMIT_CORE, &none);
#if !EAVES_SANITIZED
	(void)prctl(PR_SET_DUMPABLE, 0);
#endif
}
