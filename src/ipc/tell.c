#include "ipc/tell.h"

void
tell_init(struct tell *t, size_t cap_octets)
{
	buf_init_secret(&t->body, cap_octets);
	wr_init(&t->w, &t->body);
}

void
tell_fini(struct tell *t)
{
	buf_fini(&t->body);
}

void
tell_clear(struct tell *t)
{
	buf_clear(&t->body);
	wr_init(&t->w, &t->body);
}

void
tell_err(struct tell *t, enum err e)
{
	wr_u8(&t->w, (uint8_t)e);
}

void
tell_id(struct tell *t, const struct id *id)
{
	wr_id(&t->w, id);
}

void
tell_count(struct tell *t, struct count n, size_t octets)
{
	assert(octets == 2 || octets == 4 || octets == 8);
	if (octets == 2)
		wr_u16(&t->w, (uint16_t)n.n);
	else if (octets == 4)
		wr_u32(&t->w, (uint32_t)n.n);
	else
		wr_u64(&t->w, n.n);
}

void
tell_choice(struct tell *t, struct choice c)
{
	wr_u8(&t->w, c.of);
}

void
tell_key(struct tell *t, struct segment_key key)
{
	wr_octets(&t->w, key.octets);
}

enum err
tell_end(const struct tell *t)
{
	return wr_end(&t->w);
}

static struct slice
body_of(const struct tell *t)
{
	return t == NULL ? SLICE_LIT("") : buf_slice(&t->body);
}

enum err
tell_reply(struct ipc *ch, enum ipc_type type, uint32_t id,
    const struct tell *t, const int *fds, size_t fd_count)
{
	return ipc_reply(ch, type, id, body_of(t), fds, fd_count);
}

enum err
tell_notice(struct ipc *ch, enum ipc_type type, const struct tell *t)
{
	return ipc_notice(ch, type, body_of(t), NULL, 0);
}
