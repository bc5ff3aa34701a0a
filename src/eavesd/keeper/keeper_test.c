#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include "crypto/opaque_client.h"
#include "eavesd/keeper/keeper.h"
#include "os/clock.h"
#include "os/file.h"
#include "unit/t.h"

struct bench {
	char dir[64];
	int fd;
	struct keeper *k;
};

static void
bench_open(struct bench *b)
{
	b->k = calloc(1, sizeof *b->k);
	T_OK(folder_open(b->dir, &b->fd));
	T_OK(keeper_open(b->k, b->fd));
}

static void
bench_close(struct bench *b)
{
	keeper_close(b->k);
	free(b->k);
	(void)close(b->fd);
}

static int
bench_make(void **state)
{
	struct bench *b = calloc(1, sizeof *b);

	(void)snprintf(b->dir, sizeof b->dir, "/tmp/eaves-keeper-XXXXXX");
	assert_non_null(mkdtemp(b->dir));
	bench_open(b);
	*state = b;
	return 0;
}

static int
bench_drop(void **state)
{
	static const char *const names[] = { "keeper.secret", "rest.keys",
		"generations", "stamp", "old.stamp" };
	struct bench *b = *state;
	int fd;

	bench_close(b);
	T_OK(folder_open(b->dir, &fd));
	for (size_t i = 0; i < sizeof names / sizeof *names; i++)
		(void)unlinkat(fd, names[i], 0);
	(void)close(fd);
	(void)rmdir(b->dir);
	free(b);
	return 0;
}

static enum err
ask(struct bench *b, enum ipc_type type, struct buf *q, struct buf *answer)
{
	buf_init(answer, 65536);
	T_OK(keeper_serve(b->k, type, buf_slice(q), answer));
	assert_true(answer->len >= 1);
	const enum err e = (enum err)answer->at[0];
	buf_consume(answer, 1);
	return e;
}

static struct claims
claims_some(uint64_t life_s)
{
	const struct id account = { { 7 } };
	struct claims c = { .expiry_s = clock_realtime_s() + life_s,
		.scope_count = 2,
		.rights = 3 };

	c.scopes[0].type = SCOPE_GLOBAL;
	c.scopes[1].type = SCOPE_ACCOUNT;
	c.scopes[1].id = account;
	return c;
}

static enum err
make(struct bench *b, uint8_t fill, const struct claims *c, struct buf *row)
{
	struct key secret;
	struct id id;
	uint8_t revoke[32] = { 0 };
	struct buf q;
	struct wr w;

	memset(&id, fill, sizeof id);
	memset(&secret, fill, sizeof secret);
	buf_init(&q, 1024);
	wr_init(&w, &q);
	wr_u8(&w, TICKET_SESSION);
	wr_id(&w, &id);
	wr_octets(&w, key_slice(&secret));
	wr_octets(&w, SLICE_OF(revoke));
	T_OK(claims_write(c, &q));
	const enum err e = ask(b, MSG_TICKET_MAKE, &q, row);
	buf_fini(&q);
	return e;
}

static enum err
open_with(struct bench *b, uint8_t kind, uint8_t id_fill, uint8_t secret_fill,
    struct slice row)
{
	struct key secret;
	struct buf q, answer;
	struct id id;
	struct wr w;

	memset(&id, id_fill, sizeof id);
	memset(&secret, secret_fill, sizeof secret);
	buf_init(&q, 1024);
	wr_init(&w, &q);
	wr_u8(&w, kind);
	wr_id(&w, &id);
	wr_octets(&w, key_slice(&secret));
	wr_octets(&w, row);
	const enum err e = ask(b, MSG_TICKET_OPEN, &q, &answer);
	buf_fini(&q);
	buf_fini(&answer);
	return e;
}

static enum err
raise_ask(struct bench *b, uint8_t type, struct id id)
{
	struct buf q, answer;
	struct wr w;

	buf_init(&q, 64);
	wr_init(&w, &q);
	wr_u8(&w, type);
	wr_id(&w, &id);
	const enum err e = ask(b, MSG_GENERATION_RAISE, &q, &answer);
	buf_fini(&q);
	buf_fini(&answer);
	return e;
}

