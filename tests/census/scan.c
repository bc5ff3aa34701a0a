/*
 * scan.c - looks for canaries in everything that a server keeps.
 *
 *   census-scan NEEDLES PATH...     exit 0 none found, 1 found, 2 trouble
 *   census-scan --controls NEEDLES  each form must be found where planted
 *
 * NEEDLES has a line `label TAB value` for each canary. Each value is searched
 * in every form that a careless program would leave it in: see forms_of().
 * A PATH is a file or a folder, walked without following links. Compressed
 * members (gzip, zlib) are opened wherever they begin and searched too.
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <openssl/evp.h>
#include <zlib.h>

#include "base/buf.h"
#include "base/obj.h"
#include "tests/census/trie.h"

#define FILE_OCTETS_MAX    (512u << 20)
#define INFLATE_OCTETS_MAX (16u << 20)
#define NEEDLES_MAX        256
#define LABEL_MAX          64

struct needle {
	char label[LABEL_MAX];
	struct buf value;
};

struct found {
	const char *where;
	size_t count;
};

static struct needle needles[NEEDLES_MAX];
static size_t needle_count;
static struct trie trie;

static void
die(const char *what, const char *which)
{
	(void)fprintf(stderr, "census-scan: %s: %s\n", what, which);
	exit(2);
}

static void
plant(size_t needle, const char *form, struct slice octets)
{
	/* shorter ones would be found everywhere by chance */
	if (octets.len >= 8 && !trie_add(&trie, octets, needle, form))
		die("too many forms", form);
}

static void
plant_hex(size_t n, const char *low, const char *up, struct slice v)
{
	char text[2048];

	for (int upper = 0; upper < 2; upper++) {
		size_t len = 0;

		for (size_t i = 0; i < v.len && len + 3 < sizeof text; i++)
			len += (size_t)snprintf(text + len, 3,
			    upper ? "%02X" : "%02x", v.at[i]);
		plant(n, upper ? up : low, slice_make(text, len));
	}
}

/*
 * base64 of the value at each of the three places where it may begin, without
 * the digits that depend on its neighbours.
 */
static void
plant_base64(size_t n, const char *form, struct slice v)
{
	static const char *const digits[] = {
		"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
		"0123456789+/",
		"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
		"0123456789-_",
	};

	for (size_t a = 0; a < COUNT(digits); a++)
		for (size_t shift = 0; shift < 3; shift++) {
			const size_t bits = 8 * (shift + v.len);
			char text[1024];
			size_t len = 0;

			for (size_t d = (8 * shift + 5) / 6;
			     6 * d + 6 <= bits && len < sizeof text; d++) {
				unsigned six = 0;

				for (size_t b = 6 * d; b < 6 * d + 6; b++)
					six = six << 1 | (v.at[b / 8 - shift] >>
								 (7 - b % 8) &
							     1u);
				text[len++] = digits[a][six];
			}
			plant(n, form, slice_make(text, len));
		}
}

static void
plant_wide(size_t n, struct slice v)
{
	uint8_t wide[2048];

	if (2 * v.len > sizeof wide)
		die("canary too long", needles[n].label);
	for (size_t low_first = 0; low_first < 2; low_first++) {
		memset(wide, 0, sizeof wide);
		for (size_t i = 0; i < v.len; i++)
			wide[2 * i + (low_first ? 0 : 1)] = v.at[i];
		plant(n, low_first ? "UTF-16LE" : "UTF-16BE",
		    slice_make(wide, 2 * v.len));
	}
}

static void
plant_spelled(size_t n, struct slice v)
{
	static const struct {
		const char *form, *before, *digits;
	} ways[] = { { "percent", "%", "0123456789ABCDEF" },
		{ "percent", "%", "0123456789abcdef" },
		{ "JSON escape", "\\u00", "0123456789abcdef" },
		{ "JSON escape", "\\u00", "0123456789ABCDEF" },
		{ "C escape", "\\x", "0123456789abcdef" } };
	char text[8192];

	for (size_t w = 0; w < COUNT(ways); w++) {
		size_t len = 0;

		for (size_t i = 0; i < v.len && len + 8 < sizeof text; i++)
			len += (size_t)snprintf(text + len, 8, "%s%c%c",
			    ways[w].before, ways[w].digits[v.at[i] >> 4],
			    ways[w].digits[v.at[i] & 15]);
		plant(n, ways[w].form, slice_make(text, len));
	}
}

