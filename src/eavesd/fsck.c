/*
 * fsck.c - the program eaves-fsck: what of a server's folder is lost? Each row
 * is opened as core would have the keeper open it, each segment compared with
 * its sum. It mends nothing and tells ids alone: nobody's words can be read
 * with the keeper's secret.
 */
#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/codec.h"
#include "crypto/aead.h"
#include "eavesd/core/core.h"
#include "eavesd/keeper/keeper.h"
#include "os/file.h"
#include "os/memory.h"
#include "stream/segment.h"

#define ROW_OCTETS_MAX (700u << 10)

struct stream_slot {
	struct id stream;
	uint32_t slot;
};

struct check {
	struct store *store;
	struct keeper *keeper;
	int segments_fd;
	struct stream_slot *streams;
	size_t stream_count, stream_room;
	unsigned long rows, segments, left, lost;
};

static int
complain(const char *why)
{
	(void)fprintf(stderr, "eaves-fsck: %s\n", why);
	return 1;
}

static void
lost_tell(struct check *c, const char *what, const struct id *id,
    const char *why)
{
	char hex[2 * ID_OCTETS + 1];

	hex_encode(id_slice(id), hex);
	(void)printf("%s %s: %s\n", what, hex, why);
	c->lost++;
}

static struct id
row_id(const struct row *row, int column)
{
	const struct slice s = row_octets(row, column);
	struct id id = { { 0 } };

	if (s.len == ID_OCTETS)
		memcpy(id.octets, s.at, ID_OCTETS);
	return id;
}

/* One of the keeper's verbs; its answer without the err octet. */
static enum err
keeper_answer(struct check *c, enum ipc_type type, struct slice question,
    struct buf *out)
{
	struct buf answer;
	enum err e;

	buf_init_secret(&answer, ROW_OCTETS_MAX);
	if ((e = keeper_serve(c->keeper, type, question, &answer)) == ERR_OK &&
	    (e = (enum err)answer.at[0]) == ERR_OK)
		e = buf_append(out, slice_skip(buf_slice(&answer), 1));
	buf_fini(&answer);
	return e;
}

static enum err
row_unseal(struct check *c, enum table table, uint32_t slot,
    const struct id *key, struct slice sealed, struct buf *out)
{
	AUTO_BUF struct buf q;
	struct wr w;
	enum err e;

	buf_init(&q, ROW_OCTETS_MAX);
	wr_init(&w, &q);
	wr_u8(&w, (uint8_t)table);
	wr_u32(&w, slot);
	wr_id(&w, key);
	wr_octets(&w, sealed);
	if ((e = wr_end(&w)) != ERR_OK)
		return e;
	return keeper_answer(c, MSG_ROW_OPEN, buf_slice(&q), out);
}

/* --- rows --- */

static const struct {
	enum statement rows; /* key, slot, body */
	enum table table;
	const char *name;
} tables[] = {
	{ SQL_CHECK_ACCOUNT, TABLE_ACCOUNT, "account" },
	{ SQL_CHECK_VAULT, TABLE_VAULT, "keys of the account" },
	{ SQL_CHECK_TALLY, TABLE_TALLY, "tally of the account" },
	{ SQL_CHECK_GRANT, TABLE_GRANT, "grant" },
	{ SQL_CHECK_HOME, TABLE_HOME, "home" },
	{ SQL_CHECK_ENTRY, TABLE_ENTRY, "directory of the home" },
	{ SQL_CHECK_KEYITEM, TABLE_KEYITEM, "home keys of the reader" },
	{ SQL_CHECK_DEVICE, TABLE_DEVICE, "device" },
	{ SQL_CHECK_STREAM, TABLE_STREAM, "stream" },
	{ SQL_CHECK_HOLDS, TABLE_HOLDS, "runs of the segment" },
	{ SQL_CHECK_SPAN, TABLE_SPAN, "place of a run" },
	{ SQL_CHECK_LOCK, TABLE_LOCK, "lock" },
};

struct table_check {
	struct check *check;
	size_t at;
};

