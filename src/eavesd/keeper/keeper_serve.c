/*
 * keeper_serve.c - the keeper's verbs. Each reads its whole body, decides,
 * and answers one octet of err and, on OK, what messages.def says.
 */
#include <sodium.h>

#include "crypto/aead.h"
#include "eavesd/keeper/keeper.h"
#include "os/clock.h"

#define PLAIN_OCTETS_MAX   (600u << 10)
#define CREDENTIAL_TRIES   10u
#define CREDENTIAL_EACH_MS 30000u
#define BROWSER_TRIES      30u
#define EVERYBODY_TRIES    200u
#define EVERYBODY_EACH_MS  20u
#define TICKET_LIFE_S_MAX  (31u * 86400u)

typedef enum err (*verb)(struct keeper *k, struct rd *r, struct buf *out);

/* --- charging tries --- */

/* The bucket is a time: each try moves it on; too far ahead is too many. */
static bool
bucket_take(struct bucket *b, uint64_t now_ms, uint64_t each_ms, uint64_t tries)
{
	if (b->full_at_ms < now_ms)
		b->full_at_ms = now_ms;
	if (b->full_at_ms + each_ms > now_ms + each_ms * tries)
		return false;
	b->full_at_ms += each_ms;
	return true;
}

enum err
keeper_charge(struct keeper *k, const struct id *credential, bool known_browser,
    uint64_t now_ms)
{
	/* a known browser has a bucket of its own: strangers cannot empty it */
	const size_t at = (slice_be(id_slice(credential), 8) ^
			      (known_browser ? 0x5555u : 0u)) %
			  KEEPER_BUCKETS;
	struct bucket *b = &k->buckets[at];

	if (!bucket_take(&k->everybody, now_ms, EVERYBODY_EACH_MS,
		EVERYBODY_TRIES))
		return ERR_LIMIT;
	/* names that share a bucket share their tries: never more of them */
	b->credential = *credential;
	return bucket_take(b, now_ms, CREDENTIAL_EACH_MS,
		   known_browser ? BROWSER_TRIES : CREDENTIAL_TRIES)
		   ? ERR_OK
		   : ERR_LIMIT;
}

/* --- tickets --- */

static enum err
kind_read(struct rd *r, enum ticket_kind *ret_kind, struct id *ret_id)
{
	const uint8_t kind = rd_u8(r);

	rd_id(r, ret_id);
	if (r->err != ERR_OK || kind == 0 || kind >= TICKET__MAX)
		return ERR_SYNTAX;
	*ret_kind = (enum ticket_kind)kind;
	return ERR_OK;
}

static struct slice
rest_take(struct rd *r)
{
	return rd_octets(r, r->rest.len);
}

static enum err
ticket_make_serve(struct keeper *k, struct rd *r, struct buf *out)
{
	uint8_t revoke_hash[SHA256_OCTETS];
	enum ticket_kind kind;
	struct claims claims;
	AUTO_KEY secret;
	struct id id;
	enum err e;

	if ((e = kind_read(r, &kind, &id)) != ERR_OK)
		return e;
	rd_copy(r, secret.octets, KEY_OCTETS);
	rd_copy(r, revoke_hash, sizeof revoke_hash);
	if ((e = claims_read(rest_take(r), &claims)) != ERR_OK ||
	    (e = rd_end(r)) != ERR_OK)
		return e;
	/* core asks, keeper decides: no ticket for ever, none without global */
	if (kind != TICKET_RECOVERY &&
	    claims.expiry_s > clock_realtime_s() + TICKET_LIFE_S_MAX)
		return ERR_RANGE;
	if (claims.scope_count == 0)
		return ERR_DENIED;
	for (size_t i = 0; i < claims.scope_count; i++)
		keeper_generation(k, claims.scopes[i].type,
		    &claims.scopes[i].id, &claims.scopes[i].generation);
	return ticket_make(kind, &id, &secret, revoke_hash, &claims,
	    &k->secret->row_key, out);
}

static enum err
claims_live(const struct keeper *k, const struct claims *claims)
{
	if (claims->expiry_s <= clock_realtime_s())
		return ERR_DENIED;
	for (size_t i = 0; i < claims->scope_count; i++) {
		struct id now;

		keeper_generation(k, claims->scopes[i].type,
		    &claims->scopes[i].id, &now);
		if (!id_eq(&now, &claims->scopes[i].generation))
			return ERR_DENIED;
	}
	return ERR_OK;
}