static void
plant_hashes(size_t n, struct slice v)
{
	static const char *const names[] = { "MD5", "SHA1", "SHA256", "SHA512",
		"BLAKE2b512" };

	for (size_t i = 0; i < COUNT(names); i++) {
		uint8_t digest[EVP_MAX_MD_SIZE];
		size_t len = 0;

		if (EVP_Q_digest(NULL, names[i], NULL, v.at, v.len, digest,
			&len) != 1)
			die("no digest", names[i]);
		const struct slice d = slice_make(digest, len);
		plant(n, names[i], d);
		plant_hex(n, names[i], names[i], d);
		plant_base64(n, names[i], d);
	}
}

static void
forms_of(size_t n)
{
	const struct slice v = buf_slice(&needles[n].value);
	uint8_t back[1024];

	plant(n, "raw", v);
	plant_hex(n, "hex", "HEX", v);
	plant_base64(n, "base64", v);
	plant_wide(n, v);
	plant_spelled(n, v);
	for (size_t i = 0; i < v.len && i < sizeof back; i++)
		back[i] = v.at[v.len - 1 - i];
	plant(n, "reversed", slice_make(back, v.len));
	plant_hashes(n, v);
}

static void
needles_read(const char *path)
{
	char line[1200];
	FILE *f = fopen(path, "r");

	if (f == NULL)
		die("cannot read", path);
	while (fgets(line, sizeof line, f) != NULL) {
		char *tab = strchr(line, '\t');
		struct needle *n = &needles[needle_count];

		if (tab == NULL || needle_count == NEEDLES_MAX)
			die("not a list of canaries", path);
		*tab = '\0';
		tab[1 + strcspn(tab + 1, "\n")] = '\0';
		(void)snprintf(n->label, sizeof n->label, "%.*s", LABEL_MAX - 1,
		    line);
		buf_init(&n->value, 1024);
		if (strlen(tab + 1) < 8 ||
		    buf_append(&n->value, slice_str(tab + 1)) != ERR_OK)
			die("a canary needs 8 to 512 octets", n->label);
		forms_of(needle_count++);
	}
	(void)fclose(f);
	trie_link(&trie);
}

static void
report(void *ctx, size_t needle, const char *form, size_t offset)
{
	struct found *found = ctx;

	found->count++;
	if (found->where != NULL)
		(void)printf("hit %s at %zu: %s as %s\n", found->where, offset,
		    needles[needle].label, form);
}

/* What begins at `in`, inflated up to a limit; empty when nothing opens. */
static enum err
inflate_here(struct slice in, int window_bits, struct buf *out)
{
	z_stream z = { .next_in = (Bytef *)(uintptr_t)in.at,
		.avail_in = (uInt)in.len };
	uint8_t *at;
	int r;

	if (inflateInit2(&z, window_bits) != Z_OK)
		return ERR_NOMEM;
	do {
		if (buf_reserve(out, 65536, &at) != ERR_OK)
			break;
		z.next_out = at;
		z.avail_out = 65536;
		r = inflate(&z, Z_NO_FLUSH);
		out->len += 65536 - z.avail_out;
	} while (r == Z_OK && z.avail_out == 0);
	(void)inflateEnd(&z);
	return ERR_OK;
}

static bool
inflates_at(struct slice s)
{
	return s.len > 18 &&
	       ((s.at[0] == 0x1f && s.at[1] == 0x8b && s.at[2] == 8) ||
		   (s.at[0] == 0x78 && (s.at[0] * 256u + s.at[1]) % 31 == 0));
}

static void
octets_scan(struct slice s, struct found *found)
{
	struct buf out;

	trie_scan(&trie, s, report, found);
	buf_init(&out, INFLATE_OCTETS_MAX);
	for (size_t i = 0; i + 18 < s.len; i++) {
		if (!inflates_at(slice_skip(s, i)))
			continue;
		buf_clear(&out);
		if (inflate_here(slice_skip(s, i),
			s.at[i] == 0x1f ? 15 + 16 : 15, &out) != ERR_OK)
			die("memory", "inflate");
		if (out.len >= 8)
			trie_scan(&trie, buf_slice(&out), report, found);
	}
	buf_fini(&out);
}