/* Inside an account's row there is one more, under the account's own key. */
static enum err
account_look(struct check *c, struct slice body)
{
	AUTO_BUF struct buf record = { 0 };
	struct id id, recovery;
	struct rd r;

	rd_init(&r, body);
	rd_id(&r, &id);
	rd_id(&r, &recovery);
	const uint32_t slot = rd_u32(&r);
	const struct slice sealed = rd_octets(&r, r.rest.len);
	if (rd_end(&r) != ERR_OK)
		return ERR_SYNTAX;
	buf_init_secret(&record, 1024);
	return row_unseal(c, TABLE_RECORD, slot, &id, sealed, &record);
}

static enum err
stream_look(struct check *c, const struct id *id, struct slice body)
{
	struct id home, writer;
	struct rd r;

	rd_init(&r, body);
	rd_id(&r, &home);
	rd_id(&r, &writer);
	const uint32_t slot = rd_u32(&r);
	(void)rd_u8(&r);
	if (r.rest.len != 0) /* its limits */
		(void)rd_octets(&r, 2 + 8);
	if (rd_end(&r) != ERR_OK)
		return ERR_SYNTAX;
	if (c->stream_count == c->stream_room) {
		const size_t room = 2 * c->stream_room + 64;
		struct stream_slot *at = realloc(c->streams, room * sizeof *at);

		if (at == NULL)
			return ERR_NOMEM;
		c->streams = at;
		c->stream_room = room;
	}
	c->streams[c->stream_count++] = (struct stream_slot){ *id, slot };
	return ERR_OK;
}

static enum err
row_look(void *ctx, const struct row *row)
{
	const struct table_check *t = ctx;
	const enum table table = tables[t->at].table;
	const struct id key = row_id(row, 0);
	struct check *c = t->check;
	struct buf body;
	enum err e;

	c->rows++;
	buf_init_secret(&body, ROW_OCTETS_MAX);
	e = row_unseal(c, table, (uint32_t)row_number(row, 1), &key,
	    row_octets(row, 2), &body);
	if (e == ERR_OK && table == TABLE_ACCOUNT)
		e = account_look(c, buf_slice(&body));
	if (e == ERR_OK && table == TABLE_STREAM)
		e = stream_look(c, &key, buf_slice(&body));
	buf_fini(&body);
	if (e == ERR_NOMEM || e == ERR_IO)
		return e;
	if (e != ERR_OK)
		lost_tell(c, tables[t->at].name, &key,
		    e == ERR_MISSING ? "its key was erased"
				     : "it does not open");
	return ERR_OK;
}

/* A ticket opens for its bearer alone: only its form can be looked at. */
static enum err
ticket_look(void *ctx, const struct row *row)
{
	const struct id id = row_id(row, 0);
	const struct slice body = row_octets(row, 1);
	struct check *c = ctx;

	c->rows++;
	if (body.len < 1 + ID_OCTETS || body.at[0] == 0 ||
	    body.at[0] >= TICKET__MAX ||
	    memcmp(body.at + 1, id.octets, ID_OCTETS) != 0)
		lost_tell(c, "ticket", &id, "it is no ticket");
	return ERR_OK;
}

/* As a ticket: it opens in the home. */
static enum err
record_look(void *ctx, const struct row *row)
{
	const struct id stream = row_id(row, 0);
	const struct slice body = row_octets(row, 1);
	struct sealed checked;
	struct check *c = ctx;

	c->rows++;
	if ((body.len != 1024 && body.len != 4096 && body.len != 16384) ||
	    sealed_by_peer(body, &checked) != ERR_OK)
		lost_tell(c, "record of the stream", &stream,
		    "it is no record");
	return ERR_OK;
}

/* A lock keeps its segments: one that is gone was lost. */
static enum err
held_look(void *ctx, const struct row *row)
{
	const struct id segment = row_id(row, 0);

	lost_tell(ctx, "segment", &segment, "it was locked, and is gone");
	return ERR_OK;
}