static void
a_ticket_opens_for_its_bearer_alone(void **state)
{
	const struct claims c = claims_some(100);
	struct bench *b = *state;
	struct buf row;

	T_OK(make(b, 1, &c, &row));
	T_OK(open_with(b, TICKET_SESSION, 1, 1, buf_slice(&row)));
	T_ERR(ERR_DENIED, open_with(b, TICKET_SESSION, 1, 2, buf_slice(&row)));
	T_ERR(ERR_DENIED, open_with(b, TICKET_SESSION, 2, 1, buf_slice(&row)));
	T_ERR(ERR_DENIED, open_with(b, TICKET_HOME, 1, 1, buf_slice(&row)));
	row.at[row.len - 1] ^= 1;
	T_ERR(ERR_DENIED, open_with(b, TICKET_SESSION, 1, 1, buf_slice(&row)));
	buf_fini(&row);
}

static void
a_ticket_ends_by_the_keepers_clock(void **state)
{
	struct claims c = claims_some(0);
	struct bench *b = *state;
	struct buf row;

	T_OK(make(b, 1, &c, &row));
	T_ERR(ERR_DENIED, open_with(b, TICKET_SESSION, 1, 1, buf_slice(&row)));
	buf_fini(&row);
	c = claims_some(400u * 86400u);
	T_ERR(ERR_RANGE, make(b, 1, &c, &row));
	buf_fini(&row);
	c = claims_some(100);
	c.scope_count = 0;
	T_ERR(ERR_DENIED, make(b, 1, &c, &row));
	buf_fini(&row);
}

static void
a_raise_ends_what_was_before_it_and_nothing_else(void **state)
{
	const struct claims c = claims_some(100);
	const struct id other = { { 8 } }, account = { { 7 } };
	struct bench *b = *state;
	struct buf row, later;

	T_OK(make(b, 1, &c, &row));
	T_OK(raise_ask(b, SCOPE_ACCOUNT, other));
	T_OK(open_with(b, TICKET_SESSION, 1, 1, buf_slice(&row)));
	T_OK(raise_ask(b, SCOPE_ACCOUNT, account));
	T_ERR(ERR_DENIED, open_with(b, TICKET_SESSION, 1, 1, buf_slice(&row)));
	T_OK(make(b, 1, &c, &later));
	T_OK(open_with(b, TICKET_SESSION, 1, 1, buf_slice(&later)));
	/* and it stays so when the keeper starts again */
	bench_close(b);
	bench_open(b);
	T_ERR(ERR_DENIED, open_with(b, TICKET_SESSION, 1, 1, buf_slice(&row)));
	T_OK(open_with(b, TICKET_SESSION, 1, 1, buf_slice(&later)));
	buf_fini(&row);
	buf_fini(&later);
}

/* What core does at start; returns whether global was raised. */
static bool
start(struct bench *b, uint8_t store_stamp[16])
{
	uint8_t fresh[16];
	bool raised;

	T_OK(keeper_stamp_open(b->k, store_stamp, fresh, &raised));
	memcpy(store_stamp, fresh, 16);
	T_OK(keeper_stamp_done(b->k));
	return raised;
}

static void
an_old_store_revives_no_ticket(void **state)
{
	const struct claims c = claims_some(100);
	uint8_t store[16] = { 0 }, old[16];
	struct bench *b = *state;
	struct buf row;

	assert_false(start(b, store)); /* both are new */
	T_OK(make(b, 1, &c, &row));
	memcpy(old, store, 16);
	assert_false(start(b, store));
	T_OK(open_with(b, TICKET_SESSION, 1, 1, buf_slice(&row)));
	assert_true(start(b, old)); /* the backup comes back */
	T_ERR(ERR_DENIED, open_with(b, TICKET_SESSION, 1, 1, buf_slice(&row)));
	buf_fini(&row);
}

static void
file_copy(int dir, const char *from, const char *to)
{
	AUTO_BUF struct buf b;

	buf_init(&b, 65536);
	T_OK(file_read(dir, from, &b));
	T_OK(file_write(dir, to, buf_slice(&b)));
}

