#include "tests/power/house.h"

#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/codec.h"
#include "eavesd/core/core.h"
#include "eavesd/edge/disk.h"
#include "os/clock.h"
#include "tests/power/cut.h"

#define TURN_MS   1000
#define TURNS_MAX 30

struct house {
	struct loop *loop;
	struct keeper_thread *keeper;
	struct core *core;
	struct edge edge;
	/* the answer to house_files() */
	struct house_file *files;
	size_t file_count;
	bool answered;
};

static enum err
edge_serve(void *ctx, struct ipc *ch, struct ipc_msg *m)
{
	(void)ch;
	return edge_question(ctx, m);
}

static enum err
nobody_serves(void *ctx, struct ipc *ch, struct ipc_msg *m)
{
	(void)ctx;
	(void)ch;
	(void)m;
	return ERR_DENIED;
}

static void
nothing_broke(void *ctx, struct ipc *ch)
{
	(void)ctx;
	(void)ch;
}

static struct ipc *
side_open(struct house *h, int fd, enum ipc_role self, enum ipc_role peer)
{
	const struct ipc_side side = { .self = self,
		.peer = peer,
		.serve = peer == IPC_EDGE ? edge_serve : nobody_serves,
		.broken = nothing_broke,
		.ctx = h->core };
	struct ipc *ch = ipc_create(h->loop, fd, &side);

	if (ch == NULL)
		abort();
	return ch;
}

enum err
house_open(int keeper_fd, int segments_fd, struct house **ret)
{
	struct house *h = calloc(1, sizeof *h);
	int ends[2], fd;
	enum err e;

	if (h == NULL || (h->core = calloc(1, sizeof *h->core)) == NULL ||
	    (h->loop = loop_create()) == NULL ||
	    socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends) == -1)
		abort();
	h->keeper = keeper_thread_start(keeper_fd, &fd);
	h->core->loop = h->edge.loop = h->loop;
	h->core->store_fd = h->core->segments_fd = segments_fd;
	h->core->media_octets_max = (uint64_t)1 << 40;
	h->core->keeper = side_open(h, fd, IPC_CORE, IPC_KEEPER);
	h->core->edge = side_open(h, ends[0], IPC_CORE, IPC_EDGE);
	h->edge.core = side_open(h, ends[1], IPC_EDGE, IPC_CORE);
	if ((h->edge.disk = disk_create(&h->edge)) == NULL)
		abort();
	/* as core_start.c */
	if ((e = store_open("store.db", &h->core->store)) != ERR_OK ||
	    (e = segments_tidy(h->core)) != ERR_OK ||
	    (e = store_commit(h->core->store)) != ERR_OK) {
		house_close(h);
		return e;
	}
	segments_strays_drop(h->core);
	*ret = h;
	return ERR_OK;
}

void
house_close(struct house *h)
{
	struct ipc *core = h->edge.core;

	h->edge.core = NULL;
	ipc_destroy(core);
	disk_destroy(h->edge.disk);
	while (h->edge.streams != NULL)
		stream_let_go(&h->edge, h->edge.streams);
	store_close(h->core->store);
	ipc_destroy(h->core->edge);
	ipc_destroy(h->core->keeper);
	keeper_thread_join(h->keeper);
	loop_destroy(h->loop);
	retention_end(h->core);
	free(h->core);
	free(h);
}

/* One turn of core and edge; core answers after its commit. */
static void
house_turn(struct house *h)
{
	if (loop_turn(h->loop, TURN_MS) != ERR_OK)
		abort();
	answers_send(h->core, store_commit(h->core->store));
}

enum err
house_stream(struct house *h, const struct id *stream)
{
	struct stream s = { .home = { { 1 } },
		.writer = { { 2 } },
		.class = 1 };
	struct home home = { .streams = { *stream }, .stream_count = 1 };
	AUTO_BUF struct buf slot;
	enum err e;

	buf_init(&slot, 16);
	if ((e = keeper_ask(h->core, MSG_SLOT_NEW, SLICE_LIT(""), &slot)) !=
	    ERR_OK)
		return e;
	home.slot = s.slot = (uint32_t)slice_be(buf_slice(&slot), 4);
	if ((e = stream_add(h->core, stream, &s)) != ERR_OK ||
	    (e = home_put(h->core, SQL_HOME_ADD, &s.home, &home)) != ERR_OK)
		return e;
	return store_commit(h->core->store);
}

