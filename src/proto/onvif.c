#include "proto/onvif.h"

#include <expat.h>
#include <time.h>

#include "base/utf8.h"

/* Every name that means something to us; the others are OTHER. */
#define WORD_LIST(X)                                                           \
	X(Envelope)                                                            \
	X(Body)                                                                \
	X(Fault)                                                               \
	X(Value)                                                               \
	X(ProbeMatch)                                                          \
	X(Address)                                                             \
	X(EndpointReference)                                                   \
	X(Types)                                                               \
	X(Scopes)                                                              \
	X(XAddrs)                                                              \
	X(UTCDateTime)                                                         \
	X(Hour)                                                                \
	X(Minute)                                                              \
	X(Second)                                                              \
	X(Year)                                                                \
	X(Month)                                                               \
	X(Day)                                                                 \
	X(Service)                                                             \
	X(Namespace)                                                           \
	X(XAddr)                                                               \
	X(Capabilities)                                                        \
	X(Media)                                                               \
	X(Manufacturer)                                                        \
	X(Model)                                                               \
	X(Profiles)                                                            \
	X(Name)                                                                \
	X(VideoEncoderConfiguration)                                           \
	X(VideoEncoder)                                                        \
	X(AudioEncoderConfiguration)                                           \
	X(AudioEncoder)                                                        \
	X(Encoding)                                                            \
	X(Width)                                                               \
	X(Height)                                                              \
	X(FrameRateLimit)                                                      \
	X(BitrateLimit)                                                        \
	X(Uri)

enum word {
	OTHER,
#define X(name) WORD_##name,
	WORD_LIST(X)
#undef X
};

struct reader {
	XML_Parser xml;
	enum err err;
	enum word at[ONVIF_DEPTH_MAX];
	unsigned depth;
	/* of the innermost element that is open; leaf: it has no child yet */
	char text[ONVIF_TEXT_OCTETS_MAX];
	size_t text_len;
	bool text_long, leaf;
	bool fault, denied;
	/* what is looked for */
	void *to;
	void (*begin)(struct reader *r, enum word w, const char *token);
	void (*text_done)(struct reader *r, enum word w, struct slice text);
	void (*end)(struct reader *r, enum word w);
};

/* --- the walk --- */

static enum word
word_of(const char *name)
{
	static const char *const words[] = { NULL,
#define X(name_) #name_,
		WORD_LIST(X)
#undef X
	};
	const char *colon = strrchr(name, ':');

	if (colon != NULL)
		name = colon + 1;
	for (size_t i = 1; i < sizeof words / sizeof *words; i++)
		if (strcmp(words[i], name) == 0)
			return (enum word)i;
	return OTHER;
}

static void
stop(struct reader *r, enum err why)
{
	if (r->err == ERR_OK)
		r->err = why;
	(void)XML_StopParser(r->xml, XML_FALSE);
}

/* The word up levels above the innermost element. */
static enum word
above(const struct reader *r, unsigned up)
{
	return r->depth > up ? r->at[r->depth - 1 - up] : OTHER;
}

static bool
within(const struct reader *r, enum word w)
{
	for (unsigned i = 0; i < r->depth; i++)
		if (r->at[i] == w)
			return true;
	return false;
}

static const char *
token_of(const char **attributes)
{
	for (; *attributes != NULL; attributes += 2)
		if (strcmp(attributes[0], "token") == 0)
			return attributes[1];
	return "";
}

static void XMLCALL
element_begins(void *to, const char *name, const char **attributes)
{
	struct reader *r = to;
	const enum word w = word_of(name);

	if (r->err != ERR_OK)
		return; /* an event may still be under way */
	if (r->depth == ONVIF_DEPTH_MAX) {
		stop(r, ERR_LIMIT);
		return;
	}
	if (r->depth == 0 && w != WORD_Envelope) {
		stop(r, ERR_SYNTAX);
		return;
	}
	r->at[r->depth++] = w;
	r->text_len = 0;
	r->text_long = false;
	r->leaf = true;
	r->fault |= w == WORD_Fault && above(r, 1) == WORD_Body;
	if (r->begin != NULL && !r->fault)
		r->begin(r, w, token_of(attributes));
}

