/*
 * record_load.c - octets a second that reach the disk: through edge, core and
 * keeper as they are, from a hub's channel that sends records as fast as they
 * are kept; or by the bare loop.
 *
 *   record-load eavesd BUILD FOLDER STREAMS SECONDS
 *   record-load bare   BUILD FOLDER STREAMS SECONDS
 *
 * Prints `octets-a-second cpu-ns-an-octet`. Counted are frames of records, not
 * the zeros that close a segment. Never more than WINDOW octets are on the
 * way: edge would rather drop than wait. A dropped record ends the bench, and so
 * does a segment that eaves-fsck complains about.
 */
#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "benches/house.h"
#include "proto/ws.h"
#include "stream/segment.h"
#include "unit/t.h"

#define RECORD_OCTETS 8192u
#define FRAME_OCTETS  (RECORD_OCTETS + 4u) /* in a segment */
#define GROUP         32u                  /* records from key to key */
#define PIECE_OCTETS  (4u * FRAME_OCTETS)  /* what edge writes at once */
#define WINDOW        (6u << 20)
#define WARM_S        1.0
#define SEGMENTS_MAX  16384

/* --- the bare loop --- */

static int
bare(const char *folder, double seconds)
{
	static uint8_t piece[PIECE_OCTETS];
	char path[256];
	uint64_t octets = 0, before = 0;
	double from = 0;

	octets_random(piece, sizeof piece);
	(void)snprintf(path, sizeof path, "%s/eaves-bare.XXXXXX", folder);
	const int fd = mkstemp(path);
	assert_true(fd != -1);
	(void)unlink(path);
	const double begin = clock_s();
	double now = begin, sync = begin + 1;
	while (now < begin + WARM_S + seconds) {
		assert_int_equal(write(fd, piece, sizeof piece), sizeof piece);
		octets += sizeof piece;
		if ((now = clock_s()) >= sync) {
			assert_int_equal(fdatasync(fd), 0);
			sync = (now = clock_s()) + 1;
		}
		if (from == 0 && now >= begin + WARM_S) {
			from = now;
			before = octets;
		}
	}
	assert_int_equal(fdatasync(fd), 0);
	now = clock_s();
	(void)printf("%.0f %.3f\n", (double)(octets - before) / (now - from),
	    process_cpu_s(getpid()) * 1e9 / (double)octets);
	return close(fd);
}

/* --- what lies on the disk --- */

struct segments {
	int fd;
	char name[SEGMENTS_MAX][33];
	bool closed[SEGMENTS_MAX];
	size_t count;
	/* what a full segment holds: all are full alike */
	uint64_t full, on_disk;
};

/* As edge: a segment ends at the first key frame with less than 2 MiB left. */
static uint64_t
segment_full(void)
{
	uint64_t used = SEGMENT_HEAD_OCTETS + FRAME_OCTETS;
	/* entries of the header and of two more */
	uint64_t tail = 3 * SEGMENT_ENTRY_OCTETS;

	while (used + tail + (2u << 20) <= SEGMENT_ROOM) {
		used += GROUP * FRAME_OCTETS;
		tail += SEGMENT_ENTRY_OCTETS;
	}
	return used;
}

