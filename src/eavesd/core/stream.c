/*
 * stream.c - streams: who may write one, the files that hold media, the rows
 * that hold the rest. Edge asks once per stream and segment, never per record.
 */
#include <errno.h>
#include <fcntl.h>
#include <sys/statvfs.h>

#include "base/codec.h"
#include "eavesd/core/core.h"
#include "os/clock.h"
#include "os/file.h"
#include "stream/segment.h"

/* Of the disk: pictures never take what the store needs to go on. */
#define DISK_LEFT_OCTETS ((uint64_t)64 << 20)

static const struct choice segment_whole = { 1 };

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
	/* a row from before streams had limits */
	const bool limits = r.rest.len != 0;
	ret->days = limits ? rd_u16(&r) : 0;
	ret->octets_max = limits ? rd_u64(&r) : 0;
	return rd_end(&r);
}

static enum err
stream_put(struct core *core, enum statement n, const struct id *id,
    const struct stream *s)
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
	wr_u16(&w, s->days);
	wr_u64(&w, s->octets_max);
	if ((e = wr_end(&w)) != ERR_OK ||
	    (e = row_seal(core, TABLE_STREAM, 0, id, buf_slice(&body),
		 &sealed)) != ERR_OK)
		return e;
	return store_write(core->store, n,
	    CELLS(cell_id(id),
		cell_sealed(sealed_by_keeper(buf_slice(&sealed)))));
}

enum err
stream_add(struct core *core, const struct id *id, const struct stream *s)
{
	return stream_put(core, SQL_STREAM_ADD, id, s);
}

enum err
stream_set(struct core *core, const struct id *id, const struct stream *s)
{
	return stream_put(core, SQL_STREAM_SET, id, s);
}

/* --- segments --- */

enum err
disk_has(int folder_fd, uint64_t octets)
{
	struct statvfs fs;

	if (fstatvfs(folder_fd, &fs) == -1)
		return err_of_errno(errno);
	return (uint64_t)fs.f_bavail * fs.f_frsize < octets ? ERR_LIMIT
							    : ERR_OK;
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

/* What the file shall hold: a stream, from that record on. */
struct segment_wish {
	struct id stream;
	struct run_id run;
	uint64_t index;
};

/* Its rows; the rest of the answer. */
static enum err
segment_begin_rows(struct core *core, const struct segment_wish *wish,
    const struct stream *s, const struct id *segment, struct tell *t)
{
	const struct day day = { clock_day() };
	enum err e;

	tell_id(t, segment);
	if ((e = segment_key_tell(core, s->slot, segment, t)) != ERR_OK ||
	    (e = store_write(core->store, SQL_SEGMENT_ADD,
		 CELLS(cell_id(segment), cell_id(&wish->stream),
		     cell_day(day)))) != ERR_OK ||
	    (e = span_add(core, &wish->stream, segment, &wish->run,
		 wish->index)) != ERR_OK)
		return e;
	tell_count(t, (struct count){ SEGMENT_OCTETS }, 8);
	return tell_end(t);
}

static enum err
room_begin(struct core *core, const struct segment_wish *wish,
    const struct stream *s)
{
	const enum err e = segments_of_tidy(core, &wish->stream);

	return e == ERR_OK ? retention_make_room(core, &wish->stream, s) : e;
}

static enum err
segment_begin(struct core *core, const struct segment_wish *wish,
    const struct stream *s, struct tell *t, int *ret_fd)
{
	struct id segment;
	int fd = -1;
	enum err e;

	if ((e = disk_has(core->segments_fd, DISK_LEFT_OCTETS)) != ERR_OK ||
	    (e = segment_make(core, &segment, &fd)) != ERR_OK)
		return e;
	if ((e = segment_begin_rows(core, wish, s, &segment, t)) != ERR_OK) {
		(void)close(fd);
		return e;
	}
	*ret_fd = fd;
	return ERR_OK;
}

/* All of a part is done, or nothing: what else the turn did stands. */
static enum err
part_end(struct core *core, enum err e, size_t made, size_t gone)
{
	if (store_part_end(core->store, e == ERR_OK) != ERR_OK && e == ERR_OK)
		e = ERR_IO;
	if (e != ERR_OK)
		segments_undo(core, made, gone);
	return e;
}

/* The room that was made stays, even if the disk has none for the file yet. */
static enum err
segment_begin_parts(struct core *core, const struct segment_wish *wish,
    const struct stream *s, struct tell *t, int *ret_fd)
{
	const size_t made = core->made.count, gone = core->gone.count;
	enum err e;

	if (s->class != 1)
		return ERR_DENIED;
	if ((e = store_part_begin(core->store)) != ERR_OK ||
	    (e = part_end(core, room_begin(core, wish, s), made, gone)) !=
		ERR_OK ||
	    (e = store_part_begin(core->store)) != ERR_OK)
		return e;
	e = part_end(core, segment_begin(core, wish, s, t, ret_fd), made,
	    core->gone.count);
	if (e != ERR_OK && *ret_fd != -1) {
		(void)close(*ret_fd);
		*ret_fd = -1;
	}
	return e;
}

void
answer_err(struct core *core, const struct ipc_msg *m, enum err e)
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
		answer_err(core, m, e);
}