/* One error for every reason: the asker learns "no", not why. */
static enum err
ticket_open_serve(struct keeper *k, struct rd *r, struct buf *out)
{
	enum ticket_kind kind;
	struct claims claims;
	AUTO_KEY secret;
	struct id id;
	enum err e;

	if ((e = kind_read(r, &kind, &id)) != ERR_OK)
		return e;
	rd_copy(r, secret.octets, KEY_OCTETS);
	const struct slice row = rest_take(r);
	if ((e = rd_end(r)) != ERR_OK)
		return e;
	if (ticket_open(kind, &id, &secret, row, &k->secret->row_key,
		&claims) != ERR_OK ||
	    claims_live(k, &claims) != ERR_OK)
		return ERR_DENIED;
	e = claims_write(&claims, out);
	octets_wipe(&claims, sizeof claims);
	return e;
}

static enum err
ticket_revokes_serve(struct keeper *k, struct rd *r, struct buf *out)
{
	uint8_t asked[SHA256_OCTETS], row_has[SHA256_OCTETS];
	enum ticket_kind kind;
	struct id id;
	enum err e;

	(void)out;
	if ((e = kind_read(r, &kind, &id)) != ERR_OK)
		return e;
	rd_copy(r, asked, sizeof asked);
	const struct slice row = rest_take(r);
	if ((e = rd_end(r)) != ERR_OK)
		return e;
	if (ticket_revoke_hash(kind, &id, row, &k->secret->row_key, row_has) !=
		ERR_OK ||
	    !octets_equal(asked, row_has, sizeof asked))
		return ERR_DENIED;
	return ERR_OK;
}

/* --- rows and slots --- */

struct row_place {
	uint8_t table;
	uint32_t slot;
	struct id id;
	uint8_t aad[1 + 4 + ID_OCTETS];
	struct key key;
};

static enum err
row_place_read(const struct keeper *k, struct rd *r, struct row_place *ret)
{
	AUTO_KEY base;
	enum err e = ERR_OK;

	if (r->rest.len < sizeof ret->aad)
		return ERR_SYNTAX;
	memcpy(ret->aad, r->rest.at, sizeof ret->aad);
	ret->table = rd_u8(r);
	ret->slot = rd_u32(r);
	rd_id(r, &ret->id);
	if (ret->slot == 0)
		base = k->secret->row_key.key;
	else
		e = keeper_slot_key(k, ret->slot, &base);
	if (e == ERR_OK)
		key_derive(key_slice(&base), LABEL_REST_ROW,
		    FIELDS(slice_make(&ret->table, 1), id_slice(&ret->id)),
		    &ret->key);
	return e;
}

static enum err
row_seal_serve(struct keeper *k, struct rd *r, struct buf *out)
{
	uint8_t nonce[GCM_NONCE_OCTETS];
	struct row_place p;
	enum err e;

	if ((e = row_place_read(k, r, &p)) != ERR_OK)
		return e;
	octets_random(nonce, sizeof nonce);
	if ((e = buf_append(out, SLICE_OF(nonce))) == ERR_OK)
		e = gcm_seal(&p.key, nonce, SLICE_OF(p.aad), rest_take(r), out);
	octets_wipe(&p, sizeof p);
	return e;
}

static enum err
row_open_serve(struct keeper *k, struct rd *r, struct buf *out)
{
	struct row_place p;
	enum err e;

	if ((e = row_place_read(k, r, &p)) != ERR_OK)
		return e;
	const struct slice sealed = rest_take(r);
	e = sealed.len < GCM_NONCE_OCTETS
		? ERR_CRYPTO
		: gcm_open(&p.key, sealed.at, SLICE_OF(p.aad),
		      slice_skip(sealed, GCM_NONCE_OCTETS), out);
	octets_wipe(&p, sizeof p);
	return e;
}

static enum err
slot_new_serve(struct keeper *k, struct rd *r, struct buf *out)
{
	uint32_t slot;
	struct wr w;
	enum err e;

	if ((e = rd_end(r)) != ERR_OK ||
	    (e = keeper_slot_new(k, &slot)) != ERR_OK)
		return e;
	wr_init(&w, out);
	wr_u32(&w, slot);
	return wr_end(&w);
}