static void XMLCALL
octets_come(void *to, const char *at, int len)
{
	struct reader *r = to;
	const size_t n = (size_t)len;

	if (r->err != ERR_OK)
		return;
	if (n > sizeof r->text - r->text_len)
		r->text_long = true;
	else if (r->leaf) {
		memcpy(r->text + r->text_len, at, n);
		r->text_len += n;
	}
}

static struct slice
trim(struct slice s)
{
	while (s.len != 0 && s.at[0] <= ' ')
		s = slice_skip(s, 1);
	while (s.len != 0 && s.at[s.len - 1] <= ' ')
		s.len--;
	return s;
}

static bool
ends(struct slice s, const char *with)
{
	const size_t n = strlen(with);

	return s.len >= n &&
	       slice_eq(slice_skip(s, s.len - n), slice_str(with));
}

static void XMLCALL
element_ends(void *to, const char *name)
{
	struct reader *r = to;
	const enum word w = above(r, 0);
	const struct slice text = trim(slice_make(r->text, r->text_len));

	(void)name;
	if (r->err != ERR_OK)
		return;
	if (r->leaf && w != OTHER && r->text_long) {
		stop(r, ERR_LIMIT);
		return;
	}
	if (r->leaf && r->fault && w == WORD_Value)
		r->denied |= ends(text, "NotAuthorized") ||
			     ends(text, "FailedAuthentication");
	else if (r->leaf && !r->fault && r->text_done != NULL)
		r->text_done(r, w, text);
	if (r->end != NULL && !r->fault)
		r->end(r, w);
	r->leaf = false;
	r->depth--;
}

static void XMLCALL
doctype_comes(void *to, const char *name, const char *system_id,
    const char *public_id, int internal)
{
	(void)name;
	(void)system_id;
	(void)public_id;
	(void)internal;
	stop(to, ERR_SYNTAX);
}

static enum err
walk(struct reader *r, struct slice xml)
{
	enum err e = ERR_OK;

	if (xml.len > ONVIF_OCTETS_MAX)
		return ERR_LIMIT;
	if ((r->xml = XML_ParserCreate(NULL)) == NULL)
		return ERR_NOMEM;
	XML_SetUserData(r->xml, r);
	XML_SetElementHandler(r->xml, element_begins, element_ends);
	XML_SetCharacterDataHandler(r->xml, octets_come);
	XML_SetStartDoctypeDeclHandler(r->xml, doctype_comes);
	if (XML_Parse(r->xml, (const char *)xml.at, (int)xml.len, 1) !=
	    XML_STATUS_OK)
		e = r->err != ERR_OK ? r->err
		    : XML_GetErrorCode(r->xml) == XML_ERROR_NO_MEMORY
			? ERR_NOMEM
			: ERR_SYNTAX;
	XML_ParserFree(r->xml);
	if (e == ERR_OK && r->fault)
		return r->denied ? ERR_DENIED : ERR_UNSUPPORTED;
	return e;
}

static void
name_keep(struct slice s, char to[static ONVIF_NAME_OCTETS_MAX + 1])
{
	(void)utf8_clean(s, to, ONVIF_NAME_OCTETS_MAX + 1);
}

/* The number at the front, at most max; 0 when there is none. */
static unsigned
number_of(struct slice s, unsigned max)
{
	uint64_t v = 0;

	for (size_t i = 0; i < s.len && s.at[i] >= '0' && s.at[i] <= '9'; i++) {
		v = v * 10 + (s.at[i] - '0');
		if (v > max)
			return max;
	}
	return (unsigned)v;
}

/* --- who is there --- */

struct matches {
	const char *from;
	struct onvif_match *match, now;
	size_t count;
	bool is_video;
};

/* The next word of a list; false at its end. */
static bool
item_take(struct slice *rest, struct slice *ret)
{
	size_t n = 0;

	*rest = trim(*rest);
	while (n < rest->len && rest->at[n] > ' ')
		n++;
	*ret = slice_head(*rest, n);
	*rest = slice_skip(*rest, n);
	return n != 0;
}

