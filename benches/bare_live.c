/*
 * bare_live.c - the limit for a live picture: the least that seals access
 * units and brings them to a canvas. One key, AES-256-GCM, one WebSocket, one
 * page; no accounts, no signatures, no runs, no recording, one viewer.
 *
 *   feed ... | bare-live     prints `port N`; units on standard input
 */
#include <arpa/inet.h>
#include <netinet/tcp.h>
#include <openssl/evp.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#define UNIT_MAX (4u << 20)

static const char page[] =
    "<!doctype html><canvas></canvas><script>\n"
    "const canvas = document.querySelector('canvas'), rows = window.rows = "
    "[];\n"
    "const code = `onmessage = async ({ data: { canvas, port } }) => {\n"
    "  const c = canvas.getContext('2d', { alpha: false }), times = new "
    "Map();\n"
    "  const key = await crypto.subtle.importKey('raw', new Uint8Array(32), "
    "'AES-GCM', false, ['decrypt']);\n"
    "  let n = 0, ready = false, chain = Promise.resolve();\n"
    "  const d = new VideoDecoder({ error: e => postMessage(String(e)), "
    "output: f => {\n"
    "    if (canvas.width !== f.displayWidth) { canvas.width = f.displayWidth; "
    "canvas.height = f.displayHeight; }\n"
    "    c.drawImage(f, 0, 0); const t = times.get(f.timestamp); "
    "times.delete(f.timestamp); f.close();\n"
    "    postMessage(performance.timeOrigin + performance.now() - t); } });\n"
    "  const ws = new WebSocket('ws://localhost:' + port + '/ws'); "
    "ws.binaryType = 'arraybuffer';\n"
    "  ws.onmessage = e => { const v = new DataView(e.data), b = new "
    "Uint8Array(e.data), isKey = b[12] === 1;\n"
    "    const p = crypto.subtle.decrypt({ name: 'AES-GCM', iv: b.subarray(0, "
    "12) }, key, b.subarray(21));\n"
    "    chain = chain.then(() => p).then(a => { a = new Uint8Array(a);\n"
    "      if (!ready) { if (!isKey) return; let i = 0; while (!(a[i] === 0 && "
    "a[i + 1] === 0 && a[i + 2] === 1 && (a[i + 3] & 31) === 7)) i++;\n"
    "        d.configure({ codec: 'avc1.' + [a[i + 4], a[i + 5], a[i + "
    "6]].map(x => x.toString(16).padStart(2, '0')).join(''), "
    "optimizeForLatency: true });\n"
    "        ready = true; }\n"
    "      times.set(++n, Number(v.getBigUint64(13)) / 1000);\n"
    "      d.decode(new EncodedVideoChunk({ type: isKey ? 'key' : 'delta', "
    "timestamp: n, data: a })); }); }; };`;\n"
    "const w = new Worker(URL.createObjectURL(new Blob([code])));\n"
    "w.onmessage = e => rows.push(e.data);\n"
    "const off = canvas.transferControlToOffscreen();\n"
    "w.postMessage({ canvas: off, port: location.port }, [off]);\n"
    "</script>";

static void
must(int ok, const char *what)
{
	if (ok)
		return;
	perror(what);
	exit(1);
}

static void
all_write(int fd, const void *from, size_t n)
{
	const char *at = from;

	while (n != 0) {
		const ssize_t k = send(fd, at, n, 0);
		must(k > 0, "write");
		at += k;
		n -= (size_t)k;
	}
}

static void
all_read(int fd, void *to, size_t n)
{
	char *at = to;

	while (n != 0) {
		const ssize_t k = read(fd, at, n);
		must(k > 0, "read");
		at += k;
		n -= (size_t)k;
	}
}

