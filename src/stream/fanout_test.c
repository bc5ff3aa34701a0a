#include <sys/socket.h>
#include <unistd.h>

#include "base/obj.h"
#include "crypto/crypto.h"
#include "model/run_write.h"
#include "os/sock.h"
#include "proto/ws.h"
#include "stream/fanout.h"
#include "unit/t.h"

#define QUEUE_OCTETS  (64u << 10)
#define RECORD_OCTETS 8000u
#define GROUP_RECORDS 20u
#define SLOT          7u

/* A viewer: our end as edge has it, the far end as the browser has it. */
struct viewer {
	struct conn conn;
	struct fan_view view;
	int far;
	struct buf got;
	unsigned skips;
};

struct house {
	struct loop *loop;
	struct fan_stream stream;
	uint64_t index;
};

static void
viewer_closed(struct conn *c, enum err why)
{
	(void)c;
	(void)why;
}

static enum err
viewer_input(struct conn *c)
{
	(void)c;
	return ERR_OK;
}

static void
viewer_skipped(struct fan_view *v)
{
	OBJ_OF(v, struct viewer, view)->skips++;
}

static void
viewer_init(struct house *h, struct viewer *v)
{
	const struct conn_rules rules = { 4096, QUEUE_OCTETS };
	int pair[2];

	*v = (struct viewer){ .skips = 0 };
	assert_int_equal(socketpair(AF_UNIX,
			     SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0,
			     pair),
	    0);
	v->far = pair[1];
	v->conn.input = viewer_input;
	v->conn.closed = viewer_closed;
	v->view.skipped = viewer_skipped;
	buf_init(&v->got, 64u << 20);
	T_OK(conn_start(&v->conn, h->loop, pair[0], NULL, false, &rules));
	fan_view_add(&h->stream, &v->view, &v->conn);
}

static void
viewer_fini(struct viewer *v)
{
	fan_view_remove(&v->view);
	conn_close(&v->conn, ERR_CLOSED);
	(void)close(v->far);
	buf_fini(&v->got);
}

/* What has come so far, until no more does. */
static void
viewer_read(struct house *h, struct viewer *v)
{
	uint8_t chunk[65536];

	for (int quiet = 0; quiet < 3;) {
		const ssize_t n = recv(v->far, chunk, sizeof chunk, 0);

		if (n > 0)
			T_OK(buf_append(&v->got, slice_make(chunk, (size_t)n)));
		quiet = n > 0 ? 0 : quiet + 1;
		T_OK(loop_turn(h->loop, 0));
	}
}

/* The next record of what came; false: no more. */
static bool
record_next(struct slice *rest, struct record_clear *c)
{
	struct ws_head head;

	if (rest->len == 0)
		return false;
	T_OK(ws_head_parse(*rest, false, 8u << 20, &head));
	const struct slice all = slice_skip(*rest, head.head_octets);
	const struct slice payload = slice_head(all,
	    (size_t)head.payload_octets);
	assert_int_equal(slice_be(payload, 4), SLOT);
	T_OK(record_clear_parse(slice_skip(payload, 4), c));
	*rest = slice_skip(all, (size_t)head.payload_octets);
	return true;
}

static void
publish(struct house *h, uint8_t flags)
{
	uint8_t record[RECORD_OCTETS] = { 1, flags };
	size_t at = flags == RECORD_HEADER ? 103 : 2;
	struct record_clear c;

	if (flags == RECORD_HEADER)
		h->index = 0;
	if (flags == RECORD_HEADER)
		memset(record + 15, 9, RUN_ID_OCTETS);
	/* RFC 9605: key id of 8 octets, counter as short as it can be */
	record[at++] = h->index < 8     ? (uint8_t)(0xf0 | h->index)
		       : h->index < 256 ? 0xf8
					: 0xf9;
	memset(record + at, 9, RUN_ID_OCTETS);
	at += RUN_ID_OCTETS;
	if (h->index >= 256)
		record[at++] = (uint8_t)(h->index >> 8);
	if (h->index >= 8)
		record[at++] = (uint8_t)h->index;
	T_OK(fan_publish(&h->stream, SLICE_OF(record), &c));
	assert_int_equal(c.flags, flags);
	assert_int_equal(c.index, h->index);
	h->index++;
}

static void
group(struct house *h)
{
	publish(h, RECORD_KEY);
	for (unsigned i = 1; i < GROUP_RECORDS; i++)
		publish(h, 0);
}

static int
house_open(void **state)
{
	static const struct id id = { { 1 } };
	struct house *h = calloc(1, sizeof *h);

	h->loop = loop_create();
	fan_stream_init(&h->stream, &id, SLOT);
	publish(h, RECORD_HEADER);
	*state = h;
	return 0;
}

static int
house_close(void **state)
{
	struct house *h = *state;

	fan_stream_fini(&h->stream);
	loop_destroy(h->loop);
	free(h);
	return 0;
}

static void
who_comes_late_begins_with_the_newest_group(void **state)
{
	struct house *h = *state;
	struct record_clear c;
	struct viewer v;

	group(h);
	publish(h, RECORD_KEY);
	publish(h, 0);
	viewer_init(h, &v);
	viewer_read(h, &v);
	struct slice rest = buf_slice(&v.got);
	assert_true(record_next(&rest, &c));
	assert_int_equal(c.flags, RECORD_HEADER);
	assert_true(record_next(&rest, &c));
	assert_int_equal(c.flags, RECORD_KEY);
	assert_int_equal(c.index, GROUP_RECORDS + 1);
	assert_true(record_next(&rest, &c));
	assert_int_equal(c.index, GROUP_RECORDS + 2);
	assert_false(record_next(&rest, &c));
	viewer_fini(&v);
}

