#include "proto/rtsp.h"

#include <openssl/evp.h>
#include <stdio.h>
#include <strings.h>

#define FIELDS_MAX 64

static bool
starts(struct slice s, const char *text, struct slice *ret_rest)
{
	const size_t n = strlen(text);

	if (s.len < n || strncasecmp((const char *)s.at, text, n) != 0)
		return false;
	*ret_rest = slice_skip(s, n);
	return true;
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

static bool
number_of(struct slice s, size_t digits_max, uint64_t *ret)
{
	uint64_t v = 0;

	if (s.len == 0 || s.len > digits_max)
		return false;
	for (size_t i = 0; i < s.len; i++) {
		if (s.at[i] < '0' || s.at[i] > '9')
			return false;
		v = v * 10 + (s.at[i] - '0');
	}
	*ret = v;
	return true;
}

/* Up to CR LF or a bare LF: cameras do both. ERR_MORE. */
static enum err
line_take(struct slice *rest, struct slice *ret)
{
	const uint8_t *end = memchr(rest->at, '\n', rest->len);

	if (end == NULL)
		return ERR_MORE;
	const size_t n = (size_t)(end - rest->at);
	*ret = slice_head(*rest, n);
	*rest = slice_skip(*rest, n + 1);
	if (ret->len != 0 && ret->at[ret->len - 1] == '\r')
		ret->len--;
	for (size_t i = 0; i < ret->len; i++)
		if (ret->at[i] < 0x20 && ret->at[i] != '\t')
			return ERR_SYNTAX;
	return ERR_OK;
}

/* What stands before c, which is eaten with it. */
static struct slice
part_take(struct slice *s, char c)
{
	const uint8_t *at = s->len == 0 ? NULL : memchr(s->at, c, s->len);
	const size_t n = at == NULL ? s->len : (size_t)(at - s->at);
	const struct slice part = slice_head(*s, n);

	*s = slice_skip(*s, at == NULL ? n : n + 1);
	return trim(part);
}

/* "name = value", spaces or none; *ret_value is what follows. */
static bool
named(struct slice s, const char *name, char sign, struct slice *ret_value)
{
	struct slice rest;

	if (!starts(s, name, &rest))
		return false;
	rest = trim(rest);
	if (rest.len == 0 || rest.at[0] != (uint8_t)sign)
		return false;
	*ret_value = trim(slice_skip(rest, 1));
	return true;
}

static void
session_take(struct slice v, struct rtsp_response *r)
{
	struct slice value;
	uint64_t seconds;

	r->session = part_take(&v, ';');
	while (v.len != 0)
		if (named(part_take(&v, ';'), "timeout", '=', &value) &&
		    number_of(value, 6, &seconds) && seconds != 0)
			r->session_timeout_s = (unsigned)seconds;
}

static enum err
length_take(struct slice v, struct rtsp_response *r)
{
	uint64_t n;

	if (!number_of(v, 9, &n))
		return ERR_SYNTAX;
	if (n > RTSP_BODY_OCTETS_MAX)
		return ERR_LIMIT;
	r->body_octets = (size_t)n;
	return ERR_OK;
}

static enum err
field_take(struct slice line, struct rtsp_response *r)
{
	struct slice v;
	uint64_t n;

	if (named(line, "CSeq", ':', &v)) {
		r->has_cseq = number_of(v, 9, &n);
		r->cseq = r->has_cseq ? (uint32_t)n : 0;
	} else if (named(line, "Session", ':', &v))
		session_take(v, r);
	else if (named(line, "Content-Length", ':', &v))
		return length_take(v, r);
	else if (named(line, "Content-Base", ':', &v))
		r->content_base = v;
	else if (named(line, "Content-Location", ':', &v)) {
		if (r->content_base.len == 0)
			r->content_base = v;
	} else if (named(line, "Location", ':', &v))
		r->location = v;
	else if (named(line, "Transport", ':', &v))
		r->transport = v;
	else if (named(line, "Public", ':', &v))
		r->methods = v;
	else if (named(line, "WWW-Authenticate", ':', &v) &&
		 r->challenge_count < 4)
		r->challenges[r->challenge_count++] = v;
	return ERR_OK;
}

bool
rtsp_lists(struct slice methods, const char *method)
{
	while (methods.len != 0) {
		const struct slice one = part_take(&methods, ',');

		if (one.len == strlen(method) &&
		    strncasecmp((const char *)one.at, method, one.len) == 0)
			return true;
	}
	return false;
}

/* "4-5"; the second is the one after the first when it is not said. */
static bool
range_take(struct slice v, uint64_t max, uint64_t ret[static 2])
{
	if (!number_of(part_take(&v, '-'), 5, &ret[0]))
		return false;
	if (!number_of(v, 5, &ret[1]))
		ret[1] = ret[0] + 1;
	return ret[0] <= max && ret[1] <= max;
}

void
rtsp_transport_parse(struct slice in, struct rtsp_transport *ret)
{
	struct rtsp_transport t = { .has_channels = false };
	struct slice v;
	uint64_t n[2];

	while (in.len != 0) {
		const struct slice p = part_take(&in, ';');

		if (named(p, "interleaved", '=', &v) && range_take(v, 255, n)) {
			t.has_channels = true;
			t.channel[0] = (unsigned)n[0];
			t.channel[1] = (unsigned)n[1];
		} else if (named(p, "server_port", '=', &v) &&
			   range_take(v, 65535, n) && n[0] != 0) {
			t.has_ports = true;
			t.port[0] = (uint16_t)n[0];
			t.port[1] = (uint16_t)n[1];
		}
	}
	*ret = t;
}

static enum err
status_parse(struct slice line, struct rtsp_response *r)
{
	struct slice rest;
	uint64_t n;

	if (!starts(line, "RTSP/1.", &rest) || rest.len < 2)
		return ERR_SYNTAX;
	rest = slice_skip(rest, 1);
	if (rest.at[0] != ' ' && rest.at[0] != '\t')
		return ERR_SYNTAX;
	rest = trim(rest);
	if (rest.len < 3 || (rest.len > 3 && rest.at[3] != ' ') ||
	    !number_of(slice_head(rest, 3), 3, &n))
		return ERR_SYNTAX;
	r->status = (unsigned)n;
	return ERR_OK;
}

static bool
is_request(struct slice line)
{
	const struct slice end = SLICE_LIT(" RTSP/1.0");

	return line.len > end.len &&
	       slice_eq(slice_skip(line, line.len - end.len), end);
}

/* Line ends that some cameras leave behind a body. */
static struct slice
ends_skip(struct slice in)
{
	while (in.len != 0 && (in.at[0] == '\r' || in.at[0] == '\n'))
		in = slice_skip(in, 1);
	return in;
}

static enum err
response_parse(struct slice in, struct rtsp_response *r, bool *ret_request)
{
	struct slice rest = ends_skip(in), line;
	size_t fields = 0;
	enum err e;

	if ((e = line_take(&rest, &line)) != ERR_OK)
		return e;
	*ret_request = is_request(line);
	if (!*ret_request && (e = status_parse(line, r)) != ERR_OK)
		return e;
	for (;;) {
		if ((e = line_take(&rest, &line)) != ERR_OK)
			return e;
		if (line.len == 0)
			break;
		if (++fields > FIELDS_MAX)
			return ERR_LIMIT;
		if ((e = field_take(line, r)) != ERR_OK)
			return e;
	}
	r->head_octets = in.len - rest.len;
	return rest.len < r->body_octets ? ERR_MORE : ERR_OK;
}

enum err
rtsp_response_parse(struct slice in, struct rtsp_response *ret)
{
	struct rtsp_response r = { .session_timeout_s = 0 };
	const size_t max = RTSP_HEAD_OCTETS_MAX + RTSP_BODY_OCTETS_MAX;
	bool request = false;
	enum err e;

	/* refuse early what can never become one: no waiting for its end */
	const struct slice first = ends_skip(in);
	if (first.len >= 5 && !(first.at[0] >= 'A' && first.at[0] <= 'Z'))
		return ERR_SYNTAX;
	e = response_parse(in.len > max ? slice_head(in, max) : in, &r,
	    &request);
	if (e == ERR_MORE && in.len >= max)
		return ERR_LIMIT;
	if (e == ERR_OK)
		*ret = r;
	return e == ERR_OK && request ? ERR_UNSUPPORTED : e;
}

enum err
rtsp_frame_parse(struct slice in, struct rtsp_frame *ret, size_t *ret_octets)
{
	if (in.len < 4)
		return ERR_MORE;
	if (in.at[0] != '$')
		return ERR_SYNTAX;
	const size_t n = (size_t)slice_be(slice_skip(in, 2), 2);
	if (in.len < 4 + n)
		return ERR_MORE;
	ret->channel = in.at[1];
	ret->octets = slice_make(in.at + 4, n);
	*ret_octets = 4 + n;
	return ERR_OK;
}

/* --- challenges --- */

/* name=value or name="value" at the front; moves on past a comma. */
static bool
pair_take(struct slice *s, struct slice *ret_name, struct slice *ret_value)
{
	size_t n = 0, m;

	*s = trim(*s);
	while (n < s->len && s->at[n] != '=' && s->at[n] != ',')
		n++;
	if (n == 0 || n == s->len || s->at[n] != '=')
		return false;
	*ret_name = trim(slice_head(*s, n));
	*s = slice_skip(*s, n + 1);
	if (s->len != 0 && s->at[0] == '"') {
		*s = slice_skip(*s, 1);
		const uint8_t *end = memchr(s->at, '"', s->len);
		if (end == NULL)
			return false;
		m = (size_t)(end - s->at);
		*ret_value = slice_head(*s, m);
		*s = slice_skip(*s, m + 1);
	} else {
		for (m = 0; m < s->len && s->at[m] != ','; m++)
			;
		*ret_value = trim(slice_head(*s, m));
		*s = slice_skip(*s, m);
	}
	*s = trim(*s);
	if (s->len != 0 && s->at[0] == ',')
		*s = slice_skip(*s, 1);
	return true;
}

static bool
is(struct slice s, const char *text)
{
	return s.len == strlen(text) &&
	       strncasecmp((const char *)s.at, text, s.len) == 0;
}

/* A quote or a control octet would break out of our own header. */
static bool
text_keep(struct slice s, char to[static 256])
{
	if (s.len >= 256)
		return false;
	for (size_t i = 0; i < s.len; i++)
		if (s.at[i] < 0x20 || s.at[i] == '"' || s.at[i] == '\\')
			return false;
	memcpy(to, s.at, s.len);
	to[s.len] = '\0';
	return true;
}

static bool
has_auth(struct slice qop)
{
	while (qop.len != 0) {
		const uint8_t *comma = memchr(qop.at, ',', qop.len);
		const size_t n = comma == NULL ? qop.len
					       : (size_t)(comma - qop.at);

		if (is(trim(slice_head(qop, n)), "auth"))
			return true;
		qop = slice_skip(qop, n == qop.len ? n : n + 1);
	}
	return false;
}

static bool
digest_parse(struct slice s, struct rtsp_challenge *c)
{
	struct slice name, value;
	bool realm = false, nonce = false;

	c->scheme = RTSP_DIGEST_MD5;
	while (pair_take(&s, &name, &value)) {
		if (is(name, "realm"))
			realm = text_keep(value, c->realm);
		else if (is(name, "nonce"))
			nonce = text_keep(value, c->nonce);
		else if (is(name, "opaque"))
			c->has_opaque = text_keep(value, c->opaque);
		else if (is(name, "qop"))
			c->qop_auth = has_auth(value);
		else if (is(name, "stale"))
			c->stale = is(value, "true");
		else if (is(name, "algorithm") && is(value, "SHA-256"))
			c->scheme = RTSP_DIGEST_SHA256;
		else if (is(name, "algorithm") && !is(value, "MD5"))
			return false;
	}
	return realm && nonce;
}

/* A second challenge on one line reads as a pair named "Digest realm". */
static bool
digest_follows(struct slice s)
{
	struct slice name, value, rest;

	while (pair_take(&s, &name, &value))
		if (starts(name, "Digest ", &rest))
			return true;
	return false;
}

enum err
rtsp_challenge_choose(const struct rtsp_response *r, struct rtsp_challenge *ret)
{
	struct rtsp_challenge best = { .scheme = RTSP_NONE };
	bool digest_offered = false;

	for (size_t i = 0; i < r->challenge_count; i++) {
		struct rtsp_challenge c = { .scheme = RTSP_NONE };
		struct slice rest;

		if (starts(r->challenges[i], "Digest ", &rest)) {
			digest_offered = true;
			if (!digest_parse(rest, &c))
				continue;
		} else if (starts(r->challenges[i], "Basic", &rest)) {
			digest_offered |= digest_follows(rest);
			c.scheme = RTSP_BASIC;
		}
		if (c.scheme > best.scheme)
			best = c;
	}
	if (best.scheme == RTSP_NONE ||
	    (best.scheme == RTSP_BASIC && digest_offered))
		return ERR_UNSUPPORTED;
	*ret = best;
	return ERR_OK;
}

struct hex {
	char text[2 * EVP_MAX_MD_SIZE + 1];
};

/* H(a ‖ ":" ‖ b ‖ ":" ‖ ...) in hex. */
static enum err
digest_of(const char *hash, const struct slice *parts, size_t n,
    struct hex *ret)
{
	EVP_MD_CTX *c = EVP_MD_CTX_new();
	uint8_t octets[EVP_MAX_MD_SIZE];
	EVP_MD *md = EVP_MD_fetch(NULL, hash, NULL);
	unsigned len = 0;
	int ok = c != NULL && md != NULL && EVP_DigestInit_ex(c, md, NULL);

	for (size_t i = 0; ok && i < n; i++)
		ok = (i == 0 || EVP_DigestUpdate(c, ":", 1)) &&
		     EVP_DigestUpdate(c, parts[i].at, parts[i].len);
	ok = ok && EVP_DigestFinal_ex(c, octets, &len);
	EVP_MD_CTX_free(c);
	EVP_MD_free(md);
	if (!ok)
		return ERR_NOMEM;
	for (unsigned i = 0; i < len; i++)
		(void)snprintf(ret->text + 2 * i, 3, "%02x", octets[i]);
	return ERR_OK;
}

enum err
rtsp_prepare(void)
{
	const struct slice nothing = SLICE_LIT("");
	struct hex unused;
	const enum err e = digest_of("MD5", &nothing, 1, &unused);

	return e == ERR_OK ? digest_of("SHA256", &nothing, 1, &unused) : e;
}

static enum err
digest_authorize(struct rtsp_challenge *c, const struct rtsp_login *login,
    const char *method, struct slice uri, const char *cnonce, struct buf *out)
{
	const char *hash = c->scheme == RTSP_DIGEST_SHA256 ? "SHA256" : "MD5";
	struct hex ha1, ha2, response;
	char count[9], line[2048];
	enum err e;

	(void)snprintf(count, sizeof count, "%08x", ++c->count);
	if ((e = digest_of(hash,
		 (const struct slice[]){ login->user, slice_str(c->realm),
		     login->password },
		 3, &ha1)) != ERR_OK ||
	    (e = digest_of(hash,
		 (const struct slice[]){ slice_str(method), uri }, 2, &ha2)) !=
		ERR_OK)
		return e;
	e = c->qop_auth ? digest_of(hash,
			      (const struct slice[]){ slice_str(ha1.text),
				  slice_str(c->nonce), slice_str(count),
				  slice_str(cnonce), SLICE_LIT("auth"),
				  slice_str(ha2.text) },
			      6, &response)
			: digest_of(hash,
			      (const struct slice[]){ slice_str(ha1.text),
				  slice_str(c->nonce), slice_str(ha2.text) },
			      3, &response);
	explicit_bzero(&ha1, sizeof ha1);
	if (e != ERR_OK)
		return e;
	const int n = snprintf(line, sizeof line,
	    "Authorization: Digest username=\"%.*s\", realm=\"%s\", "
	    "nonce=\"%s\", uri=\"%.*s\", response=\"%s\"%s%s%s%s%s%s%s%s%s\r\n",
	    (int)login->user.len, (const char *)login->user.at, c->realm,
	    c->nonce, (int)uri.len, (const char *)uri.at, response.text,
	    c->scheme == RTSP_DIGEST_SHA256 ? ", algorithm=SHA-256" : "",
	    c->has_opaque ? ", opaque=\"" : "", c->has_opaque ? c->opaque : "",
	    c->has_opaque ? "\"" : "", c->qop_auth ? ", qop=auth, nc=" : "",
	    c->qop_auth ? count : "", c->qop_auth ? ", cnonce=\"" : "",
	    c->qop_auth ? cnonce : "", c->qop_auth ? "\"" : "");
	if (n < 0 || (size_t)n >= sizeof line)
		return ERR_LIMIT;
	return buf_append(out, slice_make(line, (size_t)n));
}

static enum err
basic_authorize(const struct rtsp_login *login, struct buf *out)
{
	uint8_t plain[768], text[1100];
	const size_t n = login->user.len + 1 + login->password.len;
	enum err e;

	if (n > sizeof plain)
		return ERR_LIMIT;
	memcpy(plain, login->user.at, login->user.len);
	plain[login->user.len] = ':';
	memcpy(plain + login->user.len + 1, login->password.at,
	    login->password.len);
	const int m = EVP_EncodeBlock(text, plain, (int)n);
	if ((e = buf_append(out, SLICE_LIT("Authorization: Basic "))) ==
		ERR_OK &&
	    (e = buf_append(out, slice_make(text, (size_t)m))) == ERR_OK)
		e = buf_append(out, SLICE_LIT("\r\n"));
	explicit_bzero(plain, sizeof plain);
	explicit_bzero(text, sizeof text);
	return e;
}

enum err
rtsp_authorize(struct rtsp_challenge *c, const struct rtsp_login *login,
    const char *method, struct slice uri, const char *cnonce, struct buf *out)
{
	switch (c->scheme) {
	case RTSP_DIGEST_MD5:
	case RTSP_DIGEST_SHA256:
		return digest_authorize(c, login, method, uri, cnonce, out);
	case RTSP_BASIC:
		return basic_authorize(login, out);
	case RTSP_NONE:
		break;
	}
	return ERR_OK;
}
