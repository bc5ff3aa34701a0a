/*
 * bare_seek.c - the limit for a seek: the same clip for as long, unsealed in
 * one file, from a file server that knows ranges; an index of offsets that is
 * read once; one page. No accounts, no seals, no marks, no rows.
 *
 *   bare-seek FOLDER FILM FPS SECONDS     prints `port N` when all is written
 *
 * The file: units, each behind its length. The index: for each group that
 * begins with a key frame offset f64, octets f64, its first unit's number f64.
 */
#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/tcp.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/sendfile.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

static const char page[] =
    "<!doctype html><body style='margin:0'><canvas></canvas>"
    "<div id=bar style='position:fixed;bottom:0;left:0;width:100%;height:56px'>"
    "</div><script>\n"
    "const canvas = document.querySelector('canvas'), bar = "
    "document.querySelector('#bar');\n"
    "const code = `\n"
    "  let c, canvas, fps, index, seconds, want = -1, key = -1, drawn = "
    "false;\n"
    "  const d = new VideoDecoder({ error: e => postMessage(String(e)), "
    "output: f => {\n"
    "    const first = f.timestamp === key && !drawn, exact = f.timestamp === "
    "want;\n"
    "    if (first || exact) {\n"
    "      if (canvas.width !== f.displayWidth) { canvas.width = "
    "f.displayWidth; canvas.height = f.displayHeight; }\n"
    "      c.drawImage(f, 0, 0); drawn = true; postMessage({ number: "
    "f.timestamp, exact }); }\n"
    "    f.close(); } });\n"
    "  const group = n => { let lo = 0, hi = index.length / 3 - 1;\n"
    "    while (lo < hi) { const m = (lo + hi + 1) >> 1; if (index[m * 3 + 2] "
    "<= n) lo = m; else hi = m - 1; }\n"
    "    return lo; };\n"
    "  const seek = async time => {\n"
    "    const n = Math.floor(time * fps), g = group(n), [at, octets, first] = "
    "index.subarray(g * 3, g * 3 + 3);\n"
    "    const r = await fetch('/media', { cache: 'no-store', headers: { "
    "Range: 'bytes=' + at + '-' + (at + octets - 1) } });\n"
    "    const b = new Uint8Array(await r.arrayBuffer()), v = new "
    "DataView(b.buffer);\n"
    "    d.reset(); let i = 4; while (!(b[i] === 0 && b[i + 1] === 0 && b[i + "
    "2] === 1 && (b[i + 3] & 31) === 7)) i++;\n"
    "    d.configure({ codec: 'avc1.' + [b[i + 4], b[i + 5], b[i + 6]].map(x "
    "=> x.toString(16).padStart(2, '0')).join(''), optimizeForLatency: true "
    "});\n"
    "    want = n; key = first; drawn = n - first < 4;\n"
    "    for (let p = 0, k = first; k <= n; k++) { const len = "
    "v.getUint32(p);\n"
    "      d.decode(new EncodedVideoChunk({ type: k === first ? 'key' : "
    "'delta', timestamp: k, data: b.subarray(p + 4, p + 4 + len) }));\n"
    "      p += 4 + len; } };\n"
    "  onmessage = async ({ data }) => {\n"
    "    if (data.canvas) { ({ canvas, fps } = data); c = "
    "canvas.getContext('2d', { alpha: false });\n"
    "      index = new Float64Array(await (await "
    "fetch('/index')).arrayBuffer()); postMessage('ready'); }\n"
    "    else seek(data.seek); };`;\n"
    "const w = new Worker(URL.createObjectURL(new Blob(['const location = "
    "0;' + code.replaceAll(\"fetch('\", \"fetch('\" + location.origin)])));\n"
    "w.onmessage = ({ data }) => { if (data.number === undefined) "
    "document.title = data;\n"
    "  else dispatchEvent(new CustomEvent('bare-drawn', { detail: data })); "
    "};\n"
    "const off = canvas.transferControlToOffscreen();\n"
    "const [, fps, seconds] = location.hash.split('/').map(Number);\n"
    "w.postMessage({ canvas: off, fps }, [off]);\n"
    "bar.onpointerup = e => w.postMessage({ seek: e.clientX / innerWidth * "
    "seconds });\n"
    "</script>";

static void
must(int ok, const char *what)
{
	if (ok)
		return;
	perror(what);
	exit(1);
}

static unsigned char *
file_whole(const char *name, size_t *ret_len)
{
	const int fd = open(name, O_RDONLY);
	struct stat st;

	must(fd != -1 && fstat(fd, &st) == 0, name);
	unsigned char *at = malloc((size_t)st.st_size);
	must(read(fd, at, (size_t)st.st_size) == st.st_size, name);
	(void)close(fd);
	*ret_len = (size_t)st.st_size;
	return at;
}