static enum err
slot_erase_serve(struct keeper *k, struct rd *r, struct buf *out)
{
	const uint32_t slot = rd_u32(r);
	const enum err e = rd_end(r);

	(void)out;
	return e == ERR_OK ? keeper_slot_erase(k, slot) : e;
}

static enum err
segment_key_serve(struct keeper *k, struct rd *r, struct buf *out)
{
	const uint32_t slot = rd_u32(r);
	AUTO_KEY base, key;
	struct id segment;
	enum err e;

	rd_id(r, &segment);
	if ((e = rd_end(r)) != ERR_OK ||
	    (e = keeper_slot_key(k, slot, &base)) != ERR_OK)
		return e;
	key_derive(key_slice(&base), LABEL_SEGMENT, FIELDS(id_slice(&segment)),
	    &key);
	return buf_append(out, key_slice(&key));
}

static enum err
raise_serve(struct keeper *k, struct rd *r, struct buf *out)
{
	const uint8_t type = rd_u8(r);
	struct id id;
	enum err e;

	(void)out;
	rd_id(r, &id);
	if ((e = rd_end(r)) != ERR_OK)
		return e;
	if (type == 0 || type >= SCOPE__MAX)
		return ERR_SYNTAX;
	return keeper_raise(k, type, &id);
}

static enum err
stamp_open_serve(struct keeper *k, struct rd *r, struct buf *out)
{
	uint8_t store[STAMP_OCTETS], fresh[STAMP_OCTETS];
	bool raised;
	struct wr w;
	enum err e;

	rd_copy(r, store, sizeof store);
	if ((e = rd_end(r)) != ERR_OK ||
	    (e = keeper_stamp_open(k, store, fresh, &raised)) != ERR_OK)
		return e;
	wr_init(&w, out);
	wr_octets(&w, SLICE_OF(fresh));
	wr_u8(&w, raised);
	return wr_end(&w);
}

static enum err
stamp_done_serve(struct keeper *k, struct rd *r, struct buf *out)
{
	uint8_t store[STAMP_OCTETS];
	enum err e;

	(void)out;
	rd_copy(r, store, sizeof store);
	if ((e = rd_end(r)) != ERR_OK)
		return e;
	return memcmp(store, k->pending, STAMP_OCTETS) == 0
		   ? keeper_stamp_done(k)
		   : ERR_DENIED;
}

/* --- names and passphrases --- */

static void
credential_of(const struct keeper *k, struct slice handle_hash,
    struct key *ret_credential)
{
	key_derive(key_slice(&k->secret->name_key), LABEL_CREDENTIAL,
	    FIELDS(handle_hash), ret_credential);
}

static enum err
index_serve(struct keeper *k, struct rd *r, struct buf *out)
{
	const struct slice handle_hash = rd_octets(r, SHA256_OCTETS);
	AUTO_KEY inner, index;
	enum err e;

	if ((e = rd_end(r)) != ERR_OK)
		return e;
	key_derive(key_slice(&k->secret->name_key), LABEL_HANDLE,
	    FIELDS(handle_hash), &inner);
	key_derive(key_slice(&k->secret->index_key), LABEL_INDEX,
	    FIELDS(key_slice(&inner)), &index);
	return buf_append(out, slice_make(index.octets, ID_OCTETS));
}

static enum err
opaque_register_serve(struct keeper *k, struct rd *r, struct buf *out)
{
	const struct slice handle_hash = rd_octets(r, SHA256_OCTETS);
	const struct slice request = rd_octets(r, OPAQUE_POINT_OCTETS);
	uint8_t response[OPAQUE_RESPONSE_OCTETS];
	struct id charged;
	AUTO_KEY credential;
	enum err e;

	if ((e = rd_end(r)) != ERR_OK)
		return e;
	credential_of(k, handle_hash, &credential);
	memcpy(charged.octets, credential.octets, ID_OCTETS);
	if ((e = keeper_charge(k, &charged, true, clock_monotonic_ms())) !=
		ERR_OK ||
	    (e = opaque_register(&k->secret->opaque, key_slice(&credential),
		 request.at, response)) != ERR_OK)
		return e;
	return buf_append(out, SLICE_OF(response));
}

static uint32_t
login_keep(struct keeper *k, const struct opaque_login *login)
{
	const uint32_t at = k->login_next++ % KEEPER_LOGINS;
	uint32_t id;

	octets_random(&id, sizeof id);
	k->logins[at] = *login;
	k->login_ids[at] = id | 1u; /* never 0 */
	return k->login_ids[at];
}

