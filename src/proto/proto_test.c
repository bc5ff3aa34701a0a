#include "proto/http1.h"
#include "proto/rtsp.h"
#include "proto/ws.h"
#include "unit/t.h"

#include <stdio.h>

/* --- http1 --- */

static const struct {
	const char *what, *text;
	enum err want;
} requests[] = {
	{ "the least", "GET / HTTP/1.1\r\nHost: a\r\n\r\n", ERR_OK },
	{ "a body", "POST /x HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\n\r\n",
	    ERR_OK },
	{ "no host", "GET / HTTP/1.1\r\nX: a\r\n\r\n", ERR_SYNTAX },
	{ "two hosts", "GET / HTTP/1.1\r\nHost: a\r\nHost: a\r\n\r\n",
	    ERR_SYNTAX },
	{ "two lengths",
	    "GET / HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\n"
	    "Content-Length: 1\r\n\r\n",
	    ERR_SYNTAX },
	{ "both lengths",
	    "GET / HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\n"
	    "Transfer-Encoding: chunked\r\n\r\n",
	    ERR_UNSUPPORTED },
	{ "a signed length",
	    "GET / HTTP/1.1\r\nHost: a\r\nContent-Length: +1\r\n\r\n",
	    ERR_SYNTAX },
	{ "a list of lengths",
	    "GET / HTTP/1.1\r\nHost: a\r\nContent-Length: 1,1\r\n\r\n",
	    ERR_SYNTAX },
	{ "a folded line", "GET / HTTP/1.1\r\nHost: a\r\nX: b\r\n c\r\n\r\n",
	    ERR_SYNTAX },
	{ "a bare LF", "GET / HTTP/1.1\nHost: a\r\n\r\n", ERR_SYNTAX },
	{ "a bare CR", "GET / HTTP/1.1\r\nHost: a\rb\r\n\r\n", ERR_SYNTAX },
	{ "a blank before the colon", "GET / HTTP/1.1\r\nHost : a\r\n\r\n",
	    ERR_SYNTAX },
	{ "a trailer announced",
	    "GET / HTTP/1.1\r\nHost: a\r\nTrailer: X\r\n\r\n",
	    ERR_UNSUPPORTED },
	{ "an absolute target", "GET http://a/ HTTP/1.1\r\nHost: a\r\n\r\n",
	    ERR_SYNTAX },
	{ "HTTP/1.0", "GET / HTTP/1.0\r\nHost: a\r\n\r\n", ERR_UNSUPPORTED },
	{ "no version", "GET /\r\nHost: a\r\n\r\n", ERR_SYNTAX },
	{ "two blanks", "GET  / HTTP/1.1\r\nHost: a\r\n\r\n", ERR_SYNTAX },
	{ "an octet above ASCII in the target",
	    "GET /\xc3\xa4 HTTP/1.1\r\nHost: a\r\n\r\n", ERR_SYNTAX },
};

static void
http_request_gets_one_verdict(void **state)
{
	struct http_head h;

	(void)state;
	for (size_t i = 0; i < sizeof requests / sizeof *requests; i++) {
		const char *t = requests[i].text;
		const enum err e = http_request_parse(t_edge(t, strlen(t)), &h);

		if (e != requests[i].want)
			fail_msg("%s: %s", requests[i].what, err_name(e));
	}
}

static void
http_asks_for_more_on_every_proper_prefix(void **state)
{
	const char *t = requests[1].text;
	struct http_head h;

	(void)state;
	for (size_t n = 0; n < strlen(t); n++)
		T_ERR(ERR_MORE, http_request_parse(t_edge(t, n), &h));
	T_OK(http_request_parse(slice_str(t), &h));
	assert_int_equal(h.body_octets, 3);
	assert_int_equal(h.octets, strlen(t));
}

static void
http_head_has_a_limit(void **state)
{
	static char many[20000];
	size_t n = 0;
	struct http_head h;

	(void)state;
	n += (size_t)snprintf(many, sizeof many,
	    "GET / HTTP/1.1\r\nHost: a\r\n");
	while (n < 9000)
		n += (size_t)snprintf(many + n, sizeof many - n,
		    "A: %0100d\r\n", 0);
	T_ERR(ERR_LIMIT, http_request_parse(slice_make(many, n), &h));
	n = (size_t)snprintf(many, sizeof many,
	    "GET / HTTP/1.1\r\nHost: a\r\n");
	for (int i = 0; i < 64; i++)
		n += (size_t)snprintf(many + n, sizeof many - n, "A: b\r\n");
	n += (size_t)snprintf(many + n, sizeof many - n, "\r\n");
	T_ERR(ERR_LIMIT, http_request_parse(slice_make(many, n), &h));
}

/* --- ws --- */

