#include "base/codec.h"
#include "eavesd/core/core.h"

enum err
ticket_claims(struct core *core, enum ticket_kind kind, const struct id *id,
    const struct key *secret, struct claims *ret)
{
	struct buf q, row, answer;
	struct wr w;
	enum err e;

	buf_init_secret(&q, 1024);
	buf_init(&row, TICKET_ROW_OCTETS_MAX);
	buf_init_secret(&answer, 1024);
	/* no row, no keeper call */
	e = store_octets(core->store, SQL_TICKET_GET, CELLS(cell_id(id)), 0,
	    &row);
	if (e != ERR_OK)
		goto free_all;
	wr_init(&w, &q);
	wr_u8(&w, (uint8_t)kind);
	wr_id(&w, id);
	wr_octets(&w, key_slice(secret));
	wr_octets(&w, buf_slice(&row));
	if ((e = wr_end(&w)) == ERR_OK &&
	    (e = keeper_ask(core, MSG_TICKET_OPEN, buf_slice(&q), &answer)) ==
		ERR_OK)
		e = claims_read(buf_slice(&answer), ret);
free_all:
	buf_fini(&q);
	buf_fini(&row);
	buf_fini(&answer);
	return e;
}

static bool
scope_of(const struct claims *claims, enum scope_type type, struct id *to)
{
	for (size_t i = 0; i < claims->scope_count; i++)
		if (claims->scopes[i].type == type) {
			*to = claims->scopes[i].id;
			return true;
		}
	return false;
}

bool
ticket_need(struct call *c, enum ticket_kind kind)
{
	enum err e;

	if (!c->has_ticket)
		return call_fail(c, 401, "ticket", WORDS("Sign in first."));
	e = ticket_claims(c->core, kind, &c->ticket, &c->secret, &c->claims);
	if (e == ERR_MISSING || e == ERR_DENIED)
		return call_fail(c, 401, "ticket",
		    WORDS("This sign-in or link has ended."));
	if (e != ERR_OK)
		return call_fail_err(c, ERR_IO);
	(void)scope_of(&c->claims, SCOPE_ACCOUNT, &c->account);
	(void)scope_of(&c->claims, SCOPE_HOME, &c->home);
	return true;
}

void
claims_scope(struct claims *c, enum scope_type type, const struct id *id)
{
	static const struct id zeros;

	assert(c->scope_count < TICKET_SCOPES_MAX);
	c->scopes[c->scope_count++] = (struct scope){ .type = (uint8_t)type,
		.id = id == NULL ? zeros : *id };
}

enum err
ticket_add(struct core *core, enum ticket_kind kind, const struct ticket_in *t,
    const struct claims *claims)
{
	struct buf q, row;
	struct wr w;
	enum err e;

	buf_init_secret(&q, 1024);
	buf_init(&row, TICKET_ROW_OCTETS_MAX);
	wr_init(&w, &q);
	wr_u8(&w, (uint8_t)kind);
	wr_id(&w, &t->id);
	wr_octets(&w, key_slice(&t->secret));
	wr_octets(&w, SLICE_OF(t->revoke_hash));
	if ((e = wr_end(&w)) == ERR_OK &&
	    (e = claims_write(claims, &q)) == ERR_OK &&
	    (e = keeper_ask(core, MSG_TICKET_MAKE, buf_slice(&q), &row)) ==
		ERR_OK)
		e = store_write(core->store, SQL_TICKET_ADD,
		    CELLS(cell_id(&t->id),
			cell_sealed(sealed_by_keeper(buf_slice(&row)))));
	buf_fini(&q);
	buf_fini(&row);
	return e;
}

enum err
ticket_drop(struct core *core, const struct id *id)
{
	return store_write(core->store, SQL_TICKET_DROP, CELLS(cell_id(id)));
}

enum err
session_drop(struct core *core, const struct id *id)
{
	uint8_t scope[1 + ID_OCTETS] = { SCOPE_DEVICE };
	const enum err e = ticket_drop(core, id);

	memcpy(scope + 1, id->octets, ID_OCTETS);
	return e == ERR_OK ? keeper_ask(core, MSG_GENERATION_RAISE,
				 SLICE_OF(scope), NULL)
			   : e;
}

void
edge_tickets_died(struct core *core)
{
	if (core->edge != NULL)
		(void)!tell_notice(core->edge, MSG_TICKETS_DIED, NULL);
}
