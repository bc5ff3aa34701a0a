/*
 * power_test.c - the power goes at a random write or sync, a hundred times
 * over: no row that was acknowledged (store_commit() said OK) is lost, and none
 * is there by half. With syncs that lie, rows are lost: so the test can fail.
 */
#include <stdio.h>

#include "base/obj.h"
#include "store/store.h"
#include "tests/power/cut.h"
#include "unit/t.h"

#define SEEDS    100
#define ROWS_MAX 200

static uint8_t padded[1024];

static struct id
stream_of(unsigned i)
{
	return (struct id){ { 1, (uint8_t)(i % 7) } };
}

static void
body_of(unsigned i)
{
	memset(padded, (int)(i * 31 + 7), sizeof padded);
	padded[0] = 1;
}

static enum err
row_add(struct store *s, unsigned i)
{
	const struct index16 run = { { { (uint8_t)(i % 3) } } };
	const struct id stream = stream_of(i);
	const struct count place = { i };
	const struct day day = { 20000 };
	struct sealed body;

	body_of(i);
	if (sealed_by_peer(SLICE_OF(padded), &body) != ERR_OK)
		return ERR_SYNTAX;
	return store_write(s, SQL_RECORD_ADD,
	    CELLS(cell_id(&stream), cell_index(&run), cell_count(place),
		cell_day(day), cell_sealed(body)));
}

struct found {
	bool there[ROWS_MAX];
	bool damaged;
};

static enum err
row_look(void *ctx, const struct row *row)
{
	const unsigned i = (unsigned)row_number(row, 1);
	struct found *f = ctx;

	body_of(i);
	if (i >= ROWS_MAX || !slice_eq(row_octets(row, 2), SLICE_OF(padded)))
		f->damaged = true;
	else
		f->there[i] = true;
	return ERR_OK;
}

/* Rows acknowledged before the power went. */
static unsigned
life(unsigned seed, unsigned fails_at)
{
	unsigned acknowledged = 0;
	struct store *s;

	cut_reset(seed, fails_at);
	if (store_open("store.db", &s) != ERR_OK)
		return 0;
	for (unsigned i = 0; i < ROWS_MAX && !cut_failed(); i++) {
		if (row_add(s, i) != ERR_OK)
			break;
		if (i % (1 + seed % 5) == 0 && store_commit(s) == ERR_OK)
			acknowledged = i + 1;
	}
	store_close(s);
	return acknowledged;
}

/* How many acknowledged rows are gone; damaged rows count too. */
static unsigned
after(unsigned acknowledged)
{
	struct found f = { .damaged = false };
	const struct count all = { 1000 };
	unsigned lost = 0;
	struct store *s;

	cut_power_on();
	if (store_open("store.db", &s) != ERR_OK)
		return acknowledged == 0 ? 0 : acknowledged;
	for (unsigned k = 0; k < 7; k++) {
		const struct id stream = stream_of(k);

		if (store_each(s, SQL_RECORD_NEWEST,
			CELLS(cell_id(&stream), cell_count(all)), row_look,
			&f) != ERR_OK)
			f.damaged = true;
	}
	store_close(s);
	for (unsigned i = 0; i < acknowledged; i++)
		lost += !f.there[i];
	return lost + f.damaged;
}

static unsigned
lost_over_all_seeds(void)
{
	unsigned lost = 0, acknowledged = 0;

	for (unsigned seed = 1; seed <= SEEDS; seed++) {
		const unsigned n = life(seed, 20 + seed * 13 % 900);

		acknowledged += n;
		lost += after(n);
	}
	print_message("# %u seeds, %u rows acknowledged, %u lost\n", SEEDS,
	    acknowledged, lost);
	assert_true(acknowledged > SEEDS);
	return lost;
}

static void
no_acknowledged_row_is_lost_when_the_power_goes(void **state)
{
	(void)state;
	cut_install(false);
	assert_int_equal(lost_over_all_seeds(), 0);
}

static void
with_syncs_that_lie_rows_are_lost(void **state)
{
	(void)state;
	cut_install(true);
	assert_true(lost_over_all_seeds() > 0);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(
		    no_acknowledged_row_is_lost_when_the_power_goes),
		cmocka_unit_test(with_syncs_that_lie_rows_are_lost),
	};

	return T_RUN(tests);
}
