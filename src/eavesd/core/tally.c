/*
 * tally.c - how much an account holds: sessions, homes, home tickets of a
 * day. A row for each account, sealed by the keeper, always as long.
 */
#include "base/codec.h"
#include "eavesd/core/core.h"
#include "os/clock.h"

#define SESSIONS_MAX 32u
#define HOMES_MAX    8u
#define OPENS_MAX    256u /* home tickets; each lives for a day */

struct tally {
	struct id session[SESSIONS_MAX];
	size_t session_count;
	unsigned homes, opens;
	uint32_t day; /* of the opens */
};

static enum err
tally_parse(struct slice body, struct tally *t)
{
	struct rd r;

	rd_init(&r, body);
	t->session_count = rd_u8(&r);
	for (size_t i = 0; i < SESSIONS_MAX; i++)
		rd_id(&r, &t->session[i]);
	t->homes = rd_u16(&r);
	t->opens = rd_u16(&r);
	t->day = rd_u32(&r);
	return t->session_count > SESSIONS_MAX ? ERR_CORRUPT : rd_end(&r);
}

static enum err
tally_get(struct core *core, const struct id *account, struct tally *t)
{
	AUTO_BUF struct buf sealed, body;
	enum err e;

	*t = (struct tally){ 0 };
	buf_init(&sealed, 4096);
	buf_init(&body, 4096);
	e = store_octets(core->store, SQL_TALLY_GET, CELLS(cell_id(account)), 0,
	    &sealed);
	if (e == ERR_MISSING)
		return ERR_OK;
	if (e != ERR_OK || (e = row_open(core, TABLE_TALLY, 0, account,
				buf_slice(&sealed), &body)) != ERR_OK)
		return e;
	return tally_parse(buf_slice(&body), t);
}

static enum err
tally_put(struct core *core, const struct id *account, const struct tally *t)
{
	AUTO_BUF struct buf sealed, body;
	struct wr w;
	enum err e;

	buf_init(&sealed, 4096);
	buf_init(&body, 4096);
	wr_init(&w, &body);
	wr_u8(&w, (uint8_t)t->session_count);
	for (size_t i = 0; i < SESSIONS_MAX; i++)
		wr_id(&w, &t->session[i]);
	wr_u16(&w, (uint16_t)t->homes);
	wr_u16(&w, (uint16_t)t->opens);
	wr_u32(&w, t->day);
	if ((e = wr_end(&w)) != ERR_OK ||
	    (e = row_seal(core, TABLE_TALLY, 0, account, buf_slice(&body),
		 &sealed)) != ERR_OK)
		return e;
	return store_write(core->store, SQL_TALLY_PUT,
	    CELLS(cell_id(account),
		cell_sealed(sealed_by_keeper(buf_slice(&sealed)))));
}

static void
session_forget(struct tally *t, size_t i)
{
	t->session_count--;
	memmove(t->session + i, t->session + i + 1,
	    (t->session_count - i) * sizeof t->session[0]);
	t->session[t->session_count] = (struct id){ { 0 } };
}

/* Those that ended by themselves make room first. */
static enum err
sessions_tidy(struct core *core, struct tally *t)
{
	AUTO_BUF struct buf row;
	enum err e = ERR_OK;

	for (size_t i = t->session_count; i-- > 0;) {
		buf_init(&row, TICKET_ROW_OCTETS_MAX);
		e = store_octets(core->store, SQL_TICKET_GET,
		    CELLS(cell_id(&t->session[i])), 0, &row);
		buf_fini(&row);
		if (e == ERR_MISSING)
			session_forget(t, i);
		else if (e != ERR_OK)
			return e;
	}
	return ERR_OK;
}

enum err
tally_session(struct core *core, const struct id *account,
    const struct id *session)
{
	struct tally t;
	enum err e;

	if ((e = tally_get(core, account, &t)) != ERR_OK)
		return e;
	if (t.session_count == SESSIONS_MAX &&
	    (e = sessions_tidy(core, &t)) != ERR_OK)
		return e;
	if (t.session_count == SESSIONS_MAX) {
		if ((e = session_drop(core, &t.session[0])) != ERR_OK)
			return e;
		session_forget(&t, 0);
		edge_tickets_died(core);
	}
	t.session[t.session_count++] = *session;
	return tally_put(core, account, &t);
}

enum err
tally_home(struct core *core, const struct id *account)
{
	struct tally t;
	enum err e;

	if ((e = tally_get(core, account, &t)) != ERR_OK)
		return e;
	return t.homes++ >= HOMES_MAX ? ERR_LIMIT
				      : tally_put(core, account, &t);
}

enum err
tally_open(struct core *core, const struct id *account)
{
	const uint32_t today = clock_day();
	struct tally t;
	enum err e;

	if ((e = tally_get(core, account, &t)) != ERR_OK)
		return e;
	if (t.day != today)
		t.opens = 0;
	t.day = today;
	return t.opens++ >= OPENS_MAX ? ERR_LIMIT
				      : tally_put(core, account, &t);
}