/* SQLite's own look at its file: it says "ok", or what is wrong. */
static enum err
file_look(void *ctx, const struct row *row)
{
	const struct slice s = row_octets(row, 0);
	struct check *c = ctx;

	if (!slice_eq(s, SLICE_LIT("ok"))) {
		(void)printf("store: %.*s\n", (int)s.len, (const char *)s.at);
		c->lost++;
	}
	return ERR_OK;
}

static enum err
rows_look(struct check *c)
{
	enum err e;

	if ((e = store_each(c->store, SQL_CHECK_ALL, NO_CELLS, file_look, c)) !=
	    ERR_OK)
		return e;
	for (size_t i = 0; i < COUNT(tables); i++) {
		struct table_check t = { c, i };

		if ((e = store_each(c->store, tables[i].rows, NO_CELLS,
			 row_look, &t)) != ERR_OK)
			return e;
	}
	if ((e = store_each(c->store, SQL_CHECK_TICKET, NO_CELLS, ticket_look,
		 c)) != ERR_OK)
		return e;
	if ((e = store_each(c->store, SQL_CHECK_HELD, NO_CELLS, held_look,
		 c)) != ERR_OK)
		return e;
	return store_each(c->store, SQL_CHECK_RECORD, NO_CELLS, record_look, c);
}

/* --- segments --- */

static enum err
segment_key(struct check *c, const struct id *segment, const struct id *stream,
    struct key *ret)
{
	uint8_t q[4 + ID_OCTETS];
	struct buf answer;
	enum err e = ERR_MISSING;

	for (size_t i = 0; i < c->stream_count; i++) {
		const uint32_t slot = c->streams[i].slot;

		if (!id_eq(&c->streams[i].stream, stream))
			continue;
		for (unsigned k = 0; k < 4; k++)
			q[k] = (uint8_t)(slot >> (24 - 8 * k));
		memcpy(q + 4, segment->octets, ID_OCTETS);
		buf_init_secret(&answer, KEY_OCTETS);
		e = keeper_answer(c, MSG_SEGMENT_KEY, SLICE_OF(q), &answer);
		if (e == ERR_OK && answer.len == KEY_OCTETS)
			memcpy(ret->octets, answer.at, KEY_OCTETS);
		buf_fini(&answer);
		break;
	}
	return e;
}

static enum err
record_count(void *ctx, const struct record_clear *clear, struct slice record)
{
	unsigned long *count = ctx;

	(void)clear;
	(void)record;
	++*count;
	return ERR_OK;
}

/* b is deciphered in place. */
static void
octets_look(struct check *c, const struct id *id, uint64_t closed,
    const struct key *key, struct buf *b)
{
	const size_t end = SEGMENT_OCTETS - SEGMENT_SUM_OCTETS;
	uint8_t sum[SHA256_OCTETS] = { 0 };
	unsigned long count = 0;
	char why[96];

	if (b->len == SEGMENT_OCTETS)
		sha256(slice_head(buf_slice(b), end), sum);
	if (ctr_xor(key, 0, b->at, b->len) != ERR_OK) {
		lost_tell(c, "segment", id, "it cannot be deciphered");
		return;
	}
	if (b->len == SEGMENT_OCTETS &&
	    memcmp(b->at + end, sum, sizeof sum) == 0)
		return;
	(void)!segment_scan(buf_slice(b), record_count, &count);
	if (closed != 1) { /* a crash: it never had a sum */
		c->left++;
		return;
	}
	(void)snprintf(why, sizeof why,
	    "not as it was written; up to %lu records may still play", count);
	lost_tell(c, "segment", id, why);
}

static enum err
segment_look(void *ctx, const struct row *row)
{
	const struct id id = row_id(row, 0), stream = row_id(row, 1);
	const uint64_t closed = row_number(row, 2);
	AUTO_BUF struct buf b;
	char name[2 * ID_OCTETS + 1];
	struct check *c = ctx;
	AUTO_KEY key;
	enum err e;

	c->segments++;
	hex_encode(id_slice(&id), name);
	buf_init(&b, SEGMENT_OCTETS);
	if ((e = file_read(c->segments_fd, name, &b)) == ERR_NOMEM)
		return e;
	if (e == ERR_MISSING)
		lost_tell(c, "segment", &id, "its file is missing");
	else if (e != ERR_OK)
		lost_tell(c, "segment", &id,
		    e == ERR_LIMIT ? "its file is too long"
				   : "its file cannot be read");
	else if (closed != 0 && b.len != SEGMENT_OCTETS)
		lost_tell(c, "segment", &id, "its file is too short");
	else if (segment_key(c, &id, &stream, &key) != ERR_OK)
		lost_tell(c, "segment", &id, "there is no key for it");
	else
		octets_look(c, &id, closed, &key, &b);
	return ERR_OK;
}