static void
file_scan(int fd, struct found *found)
{
	struct buf b;
	uint8_t *at;
	ssize_t n;

	buf_init(&b, FILE_OCTETS_MAX);
	do {
		if (buf_reserve(&b, 1u << 20, &at) != ERR_OK)
			die("file too large", found->where);
		n = read(fd, at, 1u << 20);
		if (n > 0)
			b.len += (size_t)n;
	} while (n > 0);
	octets_scan(buf_slice(&b), found);
	buf_fini(&b);
}

static size_t files, octets_hit;

static void path_scan(int dir_fd, const char *name, const char *where);

static void
folder_scan(int fd, const char *where)
{
	DIR *d = fdopendir(fd);
	const struct dirent *entry;

	if (d == NULL)
		die("cannot list", where);
	while ((entry = readdir(d)) != NULL) {
		char path[4096];

		if (strcmp(entry->d_name, ".") == 0 ||
		    strcmp(entry->d_name, "..") == 0)
			continue;
		(void)snprintf(path, sizeof path, "%s/%s", where,
		    entry->d_name);
		/* a name is stored, too */
		struct found found = { .where = path };
		trie_scan(&trie, slice_str(entry->d_name), report, &found);
		octets_hit += found.count;
		path_scan(dirfd(d), entry->d_name, path);
	}
	(void)closedir(d);
}

/* Depth is bounded by the open files that a process may have. */
static void
path_scan(int dir_fd, const char *name, const char *where)
{
	struct stat st;
	const int fd = openat(dir_fd, name, O_RDONLY | O_NOFOLLOW | O_CLOEXEC);

	if (fd == -1 && (errno == ELOOP || errno == ENXIO || errno == ENOENT))
		return; /* a link, a socket, a file that went */
	if (fd == -1 || fstat(fd, &st) == -1)
		die(strerror(errno), where);
	if (S_ISDIR(st.st_mode)) {
		folder_scan(fd, where);
		return;
	}
	if (S_ISREG(st.st_mode)) {
		struct found found = { .where = where };

		file_scan(fd, &found);
		octets_hit += found.count;
		files++;
	}
	(void)close(fd);
}

/* Random octets with the form in the middle, bare and inside gzip. */
static size_t
control_count(struct slice form, bool packed)
{
	static uint8_t hay[8192], zipped[16384];
	struct slice s = SLICE_OF(hay);
	struct found found = { .where = NULL };

	for (size_t i = 0; i < sizeof hay; i++)
		hay[i] = (uint8_t)(rand() >> 7);
	if (form.len > sizeof hay - 1000)
		die("form too long", "control");
	memcpy(hay + 777, form.at, form.len);
	if (packed) {
		z_stream z = { .next_in = hay,
			.avail_in = sizeof hay,
			.next_out = zipped + 5,
			.avail_out = sizeof zipped - 5 };

		if (deflateInit2(&z, 6, Z_DEFLATED, 15 + 16, 8,
			Z_DEFAULT_STRATEGY) != Z_OK ||
		    deflate(&z, Z_FINISH) != Z_STREAM_END)
			die("gzip", "control");
		s = slice_make(zipped, 5 + z.total_out);
		(void)deflateEnd(&z);
	}
	octets_scan(s, &found);
	return found.count;
}

static int
controls_run(void)
{
	size_t lost = 0;

	for (size_t i = 0; i < trie.form_count; i++)
		for (int packed = 0; packed < 2; packed++)
			if (control_count(trie_form(&trie, i), packed != 0) ==
			    0) {
				lost++;
				(void)printf("lost %s of %s%s\n",
				    trie.forms[i].name,
				    needles[trie.forms[i].owner].label,
				    packed ? " in gzip" : "");
			}
	(void)printf("%zu controls, %zu lost\n", 2 * trie.form_count, lost);
	return lost == 0 ? 0 : 1;
}

int
main(int argc, char **argv)
{
	const bool controls = argc == 3 && strcmp(argv[1], "--controls") == 0;

	if (argc < 3)
		die("usage", "census-scan [--controls] NEEDLES [PATH...]");
	trie_init(&trie);
	needles_read(argv[controls ? 2 : 1]);
	if (controls)
		return controls_run();
	for (int i = 2; i < argc; i++)
		path_scan(AT_FDCWD, argv[i], argv[i]);
	(void)printf("%zu canaries, %zu forms, %zu files, %zu hits\n",
	    needle_count, trie.form_count, files, octets_hit);
	return octets_hit == 0 ? 0 : 1;
}
