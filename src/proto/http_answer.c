#include "proto/http_answer.h"

#include <strings.h>

#define FIELDS_MAX  64
#define INTERIM_MAX 4

struct head {
	struct http_answer answer;
	uint64_t length;
	bool has_length, chunked, keeps, is_old;
};

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

/* Up to CR LF or a bare LF. ERR_MORE. */
static enum err
line_take(struct slice *rest, struct slice *ret)
{
	const uint8_t *end = rest->len == 0 ? NULL
					    : memchr(rest->at, '\n', rest->len);

	if (end == NULL)
		return rest->len > HTTP_ANSWER_HEAD_OCTETS_MAX ? ERR_LIMIT
							       : ERR_MORE;
	const size_t n = (size_t)(end - rest->at);
	*ret = slice_head(*rest, n);
	*rest = slice_skip(*rest, n + 1);
	if (ret->len != 0 && ret->at[ret->len - 1] == '\r')
		ret->len--;
	return ERR_OK;
}

static bool
field_is(struct slice line, const char *name, struct slice *ret_value)
{
	const size_t n = strlen(name);

	if (line.len <= n || line.at[n] != ':' ||
	    strncasecmp((const char *)line.at, name, n) != 0)
		return false;
	*ret_value = trim(slice_skip(line, n + 1));
	return true;
}

static bool
is(struct slice s, const char *text)
{
	return s.len == strlen(text) &&
	       strncasecmp((const char *)s.at, text, s.len) == 0;
}

static enum err
length_parse(struct slice s, uint64_t *ret)
{
	uint64_t v = 0;

	if (s.len == 0 || s.len > 18)
		return ERR_SYNTAX;
	for (size_t i = 0; i < s.len; i++) {
		if (s.at[i] < '0' || s.at[i] > '9')
			return ERR_SYNTAX;
		v = v * 10 + (s.at[i] - '0');
	}
	*ret = v;
	return ERR_OK;
}

static enum err
field_take(struct slice line, struct head *h)
{
	struct http_answer *a = &h->answer;
	struct slice v;

	if (field_is(line, "Content-Length", &v)) {
		h->has_length = true;
		return length_parse(v, &h->length);
	}
	if (field_is(line, "Transfer-Encoding", &v)) {
		if (!is(v, "chunked") && !is(v, "identity"))
			return ERR_SYNTAX;
		h->chunked = is(v, "chunked");
	} else if (field_is(line, "Connection", &v)) {
		a->close |= is(v, "close");
		h->keeps |= is(v, "keep-alive");
	} else if (field_is(line, "WWW-Authenticate", &v) &&
		   a->challenge_count < 4)
		a->challenges[a->challenge_count++] = v;
	return ERR_OK;
}

/* "HTTP/1.x NNN" and anything. */
static enum err
status_parse(struct slice line, struct head *h)
{
	if (line.len < 12 || !slice_starts(line, SLICE_LIT("HTTP/1.")) ||
	    line.at[8] != ' ')
		return ERR_SYNTAX;
	for (size_t i = 9; i < 12; i++) {
		if (line.at[i] < '0' || line.at[i] > '9')
			return ERR_SYNTAX;
		h->answer.status = h->answer.status * 10 + (line.at[i] - '0');
	}
	h->is_old = line.at[7] == '0';
	return h->answer.status < 100 ? ERR_SYNTAX : ERR_OK;
}

static enum err
head_parse(struct slice *rest, struct head *h)
{
	const struct slice whole = *rest;
	struct slice line;
	enum err e;

	*h = (struct head){ .length = 0 };
	if ((e = line_take(rest, &line)) != ERR_OK)
		return e;
	if ((e = status_parse(line, h)) != ERR_OK)
		return e;
	for (size_t fields = 0;; fields++) {
		if ((e = line_take(rest, &line)) != ERR_OK)
			return e;
		if (whole.len - rest->len > HTTP_ANSWER_HEAD_OCTETS_MAX ||
		    fields > FIELDS_MAX)
			return ERR_LIMIT;
		if (line.len == 0)
			return ERR_OK;
		if ((e = field_take(line, h)) != ERR_OK)
			return e;
	}
}