/* A file that no row names is what a crash may leave: no harm, but room. */
static enum err
strays_tell(struct check *c)
{
	const struct dirent *entry;
	DIR *dir;
	enum err e = folder_list(c->segments_fd, ".", &dir);

	if (e != ERR_OK)
		return e;
	while (e == ERR_OK && (entry = readdir(dir)) != NULL) {
		uint64_t state;
		struct id id;

		if (entry->d_name[0] == '.')
			continue;
		e = hex_decode(slice_str(entry->d_name), id.octets, ID_OCTETS);
		if (e == ERR_OK)
			e = store_number(c->store, SQL_SEGMENT_STATE,
			    CELLS(cell_id(&id)), 0, &state);
		if (e == ERR_MISSING || e == ERR_SYNTAX) {
			(void)printf("segments/%s: belongs to nothing, can be "
				     "deleted\n",
			    entry->d_name);
			e = ERR_OK;
		}
	}
	(void)closedir(dir);
	return e;
}

/* --- all of it --- */

static int
look(struct check *c)
{
	bool older;
	enum err e;

	if ((e = store_open_as_is("store.db", &older, &c->store)) != ERR_OK)
		return complain(
		    e == ERR_IO
			? "the store cannot be read; is Eaves running? Stop it "
			  "first"
		    : e == ERR_UNSUPPORTED
			? "the store was written by a newer Eaves"
			: "the store does not open: it is damaged");
	if (older) {
		store_close(c->store);
		return complain("the store is of an older Eaves: it is brought "
				"up to date when eavesd starts. Start it once, "
				"or look with the programs of then");
	}
	if ((e = rows_look(c)) == ERR_OK &&
	    (e = store_each(c->store, SQL_CHECK_SEGMENT, NO_CELLS, segment_look,
		 c)) == ERR_OK)
		e = strays_tell(c);
	store_close(c->store);
	free(c->streams);
	(void)printf("%lu rows and %lu segments, %lu lost or damaged.\n",
	    c->rows, c->segments, c->lost);
	if (c->left != 0)
		(void)printf("%lu segments end where a crash or a power cut "
			     "ended them.\n",
		    c->left);
	if (e != ERR_OK)
		return complain(err_text(e));
	return c->lost != 0;
}

int
main(int argc, char **argv)
{
	struct check c = { .segments_fd = -1 };

	dumps_off();
	if (argc != 3) {
		(void)fputs("eaves-fsck SERVER-FOLDER KEEPER-FOLDER\n", stderr);
		return 2;
	}
	AUTO_FD int keeper_fd = open(argv[2],
	    O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	AUTO_FD int server_fd = open(argv[1],
	    O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (server_fd == -1 || faccessat(server_fd, "store.db", R_OK, 0) == -1)
		return complain("there is no store in the server folder");
	/* opening what is not there would make a new one */
	if (keeper_fd == -1 ||
	    faccessat(keeper_fd, "keeper.secret", R_OK, 0) == -1)
		return complain("there is no secret in the keeper folder");
	AUTO_FD int segments_fd = openat(server_fd, "segments",
	    O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	c.segments_fd = segments_fd;
	if (fchdir(server_fd) == -1 || crypto_init() != ERR_OK ||
	    (c.keeper = calloc(1, sizeof *c.keeper)) == NULL ||
	    keeper_open(c.keeper, keeper_fd) != ERR_OK)
		return complain("the keeper folder cannot be read");
	const int status = look(&c);
	keeper_close(c.keeper);
	free(c.keeper);
	return status;
}
