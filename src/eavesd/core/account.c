/*
 * account.c - accounts, sessions, passphrases, vaults. An account's row is
 * found by the keeper's index of the handle; what the row says only the
 * keeper opens.
 */
#include "base/codec.h"
#include "crypto/opaque.h"
#include "eavesd/core/core.h"
#include "os/clock.h"

#define SESSION_S    (30u * 86400u)
#define RECOVERY_S   (3650u * 86400u)
#define VAULT_OCTETS (128u << 10)
#define LOGIN_MS     60000u

/* The body of an account's row. */
struct account {
	struct id id, recovery;
	uint32_t slot;
	uint8_t record[OPAQUE_RECORD_OCTETS];
};

static enum err
name_index(struct core *core, const uint8_t handle[static SHA256_OCTETS],
    struct id *ret_index)
{
	AUTO_BUF struct buf b;
	const enum err e = (buf_init(&b, 64),
	    keeper_ask(core, MSG_INDEX_OF, slice_make(handle, SHA256_OCTETS),
		&b));

	if (e != ERR_OK || b.len != ID_OCTETS)
		return e == ERR_OK ? ERR_CORRUPT : e;
	memcpy(ret_index->octets, b.at, ID_OCTETS);
	return ERR_OK;
}

static enum err
account_parse(struct core *core, struct slice body, struct account *ret)
{
	struct buf record;
	struct rd r;
	enum err e;

	rd_init(&r, body);
	rd_id(&r, &ret->id);
	rd_id(&r, &ret->recovery);
	ret->slot = rd_u32(&r);
	const struct slice sealed = rd_octets(&r, r.rest.len);
	if ((e = rd_end(&r)) != ERR_OK)
		return e;
	buf_init_secret(&record, 1024);
	e = row_open(core, TABLE_RECORD, ret->slot, &ret->id, sealed, &record);
	if (e == ERR_OK && record.len != OPAQUE_RECORD_OCTETS)
		e = ERR_CORRUPT;
	if (e == ERR_OK)
		memcpy(ret->record, record.at, record.len);
	buf_fini(&record);
	return e;
}

static enum err
account_get(struct core *core, const struct id *name, struct account *ret)
{
	const struct index16 index = { *name };
	struct buf sealed, body;
	enum err e;

	buf_init(&sealed, 2048);
	buf_init_secret(&body, 2048);
	if ((e = store_octets(core->store, SQL_ACCOUNT_GET,
		 CELLS(cell_index(&index)), 0, &sealed)) == ERR_OK &&
	    (e = row_open(core, TABLE_ACCOUNT, 0, name, buf_slice(&sealed),
		 &body)) == ERR_OK)
		e = account_parse(core, buf_slice(&body), ret);
	buf_fini(&sealed);
	buf_fini(&body);
	return e;
}

static enum err
account_put(struct core *core, enum statement n, const struct id *name,
    const struct account *a)
{
	const struct index16 index = { *name };
	struct buf body, sealed, record;
	struct wr w;
	enum err e;

	buf_init_secret(&body, 2048);
	buf_init(&sealed, 2048);
	buf_init(&record, 1024);
	wr_init(&w, &body);
	if ((e = row_seal(core, TABLE_RECORD, a->slot, &a->id,
		 SLICE_OF(a->record), &record)) != ERR_OK)
		goto free_all;
	wr_id(&w, &a->id);
	wr_id(&w, &a->recovery);
	wr_u32(&w, a->slot);
	wr_octets(&w, buf_slice(&record));
	if ((e = wr_end(&w)) == ERR_OK &&
	    (e = row_seal(core, TABLE_ACCOUNT, 0, name, buf_slice(&body),
		 &sealed)) == ERR_OK)
		e = store_write(core->store, n,
		    CELLS(cell_index(&index),
			cell_sealed(sealed_by_keeper(buf_slice(&sealed)))));
free_all:
	buf_fini(&body);
	buf_fini(&sealed);
	buf_fini(&record);
	return e;
}

/* --- vault --- */

static enum err
vault_read(struct core *core, const struct id *account, uint32_t *ret_slot,
    struct buf *out)
{
	AUTO_BUF struct buf sealed;
	uint64_t slot = 0;
	enum err e;

