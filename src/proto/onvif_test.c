#include "base/obj.h"
#include "proto/http_answer.h"
#include "proto/onvif.h"
#include "unit/t.h"

#include <stdio.h>

#define ENVELOPE(inside)                                                       \
	"<?xml version=\"1.0\"?><SOAP-ENV:Envelope xmlns:SOAP-ENV="            \
	"\"http://www.w3.org/2003/05/soap-envelope\"><SOAP-ENV:Body>" inside   \
	"</SOAP-ENV:Body></SOAP-ENV:Envelope>"

static struct slice
edge(const char *text)
{
	return t_edge(text, strlen(text));
}

/* --- addresses --- */

static void
an_address_is_taken_apart(void **state)
{
	static const struct {
		const char *text, *host, *path;
		unsigned port;
		enum err want;
	} urls[] = {
		{ "http://10.0.0.7/onvif/a", "10.0.0.7", "/onvif/a", 80, 0 },
		{ "https://[fe80::1]", "fe80::1", "/", 443, 0 },
		{ "rtsp://u:p@h@10.0.0.7:5540?a=b/c&d", "10.0.0.7", "/?a=b/c&d",
		    5540, 0 },
		{ "http://", "", "", 0, ERR_SYNTAX },
		{ "ftp://a/", "", "", 0, ERR_SYNTAX },
		{ "http://a:0/", "", "", 0, ERR_SYNTAX },
		{ "http://a:65536/", "", "", 0, ERR_SYNTAX },
		{ "http://a/b c", "", "", 0, ERR_SYNTAX },
		{ "http://a/\r\nX: y", "", "", 0, ERR_SYNTAX },
		{ "http://[::1/", "", "", 0, ERR_SYNTAX },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(urls); i++) {
		struct onvif_url u;
		T_ERR(urls[i].want, onvif_url_parse(edge(urls[i].text), &u));
		if (urls[i].want != ERR_OK)
			continue;
		assert_string_equal(u.host, urls[i].host);
		assert_string_equal(u.path, urls[i].path);
		assert_int_equal(u.port, urls[i].port);
	}
}

/* --- who is there --- */

#define MATCH(types, scopes, xaddrs)                                           \
	ENVELOPE("<d:ProbeMatches><d:ProbeMatch><a:EndpointReference>"         \
		 "<a:Address>urn:uuid:12-34</a:Address>"                       \
		 "</a:EndpointReference><d:Types>" types                       \
		 "</d:Types><d:Scopes>" scopes "</d:Scopes><d:XAddrs>" xaddrs  \
		 "</d:XAddrs><d:MetadataVersion>1</d:MetadataVersion>"         \
		 "</d:ProbeMatch></d:ProbeMatches>")

static void
a_camera_answers_with_its_name_and_its_address(void **state)
{
	struct onvif_match m[ONVIF_MATCHES_MAX];
	size_t n;

	(void)state;
	T_OK(onvif_matches_read(
	    edge(MATCH("dn:NetworkVideoTransmitter tds:Device",
		" onvif://www.onvif.org/name/Front%20door\n"
		"onvif://www.onvif.org/hardware/M-10%e2%82%ac%00%1b "
		"ldap://elsewhere/name/x",
		"http://169.254.1.2/o https://10.0.0.7/t http://10.0.0.7:8080/"
		"onvif/ds?a=1&amp;b=2")),
	    "10.0.0.7", m, &n));
	assert_int_equal(n, 1);
	assert_string_equal(m[0].endpoint, "12-34");
	assert_string_equal(m[0].name, "Front door");
	assert_string_equal(m[0].hardware, "M-10\xe2\x82\xac");
	assert_string_equal(m[0].path, "/onvif/ds?a=1&b=2");
	assert_int_equal(m[0].port, 8080);
}

static void
an_address_elsewhere_is_not_taken(void **state)
{
	struct onvif_match m[ONVIF_MATCHES_MAX];
	size_t n;

	(void)state;
	T_OK(onvif_matches_read(edge(MATCH("dn:NetworkVideoTransmitter", "",
				    "http://10.0.0.70:81/bad "
				    "http://example.org/bad")),
	    "10.0.0.7", m, &n));
	assert_string_equal(m[0].path, ONVIF_PATH);
	assert_int_equal(m[0].port, ONVIF_PORT);
}

static void
a_printer_is_no_camera(void **state)
{
	struct onvif_match m[ONVIF_MATCHES_MAX];
	size_t n;

	(void)state;
	T_ERR(ERR_MISSING,
	    onvif_matches_read(edge(MATCH("wsdp:Device pri:PrinterType",
				   "ldap:///x", "http://10.0.0.7/p")),
		"10.0.0.7", m, &n));
}