static enum err
segment_next(struct core *core, struct ipc_msg *m)
{
	AUTO_TELL struct tell t = { 0 };
	struct segment_wish wish;
	struct stream s;
	struct rd r;
	enum err e;
	int fd = -1;

	rd_init(&r, m->body);
	rd_id(&r, &wish.stream);
	rd_copy(&r, wish.run.octets, RUN_ID_OCTETS);
	wish.index = rd_u64(&r);
	if ((e = rd_end(&r)) != ERR_OK)
		return e;
	tell_init(&t, 256);
	tell_err(&t, ERR_OK);
	if ((e = stream_get(core, &wish.stream, &s)) == ERR_OK)
		e = segment_begin_parts(core, &wish, &s, &t, &fd);
	if (e != ERR_OK)
		answer_err(core, m, e);
	else
		answer_keep(core, m->id, m->type, &t, &fd, 1);
	return ERR_OK;
}

static enum err
segment_run(struct core *core, struct ipc_msg *m)
{
	struct id stream, segment;
	struct run_id run;
	struct rd r;
	enum err e;

	rd_init(&r, m->body);
	rd_id(&r, &stream);
	rd_id(&r, &segment);
	rd_copy(&r, run.octets, RUN_ID_OCTETS);
	if ((e = rd_end(&r)) != ERR_OK)
		return e;
	answer_err(core, m, span_add(core, &stream, &segment, &run, 0));
	return ERR_OK;
}

/* Files that are there; the rest still plays. */
static size_t
segments_open(struct core *core, const struct id_list *list, int *fds,
    struct id *ret_ids)
{
	size_t count = 0;

	for (size_t i = 0; i < list->count; i++) {
		char name[SEGMENT_NAME_ROOM];

		segment_name(&list->at[i], name);
		fds[count] = openat(core->segments_fd, name,
		    O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
		if (fds[count] != -1)
			ret_ids[count++] = list->at[i];
	}
	return count;
}

/* Oldest first: from the one that holds the record on, or the newest ones. */
static enum err
segments_find(struct core *core, const struct segment_wish *wish, uint64_t most,
    struct id_list *ret)
{
	const struct count n = { most };
	struct id from;
	enum err e;

	ret->count = 0;
	e = span_find(core, &wish->stream, &wish->run, wish->index, &from);
	if (e == ERR_OK)
		return store_each(core->store, SQL_SEGMENT_FROM,
		    CELLS(cell_id(&wish->stream), cell_id(&from),
			cell_count(n)),
		    id_take, ret);
	if (e != ERR_MISSING)
		return e;
	e = store_each(core->store, SQL_SEGMENT_NEWEST,
	    CELLS(cell_id(&wish->stream), cell_count(n)), id_take, ret);
	for (size_t i = 0; i < ret->count / 2; i++) {
		const struct id swap = ret->at[i];
		ret->at[i] = ret->at[ret->count - 1 - i];
		ret->at[ret->count - 1 - i] = swap;
	}
	return e;
}

static enum err
segment_list_tell(struct core *core, const struct segment_wish *wish,
    uint64_t most, struct tell *t, int *fds, size_t *fd_count)
{
	struct id_list list;
	struct id ids[IPC_FDS_MAX];
	struct stream s;
	enum err e;

	if ((e = stream_get(core, &wish->stream, &s)) != ERR_OK ||
	    (e = segments_find(core, wish, most, &list)) != ERR_OK)
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
	struct segment_wish wish;
	int fds[IPC_FDS_MAX];
	size_t fd_count = 0;
	struct rd r;
	enum err e;

	rd_init(&r, m->body);
	rd_id(&r, &wish.stream);
	const uint16_t most = rd_u16(&r);
	rd_copy(&r, wish.run.octets, RUN_ID_OCTETS);
	wish.index = rd_u64(&r);
	if ((e = rd_end(&r)) != ERR_OK || most == 0 || most > IPC_FDS_MAX)
		return ERR_SYNTAX;
	tell_init(&t, 1024);
	e = segment_list_tell(core, &wish, most, &t, fds, &fd_count);
	if (e == ERR_OK)
		answer_keep(core, m->id, m->type, &t, fds, fd_count);
	else {
		for (size_t i = 0; i < fd_count; i++)
			(void)close(fds[i]);
		answer_err(core, m, e);
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
	case MSG_SEGMENT_RUN:
		return segment_run(core, m);
	case MSG_SEGMENT_LIST:
		return segment_list(core, m);
	case MSG_ROW_APPEND:
		return row_append(core, m);
	case MSG_SEGMENT_FULL:
		if (m->body.len != ID_OCTETS + 8)
			return ERR_SYNTAX;
		memcpy(segment.octets, m->body.at, ID_OCTETS);
		/* on a full disk it stays open, and is looked at again */
		(void)!store_write(core->store, SQL_SEGMENT_CLOSE,
		    CELLS(cell_id(&segment), cell_choice(segment_whole)));
		return ERR_OK;
	default:
		return ERR_DENIED;
	}
}
