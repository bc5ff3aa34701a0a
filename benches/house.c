#include "benches/house.h"

#include <arpa/inet.h>
#include <dirent.h>
#include <fcntl.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "base/codec.h"
#include "base/obj.h"
#include "crypto/x509.h"
#include "model/body.h"
#include "model/json_read.h"
#include "net/tls.h"
#include "os/clock.h"
#include "proto/http1.h"
#include "proto/ws.h"
#include "unit/t.h"

#define MEDIA_OCTETS "68719476736"

/* --- eavesd --- */

static void
server_start(struct house *h, unsigned port, unsigned device_port, bool tls)
{
	char dir[200], keeper[200], ports[2][16], line[256];
	char program[200], cert[200], key[200];
	unsigned got[2];
	const char *argv[24] = { program, "--dir", dir, "--keeper-dir", keeper,
		"--port", ports[0], "--device-port", ports[1], "--uid-base",
		"0", "--media-octets", MEDIA_OCTETS };

	if (tls) {
		argv[13] = "--tls-cert";
		argv[14] = cert;
		argv[15] = "--tls-key";
		argv[16] = key;
	}
	(void)snprintf(program, sizeof program, "%s/src/eavesd/eavesd",
	    h->build);
	(void)snprintf(dir, sizeof dir, "%s/server", h->folder);
	(void)snprintf(keeper, sizeof keeper, "%s/keeper", h->folder);
	(void)snprintf(cert, sizeof cert, "%s/cert", h->folder);
	(void)snprintf(key, sizeof key, "%s/key", h->folder);
	(void)snprintf(ports[0], sizeof ports[0], "%u", port);
	(void)snprintf(ports[1], sizeof ports[1], "%u", device_port);
	child_start(&h->eavesd, argv);
	line_wait(&h->eavesd, "ready ", line, sizeof line);
	assert_int_equal(sscanf(line, "ready %u %u", &got[0], &got[1]), 2);
	h->app.port = (uint16_t)got[0];
	h->device_port = (uint16_t)got[1];
}

static struct house *open_house;

/* Nothing stays behind when a bench ends early. */
static void
house_drop(void)
{
	if (open_house != NULL)
		house_close(open_house);
}

void
house_open(struct house *h, const char *build, const char *where)
{
	*h = (struct house){ .build = build };
	(void)snprintf(h->folder, sizeof h->folder, "%s/eaves-bench.XXXXXX",
	    where);
	assert_non_null(mkdtemp(h->folder));
	assert_int_equal(atexit(house_drop), 0);
	open_house = h;
	T_OK(crypto_init());
	server_start(h, 0, 0, false);
}

void
house_close(struct house *h)
{
	char command[256];

	open_house = NULL;
	child_stop(&h->hub);
	child_stop(&h->eavesd);
	SSL_CTX_free(h->tls);
	h->tls = NULL;
	(void)snprintf(command, sizeof command, "rm -rf '%s'", h->folder);
	assert_int_equal(system(command), 0);
}

void
house_check(struct house *h)
{
	char command[600], said[256];

	child_stop(&h->eavesd);
	(void)snprintf(command, sizeof command,
	    "'%s/src/eavesd/eaves-fsck' '%s/server' '%s/keeper'", h->build,
	    h->folder, h->folder);
	FILE *f = popen(command, "re");
	assert_non_null(f);
	const bool any = fgets(said, sizeof said, f) != NULL;
	const bool more = fgets(command, sizeof command, f) != NULL;
	if (pclose(f) != 0 || !any || more)
		fail_msg("eaves-fsck: %s", any ? said : "nothing");
}

static void
file_write_all(const char *folder, const char *name, struct slice s)
{
	char path[256];

	(void)snprintf(path, sizeof path, "%s/%s", folder, name);
	FILE *f = fopen(path, "we");
	assert_non_null(f);
	assert_int_equal(fwrite(s.at, 1, s.len, f), s.len);
	assert_int_equal(fclose(f), 0);
}