static int
hex_of(uint8_t c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	c |= 0x20;
	return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

/* RFC 3986: %20 and the like. */
static void
scope_keep(struct slice s, char to[static ONVIF_NAME_OCTETS_MAX + 1])
{
	uint8_t plain[ONVIF_TEXT_OCTETS_MAX];
	size_t n = 0;

	for (size_t i = 0; i < s.len && n < sizeof plain; i++) {
		const bool coded = s.at[i] == '%' && i + 2 < s.len &&
				   hex_of(s.at[i + 1]) >= 0 &&
				   hex_of(s.at[i + 2]) >= 0;

		plain[n++] = coded ? (uint8_t)(hex_of(s.at[i + 1]) << 4 |
					       hex_of(s.at[i + 2]))
				   : s.at[i];
		i += coded ? 2 : 0;
	}
	name_keep(slice_make(plain, n), to);
}

static void
scopes_take(struct matches *m, struct slice list)
{
	const struct slice onvif = SLICE_LIT("onvif://www.onvif.org/");
	const struct slice name = SLICE_LIT("name/");
	const struct slice hardware = SLICE_LIT("hardware/");
	struct slice s;

	while (item_take(&list, &s)) {
		if (!slice_starts(s, onvif))
			continue;
		m->is_video = true;
		s = slice_skip(s, onvif.len);
		if (slice_starts(s, name))
			scope_keep(slice_skip(s, name.len), m->now.name);
		else if (slice_starts(s, hardware))
			scope_keep(slice_skip(s, hardware.len),
			    m->now.hardware);
	}
}

static void
services_take(struct matches *m, struct slice list)
{
	struct onvif_url u;
	struct slice s;

	while (item_take(&list, &s)) {
		if (onvif_url_parse(s, &u) != ERR_OK || u.tls || u.rtsp ||
		    strcmp(u.host, m->from) != 0)
			continue;
		m->now.port = u.port;
		memcpy(m->now.path, u.path, sizeof u.path);
		return;
	}
}

static void
match_text(struct reader *r, enum word w, struct slice text)
{
	struct matches *m = r->to;
	struct slice s;

	if (!within(r, WORD_ProbeMatch))
		return;
	if (w == WORD_Scopes)
		scopes_take(m, text);
	else if (w == WORD_XAddrs)
		services_take(m, text);
	else if (w == WORD_Types)
		while (item_take(&text, &s))
			m->is_video |= ends(s, "NetworkVideoTransmitter");
	else if (w == WORD_Address && above(r, 1) == WORD_EndpointReference) {
		if (slice_starts(text, SLICE_LIT("urn:")))
			text = slice_skip(text, 4);
		if (slice_starts(text, SLICE_LIT("uuid:")))
			text = slice_skip(text, 5);
		name_keep(text, m->now.endpoint);
	}
}

static void
match_begins(struct reader *r, enum word w, const char *token)
{
	struct matches *m = r->to;

	(void)token;
	if (w != WORD_ProbeMatch)
		return;
	m->now = (struct onvif_match){ .port = ONVIF_PORT, .path = ONVIF_PATH };
	m->is_video = false;
}

static void
match_ends(struct reader *r, enum word w)
{
	struct matches *m = r->to;

	if (w == WORD_ProbeMatch && m->is_video && m->count < ONVIF_MATCHES_MAX)
		m->match[m->count++] = m->now;
}

enum err
onvif_matches_read(struct slice xml, const char *from,
    struct onvif_match ret_matches[static ONVIF_MATCHES_MAX], size_t *ret_count)
{
	struct matches m = { .from = from, .match = ret_matches };
	struct reader r = { .to = &m,
		.begin = match_begins,
		.text_done = match_text,
		.end = match_ends };
	const enum err e = walk(&r, xml);

	if (e != ERR_OK)
		return e;
	*ret_count = m.count;
	return m.count == 0 ? ERR_MISSING : ERR_OK;
}

/* --- the clock --- */

static void
clock_text(struct reader *r, enum word w, struct slice text)
{
	struct tm *tm = r->to;

	if (!within(r, WORD_UTCDateTime))
		return;
	const int v = (int)number_of(text, 9999);
	if (w == WORD_Hour)
		tm->tm_hour = v;
	else if (w == WORD_Minute)
		tm->tm_min = v;
	else if (w == WORD_Second)
		tm->tm_sec = v;
	else if (w == WORD_Year)
		tm->tm_year = v - 1900;
	else if (w == WORD_Month)
		tm->tm_mon = v - 1;
	else if (w == WORD_Day)
		tm->tm_mday = v;
}

enum err
onvif_clock_read(struct slice xml, int64_t *ret_s)
{
	struct tm tm = { .tm_year = -1 };
	struct reader r = { .to = &tm, .text_done = clock_text };
	const enum err e = walk(&r, xml);

	if (e != ERR_OK)
		return e;
	if (tm.tm_year < 70 || tm.tm_mon < 0 || tm.tm_mon > 11 ||
	    tm.tm_mday < 1 || tm.tm_mday > 31 || tm.tm_hour > 23 ||
	    tm.tm_min > 59 || tm.tm_sec > 60)
		return ERR_MISSING;
	*ret_s = timegm(&tm);
	return ERR_OK;
}

/* --- services --- */

struct services {
	struct onvif_services *to;
	struct slice space; /* into space_octets */
	uint8_t space_octets[ONVIF_NAME_OCTETS_MAX];
	struct onvif_url url;
	bool has_url;
};

static void
service_text(struct reader *r, enum word w, struct slice text)
{
	struct services *s = r->to;
	struct onvif_url u;

	if (w == WORD_Namespace && above(r, 1) == WORD_Service) {
		s->space = slice_make(s->space_octets,
		    text.len < sizeof s->space_octets ? text.len : 0);
		memcpy(s->space_octets, text.at, s->space.len);
	} else if (w == WORD_XAddr && onvif_url_parse(text, &u) == ERR_OK &&
		   !u.rtsp) {
		if (above(r, 1) == WORD_Service) {
			s->url = u;
			s->has_url = true;
		} else if (above(r, 1) == WORD_Media &&
			   above(r, 2) == WORD_Capabilities)
			memcpy(s->to->media, u.path, sizeof u.path);
	}
}

static void
service_begins(struct reader *r, enum word w, const char *token)
{
	struct services *s = r->to;

	(void)token;
	if (w != WORD_Service)
		return;
	s->space.len = 0;
	s->has_url = false;
}

static void
service_ends(struct reader *r, enum word w)
{
	struct services *s = r->to;

	if (w != WORD_Service || !s->has_url)
		return;
	if (ends(s->space, "www.onvif.org/ver10/media/wsdl"))
		memcpy(s->to->media, s->url.path, sizeof s->url.path);
	else if (ends(s->space, "www.onvif.org/ver20/media/wsdl"))
		memcpy(s->to->media_2, s->url.path, sizeof s->url.path);
}

enum err
onvif_services_read(struct slice xml, struct onvif_services *ret_services)
{
	struct onvif_services found = { .media = "" };
	struct services s = { .to = &found };
	struct reader r = { .to = &s,
		.begin = service_begins,
		.text_done = service_text,
		.end = service_ends };
	const enum err e = walk(&r, xml);

	if (e != ERR_OK)
		return e;
	if (found.media[0] == '\0' && found.media_2[0] == '\0')
		return ERR_MISSING;
	*ret_services = found;
	return ERR_OK;
}

/* --- the device --- */

static void
device_text(struct reader *r, enum word w, struct slice text)
{
	struct onvif_device *d = r->to;

	if (w == WORD_Manufacturer)
		name_keep(text, d->maker);
	else if (w == WORD_Model)
		name_keep(text, d->model);
}

enum err
onvif_device_read(struct slice xml, struct onvif_device *ret_device)
{
	struct onvif_device d = { .maker = "" };
	struct reader r = { .to = &d, .text_done = device_text };
	const enum err e = walk(&r, xml);

	if (e != ERR_OK)
		return e;
	if (d.maker[0] == '\0' && d.model[0] == '\0')
		return ERR_MISSING;
	*ret_device = d;
	return ERR_OK;
}

/* --- profiles --- */

struct profiles {
	struct onvif_profile *profile;
	size_t count;
	bool is_open; /* profile[count - 1] is the one being read */
};

static void
profile_begins(struct reader *r, enum word w, const char *token)
{
	struct profiles *p = r->to;
	const size_t n = strlen(token);

	if (w == WORD_Profiles) {
		/* a token that long could not be written back */
		p->is_open = p->count < ONVIF_PROFILES_MAX && n > 0 &&
			     n <= ONVIF_NAME_OCTETS_MAX;
		if (!p->is_open)
			return;
		struct onvif_profile *new = &p->profile[p->count++];
		*new = (struct onvif_profile){ .codec = ONVIF_OTHER };
		memcpy(new->token, token, n);
	} else if (p->is_open && (w == WORD_AudioEncoderConfiguration ||
				     w == WORD_AudioEncoder))
		p->profile[p->count - 1].audio = true;
}

static enum onvif_codec
codec_of(struct slice s)
{
	if (slice_eq(s, SLICE_LIT("H264")))
		return ONVIF_H264;
	if (slice_eq(s, SLICE_LIT("H265")) || slice_eq(s, SLICE_LIT("HEVC")))
		return ONVIF_H265;
	return slice_eq(s, SLICE_LIT("JPEG")) ? ONVIF_JPEG : ONVIF_OTHER;
}

static void
profile_text(struct reader *r, enum word w, struct slice text)
{
	struct profiles *p = r->to;

	if (!p->is_open)
		return;
	struct onvif_profile *now = &p->profile[p->count - 1];
	if (w == WORD_Name && above(r, 1) == WORD_Profiles)
		name_keep(text, now->name);
	if (!within(r, WORD_VideoEncoderConfiguration) &&
	    !within(r, WORD_VideoEncoder))
		return;
	if (w == WORD_Encoding)
		now->codec = codec_of(text);
	else if (w == WORD_Width)
		now->width = (uint16_t)number_of(text, UINT16_MAX);
	else if (w == WORD_Height)
		now->height = (uint16_t)number_of(text, UINT16_MAX);
	else if (w == WORD_FrameRateLimit)
		now->fps = (uint16_t)number_of(text, 1000);
	else if (w == WORD_BitrateLimit)
		now->kbit_s = number_of(text, 10000000);
}

static void
profile_ends(struct reader *r, enum word w)
{
	struct profiles *p = r->to;

	if (w == WORD_Profiles)
		p->is_open = false;
}

enum err
onvif_profiles_read(struct slice xml,
    struct onvif_profile ret_profiles[static ONVIF_PROFILES_MAX],
    size_t *ret_count)
{
	struct profiles p = { .profile = ret_profiles };
	struct reader r = { .to = &p,
		.begin = profile_begins,
		.text_done = profile_text,
		.end = profile_ends };
	const enum err e = walk(&r, xml);

	if (e != ERR_OK)
		return e;
	*ret_count = p.count;
	return p.count == 0 ? ERR_MISSING : ERR_OK;
}

/* --- the stream --- */

struct stream {
	struct onvif_url url;
	enum err err;
};

static void
stream_text(struct reader *r, enum word w, struct slice text)
{
	struct stream *s = r->to;

	if (w == WORD_Uri && s->err == ERR_MISSING)
		s->err = onvif_url_parse(text, &s->url);
}

enum err
onvif_stream_read(struct slice xml, struct onvif_url *ret_url)
{
	struct stream s = { .err = ERR_MISSING };
	struct reader r = { .to = &s, .text_done = stream_text };
	const enum err e = walk(&r, xml);

	if (e != ERR_OK)
		return e;
	if (s.err != ERR_OK)
		return s.err;
	if (!s.url.rtsp)
		return ERR_SYNTAX;
	*ret_url = s.url;
	return ERR_OK;
}