#define M "\x37\xfa\x21\x3d" /* the mask of RFC 6455 section 5.7 */

static const struct {
	const char *what, *in;
	size_t len;
	enum err want;
} frames[] = {
	{ "5.7 masked Hello", "\x81\x85" M, 6, ERR_OK },
	{ "exactly the limit", "\x82\xff\0\0\0\0\0\1\0\0" M, 14, ERR_OK },
	{ "one past it", "\x82\xff\0\0\0\0\0\1\0\1" M, 14, ERR_LIMIT },
	{ "unmasked", "\x81\x05" M, 6, ERR_SYNTAX },
	{ "RSV1", "\xc1\x85" M, 6, ERR_SYNTAX },
	{ "opcode 3", "\x83\x85" M, 6, ERR_SYNTAX },
	{ "125 spelt in two octets", "\x82\xfe\0\x7d" M, 8, ERR_SYNTAX },
	{ "65535 spelt in eight", "\x82\xff\0\0\0\0\0\0\xff\xff" M, 14,
	    ERR_SYNTAX },
	{ "fragmented ping", "\x09\x80" M, 6, ERR_SYNTAX },
	{ "long ping", "\x89\xfe\0\x7e" M, 8, ERR_SYNTAX },
};

static void
ws_head_gives_the_verdict_of_the_rfc(void **state)
{
	struct ws_head h;

	(void)state;
	for (size_t i = 0; i < sizeof frames / sizeof *frames; i++) {
		const enum err e = ws_head_parse(t_edge(frames[i].in,
						     frames[i].len),
		    true, 65536, &h);

		if (e != frames[i].want)
			fail_msg("%s: %s", frames[i].what, err_name(e));
	}
}

static void
ws_reads_what_it_writes(void **state)
{
	static const uint64_t sizes[] = { 0, 1, 125, 126, 65535, 65536 };
	uint8_t to[WS_HEAD_OCTETS_MAX];
	struct ws_head h;

	(void)state;
	for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++)
		for (int masked = 0; masked < 2; masked++) {
			const size_t n = ws_head_write(WS_BINARY, sizes[i],
			    masked ? (const uint8_t *)M : NULL, to);

			for (size_t k = 0; k < n; k++)
				T_ERR(ERR_MORE, ws_head_parse(t_edge(to, k),
						    masked != 0, 1 << 20, &h));
			T_OK(ws_head_parse(t_edge(to, n), masked != 0, 1 << 20,
			    &h));
			assert_int_equal(h.payload_octets, sizes[i]);
			assert_int_equal(h.head_octets, n);
		}
}

static void
ws_mask_is_its_own_inverse_from_anywhere(void **state)
{
	uint8_t octets[64], whole[64];

	(void)state;
	for (size_t i = 0; i < sizeof octets; i++)
		octets[i] = whole[i] = (uint8_t)i;
	ws_mask((const uint8_t *)M, 0, whole, sizeof whole);
	ws_mask((const uint8_t *)M, 0, octets, 7);
	ws_mask((const uint8_t *)M, 7, octets + 7, sizeof octets - 7);
	assert_memory_equal(octets, whole, sizeof whole);
}

/* RFC 6455 section 1.3 */
static void
ws_accept_is_that_of_the_rfc(void **state)
{
	char text[WS_ACCEPT_OCTETS + 1];

	(void)state;
	ws_accept(SLICE_LIT("dGhlIHNhbXBsZSBub25jZQ=="), text);
	assert_string_equal(text, "s3pPLMBiTxaQ9kYGzzhZRbK+xOo=");
}

/* --- rtsp --- */

/* RFC 2617 section 3.5, as an RTSP camera would ask it */
static void
digest_is_that_of_rfc_2617(void **state)
{
	const char
	    *text = "RTSP/1.0 401 Unauthorized\r\nCSeq: 1\r\n"
		    "WWW-Authenticate: Basic realm=\"x\"\r\n"
		    "WWW-Authenticate: Digest realm=\"testrealm@host.com\", "
		    "qop=\"auth,auth-int\", "
		    "nonce=\"dcd98b7102dd2f0e8b11d0f600bfb0c093\""
		    ", opaque=\"5ccc069c403ebaf9f0171e9517f40e41\"\r\n\r\n";
	const struct rtsp_login login = { SLICE_LIT("Mufasa"),
		SLICE_LIT("Circle Of Life") };
	struct rtsp_response r;
	struct rtsp_challenge c;
	AUTO_BUF struct buf out;

	(void)state;
	buf_init(&out, 4096);
	T_OK(rtsp_response_parse(slice_str(text), &r));
	T_OK(rtsp_challenge_choose(&r, &c));
	assert_int_equal(c.scheme, RTSP_DIGEST_MD5);
	T_OK(rtsp_authorize(&c, &login, "GET", SLICE_LIT("/dir/index.html"),
	    "0a4f113b", &out));
	T_OK(buf_append(&out, SLICE_LIT("\0")));
	assert_non_null(strstr((const char *)out.at,
	    "response=\"6629fae49393a05397450978507c4ef1\""));
}