void
house_restart_tls(struct house *h)
{
	AUTO_BUF struct buf key, cert;

	buf_init(&key, 4096);
	buf_init(&cert, 4096);
	T_OK(p256_make(&key));
	T_OK(certificate_make(buf_slice(&key), clock_day(), 2, &cert));
	file_write_all(h->folder, "key", buf_slice(&key));
	file_write_all(h->folder, "cert", buf_slice(&cert));
	child_stop(&h->eavesd);
	server_start(h, h->app.port, h->device_port, true);
}

size_t
processes_under(pid_t pid, pid_t *ret_pids, size_t room)
{
	char path[64];
	size_t n = 0;

	(void)snprintf(path, sizeof path, "/proc/%d/task/%d/children", (int)pid,
	    (int)pid);
	FILE *f = fopen(path, "re");
	if (f == NULL)
		return 0;
	for (int child; n < room && fscanf(f, "%d", &child) == 1;)
		ret_pids[n++] = (pid_t)child;
	(void)fclose(f);
	return n;
}

bool
process_has_word(pid_t pid, const char *word)
{
	char path[64], text[1024];

	(void)snprintf(path, sizeof path, "/proc/%d/cmdline", (int)pid);
	FILE *f = fopen(path, "re");
	if (f == NULL)
		return false;
	const size_t n = fread(text, 1, sizeof text, f);
	(void)fclose(f);
	return memmem(text, n, word, strlen(word) + 1) != NULL;
}

pid_t
house_role(const struct house *h, const char *role)
{
	pid_t pids[8];
	const size_t n = processes_under(h->eavesd.pid, pids, COUNT(pids));

	for (size_t i = 0; i < n; i++)
		if (process_has_word(pids[i], role))
			return pids[i];
	return 0;
}

size_t
house_segments(const struct house *h)
{
	char path[256];
	size_t n = 0;

	(void)snprintf(path, sizeof path, "%s/server/segments", h->folder);
	DIR *d = opendir(path);
	if (d == NULL)
		return 0;
	for (const struct dirent *e; (e = readdir(d)) != NULL;)
		n += e->d_name[0] != '.';
	(void)closedir(d);
	return n;
}

/* --- the real hub --- */

void
house_hub(struct house *h, const char *const *cameras, size_t count)
{
	char program[200], dir[200], server[32], pin[80] = { 0 }, path[200];
	char url[64], line[512];
	const char *argv[16 + 2 * HUB_CAMERAS_MAX] = { program, "--dir", dir,
		"--server", server, "--pin", pin, "--link-url", url,
		"--uid-base", "0" };
	size_t n = 11;

	assert_true(count <= HUB_CAMERAS_MAX);
	for (size_t i = 0; i < count; i++) {
		argv[n++] = "--camera";
		argv[n++] = cameras[i];
	}
	(void)snprintf(program, sizeof program, "%s/src/hub/eaves-hub",
	    h->build);
	(void)snprintf(dir, sizeof dir, "%s/hub", h->folder);
	(void)snprintf(server, sizeof server, "127.0.0.1:%u", h->device_port);
	(void)snprintf(url, sizeof url, "http://localhost:%u", h->app.port);
	(void)snprintf(path, sizeof path, "%s/server/device.pin", h->folder);
	const int fd = open(path, O_RDONLY | O_CLOEXEC);
	assert_true(fd >= 0 && read(fd, pin, 64) == 64);
	(void)close(fd);
	child_start(&h->hub, argv);
	line_wait(&h->hub, "link ", line, sizeof line);
	app_link(&h->app, line);
	app_sign_up(&h->app);
	app_pair(&h->app);
}

/* --- a hub that is nothing but its channel --- */

