#include "proto/sdp.h"

#include <openssl/evp.h>
#include <strings.h>

#include "base/codec.h"

#define FORMATS_MAX 8

/* A payload type of the section that is being read. */
struct format {
	unsigned type;
	enum sdp_codec codec;
	uint32_t rate;
	unsigned channels;
	struct slice fmtp;
};

struct section {
	enum {
		IN_SESSION,
		IN_VIDEO,
		IN_SOUND,
		IN_OTHER
	} kind;
	bool sendonly;
	struct slice control;
	struct format format[FORMATS_MAX];
	size_t format_count;
};

struct reading {
	struct sdp_offer *offer;
	struct section section;
	bool version, any_video, video_sendonly, sound_sendonly;
};

/* A line without its end; cameras end them with LF as well as CR LF. */
static bool
line_take(struct slice *rest, struct slice *ret)
{
	if (rest->len == 0)
		return false;
	const uint8_t *end = memchr(rest->at, '\n', rest->len);
	const size_t n = end == NULL ? rest->len : (size_t)(end - rest->at);
	*ret = slice_head(*rest, n);
	*rest = slice_skip(*rest, end == NULL ? n : n + 1);
	if (ret->len != 0 && ret->at[ret->len - 1] == '\r')
		ret->len--;
	return true;
}

static bool
starts(struct slice s, const char *text, struct slice *ret_rest)
{
	const size_t n = strlen(text);

	if (s.len < n || strncasecmp((const char *)s.at, text, n) != 0)
		return false;
	*ret_rest = slice_skip(s, n);
	return true;
}

/* Digits at the front; at most 6. */
static bool
number_take(struct slice *s, unsigned *ret)
{
	unsigned v = 0;
	size_t n = 0;

	while (n < s->len && n < 6 && s->at[n] >= '0' && s->at[n] <= '9')
		v = v * 10 + (s->at[n++] - '0');
	if (n == 0)
		return false;
	*s = slice_skip(*s, n);
	*ret = v;
	return true;
}

static struct slice
until(struct slice s, char c)
{
	const uint8_t *at = s.len == 0 ? NULL : memchr(s.at, c, s.len);

	return at == NULL ? s : slice_head(s, (size_t)(at - s.at));
}

/* What stands before c, which is eaten with it. */
static struct slice
part_take(struct slice *s, char c)
{
	const struct slice part = until(*s, c);

	*s = slice_skip(*s, part.len == s->len ? part.len : part.len + 1);
	return part;
}

static struct slice
trim(struct slice s)
{
	while (s.len != 0 && (s.at[0] == ' ' || s.at[0] == '\t'))
		s = slice_skip(s, 1);
	while (
	    s.len != 0 && (s.at[s.len - 1] == ' ' || s.at[s.len - 1] == '\t'))
		s.len--;
	return s;
}

/* Padded base64 (RFC 4648 section 4) of one parameter set. */
static size_t
set_decode(struct slice text, uint8_t to[static SDP_SET_OCTETS_MAX])
{
	uint8_t out[SDP_SET_OCTETS_MAX + 4];
	size_t pad = 0;

	if (text.len == 0 || text.len % 4 != 0 ||
	    text.len / 4 * 3 > SDP_SET_OCTETS_MAX)
		return 0;
	while (pad < 2 && text.at[text.len - 1 - pad] == '=')
		pad++;
	const int n = EVP_DecodeBlock(out, text.at, (int)text.len);
	if (n < 0 || (size_t)n <= pad)
		return 0;
	memcpy(to, out, (size_t)n - pad);
	return (size_t)n - pad;
}

/* Which one it is, by its own head; SDP_SET__MAX: none of them. */
static enum sdp_set
set_kind(enum sdp_codec codec, uint8_t head)
{
	const unsigned type = codec == SDP_H264 ? head & 31u
						: (head >> 1) & 63u;

	switch (type) {
	case 7:
		return codec == SDP_H264 ? SDP_SPS : SDP_SET__MAX;
	case 8:
		return codec == SDP_H264 ? SDP_PPS : SDP_SET__MAX;
	case 32:
		return SDP_VPS; /* H.264 has no such type */
	case 33:
		return SDP_SPS;
	case 34:
		return SDP_PPS;
	default:
		return SDP_SET__MAX;
	}
}