	buf_init(&sealed, VAULT_OCTETS + 1024);
	if ((e = store_number(core->store, SQL_VAULT_GET,
		 CELLS(cell_id(account)), 0, &slot)) != ERR_OK ||
	    (e = store_octets(core->store, SQL_VAULT_GET,
		 CELLS(cell_id(account)), 1, &sealed)) != ERR_OK)
		return e;
	*ret_slot = (uint32_t)slot;
	return row_open(core, TABLE_VAULT, (uint32_t)slot, account,
	    buf_slice(&sealed), out);
}

static bool
vault_out(struct call *c)
{
	AUTO_BUF struct buf vault;
	struct sealed sealed;
	uint32_t slot;
	enum err e;

	buf_init(&vault, VAULT_OCTETS + 1024);
	if ((e = vault_read(c->core, &c->account, &slot, &vault)) != ERR_OK)
		return call_fail_err(c, e);
	if ((e = sealed_by_peer(buf_slice(&vault), &sealed)) != ERR_OK)
		return call_fail_err(c, ERR_CORRUPT);
	out_id(c, c->out, "account", &c->account);
	out_sealed(c, c->out, "vault", sealed);
	return true;
}

/* Only over the blob that the writer read. */
static bool
vault_replace(struct call *c)
{
	uint8_t prev[SHA256_OCTETS], now[SHA256_OCTETS];
	struct buf old, fresh, sealed;
	struct sealed checked;
	uint32_t slot = 0;
	enum err e = ERR_OK;

	buf_init(&old, VAULT_OCTETS + 1024);
	buf_init(&fresh, VAULT_OCTETS);
	buf_init(&sealed, VAULT_OCTETS + 1024);
	if (!in_octets(c, c->in, "prev", prev, sizeof prev) ||
	    !in_blob(c, c->in, "vault", &fresh))
		goto free_all;
	if ((e = sealed_by_peer(buf_slice(&fresh), &checked)) != ERR_OK ||
	    (e = vault_read(c->core, &c->account, &slot, &old)) != ERR_OK)
		goto free_all;
	sha256(buf_slice(&old), now);
	if (memcmp(prev, now, sizeof now) != 0)
		e = ERR_CONFLICT;
	else if ((e = row_seal(c->core, TABLE_VAULT, slot, &c->account,
		      checked.octets, &sealed)) == ERR_OK)
		e = store_write(c->core->store, SQL_VAULT_SET,
		    CELLS(cell_id(&c->account),
			cell_sealed(sealed_by_keeper(buf_slice(&sealed)))));
free_all:
	if (e != ERR_OK)
		(void)call_fail_err(c, e);
	buf_fini(&old);
	buf_fini(&fresh);
	buf_fini(&sealed);
	return c->status == 200;
}

void
vault_get(struct call *c)
{
	if (ticket_need(c, TICKET_SESSION))
		(void)vault_out(c);
}

void
vault_put(struct call *c)
{
	if (ticket_need(c, TICKET_SESSION) &&
	    in_only(c, c->in, ONLY("vault", "prev")))
		(void)vault_replace(c);
}

/* --- tickets of a person --- */

static enum err
session_add(struct core *core, const struct ticket_in *t,
    const struct id *account)
{
	const struct id kind = { { TICKET_SESSION } };
	struct claims claims = { .expiry_s = clock_realtime_s() + SESSION_S,
		.own_octets = ID_OCTETS };

	claims_scope(&claims, SCOPE_GLOBAL, NULL);
	claims_scope(&claims, SCOPE_KIND, &kind);
	claims_scope(&claims, SCOPE_ACCOUNT, account);
	memcpy(claims.own, account->octets, ID_OCTETS);
	const enum err e = tally_session(core, account, &t->id);
	return e == ERR_OK ? ticket_add(core, TICKET_SESSION, t, &claims) : e;
}

/* A raise of global must not take the last way back: kind and account only. */
static enum err
recovery_add(struct core *core, const struct ticket_in *t,
    const struct id *account, const struct id *name)
{
	const struct id kind = { { TICKET_RECOVERY } };
	struct claims claims = { .expiry_s = clock_realtime_s() + RECOVERY_S,
		.own_octets = 2 * ID_OCTETS };

	claims_scope(&claims, SCOPE_KIND, &kind);
	claims_scope(&claims, SCOPE_ACCOUNT, account);
	memcpy(claims.own, account->octets, ID_OCTETS);
	memcpy(claims.own + ID_OCTETS, name->octets, ID_OCTETS);
	return ticket_add(core, TICKET_RECOVERY, t, &claims);
}