/* Octets up to the next access unit delimiter; *ret_key: it holds an IDR. */
static size_t
unit_octets(const unsigned char *at, size_t len, int *ret_key)
{
	*ret_key = 0;
	for (size_t i = 0; i + 4 < len; i++) {
		if (at[i] != 0 || at[i + 1] != 0 || at[i + 2] != 1)
			continue;
		if ((at[i + 3] & 31) == 5)
			*ret_key = 1;
		if ((at[i + 3] & 31) == 9 && i > 1)
			return at[i - 1] == 0 ? i - 1 : i;
	}
	return len;
}

static void
day_write(const unsigned char *film, size_t len, unsigned long units)
{
	FILE *media = fopen("day.media", "we"),
	     *index = fopen("day.index", "we");
	double group[3] = { 0, 0, 0 }, at = 0;
	size_t from = 0;

	must(media != NULL && index != NULL, "day");
	for (unsigned long n = 0; n <= units; n++) {
		int key;

		from = from == len ? 0 : from;
		const size_t k = unit_octets(film + from, len - from, &key);
		if (n != 0 && (key || n == units)) {
			group[1] = at - group[0];
			must(fwrite(group, sizeof group, 1, index) == 1,
			    "index");
			group[0] = at;
			group[2] = (double)n;
		}
		if (n == units)
			break;
		const uint32_t octets = htonl((uint32_t)k);
		must(fwrite(&octets, 4, 1, media) == 1 &&
			 fwrite(film + from, k, 1, media) == 1,
		    "media");
		from += k;
		at += 4 + (double)k;
	}
	must(fclose(media) == 0 && fclose(index) == 0, "day");
}

static void
all_send(int to, const void *from, size_t n)
{
	must(send(to, from, n, MSG_MORE) == (ssize_t)n, "send");
}

/* A file, or the range of it that the request asks for. */
static void
file_send(int to, const char *name, const char *request)
{
	const char *range = strcasestr(request, "range: bytes=");
	const int fd = open(name, O_RDONLY);
	long from = 0, last;
	char head[256];
	struct stat st;

	must(fd != -1 && fstat(fd, &st) == 0, name);
	last = st.st_size - 1;
	if (range != NULL)
		(void)sscanf(range + 13, "%ld-%ld", &from, &last);
	const int n = snprintf(head, sizeof head,
	    "HTTP/1.1 %s\r\nContent-Length: %ld\r\nContent-Range: bytes "
	    "%ld-%ld/%ld\r\n\r\n",
	    range == NULL ? "200 OK" : "206 Partial Content", last + 1 - from,
	    from, last, (long)st.st_size);
	all_send(to, head, (size_t)n);
	for (off_t at = from; at <= last;)
		must(sendfile(to, fd, &at, (size_t)(last + 1 - at)) > 0,
		    "sendfile");
	(void)close(fd);
}

static void
client_serve(int fd)
{
	char in[8192], head[128];
	const int one = 1;
	ssize_t got;

	(void)setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
	while ((got = read(fd, in, sizeof in - 1)) > 0) {
		in[got] = '\0';
		if (strncmp(in, "GET /media ", 11) == 0)
			file_send(fd, "day.media", in);
		else if (strncmp(in, "GET /index ", 11) == 0)
			file_send(fd, "day.index", in);
		else {
			const int n = snprintf(head, sizeof head,
			    "HTTP/1.1 200 OK\r\nContent-Type: text/html\r\n"
			    "Content-Length: %zu\r\n\r\n",
			    sizeof page - 1);
			all_send(fd, head, (size_t)n);
			must(write(fd, page, sizeof page - 1) ==
				 (ssize_t)sizeof page - 1,
			    "page");
		}
	}
}

int
main(int argc, char **argv)
{
	struct sockaddr_in a = { .sin_family = AF_INET,
		.sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	socklen_t len = sizeof a;
	size_t octets;

	if (argc != 5)
		return 2;
	(void)signal(SIGCHLD, SIG_IGN);
	(void)signal(SIGPIPE, SIG_IGN);
	const unsigned char *film = file_whole(argv[2], &octets);
	must(chdir(argv[1]) == 0, argv[1]);
	day_write(film, octets,
	    strtoul(argv[3], NULL, 10) * strtoul(argv[4], NULL, 10));
	const int listener = socket(AF_INET, SOCK_STREAM, 0);
	must(bind(listener, (struct sockaddr *)&a, sizeof a) == 0, "bind");
	must(listen(listener, 8) == 0, "listen");
	(void)getsockname(listener, (struct sockaddr *)&a, &len);
	(void)printf("port %u\n", ntohs(a.sin_port));
	(void)fflush(stdout);
	for (;;) {
		const int fd = accept(listener, NULL, NULL);
		const pid_t child = fork(); /* one for each connection */

		if (child == 0) {
			client_serve(fd);
			_exit(0);
		}
		(void)close(fd);
	}
}