static void
sprop_take(struct slice sets, enum sdp_codec codec, struct sdp_offer *o)
{
	while (sets.len != 0) {
		const struct slice one = trim(part_take(&sets, ','));
		uint8_t set[SDP_SET_OCTETS_MAX];
		const size_t n = set_decode(one, set);
		const enum sdp_set kind = n == 0 ? SDP_SET__MAX
						 : set_kind(codec, set[0]);

		if (kind == SDP_SET__MAX)
			continue;
		memcpy(o->set[kind], set, n);
		o->set_octets[kind] = n;
	}
}

/* The next "name=value" of a=fmtp. */
static bool
parameter_take(struct slice *s, struct slice *ret)
{
	if (s->len == 0)
		return false;
	*ret = trim(part_take(s, ';'));
	return true;
}

static unsigned
number_or(struct slice s, unsigned otherwise)
{
	unsigned v;

	s = trim(s);
	return number_take(&s, &v) ? v : otherwise;
}

/* False: packets in an order that is not that of decoding; not for us. */
static bool
video_fmtp(struct slice s, enum sdp_codec codec, struct sdp_offer *o)
{
	struct slice p, v;

	while (parameter_take(&s, &p)) {
		if (starts(p, "packetization-mode=", &v)) {
			if (codec == SDP_H264 && number_or(v, 0) > 1)
				return false;
		} else if (starts(p, "sprop-max-don-diff=", &v)) {
			if (codec == SDP_H265 && number_or(v, 0) != 0)
				return false;
		} else if (starts(p, "sprop-parameter-sets=", &v) ||
			   starts(p, "sprop-vps=", &v) ||
			   starts(p, "sprop-sps=", &v) ||
			   starts(p, "sprop-pps=", &v))
			sprop_take(v, codec, o);
	}
	return true;
}

/* Fields of an AU header that we would have to step over: none are sent. */
static bool
is_other_field(struct slice p)
{
	static const char *const names[] = { "ctsdeltalength=",
		"dtsdeltalength=", "randomaccessindication=",
		"streamstateindication=", "auxiliarydatasizelength=" };
	struct slice v;

	for (size_t i = 0; i < sizeof names / sizeof names[0]; i++)
		if (starts(p, names[i], &v))
			return number_or(v, 0) != 0;
	return false;
}

static bool
config_take(struct slice text, struct sdp_aac *a)
{
	const size_t n = text.len / 2;
	uint8_t low[2 * SDP_CONFIG_OCTETS_MAX];

	if (n < 2 || n > sizeof a->config || text.len != 2 * n)
		return false;
	for (size_t i = 0; i < text.len; i++)
		low[i] = text.at[i] >= 'A' && text.at[i] <= 'F'
			     ? text.at[i] | 0x20
			     : text.at[i];
	if (hex_decode(slice_make(low, text.len), a->config, n) != ERR_OK)
		return false;
	a->config_octets = n;
	return true;
}

/* RFC 3640 section 4.1; the high bit-rate mode, and any laid out like it. */
static bool
aac_fmtp(struct slice s, struct sdp_track *t, struct sdp_aac *a)
{
	struct slice p, v;

	*a = (struct sdp_aac){ .samples = 0 };
	while (parameter_take(&s, &p)) {
		if (starts(p, "sizelength=", &v))
			a->size_bits = number_or(v, 0);
		else if (starts(p, "indexlength=", &v))
			a->index_bits = number_or(v, 0);
		else if (starts(p, "indexdeltalength=", &v))
			a->delta_bits = number_or(v, 0);
		else if (starts(p, "constantduration=", &v))
			a->samples = number_or(v, 0);
		else if (starts(p, "config=", &v) && !config_take(trim(v), a))
			return false;
		else if (is_other_field(p))
			return false;
	}
	if (a->size_bits == 0 || a->size_bits > 16 || a->index_bits > 8 ||
	    a->delta_bits > 8 || a->config_octets == 0 || a->samples > 8192)
		return false;
	/* ISO 14496-3: type 5, frequency 4 (not spelled out), channels 4 */
	if (a->config[0] >> 3 == 31 ||
	    ((a->config[0] & 7u) << 1 | a->config[1] >> 7) == 15)
		return false;
	t->channels = (a->config[1] >> 3) & 15u;
	/* twice as many where bands are made up: type 5, or 29 */
	if (a->samples == 0)
		a->samples = a->config[0] >> 3 == 5 || a->config[0] >> 3 == 29
				 ? 2048
				 : 1024;
	return true;
}

