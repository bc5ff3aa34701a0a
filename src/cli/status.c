/*
 * status.c - one screen about what ./run runs: from its files, from what the
 * system shows of its processes, and from the counts that core writes
 * (eavesd/core/status.c). Cameras are numbers, streams are days.
 */
#include <dirent.h>
#include <fcntl.h>
#include <inttypes.h>
#include <limits.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/statvfs.h>

#include <openssl/pem.h>

#include "base/obj.h"
#include "cli/cli.h"
#include "cli/log_lines.h"
#include "cli/program.h"
#include "os/clock.h"
#include "os/file.h"

#define CAMERAS_MAX     16
#define STATUS_OCTETS   4096
#define FREE_OCTETS_LOW ((uint64_t)256 << 20)
#define DIED_OFTEN      3
#define CERT_DAYS_LOW   14 /* it is renewed when 30 are left */
#define BACKUP_DAYS_OLD 31

struct status {
	const char *dir;
	int dir_fd;
	struct program server, hub;
	bool hub_runs, wrong;
};

static const char *const roles[] = { "keeper", "core", "edge" };

/* What is wrong, in words that say what to do. */
__attribute__((format(printf, 2, 3))) static void
trouble(struct status *s, const char *format, ...)
{
	va_list rest;

	s->wrong = true;
	(void)fputs("  -> ", stdout);
	va_start(rest, format);
	(void)vprintf(format, rest);
	va_end(rest);
	(void)putchar('\n');
}

static void
octets_put(const char *before, uint64_t n)
{
	static const char *const units[] = { "octets", "KiB", "MiB", "GiB",
		"TiB" };
	size_t unit = 0;

	for (; n >= 10240 && unit + 1 < COUNT(units); unit++)
		n /= 1024;
	(void)printf("%s%" PRIu64 " %s", before, n, units[unit]);
}

static void
day_put(const char *before, uint64_t day)
{
	char when[WHEN_OCTETS + 1] = "";

	if (day < 100000 && when_put((long long)day * 86400, when))
		(void)printf("%s%.10s", before, when);
}

static void
since_put(const char *name, const struct program *p)
{
	char when[WHEN_OCTETS + 1] = "";

	(void)when_put(p->since_s, when);
	(void)printf("%-12sruns since %s", name, when);
}

/* --- the server --- */

/* How often each kind died since the server began. */
static void
deaths_count(const struct status *s, unsigned long to[static COUNT(roles)])
{
	char since[WHEN_OCTETS + 1] = "";
	struct log_lines l;
	unsigned long which;

	(void)when_put(s->server.since_s, since);
	for (log_lines_open(&l, s->dir, "server.log"); l.there;
	     log_lines_next(&l))
		if (l.event == EV_CHILD_DIED && strcmp(l.when, since) >= 0 &&
		    log_line_number(&l, "which", &which) &&
		    which < COUNT(roles))
			to[which]++;
	log_lines_close(&l);
}

static void
processes_tell(struct status *s)
{
	unsigned long died[COUNT(roles)] = { 0 };

	deaths_count(s, died);
	(void)printf("Processes   ");
	for (size_t i = 0; i < COUNT(roles); i++)
		(void)printf("%s%s (started again: %lu)", i == 0 ? "" : ", ",
		    roles[i], died[i]);
	(void)putchar('\n');
	for (size_t i = 0; i < COUNT(roles); i++) {
		if (!program_has_role(&s->server, roles[i]))
			trouble(s,
			    "%s is not there. If it stays away: eaves log",
			    roles[i]);
		if (died[i] >= DIED_OFTEN)
			trouble(s,
			    "%s died %lu times. Why: eaves log CHILD_DIED",
			    roles[i], died[i]);
	}
}

static uint64_t
folder_octets(int dir_fd, const char *name)
{
	const struct dirent *entry;
	uint64_t all = 0;
	struct stat st;
	DIR *dir;

	if (folder_list(dir_fd, name, &dir) != ERR_OK)
		return 0;
	while ((entry = readdir(dir)) != NULL)
		if (fstatat(dirfd(dir), entry->d_name, &st,
			AT_SYMLINK_NOFOLLOW) == 0 &&
		    S_ISREG(st.st_mode))
			all += (uint64_t)st.st_size;
	(void)closedir(dir);
	return all;
}

static uint64_t
file_octets(int dir_fd, const char *name)
{
	struct stat st;

	return fstatat(dir_fd, name, &st, AT_SYMLINK_NOFOLLOW) == 0
		   ? (uint64_t)st.st_size
		   : 0;
}