/* --- registering --- */

static void
register_start(struct call *c)
{
	uint8_t question[SHA256_OCTETS + OPAQUE_POINT_OCTETS];
	AUTO_BUF struct buf answer;
	enum err e;

	buf_init(&answer, 256);
	if (!in_only(c, c->in, ONLY("handle", "request")) ||
	    !in_octets(c, c->in, "handle", question, SHA256_OCTETS) ||
	    !in_octets(c, c->in, "request", question + SHA256_OCTETS,
		OPAQUE_POINT_OCTETS))
		return;
	if ((e = keeper_ask(c->core, MSG_OPAQUE_REGISTER, SLICE_OF(question),
		 &answer)) != ERR_OK) {
		(void)call_fail_err(c, e);
		return;
	}
	out_shown(c, c->out, "response", shown_handshake(buf_slice(&answer)));
}

/* The first link makes the first account, once; others meet a hub alone. */
static bool
first_link_need(struct call *c)
{
	uint64_t any;

	if (!ticket_need(c, TICKET_LINK))
		return false;
	if (id_eq(&c->ticket, &c->core->first_link) &&
	    store_number(c->core->store, SQL_ACCOUNT_ANY, NO_CELLS, 0, &any) ==
		ERR_MISSING)
		return true;
	return call_fail_err(c, ERR_DENIED);
}

void
account_start(struct call *c)
{
	if (first_link_need(c))
		register_start(c);
}

struct sign_up {
	uint8_t handle[SHA256_OCTETS];
	struct account account;
	struct ticket_in recovery, session;
	struct buf vault;
};

static bool
sign_up_read(struct call *c, struct sign_up *s)
{
	return in_only(c, c->in,
		   ONLY("handle", "account", "record", "vault", "recovery",
		       "session")) &&
	       in_octets(c, c->in, "handle", s->handle, SHA256_OCTETS) &&
	       in_id(c, c->in, "account", &s->account.id) &&
	       in_octets(c, c->in, "record", s->account.record,
		   OPAQUE_RECORD_OCTETS) &&
	       in_blob(c, c->in, "vault", &s->vault) &&
	       in_ticket(c, c->in, "recovery", &s->recovery) &&
	       in_ticket(c, c->in, "session", &s->session);
}

static enum err
slot_new(struct core *core, uint32_t *ret_slot)
{
	AUTO_BUF struct buf b;
	enum err e;

	buf_init(&b, 16);
	if ((e = keeper_ask(core, MSG_SLOT_NEW, SLICE_LIT(""), &b)) != ERR_OK)
		return e;
	if (b.len != 4)
		return ERR_CORRUPT;
	*ret_slot = (uint32_t)slice_be(buf_slice(&b), 4);
	return ERR_OK;
}

static enum err
sign_up_write(struct core *core, struct sign_up *s)
{
	AUTO_BUF struct buf sealed;
	struct sealed vault;
	struct id name;
	enum err e;

	buf_init(&sealed, VAULT_OCTETS + 1024);
	s->account.recovery = s->recovery.id;
	if ((e = sealed_by_peer(buf_slice(&s->vault), &vault)) != ERR_OK ||
	    (e = name_index(core, s->handle, &name)) != ERR_OK ||
	    (e = slot_new(core, &s->account.slot)) != ERR_OK ||
	    (e = account_put(core, SQL_ACCOUNT_ADD, &name, &s->account)) !=
		ERR_OK ||
	    (e = row_seal(core, TABLE_VAULT, s->account.slot, &s->account.id,
		 vault.octets, &sealed)) != ERR_OK)
		return e;
	const struct count slot = { s->account.slot };
	if ((e = store_write(core->store, SQL_VAULT_ADD,
		 CELLS(cell_id(&s->account.id), cell_count(slot),
		     cell_sealed(sealed_by_keeper(buf_slice(&sealed)))))) !=
		ERR_OK ||
	    (e = recovery_add(core, &s->recovery, &s->account.id, &name)) !=
		ERR_OK)
		return e;
	return session_add(core, &s->session, &s->account.id);
}

void
account_finish(struct call *c)
{
	struct sign_up s = { 0 };
	enum err e;

	if (!first_link_need(c))
		return;
	buf_init(&s.vault, VAULT_OCTETS);
	if (sign_up_read(c, &s) && (e = sign_up_write(c->core, &s)) != ERR_OK)
		(void)call_fail_err(c, e);
	buf_fini(&s.vault);
	octets_wipe(&s, sizeof s);
}