static SSL *
device_connect(const struct house *h)
{
	const struct sockaddr_in to = { .sin_family = AF_INET,
		.sin_port = htons(h->device_port),
		.sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	const int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	const int one = 1;
	SSL *ssl = SSL_new(h->tls);

	assert_non_null(ssl);
	assert_int_equal(connect(fd, (const struct sockaddr *)(const void *)&to,
			     sizeof to),
	    0);
	(void)setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
	assert_int_equal(SSL_set_fd(ssl, fd), 1);
	assert_int_equal(SSL_connect(ssl), 1);
	return ssl;
}

static void
device_close(SSL *ssl)
{
	const int fd = SSL_get_fd(ssl);

	SSL_free(ssl);
	(void)close(fd);
}

static void
octets_send(SSL *ssl, struct slice s)
{
	while (s.len != 0) {
		const int n = SSL_write(ssl, s.at, (int)s.len);

		assert_true(n > 0);
		s = slice_skip(s, (size_t)n);
	}
}

static void
octets_more(SSL *ssl, struct buf *in)
{
	uint8_t *at;

	T_OK(buf_reserve(in, 16384, &at));
	const int n = SSL_read(ssl, at, 16384);
	assert_true(n > 0);
	in->len += (size_t)n;
}

static void
device_ask(struct house *h, const char *path, json_t *body)
{
	SSL *ssl = device_connect(h);
	AUTO_BUF struct buf text, in;
	struct http_head head;
	char line[256];

	buf_init(&text, 65536);
	buf_init(&in, 1 << 20);
	T_OK(body_put(body, &text));
	const int n = snprintf(line, sizeof line,
	    "POST %s HTTP/1.1\r\nHost: localhost\r\nContent-Type: "
	    "application/json\r\nContent-Length: %zu\r\n\r\n",
	    path, text.len);
	octets_send(ssl, slice_make(line, (size_t)n));
	octets_send(ssl, buf_slice(&text));
	while (http_response_parse(buf_slice(&in), &head) != ERR_OK)
		octets_more(ssl, &in);
	assert_int_equal(head.status, 200);
	device_close(ssl);
}

static void
device_make(struct house *h)
{
	AUTO_BUF struct buf key, cert, csr;

	buf_init(&key, 4096);
	buf_init(&cert, 4096);
	buf_init(&csr, CSR_OCTETS_MAX);
	T_OK(p256_make(&key));
	T_OK(certificate_make(buf_slice(&key), clock_day(), 2, &cert));
	T_OK(csr_make(buf_slice(&key), &csr));
	T_OK(key_spki_hash(buf_slice(&key), h->app.hub.spki));
	T_OK(tls_context(TLS_CLIENT, buf_slice(&cert), buf_slice(&key),
	    &h->tls));
	device_ask(h, "/device/enroll",
	    json_pack("{s:o}", "csr", body_b64(buf_slice(&csr))));
}

void
house_device(struct house *h, size_t streams)
{
	struct app *a = &h->app;

	assert_true(streams <= APP_CAMERAS_MAX);
	device_make(h);
	octets_random(&a->link, sizeof a->link);
	device_ask(h, "/device/link",
	    json_pack("{s:o,s:o}", "id", body_id(&a->link.id), "secret",
		body_b64(key_slice(&a->link.secret))));
	app_sign_up(a);
	octets_random(&a->hub.id, sizeof a->hub.id);
	a->h.hub[a->h.hub_count++] = a->hub;
	a->camera_count = streams;
	for (size_t i = 0; i < streams; i++)
		octets_random(&a->camera[i], sizeof a->camera[i]);
	app_write(a, NULL, 0);
}

static void
text_send(SSL *ssl, json_t *o)
{
	static const uint8_t mask[4];
	uint8_t head[WS_HEAD_OCTETS_MAX];
	AUTO_BUF struct buf text;

	buf_init(&text, 4096);
	T_OK(body_put(o, &text));
	octets_send(ssl,
	    slice_make(head, ws_head_write(WS_TEXT, text.len, mask, head)));
	octets_send(ssl, buf_slice(&text));
}

/* Messages of the server until one has that "t". */
static json_t *
text_until(SSL *ssl, struct buf *in, const char *t)
{
	for (;;) {
		struct ws_head w;
		json_t *o = NULL;

		while (ws_head_parse(buf_slice(in), false, 1 << 20, &w) !=
			   ERR_OK ||
		       in->len - w.head_octets < w.payload_octets)
			octets_more(ssl, in);
		if (w.opcode == WS_TEXT)
			T_OK(json_text_parse(slice_make(in->at + w.head_octets,
						 (size_t)w.payload_octets),
			    1 << 20, &o));
		buf_consume(in, w.head_octets + (size_t)w.payload_octets);
		const char *said = json_string_value(json_object_get(o, "t"));
		if (said != NULL && strcmp(said, t) == 0)
			return o;
		json_decref(o);
	}
}

SSL *
house_uplink(struct house *h, uint32_t *ret_slots)
{
	static const char
	    request[] = "GET /device/uplink HTTP/1.1\r\nHost: localhost\r\n"
			"Upgrade: websocket\r\nConnection: Upgrade\r\n"
			"Sec-WebSocket-Version: 13\r\n"
			"Sec-WebSocket-Protocol: eaves.uplink.1\r\n"
			"Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n";
	SSL *ssl = device_connect(h);
	AUTO_BUF struct buf in;
	struct http_head head;

	buf_init(&in, 1 << 20);
	octets_send(ssl, slice_str(request));
	while (http_response_parse(buf_slice(&in), &head) != ERR_OK)
		octets_more(ssl, &in);
	assert_int_equal(head.status, 101);
	buf_consume(&in, head.octets);
	json_decref(text_until(ssl, &in, "welcome"));
	for (size_t i = 0; i < h->app.camera_count; i++) {
		text_send(ssl, json_pack("{s:s,s:o}", "t", "open", "stream",
				   body_id(&h->app.camera[i].stream)));
		json_t *o = text_until(ssl, &in, "opened");
		ret_slots[i] = (uint32_t)json_integer_value(
		    json_object_get(o, "slot"));
		json_decref(o);
	}
	return ssl;
}

/* --- /proc --- */

static FILE *
process_file(pid_t pid, const char *name)
{
	char path[64];

	(void)snprintf(path, sizeof path, "/proc/%d/%s", (int)pid, name);
	return fopen(path, "re");
}

double
process_cpu_s(pid_t pid)
{
	struct timespec t;
	clockid_t clock;

	if (clock_getcpuclockid(pid, &clock) != 0 ||
	    clock_gettime(clock, &t) == -1)
		return 0;
	return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

bool
process_is_named(pid_t pid, const char *name)
{
	char text[64] = "";
	FILE *f = process_file(pid, "comm");

	if (f == NULL)
		return false;
	const bool any = fgets(text, sizeof text, f) != NULL;
	(void)fclose(f);
	return any && strncmp(text, name, strlen(name)) == 0;
}

unsigned long
process_pss_kb(pid_t pid)
{
	unsigned long kb = 0;
	char text[256];
	FILE *f = process_file(pid, "smaps_rollup");

	if (f == NULL)
		return 0;
	while (fgets(text, sizeof text, f) != NULL &&
	       sscanf(text, "Pss: %lu", &kb) != 1)
		;
	(void)fclose(f);
	return kb;
}

unsigned
process_fds(pid_t pid)
{
	char path[64];
	unsigned n = 0;

	(void)snprintf(path, sizeof path, "/proc/%d/fd", (int)pid);
	DIR *d = opendir(path);
	if (d == NULL)
		return 0;
	for (const struct dirent *e; (e = readdir(d)) != NULL;)
		n += e->d_name[0] != '.';
	(void)closedir(d);
	return n;
}

double
clock_s(void)
{
	struct timespec t;

	(void)clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}