static void
disk_tell(struct status *s, uint64_t media_max)
{
	struct statvfs fs;

	octets_put("Store       ",
	    file_octets(s->dir_fd, "server/store.db") +
		file_octets(s->dir_fd, "server/store.db-wal"));
	octets_put("; recordings ",
	    folder_octets(s->dir_fd, "server/segments"));
	octets_put(" of ", media_max);
	if (fstatvfs(s->dir_fd, &fs) == -1) {
		(void)putchar('\n');
		return;
	}
	const uint64_t left = (uint64_t)fs.f_bavail * fs.f_frsize;
	octets_put("; free on the disk ", left);
	(void)putchar('\n');
	if (left < FREE_OCTETS_LOW)
		trouble(s, "The disk is nearly full: make room, or nothing "
			   "more is recorded");
}

/* The number after that word at the start of a line. */
static bool
number_of(const char *line, const char *word, uint64_t *ret)
{
	const size_t n = strlen(word);

	if (strncmp(line, word, n) != 0 || line[n] != ' ')
		return false;
	*ret = strtoull(line + n + 1, NULL, 10);
	return true;
}

static void
newest_tell(char *text)
{
	unsigned long stream = 0;
	uint64_t day;
	char *rest = text, *line;

	while ((line = strsep(&rest, "\n")) != NULL)
		if (number_of(line, "newest", &day)) {
			(void)printf("Stream %-5lu", ++stream);
			day_put("newest recording begun on ", day);
			(void)putchar('\n');
		}
}

static void
counts_tell(struct status *s)
{
	AUTO_BUF struct buf text, lines;
	uint64_t homes = 0, streams = 0, media_max = 0;
	char *rest, *line;
	bool whole = false;

	buf_init(&text, STATUS_OCTETS);
	buf_init(&lines, STATUS_OCTETS);
	if (file_read(s->dir_fd, "server/status", &text) != ERR_OK ||
	    buf_append(&lines, buf_slice(&text)) != ERR_OK ||
	    buf_append(&text, SLICE_LIT("\0")) != ERR_OK ||
	    buf_append(&lines, SLICE_LIT("\0")) != ERR_OK) {
		trouble(s, "The server has not counted yet: try again in a "
			   "minute");
		return;
	}
	for (rest = (char *)text.at; (line = strsep(&rest, "\n")) != NULL;) {
		(void)number_of(line, "homes", &homes);
		(void)number_of(line, "streams", &streams);
		(void)number_of(line, "media_octets_max", &media_max);
		whole = whole || strcmp(line, "end") == 0;
		if (strncmp(line, "version ", 8) == 0 &&
		    strcmp(line + 8, EAVES_VERSION) != 0)
			trouble(s,
			    "It is of version %s, and these programs "
			    "of " EAVES_VERSION ": stop ./run and start it",
			    line + 8);
	}
	disk_tell(s, media_max);
	(void)printf("Homes       %" PRIu64 "; streams %" PRIu64 "%s\n", homes,
	    streams, whole ? "" : " (being counted)");
	newest_tell((char *)lines.at);
}

static void
keeper_tell(struct status *s)
{
	const char *keeper = program_option(&s->server, "--keeper-dir");
	char inner[PATH_MAX], outer[PATH_MAX];

	if (keeper == NULL || realpath(keeper, inner) == NULL ||
	    realpath(s->dir, outer) == NULL)
		return;
	const size_t n = strlen(outer);
	if (strncmp(inner, outer, n) != 0 ||
	    (inner[n] != '/' && inner[n] != '\0')) {
		(void)puts("Keeper      its secret lies apart from the data");
		return;
	}
	(void)puts("Keeper      its secret lies with the data");
	trouble(s,
	    "Whoever copies %s has both. Stop, and start with "
	    "--keeper-dir elsewhere",
	    s->dir);
}

static void
certificate_tell(struct status *s)
{
	const char *path = program_option(&s->server, "--tls-cert");
	FILE *f = path == NULL ? NULL : fopen(path, "re");
	int days = 0, seconds = 0;

	if (path == NULL)
		return;
	X509 *x = f == NULL ? NULL : PEM_read_X509(f, NULL, NULL, NULL);
	if (f != NULL)
		(void)fclose(f);
	if (x == NULL ||
	    ASN1_TIME_diff(&days, &seconds, NULL, X509_get0_notAfter(x)) != 1)
		trouble(s, "The certificate cannot be read");
	else
		(void)printf("Certificate %d days left\n", days);
	if (x != NULL && days < CERT_DAYS_LOW)
		trouble(s, "The certificate ends soon: renew it; one of --lan "
			   "is renewed when ./run starts");
	X509_free(x);
}