/* --- what is no answer --- */

static void
a_document_type_a_deep_tree_and_a_long_text_are_refused(void **state)
{
	static char deep[ONVIF_DEPTH_MAX * 3 + 200];
	static char text[ONVIF_TEXT_OCTETS_MAX + 400];
	struct onvif_device d;
	size_t n = 0;

	(void)state;
	/* it would be well-formed */
	T_ERR(ERR_SYNTAX,
	    onvif_device_read(edge("<!DOCTYPE Envelope [<!ENTITY a \"b\">]>"
				   "<Envelope><Model>&a;</Model></Envelope>"),
		&d));
	T_ERR(ERR_SYNTAX,
	    onvif_device_read(edge("<!DOCTYPE Envelope>"
				   "<Envelope><Model>M</Model></Envelope>"),
		&d));
	T_ERR(ERR_SYNTAX,
	    onvif_device_read(edge(ENVELOPE("<Model>&a;</Model>")), &d));
	T_ERR(ERR_SYNTAX, onvif_device_read(edge("<html/>"), &d));
	T_ERR(ERR_SYNTAX, onvif_device_read(edge(""), &d));
	T_ERR(ERR_SYNTAX, onvif_device_read(edge("<Envelope><Body>"), &d));
	n = (size_t)sprintf(deep, "<Envelope>");
	for (int i = 1; i < ONVIF_DEPTH_MAX; i++)
		n += (size_t)sprintf(deep + n, "<a>");
	T_ERR(ERR_SYNTAX, onvif_device_read(t_edge(deep, n), &d));
	n += (size_t)sprintf(deep + n, "<a/>");
	T_ERR(ERR_LIMIT, onvif_device_read(t_edge(deep, n), &d));
	memset(text, 'x', sizeof text);
	memcpy(text, "<Envelope><Model>", 17);
	memcpy(text + sizeof text - 19, "</Model></Envelope>", 19);
	T_ERR(ERR_LIMIT, onvif_device_read(SLICE_OF(text), &d));
	memcpy(text, "<Envelope><Other>", 17);
	memcpy(text + sizeof text - 19, "</Other></Envelope>", 19);
	T_ERR(ERR_MISSING, onvif_device_read(SLICE_OF(text), &d));
}

static void
a_fault_is_a_password_or_a_no(void **state)
{
	struct onvif_device d;

	(void)state;
	T_ERR(ERR_DENIED,
	    onvif_device_read(
		edge(ENVELOPE("<e:Fault><e:Code><e:Value>e:Sender</e:Value>"
			      "<e:Subcode><e:Value>ter:NotAuthorized</e:Value>"
			      "</e:Subcode></e:Code></e:Fault>")),
		&d));
	T_ERR(ERR_UNSUPPORTED,
	    onvif_device_read(
		edge(ENVELOPE(
		    "<e:Fault><e:Code><e:Value>e:Receiver</e:Value>"
		    "<e:Subcode><e:Value>ter:ActionNotSupported</e:Value>"
		    "</e:Subcode></e:Code></e:Fault>")),
		&d));
}

/* --- what cameras say --- */

static void
a_clock_is_read(void **state)
{
	int64_t s;

	(void)state;
	T_OK(onvif_clock_read(
	    edge(ENVELOPE("<R><S><LocalDateTime><Date><Year>1999</Year></Date>"
			  "</LocalDateTime><UTCDateTime><Time><Hour>2</Hour>"
			  "<Minute>3</Minute><Second>4</Second></Time><Date>"
			  "<Year>2026</Year><Month>11</Month><Day>24</Day>"
			  "</Date></UTCDateTime></S></R>")),
	    &s));
	assert_true(s == 1795485784);
	T_ERR(ERR_MISSING,
	    onvif_clock_read(edge(ENVELOPE(
				 "<UTCDateTime><Hour>2</Hour></UTCDateTime>")),
		&s));
}

static void
services_are_paths_alone(void **state)
{
	struct onvif_services s;

	(void)state;
	T_OK(onvif_services_read(
	    edge(ENVELOPE(
		"<R><t:Service><t:Namespace>http://www.onvif.org/ver10/events/"
		"wsdl</t:Namespace><t:XAddr>http://x/ev</t:XAddr></t:Service>"
		"<t:Service><t:XAddr>http://elsewhere:99/m1</t:XAddr>"
		"<t:Namespace>http://www.onvif.org/ver10/media/wsdl"
		"</t:Namespace></t:Service>"
		"<t:Service><t:Namespace>http://www.onvif.org/ver20/media/wsdl"
		"</t:Namespace><t:XAddr>http://elsewhere/m2</t:XAddr>"
		"</t:Service></R>")),
	    &s));
	assert_string_equal(s.media, "/m1");
	assert_string_equal(s.media_2, "/m2");
	T_OK(onvif_services_read(
	    edge(ENVELOPE("<R><Capabilities><Device><XAddr>http://a/d</XAddr>"
			  "</Device><Media><XAddr>http://a/m</XAddr></Media>"
			  "</Capabilities></R>")),
	    &s));
	assert_string_equal(s.media, "/m");
	assert_string_equal(s.media_2, "");
}