static void
who_reads_too_slowly_goes_on_at_the_next_group(void **state)
{
	struct house *h = *state;
	struct viewer quick, slow;
	struct record_clear c;
	unsigned quick_got = 0, holes = 0;
	uint64_t last = 0;

	viewer_init(h, &quick);
	viewer_init(h, &slow);
	for (int i = 0; i < 5; i++) {
		for (unsigned k = 0; k < GROUP_RECORDS; k++) {
			publish(h, k == 0 ? RECORD_KEY : 0);
			viewer_read(h, &quick);
		}
	}
	/* it was told once, and holds no more than its limit */
	assert_int_equal(slow.skips, 1);
	assert_true(conn_queued(&slow.conn) <= QUEUE_OCTETS);
	viewer_read(h, &slow);
	group(h);
	viewer_read(h, &slow);
	viewer_read(h, &quick);
	struct slice rest = buf_slice(&quick.got);
	while (record_next(&rest, &c))
		quick_got += c.flags != RECORD_HEADER;
	assert_true(quick_got >= 5 * GROUP_RECORDS);
	assert_int_equal(quick.skips, 0);
	rest = buf_slice(&slow.got);
	while (record_next(&rest, &c)) {
		if (c.flags == RECORD_HEADER) {
			last = 0;
			continue;
		}
		if (last == 0)
			assert_int_equal(c.flags, RECORD_KEY);
		else if (c.index != last + 1)
			holes++;
		last = c.index;
	}
	/* a hole only where a header and a key frame come again */
	assert_int_equal(holes, 0);
	assert_true(last > 5 * GROUP_RECORDS);
	viewer_fini(&quick);
	viewer_fini(&slow);
}

static void
a_slow_one_takes_nothing_from_the_others(void **state)
{
	struct house *h = *state;
	struct viewer slow[8], quick;
	struct record_clear c;
	unsigned got = 0;

	for (size_t i = 0; i < COUNT(slow); i++)
		viewer_init(h, &slow[i]);
	viewer_init(h, &quick);
	for (unsigned i = 0; i < 10 * GROUP_RECORDS; i++) {
		publish(h, i % GROUP_RECORDS == 0 ? RECORD_KEY : 0);
		viewer_read(h, &quick);
	}
	struct slice rest = buf_slice(&quick.got);
	while (record_next(&rest, &c))
		got += c.flags != RECORD_HEADER;
	assert_int_equal(got, 10 * GROUP_RECORDS);
	for (size_t i = 0; i < COUNT(slow); i++)
		viewer_fini(&slow[i]);
	viewer_fini(&quick);
}

/* --- what sealing and carrying cost a picture --- */

static void
record_sent(void *to, uint64_t index, uint8_t flags, struct slice record)
{
	struct house *h = to;
	struct record_clear c;

	(void)index;
	(void)flags;
	T_OK(fan_publish(&h->stream, record, &c));
}

static size_t
octets_on_the_wire(struct house *h, struct viewer *v)
{
	const size_t before = v->got.len;

	viewer_read(h, v);
	return v->got.len - before;
}

static void
a_picture_costs_64_octets_more_at_most(void **state)
{
	static const size_t sizes[] = { 100, 8000, 20000, 60000 };
	struct house *h = *state;
	const struct run_sink sink = { record_sent, h };
	uint8_t public[KX_OCTETS], picture[60000] = { 0 };
	struct run_info info = { .epoch = 1 };
	struct run_writer *w;
	struct sign_pair sign;
	struct viewer v;
	AUTO_KEY key, private;

	T_OK(crypto_init());
	octets_random(&key, sizeof key);
	octets_random(&private, sizeof private);
	kx_public(&private, public);
	sign_pair_make(&key, &sign);
	memset(info.run.octets, 5, RUN_ID_OCTETS);
	const struct run_secrets secrets = { .run_key = &key };
	T_OK(run_write_open(&info, public, &sign, &secrets, sink, &w));
	viewer_init(h, &v);
	/* the key frame is followed by its mark: measured are those after */
	T_OK(run_write_media(w, true, 1, RUN_H264, SLICE_OF(picture)));
	(void)octets_on_the_wire(h, &v);
	for (size_t i = 0; i < COUNT(sizes); i++) {
		T_OK(run_write_media(w, false, 2 + i, RUN_H264,
		    slice_make(picture, sizes[i])));
		const size_t more = octets_on_the_wire(h, &v) - sizes[i];
		print_message("# %zu octets: %zu more\n", sizes[i], more);
		assert_true(more > 0 && more <= 64);
	}
	run_write_close(w);
	viewer_fini(&v);
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, house_open, house_close)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(who_comes_late_begins_with_the_newest_group),
		TEST(who_reads_too_slowly_goes_on_at_the_next_group),
		TEST(a_slow_one_takes_nothing_from_the_others),
		TEST(a_picture_costs_64_octets_more_at_most),
	};

	return T_RUN(tests);
}
