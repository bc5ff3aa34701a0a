/*
 * stream.c - streams: who may write one, the files that hold media, the rows
 * that hold the rest. Edge asks once per stream and segment, never per record.
 */
#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>

#include "base/codec.h"
#include "eavesd/core/core.h"
#include "os/clock.h"
#include "os/file.h"

#define SEGMENT_OCTETS (16u << 20)
#define ROW_OCTETS_MAX (16u << 10)
#define NAME_ROOM      (2 * ID_OCTETS + 1)

/* How a segment was closed; 0: it is not. */
static const struct choice segment_whole = { 1 }, segment_left = { 2 };

enum err
stream_get(struct core *core, const struct id *id, struct stream *ret)
{
	AUTO_BUF struct buf sealed, body;
	struct rd r;
	enum err e;

	buf_init(&sealed, 512);
	buf_init(&body, 512);
	if ((e = store_octets(core->store, SQL_STREAM_GET, CELLS(cell_id(id)),
		 0, &sealed)) != ERR_OK ||
	    (e = row_open(core, TABLE_STREAM, 0, id, buf_slice(&sealed),
		 &body)) != ERR_OK)
		return e;
	rd_init(&r, buf_slice(&body));
	rd_id(&r, &ret->home);
	rd_id(&r, &ret->writer);
	ret->slot = rd_u32(&r);
	ret->class = rd_u8(&r);
	return rd_end(&r);
}

enum err
stream_add(struct core *core, const struct id *id, const struct stream *s)
{
	AUTO_BUF struct buf sealed, body;
	struct wr w;
	enum err e;

	buf_init(&sealed, 512);
	buf_init(&body, 512);
	wr_init(&w, &body);
	wr_id(&w, &s->home);
	wr_id(&w, &s->writer);
	wr_u32(&w, s->slot);
	wr_u8(&w, s->class);
	if ((e = wr_end(&w)) != ERR_OK ||
	    (e = row_seal(core, TABLE_STREAM, 0, id, buf_slice(&body),
		 &sealed)) != ERR_OK)
		return e;
	return store_write(core->store, SQL_STREAM_ADD,
	    CELLS(cell_id(id),
		cell_sealed(sealed_by_keeper(buf_slice(&sealed)))));
}

/* --- rows of log and state streams --- */

enum err
record_append(struct core *core, const struct id *stream,
    const struct stream *s, uint8_t class, const struct run_id *run,
    uint64_t place, struct slice sealed)
{
	struct index16 tag = { { { 0 } } };
	const struct count index = { place };
	const struct day day = { clock_day() };
	AUTO_BUF struct buf there = { 0 };
	struct sealed checked;
	enum err e;

	if (s->class != class || class == 1)
		return ERR_DENIED;
	if (sealed.len != 1024 && sealed.len != 4096 &&
	    sealed.len != ROW_OCTETS_MAX)
		return ERR_SYNTAX;
	if ((e = sealed_by_peer(sealed, &checked)) != ERR_OK)
		return e;
	memcpy(tag.octets.octets, run->octets, RUN_ID_OCTETS);
	if ((e = store_write(core->store, SQL_RECORD_ADD,
		 CELLS(cell_id(stream), cell_index(&tag), cell_count(index),
		     cell_day(day), cell_sealed(checked)))) != ERR_OK)
		return e;
	/* sent again it is there already; another in its place is refused */
	buf_init(&there, ROW_OCTETS_MAX);
	if ((e = store_octets(core->store, SQL_RECORD_GET,
		 CELLS(cell_id(stream), cell_index(&tag), cell_count(index)), 0,
		 &there)) != ERR_OK)
		return e;
	return slice_eq(buf_slice(&there), sealed) ? ERR_OK : ERR_CONFLICT;
}

void
row_post(struct call *c)
{
	struct run_id run;
	struct stream s;
	struct id stream;
	uint64_t class, place;
	AUTO_BUF struct buf sealed;
	enum err e;

	buf_init(&sealed, ROW_OCTETS_MAX);
	if (!ticket_need(c, TICKET_HOME) ||
	    !in_only(c, c->in,
		ONLY("stream", "class", "run", "index", "sealed")) ||
	    !in_id(c, c->in, "stream", &stream) ||
	    !in_number(c, c->in, "class", 3, &class) ||
	    !in_octets(c, c->in, "run", run.octets, RUN_ID_OCTETS) ||
	    !in_number(c, c->in, "index", INT64_MAX, &place) ||
	    !in_blob(c, c->in, "sealed", &sealed))
		return;
	if ((c->claims.rights & RIGHT_WRITE) == 0)
		e = ERR_DENIED;
	else if ((e = stream_get(c->core, &stream, &s)) == ERR_OK)
		e = id_eq(&s.home, &c->home)
			? record_append(c->core, &stream, &s, (uint8_t) class,
			      &run, place, buf_slice(&sealed))
			: ERR_MISSING;
	if (e != ERR_OK)
		(void)call_fail_err(c, e);
}

