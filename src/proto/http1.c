#include "proto/http1.h"

#include <strings.h>

static bool
token_octet(uint8_t c)
{
	return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') ||
	       (c >= 'A' && c <= 'Z') ||
	       (c != 0 && strchr("!#$%&'*+-.^_`|~", c) != NULL);
}

bool
http_is(struct slice s, const char *text)
{
	return slice_eq(s, slice_str(text));
}

static bool
same_name(struct slice s, const char *name)
{
	return s.len == strlen(name) &&
	       strncasecmp((const char *)s.at, name, s.len) == 0;
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

/*
 * Takes a line without its CR LF. Any CR or LF elsewhere, any control octet
 * but a tab, is refused here, once for all.
 */
static enum err
line_take(struct slice *rest, struct slice *ret_line)
{
	for (size_t i = 0; i < rest->len; i++) {
		const uint8_t c = rest->at[i];

		if (c == '\r') {
			if (i + 1 == rest->len)
				return ERR_MORE;
			if (rest->at[i + 1] != '\n')
				return ERR_SYNTAX;
			*ret_line = slice_head(*rest, i);
			*rest = slice_skip(*rest, i + 2);
			return ERR_OK;
		}
		if ((c < 0x20 && c != '\t') || c == 0x7f)
			return ERR_SYNTAX;
	}
	return ERR_MORE;
}

static enum err
field_parse(struct slice line, struct http_field *ret)
{
	size_t n = 0;

	while (n < line.len && token_octet(line.at[n]))
		n++;
	/* also refuses obs-fold: a folded line begins with white space */
	if (n == 0 || n == line.len || line.at[n] != ':')
		return ERR_SYNTAX;
	ret->name = slice_head(line, n);
	ret->value = trim(slice_skip(line, n + 1));
	return ERR_OK;
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

struct seen {
	bool host, length;
};

static enum err
field_mean(struct http_head *h, const struct http_field *f, struct seen *seen)
{
	if (same_name(f->name, "host")) {
		if (seen->host || f->value.len == 0)
			return ERR_SYNTAX;
		seen->host = true;
	} else if (same_name(f->name, "content-length")) {
		if (seen->length)
			return ERR_SYNTAX;
		seen->length = true;
		return length_parse(f->value, &h->body_octets);
	} else if (same_name(f->name, "transfer-encoding") ||
		   same_name(f->name, "trailer"))
		return ERR_UNSUPPORTED;
	else if (same_name(f->name, "connection") &&
		 http_has_token(f->value, "close"))
		h->close = true;
	return ERR_OK;
}

static enum err
fields_parse(struct slice in, struct slice *rest, struct http_head *h,
    struct seen *seen)
{
	struct slice line;
	enum err e;

	for (;;) {
		if ((e = line_take(rest, &line)) != ERR_OK)
			return e;
		if (line.len == 0)
			break;
		if (h->field_count == HTTP_FIELDS_MAX)
			return ERR_LIMIT;
		struct http_field *f = &h->fields[h->field_count];
		if ((e = field_parse(line, f)) != ERR_OK ||
		    (e = field_mean(h, f, seen)) != ERR_OK)
			return e;
		h->field_count++;
	}
	h->octets = in.len - rest->len;
	return ERR_OK;
}

/* ERR_MORE becomes ERR_LIMIT when more would be too long anyway. */
static enum err
within(struct slice in, enum err e)
{
	return e == ERR_MORE && in.len >= HTTP_HEAD_OCTETS_MAX ? ERR_LIMIT : e;
}

static enum err
request_line_parse(struct slice line, struct http_head *h)
{
	size_t n = 0, m;

	while (n < line.len && token_octet(line.at[n]))
		n++;
	if (n == 0 || n == line.len || line.at[n] != ' ')
		return ERR_SYNTAX;
	h->method = slice_head(line, n);
	line = slice_skip(line, n + 1);
	for (m = 0; m < line.len && line.at[m] > 0x20 && line.at[m] < 0x7f;)
		m++;
	if (m == 0 || m == line.len || line.at[m] != ' ' || line.at[0] != '/')
		return ERR_SYNTAX;
	if (m > HTTP_TARGET_OCTETS_MAX)
		return ERR_LIMIT;
	h->target = slice_head(line, m);
	line = slice_skip(line, m + 1);
	if (http_is(line, "HTTP/1.1"))
		return ERR_OK;
	return slice_starts(line, SLICE_LIT("HTTP/")) && line.len == 8
		   ? ERR_UNSUPPORTED
		   : ERR_SYNTAX;
}

static enum err
request_parse(struct slice in, struct http_head *h)
{
	struct slice rest = in, line;
	struct seen seen = { 0 };
	enum err e;

	if ((e = line_take(&rest, &line)) != ERR_OK ||
	    (e = request_line_parse(line, h)) != ERR_OK ||
	    (e = fields_parse(in, &rest, h, &seen)) != ERR_OK)
		return e;
	return seen.host ? ERR_OK : ERR_SYNTAX;
}

enum err
http_request_parse(struct slice in, struct http_head *ret_head)
{
	struct http_head h = { .status = 0 };
	const struct slice part = in.len > HTTP_HEAD_OCTETS_MAX
				      ? slice_head(in, HTTP_HEAD_OCTETS_MAX)
				      : in;
	const enum err e = within(part, request_parse(part, &h));

	if (e == ERR_OK)
		*ret_head = h;
	return e;
}

static enum err
response_parse(struct slice in, struct http_head *h)
{
	struct slice rest = in, line;
	struct seen seen = { 0 };
	enum err e;

	if ((e = line_take(&rest, &line)) != ERR_OK)
		return e;
	if (line.len < 12 || !slice_starts(line, SLICE_LIT("HTTP/1.1 ")))
		return ERR_SYNTAX;
	for (size_t i = 9; i < 12; i++) {
		if (line.at[i] < '0' || line.at[i] > '9')
			return ERR_SYNTAX;
		h->status = h->status * 10 + (line.at[i] - '0');
	}
	if (h->status < 200 && h->status != 101)
		return ERR_UNSUPPORTED;
	return fields_parse(in, &rest, h, &seen);
}

enum err
http_response_parse(struct slice in, struct http_head *ret_head)
{
	struct http_head h = { .status = 0 };
	const struct slice part = in.len > HTTP_HEAD_OCTETS_MAX
				      ? slice_head(in, HTTP_HEAD_OCTETS_MAX)
				      : in;
	const enum err e = within(part, response_parse(part, &h));

	if (e == ERR_OK)
		*ret_head = h;
	return e;
}

struct slice
http_field(const struct http_head *h, const char *name)
{
	for (size_t i = 0; i < h->field_count; i++)
		if (same_name(h->fields[i].name, name))
			return h->fields[i].value;
	return SLICE_LIT("");
}

bool
http_has_token(struct slice value, const char *token)
{
	while (value.len != 0) {
		const uint8_t *comma = memchr(value.at, ',', value.len);
		const size_t n = comma == NULL ? value.len
					       : (size_t)(comma - value.at);

		if (same_name(trim(slice_head(value, n)), token))
			return true;
		value = slice_skip(value, n == value.len ? n : n + 1);
	}
	return false;
}