static void
an_old_keeper_revives_no_ticket(void **state)
{
	const struct claims c = claims_some(100);
	uint8_t store[16] = { 0 };
	struct bench *b = *state;
	struct buf row;

	assert_false(start(b, store));
	T_OK(make(b, 1, &c, &row));
	file_copy(b->fd, "stamp", "old.stamp");
	assert_false(start(b, store));
	bench_close(b);
	T_OK(folder_open(b->dir, &b->fd));
	file_copy(b->fd, "old.stamp", "stamp");
	(void)close(b->fd);
	bench_open(b);
	assert_true(start(b, store));
	T_ERR(ERR_DENIED, open_with(b, TICKET_SESSION, 1, 1, buf_slice(&row)));
	buf_fini(&row);
}

/* A crash between any two steps is no restore. */
static void
a_crash_while_stamping_raises_nothing(void **state)
{
	uint8_t store[16] = { 0 }, fresh[16];
	struct bench *b = *state;
	bool raised;

	assert_false(start(b, store));
	T_OK(keeper_stamp_open(b->k, store, fresh, &raised));
	bench_close(b); /* the store has not seen the new stamp */
	bench_open(b);
	assert_false(start(b, store));
	T_OK(keeper_stamp_open(b->k, store, fresh, &raised));
	memcpy(store, fresh, 16); /* it has, the keeper was not told */
	bench_close(b);
	bench_open(b);
	assert_false(start(b, store));
}

static void
a_torn_journal_keeps_what_was_whole(void **state)
{
	const struct claims c = claims_some(100);
	const struct id account = { { 7 } };
	struct bench *b = *state;
	struct buf row;
	struct stat st;

	T_OK(make(b, 1, &c, &row));
	T_OK(raise_ask(b, SCOPE_ACCOUNT, account));
	T_OK(raise_ask(b, SCOPE_DEVICE, account));
	assert_int_equal(fstat(b->k->generations_fd, &st), 0);
	assert_int_equal(ftruncate(b->k->generations_fd, st.st_size - 5), 0);
	bench_close(b);
	bench_open(b);
	T_ERR(ERR_DENIED, open_with(b, TICKET_SESSION, 1, 1, buf_slice(&row)));
	T_OK(raise_ask(b, SCOPE_DEVICE, account));
	buf_fini(&row);
}

static enum err
row_ask(struct bench *b, enum ipc_type type, uint8_t table, uint32_t slot,
    struct slice in, struct buf *out)
{
	const struct id id = { { 5 } };
	struct buf q;
	struct wr w;

	buf_init(&q, 1024);
	wr_init(&w, &q);
	wr_u8(&w, table);
	wr_u32(&w, slot);
	wr_id(&w, &id);
	wr_octets(&w, in);
	const enum err e = ask(b, type, &q, out);
	buf_fini(&q);
	return e;
}

/* The disk takes some octets of the row, then no more. */
static void
a_raise_that_failed_half_way_undoes_no_later_one(void **state)
{
	const struct id half = { { 5 } }, later = { { 6 } };
	struct bench *b = *state;
	struct rlimit before, tight;
	struct id was, is;

	assert_int_equal(getrlimit(RLIMIT_FSIZE, &before), 0);
	tight = before;
	tight.rlim_cur = 20;
	(void)signal(SIGXFSZ, SIG_IGN);
	assert_int_equal(setrlimit(RLIMIT_FSIZE, &tight), 0);
	const enum err e = keeper_raise(b->k, SCOPE_ACCOUNT, &half);
	assert_int_equal(setrlimit(RLIMIT_FSIZE, &before), 0);
	assert_int_not_equal(e, ERR_OK);
	T_OK(keeper_raise(b->k, SCOPE_ACCOUNT, &later));
	keeper_generation(b->k, SCOPE_ACCOUNT, &later, &was);
	bench_close(b);
	bench_open(b);
	keeper_generation(b->k, SCOPE_ACCOUNT, &later, &is);
	assert_memory_equal(&is, &was, sizeof is);
}