struct rows_ctx {
	struct call *call;
	json_t *list;
};

static enum err
row_out(void *ctx, const struct row *row)
{
	struct rows_ctx *r = ctx;
	json_t *o = json_object();
	struct run_id run;

	if (o == NULL || json_array_append_new(r->list, o) != 0)
		return ERR_NOMEM;
	memcpy(run.octets, row_octets(row, 0).at, RUN_ID_OCTETS);
	out_run(r->call, o, "run", &run);
	out_count(r->call, o, "index", (struct count){ row_number(row, 1) });
	out_sealed(r->call, o, "sealed", row_sealed(row, 2));
	return ERR_OK;
}

void
rows_post(struct call *c)
{
	struct rows_ctx r = { .call = c };
	struct count most;
	struct stream s;
	struct id stream;
	enum err e;

	if (!ticket_need(c, TICKET_HOME) ||
	    !in_only(c, c->in, ONLY("stream", "most")) ||
	    !in_id(c, c->in, "stream", &stream) ||
	    !in_number(c, c->in, "most", 32, &most.n))
		return;
	r.list = json_array();
	if ((c->claims.rights & RIGHT_PAST) == 0)
		e = ERR_DENIED;
	else if (json_object_set_new(c->out, "rows", r.list) != 0)
		e = ERR_NOMEM;
	else if ((e = stream_get(c->core, &stream, &s)) == ERR_OK)
		e = id_eq(&s.home, &c->home)
			? store_each(c->core->store, SQL_RECORD_NEWEST,
			      CELLS(cell_id(&stream), cell_count(most)),
			      row_out, &r)
			: ERR_MISSING;
	if (e != ERR_OK)
		(void)call_fail_err(c, e);
}

/* --- segments --- */

static void
segment_name(const struct id *segment, char to[static NAME_ROOM])
{
	hex_encode(id_slice(segment), to);
}

/*
 * A file has one writer. The lock is the descriptor's: edge has it with the
 * descriptor, until it closes that or dies. ERR_AGAIN: somebody else has it.
 */
static enum err
segment_lock(int fd)
{
	struct flock whole = { .l_type = F_WRLCK, .l_whence = SEEK_SET };

	if (fcntl(fd, F_OFD_SETLK, &whole) == 0)
		return ERR_OK;
	return errno == EACCES ? ERR_AGAIN : err_of_errno(errno);
}

/*
 * What a crash left open: random octets to the end, never written again.
 * ERR_AGAIN: edge is still writing it, and closes it itself.
 */
static enum err
segment_seal_off(struct core *core, const struct id *segment)
{
	char name[NAME_ROOM];
	struct stat st;
	enum err e;

	segment_name(segment, name);
	AUTO_FD int fd = openat(core->segments_fd, name,
	    O_WRONLY | O_CLOEXEC | O_NOFOLLOW);
	if (fd != -1 && (e = segment_lock(fd)) != ERR_OK)
		return e;
	if (fd != -1 && fstat(fd, &st) == 0 &&
	    lseek(fd, 0, SEEK_END) != (off_t)-1) {
		uint8_t random[65536];

		for (off_t at = st.st_size; at < (off_t)SEGMENT_OCTETS;) {
			size_t n = sizeof random;

			if (at + (off_t)n > (off_t)SEGMENT_OCTETS)
				n = (size_t)((off_t)SEGMENT_OCTETS - at);
			octets_random(random, n);
			if ((e = fd_write_all(fd, slice_make(random, n))) !=
			    ERR_OK)
				return e;
			at += (off_t)n;
		}
		fd_times_hide(fd);
	}
	return store_write(core->store, SQL_SEGMENT_CLOSE,
	    CELLS(cell_id(segment), cell_choice(segment_left)));
}

struct id_list {
	struct id at[64];
	size_t count;
};

static enum err
id_take(void *ctx, const struct row *row)
{
	struct id_list *l = ctx;

	if (l->count < COUNT(l->at) && row_octets(row, 0).len == ID_OCTETS)
		memcpy(l->at[l->count++].octets, row_octets(row, 0).at,
		    ID_OCTETS);
	return ERR_OK;
}