/* --- what was recorded before --- */

static enum err
old_rows(struct core *core, const struct id *stream, struct house_old *o)
{
	const struct day day = { clock_day() - o->days_ago };
	const struct choice whole = { 1 };
	const struct id lock = { { 9 } };
	enum err e;

	octets_random(o->run.octets, RUN_ID_OCTETS);
	if ((e = store_write(core->store, SQL_SEGMENT_ADD,
		 CELLS(cell_id(&o->segment), cell_id(stream),
		     cell_day(day)))) != ERR_OK ||
	    (e = span_add(core, stream, &o->segment, &o->run, 1)) != ERR_OK ||
	    (e = store_write(core->store, SQL_SEGMENT_CLOSE,
		 CELLS(cell_id(&o->segment), cell_choice(whole)))) != ERR_OK)
		return e;
	return !o->locked ? ERR_OK
			  : store_write(core->store, SQL_HELD_ADD,
				CELLS(cell_id(&o->segment), cell_id(&lock)));
}

void
house_old_add(struct house *h, const struct id *stream, struct house_old *o)
{
	int fd = -1;

	if (segment_make(h->core, &o->segment, &fd) != ERR_OK ||
	    fsync(fd) == -1 || old_rows(h->core, stream, o) != ERR_OK)
		abort();
	(void)close(fd);
	answers_send(h->core, store_commit(h->core->store));
}

static bool
file_there(const struct house *h, const struct id *segment)
{
	char name[SEGMENT_NAME_ROOM];

	segment_name(segment, name);
	return faccessat(h->core->segments_fd, name, F_OK, 0) == 0;
}

bool
house_old_kept(struct house *h, const struct id *stream,
    const struct house_old *o)
{
	struct id found;

	return span_find(h->core, stream, &o->run, 5, &found) == ERR_OK &&
	       id_eq(&found, &o->segment) && file_there(h, &o->segment);
}

void
house_rows_stream(struct house *h, const struct id *rows,
    const struct id *media)
{
	struct stream s;
	struct home home;

	if (stream_get(h->core, media, &s) != ERR_OK ||
	    home_get(h->core, &s.home, &home) != ERR_OK)
		abort();
	s.class = 3;
	s.days = 7;
	home.streams[home.stream_count++] = *rows;
	if (stream_add(h->core, rows, &s) != ERR_OK ||
	    home_put(h->core, SQL_HOME_NEXT, &s.home, &home) != ERR_OK ||
	    store_commit(h->core->store) != ERR_OK)
		abort();
}

static void
segment_row_add(struct house *h, const struct id *stream, unsigned days_ago,
    struct id *ret)
{
	const struct day day = { clock_day() - days_ago };

	octets_random(ret, sizeof *ret);
	if (store_write(h->core->store, SQL_SEGMENT_ADD,
		CELLS(cell_id(ret), cell_id(stream), cell_day(day))) != ERR_OK)
		abort();
}

void
house_days_lock(struct house *h, const struct id *stream, unsigned from,
    unsigned days)
{
	const struct id lock = { { 9 } };
	struct id segment;

	for (unsigned i = from; i < from + days; i++) {
		segment_row_add(h, stream, i, &segment);
		if (store_write(h->core->store, SQL_HELD_ADD,
			CELLS(cell_id(&segment), cell_id(&lock))) != ERR_OK)
			abort();
	}
	if (store_commit(h->core->store) != ERR_OK)
		abort();
}

/* --- several homes --- */

static void
files_add(struct house *h, const struct id *stream, unsigned files)
{
	const struct choice whole = { 1 };
	struct id segment;

	for (unsigned i = 0; i < files; i++) {
		segment_row_add(h, stream, 0, &segment);
		if (store_write(h->core->store, SQL_SEGMENT_CLOSE,
			CELLS(cell_id(&segment), cell_choice(whole))) != ERR_OK)
			abort();
	}
}