/* RFC 7616 section 3.9.1 */
static void
digest_is_that_of_rfc_7616(void **state)
{
	const char *text =
	    "RTSP/1.0 401 Unauthorized\r\nCSeq: 1\r\n"
	    "WWW-Authenticate: Digest realm=\"http-auth@example.org\", "
	    "qop=\"auth\", algorithm=SHA-256, "
	    "nonce=\"7ypf/xlj9XXwfDPEoM4URrv/xwf94BcCAzFZH4GiTo0v\"\r\n\r\n";
	const struct rtsp_login login = { SLICE_LIT("Mufasa"),
		SLICE_LIT("Circle of Life") };
	struct rtsp_response r;
	struct rtsp_challenge c;
	AUTO_BUF struct buf out;

	(void)state;
	buf_init(&out, 4096);
	T_OK(rtsp_response_parse(slice_str(text), &r));
	T_OK(rtsp_challenge_choose(&r, &c));
	T_OK(rtsp_authorize(&c, &login, "GET", SLICE_LIT("/dir/index.html"),
	    "f2/wE4q74E6zIJEtWaHKaf5wv/H5QzzpXusqGemxURZJ", &out));
	T_OK(buf_append(&out, SLICE_LIT("\0")));
	assert_non_null(
	    strstr((const char *)out.at, "753927fa0e85d155564e2e272a28d1802ca10"
					 "daf4496794697cf8db5856cb6c1"));
}

static void
a_camera_cannot_break_out_of_our_header(void **state)
{
	const char *text = "RTSP/1.0 401 No\r\nCSeq: 1\r\nWWW-Authenticate: "
			   "Digest realm=\"a\\\", nonce=\"b\"\r\n\r\n";
	struct rtsp_response r;
	struct rtsp_challenge c;

	(void)state;
	T_OK(rtsp_response_parse(slice_str(text), &r));
	T_ERR(ERR_UNSUPPORTED, rtsp_challenge_choose(&r, &c));
}

static enum err
choose(const char *challenges, struct rtsp_challenge *ret)
{
	char text[512];
	struct rtsp_response r;

	(void)snprintf(text, sizeof text,
	    "RTSP/1.0 401 No\r\nCSeq: 1\r\n%s\r\n", challenges);
	T_OK(rtsp_response_parse(slice_str(text), &r));
	return rtsp_challenge_choose(&r, ret);
}

static void
the_password_is_never_bare_where_digest_was_offered(void **state)
{
	struct rtsp_challenge c;

	(void)state;
	T_ERR(ERR_UNSUPPORTED,
	    choose("WWW-Authenticate: Digest realm=\"a\", nonce=\"b\", "
		   "algorithm=SHA-512-256\r\n"
		   "WWW-Authenticate: Basic realm=\"a\"\r\n",
		&c));
	T_ERR(ERR_UNSUPPORTED,
	    choose("WWW-Authenticate: Basic realm=\"a\", Digest "
		   "realm=\"a\", nonce=\"b\"\r\n",
		&c));
	T_OK(choose("WWW-Authenticate: Basic realm=\"a\"\r\n", &c));
	assert_int_equal(c.scheme, RTSP_BASIC);
}

static void
an_answer_without_a_time_out_says_none(void **state)
{
	struct rtsp_response r;

	(void)state;
	T_OK(rtsp_response_parse(
	    SLICE_LIT("RTSP/1.0 200 OK\r\nSession: 1;timeout=10\r\n\r\n"), &r));
	assert_int_equal(r.session_timeout_s, 10);
	T_OK(rtsp_response_parse(SLICE_LIT(
				     "RTSP/1.0 200 OK\r\nSession: 1\r\n\r\n"),
	    &r));
	assert_int_equal(r.session_timeout_s, 0);
}

static struct rtsp_response
response_of(const char *text)
{
	struct rtsp_response r;

	T_OK(rtsp_response_parse(t_edge(text, strlen(text)), &r));
	return r;
}