/* *ret_count: how many were left. */
static enum err
segments_seal_off(struct core *core, const struct id_list *open,
    size_t *ret_count)
{
	size_t count = 0;

	for (size_t i = 0; i < open->count; i++) {
		const enum err e = segment_seal_off(core, &open->at[i]);

		if (e != ERR_OK && e != ERR_AGAIN)
			return e;
		count += e == ERR_OK;
	}
	*ret_count = count;
	return ERR_OK;
}

enum err
segments_tidy(struct core *core)
{
	size_t count;
	enum err e;

	do {
		struct id_list open = { .count = 0 };

		if ((e = store_each(core->store, SQL_SEGMENT_ALL_OPEN, NO_CELLS,
			 id_take, &open)) != ERR_OK)
			return e;
		e = segments_seal_off(core, &open, &count);
	} while (e == ERR_OK && count != 0);
	return e;
}

/* Room for one more: the oldest of the stream with the most goes first. */
static enum err
segments_make_room(struct core *core)
{
	uint64_t count = 0;
	enum err e;

	for (;;) {
		struct id_list oldest = { .count = 0 };
		char name[NAME_ROOM];

		if ((e = store_number(core->store, SQL_SEGMENT_COUNT, NO_CELLS,
			 0, &count)) != ERR_OK)
			return e;
		if ((count + 1) * SEGMENT_OCTETS <= core->media_octets_max)
			return ERR_OK;
		if ((e = store_each(core->store, SQL_SEGMENT_OLDEST, NO_CELLS,
			 id_take, &oldest)) != ERR_OK)
			return e;
		if (oldest.count == 0)
			return ERR_LIMIT;
		segment_name(&oldest.at[0], name);
		if (unlinkat(core->segments_fd, name, 0) == -1 &&
		    errno != ENOENT)
			return err_of_errno(errno);
		if ((e = store_write(core->store, SQL_SEGMENT_DROP,
			 CELLS(cell_id(&oldest.at[0])))) != ERR_OK)
			return e;
	}
}

/* The key of a segment goes through to edge: core has no use for it. */
static enum err
segment_key_tell(struct core *core, uint32_t slot, const struct id *segment,
    struct tell *t)
{
	uint8_t q[4 + ID_OCTETS];
	const struct be64 s = be64_make(slot);
	AUTO_BUF struct buf key;
	enum err e;

	buf_init_secret(&key, 2 * KEY_OCTETS);
	memcpy(q, be64_tail(&s, 4).at, 4);
	memcpy(q + 4, segment->octets, ID_OCTETS);
	if ((e = keeper_ask(core, MSG_SEGMENT_KEY, SLICE_OF(q), &key)) !=
	    ERR_OK)
		return e;
	if (key.len != KEY_OCTETS)
		return ERR_CORRUPT;
	tell_key(t, segment_key_by_keeper(buf_slice(&key)));
	return ERR_OK;
}

static enum err
segment_begin(struct core *core, const struct id *stream,
    const struct stream *s, struct tell *t, int *ret_fd)
{
	struct id_list left = { .count = 0 };
	size_t left_count;
	const struct day day = { clock_day() };
	char name[NAME_ROOM];
	struct id segment;
	enum err e;

	if (s->class != 1)
		return ERR_DENIED;
	if ((e = store_each(core->store, SQL_SEGMENT_OPEN_ONES,
		 CELLS(cell_id(stream)), id_take, &left)) != ERR_OK)
		return e;
	if ((e = segments_seal_off(core, &left, &left_count)) != ERR_OK ||
	    (e = segments_make_room(core)) != ERR_OK)
		return e;
	octets_random(segment.octets, ID_OCTETS);
	segment_name(&segment, name);
	const int fd = openat(core->segments_fd, name,
	    O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0600);
	if (fd == -1)
		return err_of_errno(errno);
	fd_times_hide(fd);
	tell_id(t, &segment);
	/* edge syncs the file; its name is the folder's */
	if ((e = segment_lock(fd)) == ERR_OK && fsync(core->segments_fd) == -1)
		e = err_of_errno(errno);
	if (e == ERR_OK &&
	    (e = segment_key_tell(core, s->slot, &segment, t)) == ERR_OK &&
	    (e = store_write(core->store, SQL_SEGMENT_ADD,
		 CELLS(cell_id(&segment), cell_id(stream), cell_day(day)))) ==
		ERR_OK) {
		tell_count(t, (struct count){ SEGMENT_OCTETS }, 8);
		e = tell_end(t);
	}
	if (e != ERR_OK) {
		(void)close(fd);
		(void)unlinkat(core->segments_fd, name, 0);
		return e;
	}
	*ret_fd = fd;
	return ERR_OK;
}

