#include "eavesd/role.h"

#include <unistd.h>

#include "base/codec.h"
#include "os/sandbox.h"

void
role_ready(struct ipc *parent, const struct sandbox_missing *missing)
{
	const uint8_t body[2] = { missing->landlock, missing->own_user };

	(void)!ipc_notice(parent, MSG_READY, SLICE_OF(body), NULL, 0);
}

void
role_newer(void)
{
	/* at once: who closes his channel first is killed for it */
	_exit(ROLE_NEWER);
}