static void
two_crashes_while_stamping_raise_nothing(void **state)
{
	uint8_t store[STAMP_OCTETS] = { 0 }, unseen[STAMP_OCTETS];
	struct bench *b = *state;
	bool raised;

	T_OK(keeper_stamp_open(b->k, store, store, &raised));
	T_OK(keeper_stamp_done(b->k));
	/* in the store, but the keeper was not told; then not even that */
	T_OK(keeper_stamp_open(b->k, store, store, &raised));
	T_OK(keeper_stamp_open(b->k, store, unseen, &raised));
	assert_false(raised);
	T_OK(keeper_stamp_open(b->k, store, unseen, &raised));
	assert_false(raised);
}

static void
an_erased_slot_opens_nothing_any_more(void **state)
{
	struct bench *b = *state;
	struct buf sealed, plain;
	uint32_t slot;

	T_OK(keeper_slot_new(b->k, &slot));
	T_OK(row_ask(b, MSG_ROW_SEAL, 3, slot, SLICE_LIT("hello"), &sealed));
	T_OK(row_ask(b, MSG_ROW_OPEN, 3, slot, buf_slice(&sealed), &plain));
	T_SLICE_EQ(buf_slice(&plain), SLICE_LIT("hello"));
	buf_fini(&plain);
	/* moved to another table or slot it does not open */
	T_ERR(ERR_CRYPTO,
	    row_ask(b, MSG_ROW_OPEN, 4, slot, buf_slice(&sealed), &plain));
	buf_fini(&plain);
	T_OK(keeper_slot_erase(b->k, slot));
	T_ERR(ERR_MISSING,
	    row_ask(b, MSG_ROW_OPEN, 3, slot, buf_slice(&sealed), &plain));
	buf_fini(&plain);
	buf_fini(&sealed);
}

static enum err
stretch_none(const uint8_t in[static 64], uint8_t ret[static 64])
{
	memcpy(ret, in, 64);
	return ERR_OK;
}

/* KE1 to the keeper; *ret_login and ke2 on ERR_OK. */
static enum err
sign_in_start(struct bench *b, struct opaque_client *c, const uint8_t *handle,
    const uint8_t *record, struct buf *answer)
{
	uint8_t nonce[32], seed[32];
	struct buf q;
	struct wr w;

	octets_random(nonce, 32);
	octets_random(seed, 32);
	opaque_blind_draw(c->blind);
	T_OK(opaque_client_ke1(c, nonce, seed));
	buf_init(&q, 1024);
	wr_init(&w, &q);
	wr_octets(&w, slice_make(handle, 32));
	wr_u8(&w, 0);
	wr_u8(&w, record != NULL);
	if (record != NULL)
		wr_octets(&w, slice_make(record, OPAQUE_RECORD_OCTETS));
	else
		wr_zeros(&w, OPAQUE_RECORD_OCTETS);
	wr_octets(&w, SLICE_OF(c->ke1));
	const enum err e = ask(b, MSG_OPAQUE_START, &q, answer);
	buf_fini(&q);
	return e;
}

static void
record_make(struct bench *b, struct opaque_client *c, const uint8_t *handle,
    uint8_t record[OPAQUE_RECORD_OCTETS])
{
	uint8_t request[32], nonce[32], export[64];
	struct buf q, answer;

	opaque_blind_draw(c->blind);
	T_OK(opaque_client_request(c, request));
	buf_init(&q, 128);
	T_OK(buf_append(&q, slice_make(handle, 32)));
	T_OK(buf_append(&q, SLICE_OF(request)));
	T_OK(ask(b, MSG_OPAQUE_REGISTER, &q, &answer));
	octets_random(nonce, 32);
	T_OK(opaque_client_record(c, answer.at, nonce, record, export));
	buf_fini(&q);
	buf_fini(&answer);
}

static enum err
sign_in(struct bench *b, const char *passphrase, const uint8_t *handle,
    const uint8_t *record)
{
	struct opaque_client c = { .password = slice_str(passphrase),
		.stretch = stretch_none };
	uint8_t ke3[64], session[64], export[64];
	struct buf answer, q, none;
	enum err e;

	if ((e = sign_in_start(b, &c, handle, record, &answer)) != ERR_OK) {
		buf_fini(&answer);
		return e;
	}
	assert_int_equal(answer.len, 4 + OPAQUE_KE2_OCTETS);
	e = opaque_client_ke3(&c, answer.at + 4, ke3, session, export);
	if (e == ERR_OK) {
		buf_init(&q, 128);
		T_OK(buf_append(&q, slice_make(answer.at, 4)));
		T_OK(buf_append(&q, SLICE_OF(ke3)));
		e = ask(b, MSG_OPAQUE_FINISH, &q, &none);
		buf_fini(&none);
		/* once only */
		T_ERR(ERR_DENIED, ask(b, MSG_OPAQUE_FINISH, &q, &none));
		buf_fini(&none);
		buf_fini(&q);
	}
	buf_fini(&answer);
	return e;
}