static void
names_read(struct segments *s)
{
	const int fd = openat(s->fd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	DIR *d = fdopendir(fd);

	assert_non_null(d);
	for (const struct dirent *e; (e = readdir(d)) != NULL;) {
		bool known = strlen(e->d_name) != 32;

		for (size_t i = s->count; !known && i > 0; i--)
			known = strcmp(s->name[i - 1], e->d_name) == 0;
		if (known)
			continue;
		assert_true(s->count < SEGMENTS_MAX);
		memcpy(s->name[s->count++], e->d_name, 33);
	}
	(void)closedir(d);
}

/* Octets of frames in the files. */
static uint64_t
segments_look(struct segments *s)
{
	uint64_t open = 0, closed = 0;
	struct stat st;

	names_read(s);
	for (size_t i = 0; i < s->count; i++) {
		if (!s->closed[i]) {
			assert_int_equal(fstatat(s->fd, s->name[i], &st, 0), 0);
			s->closed[i] = st.st_size == SEGMENT_OCTETS;
			/* its tail of zeros may be on the way */
			if (!s->closed[i])
				open += (uint64_t)st.st_size > s->full
					    ? s->full
					    : (uint64_t)st.st_size;
		}
		closed += s->closed[i] ? s->full : 0;
	}
	return s->on_disk = open + closed;
}

/* --- the hub's channel --- */

/* Masked with zeros, slot and record in form: edge looks at no more. */
struct frame {
	uint8_t octets[8 + 4 + RECORD_OCTETS];
};

static void
frame_make(struct frame *f, uint32_t slot, uint32_t run, uint64_t index)
{
	const uint8_t id[8] = { 0xe5, 1, 2, 3, 4, 5, 6, (uint8_t)run };
	uint8_t *r = f->octets + 12;
	size_t n = 2;

	memset(f->octets, 0x5a, sizeof f->octets);
	f->octets[0] = 0x82;
	f->octets[1] = 0x80 | 126;
	f->octets[2] = (uint8_t)((RECORD_OCTETS + 4) >> 8);
	f->octets[3] = (uint8_t)(RECORD_OCTETS + 4);
	memset(f->octets + 4, 0, 4);
	for (int i = 0; i < 4; i++)
		f->octets[8 + i] = (uint8_t)(slot >> (24 - 8 * i));
	r[0] = 1;
	r[1] = index == 0 ? RECORD_HEADER : index % GROUP == 1 ? RECORD_KEY : 0;
	if (index == 0) {
		memcpy(r + 15, id, 8);
		n = 103;
	}
	/* counters of the shortest form: RFC 9605, section 4.3 */
	const int octets = index < 8       ? 0
			   : index < 256   ? 1
			   : index < 65536 ? 2
					   : 3;
	r[n++] = (uint8_t)(0xf0 |
			   (octets == 0 ? index : (uint64_t)(8 + octets - 1)));
	memcpy(r + n, id, 8);
	for (int i = 0; i < octets; i++)
		r[n + 8 + (size_t)i] = (uint8_t)(index >>
						 (8 * (octets - 1 - i)));
}

struct load {
	struct house house;
	struct segments segments;
	SSL *uplink;
	uint32_t slots[APP_CAMERAS_MAX];
	size_t streams;
	uint64_t index, sent;
};

/* One record of each stream. */
static void
records_send(struct load *l)
{
	struct frame f;

	for (uint32_t i = 0; i < l->streams; i++) {
		frame_make(&f, l->slots[i], i, l->index);
		for (size_t at = 0; at < sizeof f;) {
			const int n = SSL_write(l->uplink, f.octets + at,
			    (int)(sizeof f - at));
			assert_true(n > 0);
			at += (size_t)n;
		}
		l->sent += FRAME_OCTETS;
	}
	l->index++;
}

static void
load_run(struct load *l, double until)
{
	while (clock_s() < until) {
		/* what waits in edge for a whole piece never gets there */
		const uint64_t waits = l->streams * PIECE_OCTETS;

		for (int i = 0; i < 8; i++)
			records_send(l);
		while (l->sent > segments_look(&l->segments) + waits + WINDOW)
			(void)usleep(200);
	}
}

/* Each segment repeats 16 octets of head and the run's header. */
static uint64_t
octets_expected(const struct load *l)
{
	const uint64_t each = l->sent / l->streams;
	const uint64_t full = l->segments.full;
	uint64_t used = SEGMENT_HEAD_OCTETS, extra = SEGMENT_HEAD_OCTETS;

	/* a segment is closed when a key frame comes, not when it is full */
	for (uint64_t k = 0; k < each / FRAME_OCTETS; k++) {
		if (used >= full && k % GROUP == 1) {
			used = SEGMENT_HEAD_OCTETS + FRAME_OCTETS;
			extra += SEGMENT_HEAD_OCTETS + FRAME_OCTETS;
		}
		used += FRAME_OCTETS;
	}
	return l->streams * (each + extra);
}

/* All of it comes to the disk: else something was dropped. */
static void
load_check(struct load *l)
{
	const double until = clock_s() + 30;
	const uint64_t want = octets_expected(l);

	while (segments_look(&l->segments) < want && clock_s() < until)
		(void)usleep(10000);
	if (l->segments.on_disk != want)
		fail_msg("%llu octets are on the disk, not %llu",
		    (unsigned long long)l->segments.on_disk,
		    (unsigned long long)want);
}

static int
served(const char *build, const char *folder, size_t streams, double seconds)
{
	static struct load l;
	char path[256];

	l.streams = streams;
	house_open(&l.house, build, folder);
	house_device(&l.house, streams);
	l.uplink = house_uplink(&l.house, l.slots);
	(void)snprintf(path, sizeof path, "%s/server/segments", l.house.folder);
	l.segments.fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	l.segments.full = segment_full();
	assert_true(l.segments.fd != -1);
	const double begin = clock_s();
	load_run(&l, begin + WARM_S);
	const pid_t edge = house_role(&l.house, "edge");
	const uint64_t before = segments_look(&l.segments);
	const double from = clock_s(), cpu = process_cpu_s(edge);
	load_run(&l, begin + WARM_S + seconds);
	const uint64_t octets = segments_look(&l.segments) - before;
	(void)printf("%.0f %.3f\n", (double)octets / (clock_s() - from),
	    (process_cpu_s(edge) - cpu) * 1e9 / (double)octets);
	load_check(&l);
	house_check(&l.house);
	house_close(&l.house);
	return 0;
}

int
main(int argc, char **argv)
{
	if (argc != 6)
		return 2;
	if (strcmp(argv[1], "bare") == 0)
		return bare(argv[3], atof(argv[5]));
	return served(argv[2], argv[3], (size_t)atoi(argv[4]), atof(argv[5]));
}