static void
profiles_of_both_services_are_read(void **state)
{
	static struct onvif_profile p[ONVIF_PROFILES_MAX];
	size_t n;

	(void)state;
	T_OK(onvif_profiles_read(
	    edge(ENVELOPE(
		"<R><m:Profiles token=\"a&amp;1\"><Name>main</Name>"
		"<VideoSourceConfiguration><Name>no</Name><Bounds width=\"9\"/>"
		"</VideoSourceConfiguration><VideoEncoderConfiguration>"
		"<Name>no</Name><Encoding>H264</Encoding><Resolution><Width>"
		"1920</Width><Height>1080</Height></Resolution><RateControl>"
		"<FrameRateLimit>25</FrameRateLimit><BitrateLimit>4096"
		"</BitrateLimit></RateControl></VideoEncoderConfiguration>"
		"<AudioEncoderConfiguration><Encoding>G711</Encoding>"
		"</AudioEncoderConfiguration></m:Profiles>"
		"<m:Profiles token=\"b\"><Name>sub</Name><Configurations>"
		"<VideoEncoder><Encoding>H265</Encoding><Resolution><Width>640"
		"</Width><Height>360</Height></Resolution><RateControl>"
		"<FrameRateLimit>12.5</FrameRateLimit></RateControl>"
		"</VideoEncoder></Configurations></m:Profiles></R>")),
	    p, &n));
	assert_int_equal(n, 2);
	assert_string_equal(p[0].token, "a&1");
	assert_string_equal(p[0].name, "main");
	assert_int_equal(p[0].codec, ONVIF_H264);
	assert_int_equal(p[0].width, 1920);
	assert_int_equal(p[0].height, 1080);
	assert_int_equal(p[0].fps, 25);
	assert_int_equal(p[0].kbit_s, 4096);
	assert_true(p[0].audio);
	assert_int_equal(p[1].codec, ONVIF_H265);
	assert_int_equal(p[1].fps, 12);
	assert_false(p[1].audio);
}

static void
profiles_past_the_limit_are_left_out(void **state)
{
	static char xml[8192];
	static struct onvif_profile p[ONVIF_PROFILES_MAX];
	size_t n, at = (size_t)sprintf(xml, "<Envelope>");

	(void)state;
	for (int i = 0; i < 2 * ONVIF_PROFILES_MAX; i++)
		at += (size_t)sprintf(xml + at,
		    "<Profiles token=\"%d\"><Name>%d</Name></Profiles>", i, i);
	at += (size_t)sprintf(xml + at, "</Envelope>");
	T_OK(onvif_profiles_read(t_edge(xml, at), p, &n));
	assert_int_equal(n, ONVIF_PROFILES_MAX);
	assert_string_equal(p[ONVIF_PROFILES_MAX - 1].name, "15");
}

static void
a_stream_is_rtsp(void **state)
{
	struct onvif_url u;

	(void)state;
	T_OK(onvif_stream_read(edge(ENVELOPE("<R><MediaUri><Uri>rtsp://"
					     "1.2.3.4:8554/a?b=1&amp;c"
					     "</Uri></MediaUri></R>")),
	    &u));
	assert_int_equal(u.port, 8554);
	assert_string_equal(u.path, "/a?b=1&c");
	T_ERR(ERR_SYNTAX,
	    onvif_stream_read(edge(ENVELOPE("<Uri>http://a/b</Uri>")), &u));
	T_ERR(ERR_MISSING, onvif_stream_read(edge(ENVELOPE("<R/>")), &u));
}

/* --- what we ask --- */