static void
a_passphrase_signs_in_and_another_does_not(void **state)
{
	struct opaque_client c = { .password = SLICE_LIT("right horse"),
		.stretch = stretch_none };
	uint8_t handle[32] = { 1 }, record[OPAQUE_RECORD_OCTETS];
	struct bench *b = *state;

	record_make(b, &c, handle, record);
	T_OK(sign_in(b, "right horse", handle, record));
	T_ERR(ERR_DENIED, sign_in(b, "wrong horse", handle, record));
	/* an unknown name answers alike, and nobody gets in */
	T_ERR(ERR_DENIED, sign_in(b, "right horse", handle, NULL));
}

static void
each_try_is_charged_before_it_is_answered(void **state)
{
	uint8_t handle[32] = { 2 }, other[32] = { 3 };
	struct bench *b = *state;
	unsigned allowed = 0;

	while (sign_in(b, "guess", handle, NULL) != ERR_LIMIT && allowed < 50)
		allowed++;
	assert_int_equal(allowed, 10);
	T_ERR(ERR_DENIED, sign_in(b, "guess", other, NULL));
}

static void
a_malformed_question_is_refused(void **state)
{
	struct bench *b = *state;
	struct buf q, answer;

	for (int type = 0; type < MSG__MAX; type++)
		for (size_t n = 0; n < 3; n++) {
			static const uint8_t junk[64] = { 0xff, 0xff };

			buf_init(&q, 64);
			buf_init(&answer, 65536);
			T_OK(buf_append(&q, slice_make(junk, n * 17)));
			(void)!keeper_serve(b->k, (enum ipc_type)type,
			    buf_slice(&q), &answer);
			buf_fini(&q);
			buf_fini(&answer);
		}
}

static void
what_a_newer_eaves_wrote_is_left_alone(void **state)
{
	struct bench *b = *state;
	AUTO_BUF struct buf secret, after;

	buf_init(&secret, 4096);
	buf_init(&after, 4096);
	T_OK(file_read(b->fd, "keeper.secret", &secret));
	secret.at[7]++;
	T_OK(buf_append(&secret, SLICE_LIT("more")));
	T_OK(file_write(b->fd, "keeper.secret", buf_slice(&secret)));
	keeper_close(b->k);
	T_ERR(ERR_UNSUPPORTED, keeper_open(b->k, b->fd));
	T_OK(file_read(b->fd, "keeper.secret", &after));
	assert_true(slice_eq(buf_slice(&secret), buf_slice(&after)));
	secret.at[0]++;
	T_OK(file_write(b->fd, "keeper.secret", buf_slice(&secret)));
	keeper_close(b->k);
	T_ERR(ERR_CORRUPT, keeper_open(b->k, b->fd));
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, bench_make, bench_drop)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(a_ticket_opens_for_its_bearer_alone),
		TEST(a_ticket_ends_by_the_keepers_clock),
		TEST(a_raise_ends_what_was_before_it_and_nothing_else),
		TEST(an_old_store_revives_no_ticket),
		TEST(an_old_keeper_revives_no_ticket),
		TEST(a_crash_while_stamping_raises_nothing),
		TEST(a_torn_journal_keeps_what_was_whole),
		TEST(a_raise_that_failed_half_way_undoes_no_later_one),
		TEST(two_crashes_while_stamping_raise_nothing),
		TEST(an_erased_slot_opens_nothing_any_more),
		TEST(a_passphrase_signs_in_and_another_does_not),
		TEST(each_try_is_charged_before_it_is_answered),
		TEST(a_malformed_question_is_refused),
		TEST(what_a_newer_eaves_wrote_is_left_alone),
	};

	if (crypto_init() != ERR_OK)
		return 1;
	return T_RUN(tests);
}