/* --- signing in --- */

void
session_start(struct call *c)
{
	uint8_t handle[SHA256_OCTETS], ke1[OPAQUE_KE1_OCTETS];
	struct account a = { 0 };
	struct buf q, answer;
	struct id name;
	struct wr w;
	enum err e;

	if (!in_only(c, c->in, ONLY("handle", "ke1")) ||
	    !in_octets(c, c->in, "handle", handle, sizeof handle) ||
	    !in_octets(c, c->in, "ke1", ke1, sizeof ke1))
		return;
	buf_init_secret(&q, 512);
	buf_init(&answer, 512);
	if ((e = name_index(c->core, handle, &name)) != ERR_OK)
		goto free_all;
	e = account_get(c->core, &name, &a);
	const bool known = e == ERR_OK;
	if (!known && e != ERR_MISSING)
		goto free_all;
	wr_init(&w, &q);
	wr_octets(&w, SLICE_OF(handle));
	wr_u8(&w, 0);
	wr_u8(&w, known);
	wr_octets(&w, SLICE_OF(a.record));
	wr_octets(&w, SLICE_OF(ke1));
	if ((e = wr_end(&w)) == ERR_OK)
		e = keeper_ask(c->core, MSG_OPAQUE_START, buf_slice(&q),
		    &answer);
	if (e == ERR_OK && answer.len != 4 + OPAQUE_KE2_OCTETS)
		e = ERR_CORRUPT;
	if (e != ERR_OK)
		goto free_all;
	struct login *l = &c->core->logins[c->core->login_next++ % LOGINS];
	*l = (struct login){ .id = (uint32_t)slice_be(buf_slice(&answer), 4),
		.account = a.id,
		.until_ms = loop_now_ms(c->core->loop) + LOGIN_MS };
	out_count(c, c->out, "login", (struct count){ l->id });
	out_shown(c, c->out, "ke2",
	    shown_handshake(slice_skip(buf_slice(&answer), 4)));
free_all:
	if (e != ERR_OK)
		(void)call_fail_err(c, e);
	octets_wipe(&a, sizeof a);
	buf_fini(&q);
	buf_fini(&answer);
}

static struct login *
login_find(struct core *core, uint32_t id)
{
	for (size_t i = 0; id != 0 && i < LOGINS; i++)
		if (core->logins[i].id == id &&
		    core->logins[i].until_ms > loop_now_ms(core->loop))
			return &core->logins[i];
	return NULL;
}

void
session_finish(struct call *c)
{
	uint8_t question[4 + OPAQUE_KE3_OCTETS];
	struct ticket_in session;
	uint64_t number;
	enum err e;

	if (!in_only(c, c->in, ONLY("login", "ke3", "session")) ||
	    !in_number(c, c->in, "login", UINT32_MAX, &number) ||
	    !in_octets(c, c->in, "ke3", question + 4, OPAQUE_KE3_OCTETS) ||
	    !in_ticket(c, c->in, "session", &session))
		return;
	struct login *l = login_find(c->core, (uint32_t)number);
	const struct be64 id = be64_make(number);
	memcpy(question, be64_tail(&id, 4).at, 4);
	if (l == NULL ||
	    keeper_ask(c->core, MSG_OPAQUE_FINISH, SLICE_OF(question), NULL) !=
		ERR_OK ||
	    id_is_zero(&l->account)) {
		(void)call_fail(c, 403, "denied",
		    WORDS("Name and passphrase do not fit together."));
		return;
	}
	l->id = 0;
	if ((e = session_add(c->core, &session, &l->account)) != ERR_OK) {
		(void)call_fail_err(c, e);
		return;
	}
	c->account = l->account;
	(void)vault_out(c);
}

void
session_recover(struct call *c)
{
	struct ticket_in session;
	enum err e;

	if (!ticket_need(c, TICKET_RECOVERY) ||
	    !in_only(c, c->in, ONLY("session")) ||
	    !in_ticket(c, c->in, "session", &session))
		return;
	if ((e = session_add(c->core, &session, &c->account)) != ERR_OK) {
		(void)call_fail_err(c, e);
		return;
	}
	(void)vault_out(c);
}