/* Serves the page until somebody upgrades; that socket. */
static int
viewer_wait(int listener)
{
	for (;;) {
		const int fd = accept(listener, NULL, NULL), one = 1;
		char in[8192] = "", out[512], key[128], accept_key[64];
		unsigned char digest[EVP_MAX_MD_SIZE];
		size_t len = 0;

		(void)setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one,
		    sizeof one);
		must(read(fd, in, sizeof in - 1) > 0, "request");
		const char *k = strcasestr(in, "sec-websocket-key: ");
		if (k == NULL) {
			const int n = snprintf(out, sizeof out,
			    "HTTP/1.1 200 OK\r\nContent-Type: text/html\r\n"
			    "Content-Length: %zu\r\nConnection: close\r\n\r\n",
			    sizeof page - 1);
			all_write(fd, out, (size_t)n);
			all_write(fd, page, sizeof page - 1);
			(void)close(fd);
			continue;
		}
		(void)snprintf(key, sizeof key,
		    "%.24s258EAFA5-E914-47DA-95CA-C5AB0DC85B11", k + 19);
		must(EVP_Q_digest(NULL, "SHA1", NULL, key, strlen(key), digest,
			 &len) == 1,
		    "SHA1");
		(void)EVP_EncodeBlock((unsigned char *)accept_key, digest, 20);
		const int n = snprintf(out, sizeof out,
		    "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\n"
		    "Connection: Upgrade\r\nSec-WebSocket-Accept: %s\r\n\r\n",
		    accept_key);
		all_write(fd, out, (size_t)n);
		return fd;
	}
}

/* nonce 12 | key 1 | time 8 | ciphertext | tag */
static size_t
seal(const unsigned char *head, const unsigned char *unit, size_t n,
    unsigned char *to)
{
	static const unsigned char key[32];
	static unsigned long counter;
	EVP_CIPHER_CTX *c = EVP_CIPHER_CTX_new();
	int len;

	memset(to, 0, 12);
	counter++;
	memcpy(to, &counter, sizeof counter);
	to[12] = head[3] & 1;
	memcpy(to + 13, head + 4, 8);
	must(EVP_EncryptInit_ex(c, EVP_aes_256_gcm(), NULL, key, to) == 1 &&
		 EVP_EncryptUpdate(c, to + 21, &len, unit, (int)n) == 1 &&
		 EVP_EncryptFinal_ex(c, to + 21 + n, &len) == 1 &&
		 EVP_CIPHER_CTX_ctrl(c, EVP_CTRL_GCM_GET_TAG, 16,
		     to + 21 + n) == 1,
	    "AES-GCM");
	EVP_CIPHER_CTX_free(c);
	return 21 + n + 16;
}

static void
frame_send(int fd, const unsigned char *at, size_t n)
{
	unsigned char head[10] = { 0x82, 127 };
	size_t head_octets = 10;

	if (n < 65536) {
		head[1] = 126;
		head[2] = (unsigned char)(n >> 8);
		head[3] = (unsigned char)n;
		head_octets = 4;
	} else
		for (int i = 0; i < 8; i++)
			head[2 + i] = (unsigned char)(n >> (56 - 8 * i));
	all_write(fd, head, head_octets);
	all_write(fd, at, n);
}

int
main(void)
{
	struct sockaddr_in a = { .sin_family = AF_INET,
		.sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	socklen_t len = sizeof a;
	unsigned char head[20], *unit = malloc(UNIT_MAX);
	unsigned char *sealed = malloc(UNIT_MAX + 64);

	(void)signal(SIGPIPE, SIG_IGN);
	const int listener = socket(AF_INET, SOCK_STREAM, 0);
	must(bind(listener, (struct sockaddr *)&a, sizeof a) == 0, "bind");
	must(listen(listener, 8) == 0, "listen");
	(void)getsockname(listener, (struct sockaddr *)&a, &len);
	(void)printf("port %u\n", ntohs(a.sin_port));
	(void)fflush(stdout);
	int viewer = -1;
	for (;;) {
		struct pollfd p = { .fd = listener, .events = POLLIN };

		if (viewer == -1 && poll(&p, 1, 0) == 1)
			viewer = viewer_wait(listener);
		all_read(0, head, sizeof head);
		const size_t n = (size_t)head[16] << 24 |
				 (size_t)head[17] << 16 |
				 (size_t)head[18] << 8 | head[19];
		must(n <= UNIT_MAX, "unit");
		all_read(0, unit, n);
		if (viewer != -1 && head[2] == 1)
			frame_send(viewer, sealed, seal(head, unit, n, sealed));
	}
}