static bool
sound_fits(const struct format *f, struct sdp_track *t, struct sdp_aac *a)
{
	if (f->codec == SDP_AAC && !aac_fmtp(f->fmtp, t, a))
		return false;
	return t->rate >= 8000 && t->rate <= 96000 && t->channels >= 1 &&
	       t->channels <= 2;
}

static struct sdp_track
track_of(const struct section *s, const struct format *f)
{
	return (struct sdp_track){ .codec = f->codec,
		.control = s->control,
		.payload_type = f->type,
		.rate = f->rate,
		.channels = f->channels };
}

/* H.264 replaces an H.265 that came before it. */
static void
video_end(struct reading *r)
{
	const struct section *s = &r->section;
	struct sdp_offer *o = r->offer;

	for (enum sdp_codec want = SDP_H264; want <= SDP_H265; want++)
		for (size_t i = 0; i < s->format_count; i++) {
			const struct format *f = &s->format[i];
			struct sdp_offer with = *o;

			if (f->codec != want || (o->video.codec != SDP_NONE &&
						    o->video.codec <= want))
				continue;
			memset(with.set_octets, 0, sizeof with.set_octets);
			if (!video_fmtp(f->fmtp, want, &with))
				continue;
			with.video = track_of(s, f);
			r->video_sendonly = s->sendonly;
			*o = with;
		}
}

static void
sound_end(struct reading *r)
{
	const struct section *s = &r->section;

	/* the first; but one that they only send comes after one they do not */
	if (r->offer->sound.codec != SDP_NONE &&
	    (!r->sound_sendonly || s->sendonly))
		return;
	for (size_t i = 0; i < s->format_count; i++) {
		struct sdp_track t = track_of(s, &s->format[i]);
		struct sdp_aac a = { .samples = 0 };

		if (t.codec < SDP_AAC || !sound_fits(&s->format[i], &t, &a))
			continue;
		r->offer->sound = t;
		r->offer->aac = a;
		r->sound_sendonly = s->sendonly;
		return;
	}
}

static void
section_end(struct reading *r)
{
	if (r->section.kind == IN_VIDEO)
		video_end(r);
	else if (r->section.kind == IN_SOUND)
		sound_end(r);
}

static struct format *
format_of(struct section *s, unsigned type)
{
	for (size_t i = 0; i < s->format_count; i++)
		if (s->format[i].type == type)
			return &s->format[i];
	if (s->format_count == FORMATS_MAX || type > 127)
		return NULL;
	struct format *f = &s->format[s->format_count++];
	*f = (struct format){ .type = type };
	return f;
}

/* The next word between spaces or tabs; empty at the end. */
static struct slice
word_take(struct slice *s)
{
	size_t n = 0;

	*s = trim(*s);
	while (n < s->len && s->at[n] != ' ' && s->at[n] != '\t')
		n++;
	const struct slice word = slice_head(*s, n);
	*s = slice_skip(*s, n);
	return word;
}

/* m=video 0 RTP/AVP 96 97; types 0 and 8 need no rtpmap (RFC 3551). */
static void
media_take(struct reading *r, struct slice line)
{
	struct slice unused, kind, word;
	unsigned type;

	section_end(r);
	r->section = (struct section){ .kind = IN_OTHER };
	kind = word_take(&line);
	if (kind.len == 5 && starts(kind, "video", &unused)) {
		r->section.kind = IN_VIDEO;
		r->any_video = true;
	} else if (kind.len == 5 && starts(kind, "audio", &unused))
		r->section.kind = IN_SOUND;
	(void)word_take(&line); /* port */
	(void)word_take(&line); /* RTP/AVP */
	while ((word = word_take(&line)).len != 0) {
		if (!number_take(&word, &type) || word.len != 0)
			continue;
		struct format *f = format_of(&r->section, type);
		if (f != NULL && (type == 0 || type == 8)) {
			f->codec = type == 0 ? SDP_PCMU : SDP_PCMA;
			f->rate = 8000;
			f->channels = 1;
		}
	}
}