void
session_delete(struct call *c)
{
	enum err e;

	if (!ticket_need(c, TICKET_SESSION) || !in_only(c, c->in, ONLY(NULL)))
		return;
	if ((e = session_drop(c->core, &c->ticket)) != ERR_OK)
		(void)call_fail_err(c, e);
	edge_tickets_died(c->core);
}

/* Another browser's session, by its revoke16 from the vault. */
void
session_end(struct call *c)
{
	uint8_t revoke[ID_OCTETS], hash[SHA256_OCTETS];
	struct buf q, row;
	struct id id;
	struct wr w;
	enum err e;

	if (!ticket_need(c, TICKET_SESSION) ||
	    !in_only(c, c->in, ONLY("id", "revoke")) ||
	    !in_id(c, c->in, "id", &id) ||
	    !in_octets(c, c->in, "revoke", revoke, sizeof revoke))
		return;
	buf_init(&q, 1024);
	buf_init(&row, TICKET_ROW_OCTETS_MAX);
	sha256(SLICE_OF(revoke), hash);
	if ((e = store_octets(c->core->store, SQL_TICKET_GET,
		 CELLS(cell_id(&id)), 0, &row)) != ERR_OK)
		goto free_all;
	wr_init(&w, &q);
	wr_u8(&w, TICKET_SESSION);
	wr_id(&w, &id);
	wr_octets(&w, SLICE_OF(hash));
	wr_octets(&w, buf_slice(&row));
	if ((e = wr_end(&w)) == ERR_OK &&
	    (e = keeper_ask(c->core, MSG_TICKET_REVOKES, buf_slice(&q),
		 NULL)) == ERR_OK)
		e = session_drop(c->core, &id);
free_all:
	if (e != ERR_OK)
		(void)call_fail_err(c, e);
	else
		edge_tickets_died(c->core);
	buf_fini(&q);
	buf_fini(&row);
}

/* --- a new passphrase --- */

/* The session's account must be the handle's. */
static bool
own_account(struct call *c, struct id *ret_name, struct account *ret)
{
	uint8_t handle[SHA256_OCTETS];
	enum err e;

	if (!in_octets(c, c->in, "handle", handle, sizeof handle))
		return false;
	if ((e = name_index(c->core, handle, ret_name)) != ERR_OK)
		return call_fail_err(c, e);
	e = account_get(c->core, ret_name, ret);
	if (e != ERR_OK || !id_eq(&ret->id, &c->account))
		return call_fail(c, 403, "denied",
		    WORDS("That is not this account's name."));
	return true;
}

void
password_start(struct call *c)
{
	struct account a;
	struct id name;

	if (ticket_need(c, TICKET_SESSION) && own_account(c, &name, &a))
		register_start(c);
	octets_wipe(&a, sizeof a);
}

static enum err
recovery_change(struct call *c, struct account *a, const struct id *name)
{
	struct ticket_in fresh;
	enum err e;

	if (json_object_get(c->in, "recovery") == NULL)
		return ERR_OK;
	if (!in_ticket(c, c->in, "recovery", &fresh))
		return ERR_SYNTAX;
	if ((e = ticket_drop(c->core, &a->recovery)) != ERR_OK)
		return e;
	a->recovery = fresh.id;
	return recovery_add(c->core, &fresh, &a->id, name);
}

void
password_finish(struct call *c)
{
	struct account a;
	struct id name;
	enum err e;

	if (!ticket_need(c, TICKET_SESSION) ||
	    !in_only(c, c->in,
		ONLY("handle", "record", "vault", "prev", "recovery")) ||
	    !own_account(c, &name, &a) ||
	    !in_octets(c, c->in, "record", a.record, sizeof a.record) ||
	    !vault_replace(c))
		return;
	if ((e = recovery_change(c, &a, &name)) != ERR_OK ||
	    (e = account_put(c->core, SQL_ACCOUNT_SET, &name, &a)) != ERR_OK)
		(void)call_fail_err(c, e);
	octets_wipe(&a, sizeof a);
}

void
info_get(struct call *c)
{
	uint64_t any;
	const enum err e = store_number(c->core->store, SQL_ACCOUNT_ANY,
	    NO_CELLS, 0, &any);

	if (e != ERR_OK && e != ERR_MISSING) {
		(void)call_fail_err(c, e);
		return;
	}
	out_words(c, c->out, "version", WORDS(EAVES_VERSION));
	(void)json_object_set_new(c->out, "first",
	    json_boolean(e == ERR_MISSING));
}