static void
answers_are_read_as_cameras_write_them(void **state)
{
	struct rtsp_response r;

	(void)state;
	/* lower case, spaces about the colon, bare line ends, a tab */
	r = response_of("RTSP/1.0  200  OK \ncseq : 7\n"
			"session:\tab;x=1; Timeout = 30 \n"
			"content-length:2\ncontent-base:rtsp://c/ \n\nhi");
	assert_int_equal(r.status, 200);
	assert_true(r.has_cseq && r.cseq == 7);
	T_SLICE_EQ(r.session, SLICE_LIT("ab"));
	assert_int_equal(r.session_timeout_s, 30);
	assert_int_equal(r.body_octets, 2);
	T_SLICE_EQ(r.content_base, SLICE_LIT("rtsp://c/"));
	/* no CSeq, no words behind the number, line ends before it */
	r = response_of("\r\n\r\nRTSP/1.0 404\r\n\r\n");
	assert_int_equal(r.status, 404);
	assert_false(r.has_cseq);
	/* Content-Location stands in for Content-Base, whichever comes first */
	r = response_of("RTSP/1.0 200 OK\nContent-Location: rtsp://c/b\n\n");
	T_SLICE_EQ(r.content_base, SLICE_LIT("rtsp://c/b"));
	r = response_of("RTSP/1.0 200 OK\nContent-Location: rtsp://c/b\n"
			"Content-Base: rtsp://c/a\n\n");
	T_SLICE_EQ(r.content_base, SLICE_LIT("rtsp://c/a"));
	r = response_of("RTSP/1.0 200 OK\n"
			"Public: OPTIONS,DESCRIBE , get_parameter\n\n");
	assert_true(rtsp_lists(r.methods, "GET_PARAMETER"));
	assert_true(rtsp_lists(r.methods, "DESCRIBE"));
	assert_false(rtsp_lists(r.methods, "PARAMETER"));
	T_ERR(ERR_SYNTAX,
	    rtsp_response_parse(SLICE_LIT("RTSP/1.0 2000 OK\n\n"), &r));
	T_ERR(ERR_SYNTAX,
	    rtsp_response_parse(SLICE_LIT("RTSP/1.0200 OK\n\n"), &r));
}

static void
digest_is_preferred_among_several_lines_and_stale_is_seen(void **state)
{
	struct rtsp_challenge c;

	(void)state;
	T_OK(choose("WWW-Authenticate: Basic realm=\"a\"\r\n"
		    "www-authenticate: Digest realm=\"a\",nonce=\"b\"\r\n"
		    "WWW-Authenticate: Digest realm=\"a\", nonce=\"c\", "
		    "algorithm=SHA-256, stale=TRUE\r\n",
	    &c));
	assert_int_equal(c.scheme, RTSP_DIGEST_SHA256);
	assert_true(c.stale);
	assert_string_equal(c.nonce, "c");
	T_OK(choose("WWW-Authenticate: Digest realm=\"a\", nonce=\"b\", "
		    "stale=false\r\n",
	    &c));
	assert_false(c.stale);
}

static void
a_transport_line_says_channels_or_ports(void **state)
{
	struct rtsp_transport t;

	(void)state;
	rtsp_transport_parse(SLICE_LIT(
				 "RTP/AVP/TCP;unicast;interleaved=4-5;ssrc=1"),
	    &t);
	assert_true(t.has_channels && !t.has_ports);
	assert_int_equal(t.channel[0], 4);
	assert_int_equal(t.channel[1], 5);
	rtsp_transport_parse(SLICE_LIT("RTP/AVP/UDP;unicast;"
				       "client_port=1-2; server_port = 6970"),
	    &t);
	assert_true(!t.has_channels && t.has_ports);
	assert_int_equal(t.port[0], 6970);
	assert_int_equal(t.port[1], 6971);
	static const char *const bad[] = { "", ";;;",
		"interleaved=", "interleaved=256-257", "interleaved=255",
		"server_port=0-1", "server_port=65535", "server_port=70000" };
	for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
		rtsp_transport_parse(t_edge(bad[i], strlen(bad[i])), &t);
		assert_true(!t.has_channels && !t.has_ports);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(http_request_gets_one_verdict),
		cmocka_unit_test(http_asks_for_more_on_every_proper_prefix),
		cmocka_unit_test(http_head_has_a_limit),
		cmocka_unit_test(ws_head_gives_the_verdict_of_the_rfc),
		cmocka_unit_test(ws_reads_what_it_writes),
		cmocka_unit_test(ws_mask_is_its_own_inverse_from_anywhere),
		cmocka_unit_test(ws_accept_is_that_of_the_rfc),
		cmocka_unit_test(digest_is_that_of_rfc_2617),
		cmocka_unit_test(digest_is_that_of_rfc_7616),
		cmocka_unit_test(a_camera_cannot_break_out_of_our_header),
		cmocka_unit_test(
		    the_password_is_never_bare_where_digest_was_offered),
		cmocka_unit_test(an_answer_without_a_time_out_says_none),
		cmocka_unit_test(answers_are_read_as_cameras_write_them),
		cmocka_unit_test(
		    digest_is_preferred_among_several_lines_and_stale_is_seen),
		cmocka_unit_test(a_transport_line_says_channels_or_ports),
	};

	return T_RUN(tests);
}
