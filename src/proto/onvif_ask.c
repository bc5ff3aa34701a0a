#include <openssl/evp.h>
#include <stdio.h>
#include <time.h>

#include "base/codec.h"
#include "proto/onvif.h"

#define WSS     "http://docs.oasis-open.org/wss/2004/01/oasis-200401-wss-"
#define DEVICE  "http://www.onvif.org/ver10/device/wsdl"
#define MEDIA   "http://www.onvif.org/ver10/media/wsdl"
#define MEDIA_2 "http://www.onvif.org/ver20/media/wsdl"
#define SCHEMA  "http://www.onvif.org/ver10/schema"

/* --- addresses --- */

static size_t
place_of(struct slice s, char c)
{
	const uint8_t *at = s.len == 0 ? NULL : memchr(s.at, c, s.len);

	return at == NULL ? s.len : (size_t)(at - s.at);
}

static enum err
text_copy(struct slice from, char *to, size_t room)
{
	if (from.len >= room)
		return ERR_LIMIT;
	memcpy(to, from.at, from.len);
	to[from.len] = '\0';
	return ERR_OK;
}

static enum err
port_parse(struct slice digits, uint16_t *ret)
{
	unsigned v = 0;

	if (digits.len == 0 || digits.len > 5)
		return ERR_SYNTAX;
	for (size_t i = 0; i < digits.len; i++) {
		if (digits.at[i] < '0' || digits.at[i] > '9')
			return ERR_SYNTAX;
		v = v * 10 + digits.at[i] - '0';
	}
	if (v == 0 || v > 65535)
		return ERR_SYNTAX;
	*ret = (uint16_t)v;
	return ERR_OK;
}

static bool
scheme_take(struct slice *s, struct onvif_url *u)
{
	static const struct {
		const char *text;
		uint16_t port;
		bool tls, rtsp;
	} schemes[] = { { "http://", 80, false, false },
		{ "https://", 443, true, false },
		{ "rtsp://", 554, false, true } };

	for (size_t i = 0; i < sizeof schemes / sizeof *schemes; i++) {
		const struct slice text = slice_str(schemes[i].text);

		if (!slice_starts(*s, text))
			continue;
		*s = slice_skip(*s, text.len);
		u->port = schemes[i].port;
		u->tls = schemes[i].tls;
		u->rtsp = schemes[i].rtsp;
		return true;
	}
	return false;
}

static enum err
authority_parse(struct slice s, struct onvif_url *u)
{
	size_t end;
	enum err e;

	while ((end = place_of(s, '@')) < s.len)
		s = slice_skip(s, end + 1);
	const bool bracket = s.len > 0 && s.at[0] == '[';
	if (bracket)
		s = slice_skip(s, 1);
	end = place_of(s, bracket ? ']' : ':');
	if (end == 0 || (bracket && end == s.len))
		return ERR_SYNTAX;
	if ((e = text_copy(slice_head(s, end), u->host, sizeof u->host)) !=
	    ERR_OK)
		return e;
	s = slice_skip(s, end + (bracket ? 1 : 0));
	if (s.len == 0)
		return ERR_OK;
	return s.at[0] == ':' ? port_parse(slice_skip(s, 1), &u->port)
			      : ERR_SYNTAX;
}

enum err
onvif_url_parse(struct slice s, struct onvif_url *ret_url)
{
	struct onvif_url u = { .path = "/" };
	size_t end = 0;
	enum err e;

	for (size_t i = 0; i < s.len; i++)
		if (s.at[i] <= ' ' || s.at[i] > '~')
			return ERR_SYNTAX;
	if (!scheme_take(&s, &u))
		return ERR_SYNTAX;
	while (end < s.len && s.at[end] != '/' && s.at[end] != '?')
		end++;
	if ((e = authority_parse(slice_head(s, end), &u)) != ERR_OK)
		return e;
	s = slice_skip(s, end);
	if (s.len != 0) { /* a query may follow the host at once */
		const size_t slash = s.at[0] == '/' ? 0 : 1;

		if ((e = text_copy(s, u.path + slash, sizeof u.path - slash)) !=
		    ERR_OK)
			return e;
	}
	*ret_url = u;
	return ERR_OK;
}