static enum sdp_codec
codec_of(struct slice name)
{
	static const struct {
		const char *name;
		enum sdp_codec codec;
	} known[] = { { "H264", SDP_H264 }, { "H265", SDP_H265 },
		{ "MPEG4-GENERIC", SDP_AAC }, { "OPUS", SDP_OPUS },
		{ "PCMU", SDP_PCMU }, { "PCMA", SDP_PCMA } };
	struct slice rest;

	for (size_t i = 0; i < sizeof known / sizeof known[0]; i++)
		if (starts(name, known[i].name, &rest) && rest.len == 0)
			return known[i].codec;
	return SDP_NONE;
}

/* 96 NAME/RATE[/CHANNELS] */
static void
rtpmap_take(struct section *s, struct slice line)
{
	unsigned type;
	struct format *f;

	line = trim(line);
	if (!number_take(&line, &type) || (f = format_of(s, type)) == NULL)
		return;
	line = trim(line);
	f->codec = codec_of(trim(part_take(&line, '/')));
	f->rate = number_or(part_take(&line, '/'),
	    s->kind == IN_VIDEO ? 90000 : 8000);
	f->channels = number_or(line, 1);
}

static void
attribute_take(struct reading *r, struct slice line)
{
	struct section *s = &r->section;
	struct slice rest;
	unsigned type;

	if (starts(line, "control:", &rest)) {
		if (s->kind == IN_SESSION)
			r->offer->session_control = trim(rest);
		else
			s->control = trim(rest);
	} else if (s->kind == IN_SESSION || s->kind == IN_OTHER)
		return;
	else if (starts(line, "rtpmap:", &rest))
		rtpmap_take(s, rest);
	else if (starts(line, "fmtp:", &rest)) {
		rest = trim(rest);
		struct format *f = number_take(&rest, &type)
				       ? format_of(s, type)
				       : NULL;
		if (f != NULL)
			f->fmtp = trim(rest);
	} else if (starts(line, "sendonly", &rest))
		s->sendonly = true;
}

static enum err
lines_take(struct slice rest, struct reading *r)
{
	struct slice line;
	size_t lines = 0;

	while (line_take(&rest, &line)) {
		if (++lines > SDP_LINES_MAX)
			return ERR_LIMIT;
		line = trim(line);
		if (line.len == 0)
			continue;
		/* of lines that are none, nothing is wanted */
		if (line.len < 2 || line.at[1] != '=')
			continue;
		if (line.at[0] == 'v')
			r->version = true;
		else if (line.at[0] == 'm')
			media_take(r, slice_skip(line, 2));
		else if (line.at[0] == 'a')
			attribute_take(r, trim(slice_skip(line, 2)));
	}
	section_end(r);
	return ERR_OK;
}

enum err
sdp_parse(struct slice in, struct sdp_offer *ret_offer)
{
	struct sdp_offer o = { .video = { .codec = SDP_NONE } };
	struct reading r = { .offer = &o };
	enum err e;

	if (in.len > SDP_OCTETS_MAX)
		return ERR_LIMIT;
	if ((e = lines_take(in, &r)) != ERR_OK)
		return e;
	if (!r.version)
		return ERR_SYNTAX;
	if (!r.any_video)
		return ERR_MISSING;
	if (o.video.codec == SDP_NONE)
		return ERR_UNSUPPORTED;
	/*
	 * ONVIF marks by sendonly what we would speak into; other cameras say
	 * it of all that they send.
	 */
	if (r.sound_sendonly && !r.video_sendonly)
		o.sound.codec = SDP_NONE;
	*ret_offer = o;
	return ERR_OK;
}