static enum err
opaque_start_serve(struct keeper *k, struct rd *r, struct buf *out)
{
	const struct slice handle_hash = rd_octets(r, SHA256_OCTETS);
	const bool known = rd_u8(r) != 0, has_record = rd_u8(r) != 0;
	uint8_t record[OPAQUE_RECORD_OCTETS], fake[OPAQUE_RECORD_OCTETS];
	uint8_t ke2[OPAQUE_KE2_OCTETS];
	const struct opaque_ids ids = { .client = SLICE_LIT("") };
	struct opaque_login login;
	struct opaque_draw draw;
	struct id charged;
	AUTO_KEY credential;
	struct wr w;
	enum err e;

	rd_copy(r, record, sizeof record);
	const struct slice ke1 = rd_octets(r, OPAQUE_KE1_OCTETS);
	if ((e = rd_end(r)) != ERR_OK)
		return e;
	credential_of(k, handle_hash, &credential);
	memcpy(charged.octets, credential.octets, ID_OCTETS);
	if ((e = keeper_charge(k, &charged, known, clock_monotonic_ms())) !=
	    ERR_OK)
		return e;
	/* made in either case: the time tells nothing */
	opaque_fake_record(&k->secret->fake_key, key_slice(&credential), fake);
	opaque_draw(&draw);
	e = opaque_ke2(&k->secret->opaque, &ids, key_slice(&credential),
	    has_record ? record : fake, ke1.at, &draw, ke2, &login);
	if (e != ERR_OK)
		return e;
	if (!has_record) /* nobody can finish it */
		octets_random(&login, sizeof login);
	wr_init(&w, out);
	wr_u32(&w, login_keep(k, &login));
	wr_octets(&w, SLICE_OF(ke2));
	octets_wipe(&login, sizeof login);
	octets_wipe(&draw, sizeof draw);
	octets_wipe(record, sizeof record);
	return wr_end(&w);
}

static enum err
opaque_finish_serve(struct keeper *k, struct rd *r, struct buf *out)
{
	const uint32_t id = rd_u32(r);
	const struct slice ke3 = rd_octets(r, OPAQUE_KE3_OCTETS);
	enum err e;

	(void)out;
	if ((e = rd_end(r)) != ERR_OK)
		return e;
	for (size_t i = 0; id != 0 && i < KEEPER_LOGINS; i++) {
		if (k->login_ids[i] != id)
			continue;
		k->login_ids[i] = 0; /* once */
		e = opaque_finish(&k->logins[i], ke3.at);
		octets_wipe(&k->logins[i], sizeof k->logins[i]);
		return e;
	}
	return ERR_DENIED;
}

static const verb verbs[MSG__MAX] = {
	[MSG_TICKET_MAKE] = ticket_make_serve,
	[MSG_TICKET_OPEN] = ticket_open_serve,
	[MSG_TICKET_REVOKES] = ticket_revokes_serve,
	[MSG_ROW_SEAL] = row_seal_serve,
	[MSG_ROW_OPEN] = row_open_serve,
	[MSG_SLOT_NEW] = slot_new_serve,
	[MSG_SLOT_ERASE] = slot_erase_serve,
	[MSG_SEGMENT_KEY] = segment_key_serve,
	[MSG_INDEX_OF] = index_serve,
	[MSG_OPAQUE_REGISTER] = opaque_register_serve,
	[MSG_OPAQUE_START] = opaque_start_serve,
	[MSG_OPAQUE_FINISH] = opaque_finish_serve,
	[MSG_GENERATION_RAISE] = raise_serve,
	[MSG_STAMP_OPEN] = stamp_open_serve,
	[MSG_STAMP_DONE] = stamp_done_serve,
};

enum err
keeper_serve(struct keeper *k, enum ipc_type type, struct slice body,
    struct buf *answer)
{
	static const uint8_t ok = ERR_OK;
	struct rd r;
	enum err e;

	if ((unsigned)type >= MSG__MAX || verbs[type] == NULL)
		return ERR_DENIED;
	rd_init(&r, body);
	if ((e = buf_append(answer, slice_make(&ok, 1))) != ERR_OK)
		return e;
	if ((e = verbs[type](k, &r, answer)) != ERR_OK) {
		buf_clear(answer);
		const uint8_t code = (uint8_t)e;
		return buf_append(answer, slice_make(&code, 1));
	}
	return ERR_OK;
}
