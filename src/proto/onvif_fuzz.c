/*
 * One octet that says what is read, then a camera's answer. What is kept of
 * it is clean text; what is asked next with it is XML that we can read.
 */
#include "base/utf8.h"
#include "proto/http_answer.h"
#include "proto/onvif.h"

int LLVMFuzzerTestOneInput(const uint8_t *, size_t);

static void
matches(struct slice xml)
{
	struct onvif_match m[ONVIF_MATCHES_MAX];
	size_t n;

	if (onvif_matches_read(xml, "10.0.0.1", m, &n) != ERR_OK)
		return;
	assert(n > 0 && n <= ONVIF_MATCHES_MAX);
	for (size_t i = 0; i < n; i++)
		assert(utf8_is_clean(slice_str(m[i].name)) &&
		       utf8_is_clean(slice_str(m[i].hardware)) &&
		       utf8_is_clean(slice_str(m[i].endpoint)) &&
		       m[i].path[0] == '/' && m[i].port != 0);
}

static void
profiles(struct slice xml)
{
	struct onvif_profile p[ONVIF_PROFILES_MAX];
	struct onvif_url u;
	struct buf b;
	size_t n;

	if (onvif_profiles_read(xml, p, &n) != ERR_OK)
		return;
	assert(n > 0 && n <= ONVIF_PROFILES_MAX);
	buf_init(&b, ONVIF_OCTETS_MAX);
	for (size_t i = 0; i < n; i++) {
		assert(utf8_is_clean(slice_str(p[i].name)));
		buf_clear(&b);
		assert(onvif_ask_write(ONVIF_STREAM, p[i].token, NULL, &b) ==
		       ERR_OK);
		/* whole, and nothing in it that the token smuggled in */
		assert(onvif_stream_read(buf_slice(&b), &u) == ERR_MISSING);
	}
	buf_fini(&b);
}

static void
answer(struct slice in)
{
	struct http_answer a;
	struct buf b;

	buf_init(&b, HTTP_ANSWER_BODY_OCTETS_MAX);
	if (http_answer_parse(in, true, &b, &a) == ERR_OK) {
		assert(a.octets <= in.len && b.len <= a.octets);
		profiles(buf_slice(&b));
	} else
		assert(b.len == 0);
	buf_fini(&b);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
	struct onvif_services services;
	struct onvif_device device;
	struct onvif_url url;
	int64_t seconds;

	if (n == 0)
		return 0;
	const struct slice xml = slice_make(data + 1, n - 1);
	switch (data[0]) {
	case 'm':
		matches(xml);
		break;
	case 'p':
		profiles(xml);
		break;
	case 's':
		if (onvif_services_read(xml, &services) == ERR_OK)
			assert(services.media[0] == '/' ||
			       services.media_2[0] == '/');
		break;
	case 'd':
		if (onvif_device_read(xml, &device) == ERR_OK)
			assert(utf8_is_clean(slice_str(device.maker)) &&
			       utf8_is_clean(slice_str(device.model)));
		break;
	case 'c':
		if (onvif_clock_read(xml, &seconds) == ERR_OK)
			assert(seconds >= 0);
		break;
	case 'u':
		if (onvif_stream_read(xml, &url) == ERR_OK)
			assert(url.path[0] == '/' && url.port != 0);
		break;
	default:
		answer(xml);
	}
	return 0;
}