/* Base64(SHA-1(nonce, created, password)), as another program makes it. */
static void
a_password_goes_out_as_a_digest_alone(void **state)
{
	struct onvif_login l = { .user = SLICE_LIT("a<b"),
		.password = SLICE_LIT("userpassword"),
		.camera_now_s = 1284640440 };
	AUTO_BUF struct buf b;
	static const char want[] = "<Created xmlns=\"http://docs.oasis-open.org"
				   "/wss/2004/01/oasis-200401-wss-wssecurity-"
				   "utility-1.0.xsd\">2010-09-16T12:34:00.000Z"
				   "</Created>";

	(void)state;
	memcpy(l.nonce, "0123456789abcdef", 16);
	buf_init(&b, 4096);
	T_OK(onvif_ask_write(ONVIF_DEVICE, "", &l, &b));
	T_OK(buf_append(&b, SLICE_LIT("\0")));
	assert_non_null(strstr((char *)b.at, want));
	assert_non_null(strstr((char *)b.at, "<Username>a&lt;b</Username>"));
	assert_non_null(
	    strstr((char *)b.at, ">MDEyMzQ1Njc4OWFiY2RlZg==</Nonce>"));
	assert_non_null(
	    strstr((char *)b.at, ">5gKZgTZ+GJI5i4WpdrNvX2tb5JY=</Password>"));
	assert_null(strstr((char *)b.at, "userpassword"));
}

/* --- answers over HTTP --- */

static const struct {
	const char *what, *text, *body;
	bool ended;
	enum err want;
} answers[] = {
	{ "a length", "HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\nabcd", "abc",
	    false, ERR_OK },
	{ "chunks",
	    "HTTP/1.1 200 OK\nTransfer-Encoding: chunked\n\n2;x=y\nab\n"
	    "1 \nc\n0\nX: y\n\n",
	    "abc", false, ERR_OK },
	{ "until the end", "HTTP/1.0 200 OK\r\n\r\nabc", "abc", true, ERR_OK },
	{ "no end yet", "HTTP/1.0 200 OK\r\n\r\nabc", "", false, ERR_MORE },
	{ "something before it",
	    "HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 OK\r\n"
	    "Content-Length: 1\r\n\r\na",
	    "a", false, ERR_OK },
	{ "too early an end", "HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\na",
	    "", true, ERR_CLOSED },
	{ "no HTTP", "SSH-2.0-OpenSSH\r\n", "", false, ERR_SYNTAX },
	{ "a length too long",
	    "HTTP/1.1 200 OK\r\nContent-Length: 262145\r\n\r\n", "", false,
	    ERR_LIMIT },
	{ "a chunk too long",
	    "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n40001\r\n",
	    "", false, ERR_LIMIT },
	{ "a length below nothing",
	    "HTTP/1.1 200 OK\r\nContent-Length: -1\r\n\r\n", "", false,
	    ERR_SYNTAX },
	{ "a chunk that is none",
	    "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nxyz\r\n", "",
	    false, ERR_SYNTAX },
};

static void
an_answer_gets_one_verdict(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(answers); i++) {
		AUTO_BUF struct buf body;
		struct http_answer a;
		buf_init(&body, 100);
		const enum err e = http_answer_parse(edge(answers[i].text),
		    answers[i].ended, &body, &a);
		if (e != answers[i].want)
			fail_msg("%s: %s", answers[i].what, err_name(e));
		T_SLICE_EQ(buf_slice(&body), slice_str(answers[i].body));
	}
}

static void
an_answer_asks_for_more_on_every_proper_prefix(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(answers); i++) {
		AUTO_BUF struct buf body = { 0 };
		struct http_answer a;
		if (answers[i].want != ERR_OK || answers[i].ended)
			continue;
		buf_init(&body, 100);
		T_OK(
		    http_answer_parse(edge(answers[i].text), false, &body, &a));
		for (size_t n = 0; n < a.octets; n++) {
			struct http_answer more;
			T_ERR(ERR_MORE,
			    http_answer_parse(t_edge(answers[i].text, n), false,
				&body, &more));
			T_ERR(ERR_CLOSED,
			    http_answer_parse(t_edge(answers[i].text, n), true,
				&body, &more));
		}
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(an_address_is_taken_apart),
		cmocka_unit_test(
		    a_camera_answers_with_its_name_and_its_address),
		cmocka_unit_test(an_address_elsewhere_is_not_taken),
		cmocka_unit_test(a_printer_is_no_camera),
		cmocka_unit_test(
		    a_document_type_a_deep_tree_and_a_long_text_are_refused),
		cmocka_unit_test(a_fault_is_a_password_or_a_no),
		cmocka_unit_test(a_clock_is_read),
		cmocka_unit_test(services_are_paths_alone),
		cmocka_unit_test(profiles_of_both_services_are_read),
		cmocka_unit_test(profiles_past_the_limit_are_left_out),
		cmocka_unit_test(a_stream_is_rtsp),
		cmocka_unit_test(a_password_goes_out_as_a_digest_alone),
		cmocka_unit_test(an_answer_gets_one_verdict),
		cmocka_unit_test(
		    an_answer_asks_for_more_on_every_proper_prefix),
	};

	return T_RUN(tests);
}