void
house_home_add(struct house *h, uint8_t home, uint8_t first, unsigned streams,
    unsigned files)
{
	const struct id id = { { home } };
	struct home state = { .stream_count = streams };
	struct stream s = { .home = id, .writer = { { 2 } }, .class = 1 };
	AUTO_BUF struct buf slot;

	buf_init(&slot, 16);
	if (keeper_ask(h->core, MSG_SLOT_NEW, SLICE_LIT(""), &slot) != ERR_OK)
		abort();
	state.slot = s.slot = (uint32_t)slice_be(buf_slice(&slot), 4);
	for (unsigned i = 0; i < streams; i++) {
		state.streams[i] = (struct id){ { (uint8_t)(first + i) } };
		if (stream_add(h->core, &state.streams[i], &s) != ERR_OK)
			abort();
		files_add(h, &state.streams[i], files);
	}
	if (home_put(h->core, SQL_HOME_ADD, &id, &state) != ERR_OK ||
	    store_commit(h->core->store) != ERR_OK)
		abort();
}

uint64_t
house_files_of(struct house *h, const struct id *stream)
{
	uint64_t octets;

	if (stream_octets(h->core, stream, SQL_SEGMENT_COUNT_OF, &octets) !=
	    ERR_OK)
		abort();
	return octets / SEGMENT_OCTETS;
}

enum err
house_room(struct house *h, const struct id *stream, unsigned files_max)
{
	struct stream s;

	h->core->media_octets_max = (uint64_t)files_max * SEGMENT_OCTETS;
	if (stream_get(h->core, stream, &s) != ERR_OK)
		abort();
	const enum err e = retention_make_room(h->core, stream, &s);
	answers_send(h->core, store_commit(h->core->store));
	return e;
}

/* --- a member who locks --- */

void
house_run_add(struct house *h, const struct id *stream,
    const struct run_id *run, unsigned files)
{
	struct id segment;

	for (unsigned i = 0; i < files; i++) {
		segment_row_add(h, stream, 0, &segment);
		if (span_add(h->core, stream, &segment, run, 1 + i * 100) !=
		    ERR_OK)
			abort();
	}
	if (store_commit(h->core->store) != ERR_OK)
		abort();
}

static void
member_ticket(struct house *h, struct ticket_in *t)
{
	const struct id home = { { 1 } };
	struct claims claims = { .expiry_s = clock_realtime_s() + 1000,
		.rights = 15,
		.own_octets = 2 * ID_OCTETS };

	octets_random(t, sizeof *t);
	claims_scope(&claims, SCOPE_GLOBAL, NULL);
	claims_scope(&claims, SCOPE_HOME, &home);
	memcpy(claims.own, home.octets, ID_OCTETS);
	if (ticket_add(h->core, TICKET_HOME, t, &claims) != ERR_OK)
		abort();
}

static void
lock_write(const struct id *stream, const struct run_id *run, unsigned times,
    struct buf *to)
{
	char lock[32], of[32], id[32], text[256];
	struct id new;

	octets_random(&new, sizeof new);
	b64_encode(id_slice(&new), lock);
	b64_encode(id_slice(stream), of);
	b64_encode(SLICE_OF(run->octets), id);
	(void)snprintf(text, sizeof text, "{\"lock\":\"%s\",\"parts\":[", lock);
	enum err e = buf_append(to, slice_str(text));
	for (unsigned i = 0; i < times && e == ERR_OK; i++) {
		(void)snprintf(text, sizeof text,
		    "%s{\"stream\":\"%s\",\"run\":\"%s\",\"first\":1,\"last\":"
		    "1000000}",
		    i == 0 ? "" : ",", of, id);
		e = buf_append(to, slice_str(text));
	}
	if (e != ERR_OK || buf_append(to, SLICE_LIT("]}")) != ERR_OK)
		abort();
}