static void
err_answer(struct core *core, const struct ipc_msg *m, enum err e)
{
	AUTO_TELL struct tell t;

	tell_init(&t, 8);
	tell_err(&t, e);
	if (tell_end(&t) == ERR_OK)
		answer_keep(core, m->id, m->type, &t, NULL, 0);
}

/* e is what became of it: then t is an answer, or a word on what is wrong. */
static void
answer_end(struct core *core, const struct ipc_msg *m, enum err e,
    struct tell *t)
{
	if (e == ERR_OK)
		e = tell_end(t);
	if (e == ERR_OK)
		answer_keep(core, m->id, m->type, t, NULL, 0);
	else
		err_answer(core, m, e);
}

static enum err
segment_next(struct core *core, struct ipc_msg *m)
{
	AUTO_TELL struct tell t = { 0 };
	struct stream s;
	struct id id;
	struct rd r;
	enum err e;
	int fd = -1;

	rd_init(&r, m->body);
	rd_id(&r, &id);
	if ((e = rd_end(&r)) != ERR_OK)
		return e;
	tell_init(&t, 256);
	tell_err(&t, ERR_OK);
	if ((e = stream_get(core, &id, &s)) == ERR_OK)
		e = segment_begin(core, &id, &s, &t, &fd);
	if (e != ERR_OK)
		err_answer(core, m, e);
	else
		answer_keep(core, m->id, m->type, &t, &fd, 1);
	return ERR_OK;
}

/* Files that are there; the rest still plays. */
static size_t
segments_open(struct core *core, const struct id_list *list, int *fds,
    struct id *ret_ids)
{
	size_t count = 0;

	for (size_t i = list->count; i-- > 0;) {
		char name[NAME_ROOM];

		segment_name(&list->at[i], name);
		fds[count] = openat(core->segments_fd, name,
		    O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
		if (fds[count] != -1)
			ret_ids[count++] = list->at[i];
	}
	return count;
}

static enum err
segment_list_tell(struct core *core, const struct id *stream, uint64_t most,
    struct tell *t, int *fds, size_t *fd_count)
{
	struct id_list list = { .count = 0 };
	const struct count n = { most };
	struct id ids[IPC_FDS_MAX];
	struct stream s;
	enum err e;