static void
backup_tell(const struct status *s)
{
	AUTO_BUF struct buf text;
	const uint32_t today = clock_day();

	buf_init(&text, 32);
	if (file_read(s->dir_fd, "server/last-backup", &text) != ERR_OK ||
	    buf_append(&text, SLICE_LIT("\0")) != ERR_OK) {
		(void)puts("Backup      none yet: eaves backup");
		return;
	}
	const uint64_t day = strtoull((char *)text.at, NULL, 10);
	day_put("Backup      ", day);
	(void)puts(
	    day + BACKUP_DAYS_OLD < today ? ", a while ago: eaves backup" : "");
}

/* --- the hub --- */

static void
camera_tell(struct status *s, size_t number, enum event state)
{
	if (state == EV__MAX) {
		(void)printf("Camera %-5zuno news yet\n", number);
		return;
	}
	(void)printf("Camera %-5zu%s\n", number, event_text(state)->sentence);
	if (state != EV_CAMERA_RUNNING)
		trouble(s, "%s", event_text(state)->todo);
}

/* The last word on each camera since the hub began. */
static void
cameras_tell(struct status *s)
{
	enum event state[CAMERAS_MAX];
	char since[WHEN_OCTETS + 1] = "";
	size_t count = program_option_count(&s->hub, "--camera");
	unsigned long n;
	struct log_lines l;

	count = count > CAMERAS_MAX ? CAMERAS_MAX : count;
	for (size_t i = 0; i < CAMERAS_MAX; i++)
		state[i] = EV__MAX;
	(void)when_put(s->hub.since_s, since);
	for (log_lines_open(&l, s->dir, "hub.log"); l.there; log_lines_next(&l))
		if (l.event != EV__MAX && strcmp(l.when, since) >= 0 &&
		    strncmp(event_text(l.event)->name, "CAMERA_", 7) == 0 &&
		    log_line_number(&l, "camera", &n) && n >= 1 && n <= count)
			state[n - 1] = l.event;
	log_lines_close(&l);
	for (size_t i = 0; i < count; i++)
		camera_tell(s, i + 1, state[i]);
}

/* What the hub keeps for a server that was away. */
static void
spool_tell(const struct status *s)
{
	const uint64_t n = folder_octets(s->dir_fd, "hub/spool");

	if (n == 0)
		return;
	octets_put("Spool       ", n);
	(void)puts(" of recordings wait in the hub for the server");
}

static void
hub_tell(struct status *s)
{
	const bool paired = file_octets(s->dir_fd, "hub/home") > 0;

	s->hub_runs = program_find(s->dir_fd, "hub.pid", "eaves-hub",
			  &s->hub) == ERR_OK;
	if (!s->hub_runs) {
		(void)printf("%-12sdoes not run\n", "Hub");
		trouble(s, "Why it does not: eaves log");
		return;
	}
	since_put("Hub", &s->hub);
	(void)puts(paired ? ", has a home"
			  : ", has no home yet: open the link of ./run");
	cameras_tell(s);
	spool_tell(s);
}

int
cli_status(int argc, char **argv)
{
	struct status s = { .dir = "var", .dir_fd = -1 };

	if (argc == 3 && strcmp(argv[1], "--dir") == 0)
		s.dir = argv[2];
	else if (argc != 1)
		return 2;
	s.dir_fd = open(s.dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (s.dir_fd == -1 || program_find(s.dir_fd, "server.pid", "eavesd",
				  &s.server) != ERR_OK) {
		(void)printf("Eaves does not run in %s. To start it: ./run\n",
		    s.dir);
		if (s.dir_fd != -1)
			(void)close(s.dir_fd);
		return 3;
	}
	since_put("Server", &s.server);
	(void)puts("; programs of version " EAVES_VERSION);
	processes_tell(&s);
	counts_tell(&s);
	keeper_tell(&s);
	certificate_tell(&s);
	backup_tell(&s);
	hub_tell(&s);
	(void)puts(
	    s.wrong ? "Something wants you: see the arrows." : "All is well.");
	program_fini(&s.server);
	if (s.hub_runs)
		program_fini(&s.hub);
	(void)close(s.dir_fd);
	return s.wrong ? 1 : 0;
}