unsigned
house_run_lock(struct house *h, const struct id *stream,
    const struct run_id *run, unsigned times)
{
	AUTO_BUF struct buf json, call;
	struct ticket_in t;
	struct wr w;

	buf_init(&json, 65536);
	buf_init(&call, 65536);
	member_ticket(h, &t);
	lock_write(stream, run, times, &json);
	wr_init(&w, &call);
	wr_u16(&w, 25);
	wr_u8(&w, 0);
	wr_u8(&w, 1);
	wr_id(&w, &t.id);
	wr_octets(&w, key_slice(&t.secret));
	wr_zeros(&w, 1 + 2 * SHA256_OCTETS);
	wr_sized(&w, buf_slice(&json));
	if (wr_end(&w) != ERR_OK)
		abort();
	core_call(h->core, 1, buf_slice(&call));
	const struct answer *a = &h->core->answers[h->core->answer_count - 1];
	const unsigned status = (unsigned)slice_be(buf_slice(&a->body.body), 2);
	answers_send(h->core, store_commit(h->core->store));
	return status;
}

static struct index16
row_run(unsigned days_ago)
{
	return (struct index16){ { { (uint8_t)days_ago, 1 } } };
}

void
house_row_add(struct house *h, const struct id *rows, unsigned days_ago)
{
	static const uint8_t octets[1024] = { 1, 1 };
	const struct index16 run = row_run(days_ago);
	const struct day day = { clock_day() - days_ago };
	const struct count index = { 1 };
	struct sealed sealed;

	if (sealed_by_peer(SLICE_OF(octets), &sealed) != ERR_OK ||
	    store_write(h->core->store, SQL_RECORD_ADD,
		CELLS(cell_id(rows), cell_index(&run), cell_count(index),
		    cell_day(day), cell_sealed(sealed))) != ERR_OK ||
	    store_commit(h->core->store) != ERR_OK)
		abort();
}

enum err
house_row_send(struct house *h, const struct id *rows)
{
	static const uint8_t octets[1024] = { 1, 1 };
	struct record_place at = { .class = 3, .index = 1 };
	struct stream s;

	if (stream_get(h->core, rows, &s) != ERR_OK)
		abort();
	octets_random(at.run.octets, RUN_ID_OCTETS);
	const enum err e = record_append(h->core, rows, &s, &at,
	    SLICE_OF(octets));
	if (store_commit(h->core->store) != ERR_OK)
		abort();
	return e;
}

enum err
house_row_of_hub(struct house *h, const struct id *rows, bool listed)
{
	static const uint8_t octets[1024] = { 1, 1 },
			     spki[SHA256_OCTETS] = { 4 };
	struct device d = { .id = { { 2 } },
		.home = { { 1 } },
		.stream_count = listed,
		.streams = { { *rows, 3 } } };
	struct ipc_msg m = { .type = MSG_ROW_APPEND, .id = 1 };
	AUTO_BUF struct buf b;
	struct run_id run;
	struct wr w;

	octets_random(run.octets, RUN_ID_OCTETS);
	buf_init(&b, 4096);
	wr_init(&w, &b);
	wr_octets(&w, SLICE_OF(spki));
	wr_zeros(&w, ID_OCTETS + KEY_OCTETS);
	wr_id(&w, rows);
	wr_u8(&w, 3);
	wr_octets(&w, SLICE_OF(run.octets));
	wr_u64(&w, 1);
	wr_u32(&w, 0);
	wr_sized(&w, SLICE_OF(octets));
	if (wr_end(&w) != ERR_OK || device_put(h->core, spki, &d) != ERR_OK)
		abort();
	m.body = buf_slice(&b);
	if (row_append(h->core, &m) != ERR_OK)
		abort();
	const struct answer *a = &h->core->answers[h->core->answer_count - 1];
	const enum err e = (enum err)a->body.body.at[0];
	answers_send(h->core, store_commit(h->core->store));
	return e;
}

bool
house_row_kept(struct house *h, const struct id *rows, unsigned days_ago)
{
	const struct index16 run = row_run(days_ago);
	const struct count index = { 1 };
	AUTO_BUF struct buf b;

	buf_init(&b, 1024);
	return store_octets(h->core->store, SQL_RECORD_GET,
		   CELLS(cell_id(rows), cell_index(&run), cell_count(index)), 0,
		   &b) == ERR_OK;
}

struct whole {
	struct house *house;
	unsigned wrong, rows;
};

/* A row names a file that is there. */
static enum err
segment_look(void *ctx, const struct row *row)
{
	struct whole *w = ctx;
	struct id id;

	memcpy(id.octets, row_octets(row, 0).at, ID_OCTETS);
	w->rows++;
	w->wrong += !file_there(w->house, &id);
	return ERR_OK;
}