	if ((e = stream_get(core, stream, &s)) != ERR_OK ||
	    (e = store_each(core->store, SQL_SEGMENT_NEWEST,
		 CELLS(cell_id(stream), cell_count(n)), id_take, &list)) !=
		ERR_OK)
		return e;
	*fd_count = segments_open(core, &list, fds, ids);
	tell_err(t, ERR_OK);
	tell_count(t, (struct count){ *fd_count }, 2);
	for (size_t i = 0; i < *fd_count; i++) {
		tell_id(t, &ids[i]);
		if ((e = segment_key_tell(core, s.slot, &ids[i], t)) != ERR_OK)
			return e;
	}
	return tell_end(t);
}

static enum err
segment_list(struct core *core, struct ipc_msg *m)
{
	AUTO_TELL struct tell t = { 0 };
	int fds[IPC_FDS_MAX];
	size_t fd_count = 0;
	struct id id;
	struct rd r;
	enum err e;

	rd_init(&r, m->body);
	rd_id(&r, &id);
	const uint16_t most = rd_u16(&r);
	if ((e = rd_end(&r)) != ERR_OK || most == 0 || most > IPC_FDS_MAX)
		return ERR_SYNTAX;
	tell_init(&t, 1024);
	e = segment_list_tell(core, &id, most, &t, fds, &fd_count);
	if (e == ERR_OK)
		answer_keep(core, m->id, m->type, &t, fds, fd_count);
	else {
		for (size_t i = 0; i < fd_count; i++)
			(void)close(fds[i]);
		err_answer(core, m, e);
	}
	return ERR_OK;
}

/* --- who comes --- */

static void
view_tell(struct tell *t, const struct id *home, const struct claims *claims,
    const struct home *h)
{
	tell_err(t, ERR_OK);
	tell_id(t, home);
	tell_count(t, (struct count){ claims->rights }, 4);
	tell_count(t, (struct count){ claims->expiry_s }, 8);
	tell_count(t, (struct count){ h->stream_count }, 2);
	for (size_t i = 0; i < h->stream_count; i++)
		tell_id(t, &h->streams[i]);
}

static enum err
view_open(struct core *core, struct ipc_msg *m)
{
	AUTO_TELL struct tell t = { 0 };
	struct claims claims;
	struct home h;
	struct id ticket, home;
	AUTO_KEY secret;
	struct rd r;
	enum err e;

	rd_init(&r, m->body);
	rd_id(&r, &ticket);
	rd_copy(&r, secret.octets, KEY_OCTETS);
	if ((e = rd_end(&r)) != ERR_OK)
		return e;
	tell_init(&t, 4096);
	e = ticket_claims(core, TICKET_HOME, &ticket, &secret, &claims);
	if (e == ERR_OK && claims.own_octets != 2 * ID_OCTETS)
		e = ERR_CORRUPT;
	if (e == ERR_OK) {
		memcpy(home.octets, claims.own, ID_OCTETS);
		e = home_get(core, &home, &h);
	}
	if (e == ERR_OK)
		view_tell(&t, &home, &claims, &h);
	answer_end(core, m, e == ERR_MISSING ? ERR_DENIED : e, &t);
	octets_wipe(&claims, sizeof claims);
	return ERR_OK;
}

static enum err
uplink_open(struct core *core, struct ipc_msg *m)
{
	AUTO_TELL struct tell t = { 0 };
	struct device d;
	enum err e;

	if (m->body.len != SHA256_OCTETS)
		return ERR_SYNTAX;
	tell_init(&t, 4096);
	e = device_get(core, m->body.at, &d);
	if (e == ERR_OK && id_is_zero(&d.home))
		e = ERR_DENIED;
	if (e == ERR_OK) {
		tell_err(&t, ERR_OK);
		tell_id(&t, &d.id);
		tell_id(&t, &d.home);
		tell_count(&t, (struct count){ d.stream_count }, 2);
		for (size_t i = 0; i < d.stream_count; i++) {
			tell_id(&t, &d.streams[i].id);
			tell_choice(&t, (struct choice){ d.streams[i].class });
		}
	}
	answer_end(core, m, e, &t);
	return ERR_OK;
}

/* Core binds device to stream: another tenant's stream is refused. */
static enum err
row_append(struct core *core, struct ipc_msg *m)
{
	uint8_t spki[SHA256_OCTETS];
	struct device d;
	struct stream s;
	struct run_id run;
	struct id stream;
	struct rd r;
	enum err e;

	rd_init(&r, m->body);
	rd_copy(&r, spki, sizeof spki);
	(void)rd_octets(&r, ID_OCTETS + KEY_OCTETS);
	rd_id(&r, &stream);
	const uint8_t class = rd_u8(&r);
	rd_copy(&r, run.octets, RUN_ID_OCTETS);
	const uint64_t place = rd_u64(&r);
	const struct slice sealed = rd_sized(&r, ROW_OCTETS_MAX);
	if ((e = rd_end(&r)) != ERR_OK)
		return e;
	if ((e = device_get(core, spki, &d)) == ERR_OK &&
	    (e = stream_get(core, &stream, &s)) == ERR_OK)
		e = id_eq(&s.writer, &d.id) && id_eq(&s.home, &d.home)
			? record_append(core, &stream, &s, class, &run, place,
			      sealed)
			: ERR_DENIED;
	err_answer(core, m, e);
	return ERR_OK;
}

enum err
edge_question(struct core *core, struct ipc_msg *m)
{
	struct id segment;

	switch ((int)m->type) {
	case MSG_API_CALL:
		core_call(core, m->id, m->body);
		return ERR_OK;
	case MSG_VIEW_OPEN:
		return view_open(core, m);
	case MSG_UPLINK_OPEN:
		return uplink_open(core, m);
	case MSG_SEGMENT_NEXT:
		return segment_next(core, m);
	case MSG_SEGMENT_LIST:
		return segment_list(core, m);
	case MSG_ROW_APPEND:
		return row_append(core, m);
	case MSG_SEGMENT_FULL:
		if (m->body.len != ID_OCTETS + 8)
			return ERR_SYNTAX;
		memcpy(segment.octets, m->body.at, ID_OCTETS);
		return store_write(core->store, SQL_SEGMENT_CLOSE,
		    CELLS(cell_id(&segment), cell_choice(segment_whole)));
	default:
		return ERR_DENIED;
	}
}