/* --- words --- */

static void
put(struct wr *w, const char *text)
{
	wr_octets(w, slice_str(text));
}

/* As the text of an element. */
static void
put_escaped(struct wr *w, struct slice s)
{
	for (size_t i = 0; i < s.len; i++)
		switch (s.at[i]) {
		case '<':
			put(w, "&lt;");
			break;
		case '>':
			put(w, "&gt;");
			break;
		case '&':
			put(w, "&amp;");
			break;
		default:
			wr_u8(w, s.at[i]);
		}
}

enum err
onvif_probe_write(const uint8_t uuid[static 16], bool any_type, struct buf *to)
{
	char hex[33];
	struct wr w;

	hex_encode(slice_make(uuid, 16), hex);
	wr_init(&w, to);
	put(&w, "<?xml version=\"1.0\" encoding=\"UTF-8\"?>"
		"<e:Envelope xmlns:e=\"http://www.w3.org/2003/05/soap-envelope"
		"\" xmlns:w=\"http://schemas.xmlsoap.org/ws/2004/08/addressing"
		"\" xmlns:d=\"http://schemas.xmlsoap.org/ws/2005/04/discovery"
		"\" xmlns:dn=\"http://www.onvif.org/ver10/network/wsdl\">"
		"<e:Header><w:MessageID>uuid:");
	for (size_t i = 0; i < 32; i++) {
		if (i == 8 || i == 12 || i == 16 || i == 20)
			wr_u8(&w, '-');
		wr_u8(&w, (uint8_t)hex[i]);
	}
	put(&w, "</w:MessageID><w:To e:mustUnderstand=\"true\">"
		"urn:schemas-xmlsoap-org:ws:2005:04:discovery</w:To>"
		"<w:Action e:mustUnderstand=\"true\">http://schemas.xmlsoap.org"
		"/ws/2005/04/discovery/Probe</w:Action></e:Header>"
		"<e:Body><d:Probe>");
	if (!any_type)
		put(&w, "<d:Types>dn:NetworkVideoTransmitter</d:Types>");
	put(&w, "</d:Probe></e:Body></e:Envelope>");
	return wr_end(&w);
}

static const struct {
	const char *name, *space, *inside;
} asks[ONVIF_ASK__MAX] = {
	[ONVIF_CLOCK] = { "GetSystemDateAndTime", DEVICE, "" },
	[ONVIF_SERVICES] = { "GetServices", DEVICE,
	    "<IncludeCapability>false</IncludeCapability>" },
	[ONVIF_CAPABILITIES] = { "GetCapabilities", DEVICE,
	    "<Category>All</Category>" },
	[ONVIF_DEVICE] = { "GetDeviceInformation", DEVICE, "" },
	[ONVIF_PROFILES] = { "GetProfiles", MEDIA, "" },
	[ONVIF_STREAM] = { "GetStreamUri", MEDIA,
	    "<StreamSetup><Stream xmlns=\"" SCHEMA "\">RTP-Unicast</Stream>"
	    "<Transport xmlns=\"" SCHEMA "\"><Protocol>RTSP</Protocol>"
	    "</Transport></StreamSetup>" },
	[ONVIF_PROFILES_2] = { "GetProfiles", MEDIA_2, "<Type>All</Type>" },
	[ONVIF_STREAM_2] = { "GetStreamUri", MEDIA_2,
	    "<Protocol>RTSP</Protocol>" },
};

const char *
onvif_action(enum onvif_ask what)
{
	static const char *const actions[ONVIF_ASK__MAX] = {
		[ONVIF_CLOCK] = DEVICE "/GetSystemDateAndTime",
		[ONVIF_SERVICES] = DEVICE "/GetServices",
		[ONVIF_CAPABILITIES] = DEVICE "/GetCapabilities",
		[ONVIF_DEVICE] = DEVICE "/GetDeviceInformation",
		[ONVIF_PROFILES] = MEDIA "/GetProfiles",
		[ONVIF_STREAM] = MEDIA "/GetStreamUri",
		[ONVIF_PROFILES_2] = MEDIA_2 "/GetProfiles",
		[ONVIF_STREAM_2] = MEDIA_2 "/GetStreamUri",
	};

	assert(what < ONVIF_ASK__MAX);
	return actions[what];
}