/* What belongs to a segment went with it. */
static enum err
holds_look(void *ctx, const struct row *row)
{
	struct whole *w = ctx;
	uint64_t state;
	struct id id;

	memcpy(id.octets, row_octets(row, 0).at, ID_OCTETS);
	w->wrong += store_number(w->house->core->store, SQL_SEGMENT_STATE,
			CELLS(cell_id(&id)), 0, &state) != ERR_OK;
	return ERR_OK;
}

/* And a file is named by a row. */
static unsigned
files_count(const struct house *h)
{
	const int fd = openat(h->core->segments_fd, ".",
	    O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	DIR *dir = fd == -1 ? NULL : fdopendir(fd);
	const struct dirent *entry;
	unsigned count = 0;

	if (dir == NULL)
		abort();
	while ((entry = readdir(dir)) != NULL)
		count += entry->d_name[0] != '.';
	(void)closedir(dir);
	return count;
}

bool
house_whole(struct house *h)
{
	struct whole w = { .house = h };

	if (store_each(h->core->store, SQL_CHECK_SEGMENT, NO_CELLS,
		segment_look, &w) != ERR_OK ||
	    store_each(h->core->store, SQL_CHECK_HOLDS, NO_CELLS, holds_look,
		&w) != ERR_OK ||
	    store_each(h->core->store, SQL_CHECK_HELD, NO_CELLS, holds_look,
		&w) != ERR_OK)
		return false;
	return w.wrong == 0 && w.rows == files_count(h);
}

/* --- */

void
house_record(struct house *h, const struct id *stream, struct slice record)
{
	static const struct id home = { { 1 } };
	struct live_stream *s = stream_take(&h->edge, stream, &home);
	struct record_clear clear;

	if (s == NULL || fan_publish(&s->fan, record, &clear) != ERR_OK)
		abort();
	recording_add(&h->edge, s, record, &clear);
}

static void
files_came(void *ctx, enum err e, struct ipc_msg *m)
{
	struct house *h = ctx;
	struct rd r;

	h->answered = true;
	h->file_count = 0;
	if (e != ERR_OK)
		return;
	rd_init(&r, m->body);
	if (rd_u8(&r) != ERR_OK)
		return;
	h->file_count = rd_u16(&r);
	for (size_t i = 0; i < h->file_count; i++) {
		(void)rd_octets(&r, ID_OCTETS);
		rd_copy(&r, h->files[i].key.octets, KEY_OCTETS);
		h->files[i].fd = m->fds[i];
		m->fds[i] = -1;
	}
	if (rd_end(&r) != ERR_OK)
		abort();
}

size_t
house_files(struct house *h, const struct id *stream,
    struct house_file files[static 4])
{
	uint8_t q[ID_OCTETS + 2 + RUN_ID_OCTETS + 8] = { 0 };

	h->answered = false;
	h->files = files;
	memcpy(q, stream->octets, ID_OCTETS);
	q[ID_OCTETS + 1] = 4;
	if (ipc_request(h->edge.core, MSG_SEGMENT_LIST, SLICE_OF(q), files_came,
		h) != ERR_OK)
		abort();
	for (int i = 0; i < TURNS_MAX && !h->answered; i++)
		house_turn(h);
	if (!h->answered)
		abort();
	return h->file_count;
}

void
house_retry(struct house *h)
{
	for (struct live_stream *s = h->edge.streams; s != NULL; s = s->next)
		if (s->recording != NULL)
			s->recording->retry_ms = 0;
}

bool
house_second(struct house *h)
{
	/* a question to core comes after the one for a segment's file */
	for (struct live_stream *s = h->edge.streams; s != NULL; s = s->next) {
		struct house_file files[4];
		const size_t n = house_files(h, &s->fan.id, files);

		for (size_t i = 0; i < n; i++)
			(void)close(files[i].fd);
	}
	recordings_second(&h->edge);
	retention_second(h->core);
	answers_send(h->core, store_commit(h->core->store));
	for (int i = 0; i < TURNS_MAX && h->edge.disk->queued != 0; i++)
		house_turn(h);
	if (h->edge.disk->queued != 0)
		abort();
	return !cut_failed();
}
