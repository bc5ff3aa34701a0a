#include "base/codec.h"
#include "hub/capture/capture.h"

enum err
capture_settings_put(const struct capture_settings *s, struct buf *to)
{
	struct wr w;

	if (s->url.len > CAPTURE_TEXT_OCTETS_MAX ||
	    s->user.len > CAPTURE_TEXT_OCTETS_MAX ||
	    s->password.len > CAPTURE_TEXT_OCTETS_MAX)
		return ERR_LIMIT;
	wr_init(&w, to);
	wr_u8(&w, (uint8_t)s->kind);
	wr_u32(&w, s->demo_seed);
	wr_u32(&w, s->demo_speed_milli);
	wr_u32(&w, (uint32_t)s->zone_offset_s);
	wr_u32(&w, s->uid);
	wr_u8(&w, s->sound_off);
	wr_u8(&w, s->udp_wanted);
	wr_u16(&w, s->udp_port[0]);
	wr_u16(&w, s->udp_port[1]);
	wr_sized(&w, s->url);
	wr_sized(&w, s->user);
	wr_sized(&w, s->password);
	return wr_end(&w);
}

enum err
capture_settings_get(struct slice in, struct capture_settings *ret_settings)
{
	struct capture_settings s = { 0 };
	struct rd r;
	enum err e;

	rd_init(&r, in);
	const unsigned kind = rd_u8(&r);
	s.demo_seed = rd_u32(&r);
	s.demo_speed_milli = rd_u32(&r);
	s.zone_offset_s = (int32_t)rd_u32(&r);
	s.uid = rd_u32(&r);
	const unsigned sound_off = rd_u8(&r);
	const unsigned udp_wanted = rd_u8(&r);
	s.udp_port[0] = rd_u16(&r);
	s.udp_port[1] = rd_u16(&r);
	s.url = rd_sized(&r, CAPTURE_TEXT_OCTETS_MAX);
	s.user = rd_sized(&r, CAPTURE_TEXT_OCTETS_MAX);
	s.password = rd_sized(&r, CAPTURE_TEXT_OCTETS_MAX);
	if ((e = rd_end(&r)) != ERR_OK)
		return e;
	if (kind >= CAPTURE__MAX || sound_off > 1 || udp_wanted > 1)
		return ERR_SYNTAX;
	s.sound_off = sound_off == 1;
	s.udp_wanted = udp_wanted == 1;
	s.kind = (enum capture_kind)kind;
	*ret_settings = s;
	return ERR_OK;
}