/* Base64 of SHA-1(nonce, created, password), to 28 characters. */
static enum err
digest_make(const struct onvif_login *l, const char *created,
    uint8_t to[static 29])
{
	EVP_MD_CTX *c = EVP_MD_CTX_new();
	EVP_MD *md = EVP_MD_fetch(NULL, "SHA1", NULL);
	uint8_t octets[EVP_MAX_MD_SIZE];
	unsigned len = 0;
	const bool ok = c != NULL && md != NULL &&
			EVP_DigestInit_ex(c, md, NULL) == 1 &&
			EVP_DigestUpdate(c, l->nonce, sizeof l->nonce) == 1 &&
			EVP_DigestUpdate(c, created, strlen(created)) == 1 &&
			EVP_DigestUpdate(c, l->password.at, l->password.len) ==
			    1 &&
			EVP_DigestFinal_ex(c, octets, &len) == 1 && len == 20;

	EVP_MD_CTX_free(c);
	EVP_MD_free(md);
	if (!ok)
		return ERR_NOMEM;
	(void)EVP_EncodeBlock(to, octets, 20);
	return ERR_OK;
}

enum err
onvif_prepare(void)
{
	const struct onvif_login nobody = { .user = SLICE_LIT("") };
	uint8_t unused[29];

	return digest_make(&nobody, "", unused);
}

static enum err
security_put(struct wr *w, const struct onvif_login *l)
{
	const time_t t = (time_t)l->camera_now_s;
	uint8_t digest[29], nonce[25];
	char created[40];
	struct tm tm;
	enum err e;

	if (gmtime_r(&t, &tm) == NULL ||
	    strftime(created, sizeof created, "%Y-%m-%dT%H:%M:%S.000Z", &tm) ==
		0)
		return ERR_RANGE;
	if ((e = digest_make(l, created, digest)) != ERR_OK)
		return e;
	(void)EVP_EncodeBlock(nonce, l->nonce, sizeof l->nonce);
	put(w, "<Security s:mustUnderstand=\"1\" xmlns=\"" WSS
	       "wssecurity-secext-1.0.xsd\"><UsernameToken><Username>");
	put_escaped(w, l->user);
	put(w, "</Username><Password Type=\"" WSS
	       "username-token-profile-1.0#PasswordDigest\">");
	put(w, (const char *)digest);
	put(w, "</Password><Nonce EncodingType=\"" WSS
	       "soap-message-security-1.0#Base64Binary\">");
	put(w, (const char *)nonce);
	put(w, "</Nonce><Created xmlns=\"" WSS "wssecurity-utility-1.0.xsd\">");
	put(w, created);
	put(w, "</Created></UsernameToken></Security>");
	return ERR_OK;
}

enum err
onvif_ask_write(enum onvif_ask what, const char *token,
    const struct onvif_login *login, struct buf *to)
{
	struct wr w;
	enum err e;

	assert(what < ONVIF_ASK__MAX);
	wr_init(&w, to);
	put(&w, "<?xml version=\"1.0\" encoding=\"UTF-8\"?><s:Envelope xmlns:s="
		"\"http://www.w3.org/2003/05/soap-envelope\"><s:Header>");
	if (login != NULL && (e = security_put(&w, login)) != ERR_OK)
		return e;
	put(&w, "</s:Header><s:Body><");
	put(&w, asks[what].name);
	put(&w, " xmlns=\"");
	put(&w, asks[what].space);
	put(&w, "\">");
	put(&w, asks[what].inside);
	if (what == ONVIF_STREAM || what == ONVIF_STREAM_2) {
		put(&w, "<ProfileToken>");
		put_escaped(&w, slice_str(token));
		put(&w, "</ProfileToken>");
	}
	put(&w, "</");
	put(&w, asks[what].name);
	put(&w, "></s:Body></s:Envelope>");
	return wr_end(&w);
}