static int
hex_of(uint8_t c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	if (c >= 'a' && c <= 'f')
		return c - 'a' + 10;
	return c >= 'A' && c <= 'F' ? c - 'A' + 10 : -1;
}

static enum err
chunk_length(struct slice line, size_t *ret)
{
	size_t v = 0, i;

	for (i = 0; i < line.len && hex_of(line.at[i]) >= 0; i++) {
		v = v * 16 + (size_t)hex_of(line.at[i]);
		if (v > HTTP_ANSWER_BODY_OCTETS_MAX)
			return ERR_LIMIT;
	}
	if (i == 0 || (i < line.len && line.at[i] != ';' && line.at[i] != ' '))
		return ERR_SYNTAX;
	*ret = v;
	return ERR_OK;
}

static enum err
chunks_take(struct slice *rest, struct buf *body)
{
	struct slice line;
	size_t n, fields = 0;
	enum err e;

	for (;;) {
		if ((e = line_take(rest, &line)) != ERR_OK ||
		    (e = chunk_length(line, &n)) != ERR_OK)
			return e;
		if (n == 0)
			break;
		if (rest->len < n)
			return ERR_MORE;
		if ((e = buf_append(body, slice_head(*rest, n))) != ERR_OK)
			return e;
		*rest = slice_skip(*rest, n);
		if ((e = line_take(rest, &line)) != ERR_OK)
			return e;
		if (line.len != 0)
			return ERR_SYNTAX;
	}
	do { /* fields may follow */
		if ((e = line_take(rest, &line)) != ERR_OK)
			return e;
	} while (line.len != 0 && ++fields <= FIELDS_MAX);
	return line.len == 0 ? ERR_OK : ERR_LIMIT;
}

static enum err
body_take(struct slice *rest, struct head *h, bool ended, struct buf *body)
{
	size_t n = rest->len;
	enum err e;

	if (h->answer.status == 204 || h->answer.status == 304)
		return ERR_OK;
	if (h->chunked)
		return chunks_take(rest, body);
	if (h->has_length) {
		if (h->length > HTTP_ANSWER_BODY_OCTETS_MAX)
			return ERR_LIMIT;
		if (rest->len < h->length)
			return ERR_MORE;
		n = (size_t)h->length;
	} else {
		if (n > HTTP_ANSWER_BODY_OCTETS_MAX)
			return ERR_LIMIT;
		if (!ended)
			return ERR_MORE;
		h->answer.close = true;
	}
	if ((e = buf_append(body, slice_head(*rest, n))) == ERR_OK)
		*rest = slice_skip(*rest, n);
	return e;
}

enum err
http_answer_parse(struct slice in, bool ended, struct buf *body,
    struct http_answer *ret_answer)
{
	const size_t before = body->len;
	struct slice rest = in;
	struct head h;
	int interim = 0;
	enum err e;

	do {
		e = head_parse(&rest, &h);
	} while (
	    e == ERR_OK && h.answer.status < 200 && ++interim <= INTERIM_MAX);
	if (e == ERR_OK)
		e = interim > INTERIM_MAX ? ERR_LIMIT
					  : body_take(&rest, &h, ended, body);
	if (e == ERR_OK) {
		h.answer.close |= h.is_old && !h.keeps;
		h.answer.octets = in.len - rest.len;
		*ret_answer = h.answer;
		return ERR_OK;
	}
	body->len = before;
	if (e == ERR_MORE && in.len >= HTTP_ANSWER_OCTETS_MAX)
		return ERR_LIMIT;
	return e == ERR_MORE && ended ? ERR_CLOSED : e;
}
