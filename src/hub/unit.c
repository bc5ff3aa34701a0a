#include "hub/unit.h"

#include <errno.h>
#include <string.h>
#include <sys/uio.h>
#include <unistd.h>

#define UNIT_MAGIC 0x4541

static bool
kind_is_known(unsigned kind)
{
	return (kind >= UNIT_H264 && kind <= UNIT_DEVICE) ||
	       kind == UNIT_STATUS;
}

static enum err
head_check(struct slice in, struct unit *ret_unit, size_t *ret_len)
{
	const unsigned kind = in.at[2], flags = in.at[3];
	const uint64_t len = slice_be(slice_skip(in, 16), 4);

	if (slice_be(in, 2) != UNIT_MAGIC || !kind_is_known(kind) ||
	    (flags & ~(unsigned)(UNIT_KEY | UNIT_OWN_TIME)) != 0 ||
	    slice_be(slice_skip(in, 12), 4) != 0)
		return ERR_SYNTAX;
	if (len > UNIT_OCTETS_MAX)
		return ERR_LIMIT;
	ret_unit->kind = (enum unit_kind)kind;
	ret_unit->flags = (uint8_t)flags;
	ret_unit->time_us = slice_be(slice_skip(in, 4), 8);
	*ret_len = (size_t)len;
	return ERR_OK;
}

enum err
unit_parse(struct slice in, struct unit *ret_unit, size_t *ret_octets)
{
	struct unit u;
	size_t len;
	enum err e;

	if (in.len < UNIT_HEAD_OCTETS)
		return ERR_MORE;
	if ((e = head_check(in, &u, &len)) != ERR_OK)
		return e;
	if (in.len - UNIT_HEAD_OCTETS < len)
		return ERR_MORE;
	u.octets = slice_make(in.at + UNIT_HEAD_OCTETS, len);
	*ret_unit = u;
	*ret_octets = UNIT_HEAD_OCTETS + len;
	return ERR_OK;
}

enum err
unit_status(struct slice octets, enum reason *ret_reason, uint32_t *ret_detail)
{
	if (octets.len != 5 || octets.at[0] >= REASON__MAX)
		return ERR_SYNTAX;
	*ret_reason = (enum reason)octets.at[0];
	*ret_detail = (uint32_t)slice_be(slice_skip(octets, 1), 4);
	return ERR_OK;
}

static enum err
sound_check(const struct unit_sound *s)
{
	if (s->codec < SOUND_AAC || s->codec > SOUND_PCMA ||
	    (s->codec == SOUND_AAC) != (s->config.len != 0) ||
	    s->frame.len == 0)
		return ERR_SYNTAX;
	if (s->rate < SOUND_RATE_MIN || s->rate > SOUND_RATE_MAX ||
	    s->channels < 1 || s->channels > SOUND_CHANNELS_MAX ||
	    s->config.len > SOUND_CONFIG_OCTETS_MAX ||
	    s->frame.len > SOUND_FRAME_OCTETS_MAX)
		return ERR_LIMIT;
	return ERR_OK;
}

enum err
unit_sound_parse(struct slice octets, struct unit_sound *ret_sound)
{
	struct unit_sound s;
	enum err e;

	if (octets.len < SOUND_HEAD_OCTETS)
		return ERR_SYNTAX;
	const struct slice rest = slice_skip(octets, SOUND_HEAD_OCTETS);
	const size_t config_octets = octets.at[6];
	if (rest.len < config_octets)
		return ERR_SYNTAX;
	s.codec = (enum sound_codec)octets.at[0];
	s.rate = (uint32_t)slice_be(slice_skip(octets, 1), 4);
	s.channels = octets.at[5];
	s.config = slice_head(rest, config_octets);
	s.frame = slice_skip(rest, config_octets);
	if ((e = sound_check(&s)) == ERR_OK)
		*ret_sound = s;
	return e;
}

static void
be_put(uint8_t *to, uint64_t v, size_t n)
{
	while (n-- > 0) {
		to[n] = (uint8_t)v;
		v >>= 8;
	}
}

void
unit_head(const struct unit *u, uint8_t to[static UNIT_HEAD_OCTETS])
{
	assert(u->octets.len <= UNIT_OCTETS_MAX);
	be_put(to, UNIT_MAGIC, 2);
	to[2] = (uint8_t)u->kind;
	to[3] = u->flags;
	be_put(to + 4, u->time_us, 8);
	be_put(to + 12, 0, 4);
	be_put(to + 16, u->octets.len, 4);
}

/* What is left of both pieces after done octets. */
static int
pieces_left(struct slice head, struct slice body, size_t done,
    struct iovec to[static 2])
{
	const struct slice all[2] = { head, body };
	int n = 0;

	for (int i = 0; i < 2; i++) {
		const size_t skip = done < all[i].len ? done : all[i].len;
		done -= skip;
		if (all[i].len == skip)
			continue;
		/* writev only reads; its struct cannot say so */
		to[n].iov_base = (void *)(uintptr_t)(all[i].at + skip);
		to[n++].iov_len = all[i].len - skip;
	}
	return n;
}

enum err
unit_write(int fd, const struct unit *u)
{
	uint8_t head[UNIT_HEAD_OCTETS];
	struct iovec pieces[2];
	size_t done = 0;
	int n;

	if (u->octets.len > UNIT_OCTETS_MAX)
		return ERR_LIMIT;
	unit_head(u, head);
	while ((n = pieces_left(SLICE_OF(head), u->octets, done, pieces)) > 0) {
		const ssize_t put = writev(fd, pieces, n);
		if (put == -1 && errno == EINTR)
			continue;
		if (put == -1)
			return errno == EPIPE ? ERR_CLOSED : ERR_IO;
		done += (size_t)put;
	}
	return ERR_OK;
}

enum err
unit_write_sound(int fd, uint64_t time_us, const struct unit_sound *s)
{
	uint8_t octets[SOUND_HEAD_OCTETS + SOUND_CONFIG_OCTETS_MAX +
		       SOUND_FRAME_OCTETS_MAX];
	enum err e;

	if ((e = sound_check(s)) != ERR_OK)
		return e;
	octets[0] = (uint8_t)s->codec;
	be_put(octets + 1, s->rate, 4);
	octets[5] = (uint8_t)s->channels;
	octets[6] = (uint8_t)s->config.len;
	uint8_t *to = octets + SOUND_HEAD_OCTETS;
	if (s->config.len != 0)
		to = mempcpy(to, s->config.at, s->config.len);
	to = mempcpy(to, s->frame.at, s->frame.len);
	const struct unit u = {
		.kind = UNIT_SOUND,
		.flags = UNIT_OWN_TIME,
		.time_us = time_us,
		.octets = slice_make(octets, (size_t)(to - octets)),
	};
	return unit_write(fd, &u);
}

enum err
unit_write_status(int fd, uint64_t time_us, enum reason r, uint32_t detail)
{
	uint8_t octets[5] = { (uint8_t)r };
	const struct unit u = {
		.kind = UNIT_STATUS,
		.time_us = time_us,
		.octets = SLICE_OF(octets),
	};

	be_put(octets + 1, detail, 4);
	return unit_write(fd, &u);
}
