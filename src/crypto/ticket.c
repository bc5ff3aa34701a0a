#include "crypto/ticket.h"

#include "crypto/aead.h"

#define CLEAR_OCTETS (1 + ID_OCTETS + 1 + 4) /* kind, id, v, day */
#define S_OF_DAY     86400u

enum err
claims_write(const struct claims *claims, struct buf *out)
{
	struct wr w;

	if (claims->scope_count > TICKET_SCOPES_MAX ||
	    claims->own_octets > TICKET_OWN_OCTETS_MAX)
		return ERR_LIMIT;
	wr_init(&w, out);
	wr_u64(&w, claims->expiry_s);
	wr_u8(&w, claims->scope_count);
	for (size_t i = 0; i < claims->scope_count; i++) {
		wr_u8(&w, claims->scopes[i].type);
		wr_id(&w, &claims->scopes[i].id);
		wr_id(&w, &claims->scopes[i].generation);
	}
	wr_u32(&w, claims->rights);
	wr_u16(&w, claims->own_octets);
	wr_octets(&w, slice_make(claims->own, claims->own_octets));
	return wr_end(&w);
}

enum err
claims_read(struct slice in, struct claims *ret_claims)
{
	struct claims c = { 0 };
	struct rd r;
	enum err e;

	rd_init(&r, in);
	c.expiry_s = rd_u64(&r);
	c.scope_count = rd_u8(&r);
	if (c.scope_count > TICKET_SCOPES_MAX)
		return ERR_SYNTAX;
	for (size_t i = 0; i < c.scope_count; i++) {
		c.scopes[i].type = rd_u8(&r);
		rd_id(&r, &c.scopes[i].id);
		rd_id(&r, &c.scopes[i].generation);
	}
	c.rights = rd_u32(&r);
	c.own_octets = rd_u16(&r);
	if (c.own_octets > TICKET_OWN_OCTETS_MAX)
		return ERR_SYNTAX;
	rd_copy(&r, c.own, c.own_octets);
	if ((e = rd_end(&r)) != ERR_OK)
		return e;
	*ret_claims = c;
	return ERR_OK;
}

static void
outer_key(const struct row_key *row_key, uint8_t kind, const struct id *id,
    struct key *ret_key)
{
	key_derive(key_slice(&row_key->key), LABEL_ROW,
	    FIELDS(slice_make(&kind, 1), id_slice(id)), ret_key);
}

static void
inner_key(const struct key *secret, uint8_t kind, const struct id *id,
    struct key *ret_key)
{
	key_derive(key_slice(secret), LABEL_TICKET_BODY,
	    FIELDS(slice_make(&kind, 1), id_slice(id)), ret_key);
}

/* n' ‖ GCM(body key, n', aad = kind ‖ id, claims) */
static enum err
inner_seal(uint8_t kind, const struct id *id, const struct key *secret,
    const struct claims *claims, struct buf *out)
{
	uint8_t aad[1 + ID_OCTETS], nonce[GCM_NONCE_OCTETS];
	struct buf plain;
	AUTO_KEY key;
	enum err e;

	buf_init_secret(&plain, TICKET_ROW_OCTETS_MAX);
	aad[0] = kind;
	memcpy(aad + 1, id->octets, ID_OCTETS);
	octets_random(nonce, sizeof nonce);
	inner_key(secret, kind, id, &key);
	if ((e = claims_write(claims, &plain)) == ERR_OK &&
	    (e = buf_append(out, SLICE_OF(nonce))) == ERR_OK)
		e = gcm_seal(&key, nonce, SLICE_OF(aad), buf_slice(&plain),
		    out);
	buf_fini(&plain);
	return e;
}

/* Appends clear ‖ n ‖ GCM(row key, n, aad = clear, body). */
static enum err
outer_seal(const uint8_t clear[static CLEAR_OCTETS], const struct id *id,
    const struct row_key *row_key, struct slice body, struct buf *out)
{
	uint8_t nonce[GCM_NONCE_OCTETS];
	const size_t before = out->len;
	AUTO_KEY key;
	enum err e;

	octets_random(nonce, sizeof nonce);
	outer_key(row_key, clear[0], id, &key);
	if ((e = buf_append(out, slice_make(clear, CLEAR_OCTETS))) != ERR_OK ||
	    (e = buf_append(out, SLICE_OF(nonce))) != ERR_OK ||
	    (e = gcm_seal(&key, nonce, slice_make(clear, CLEAR_OCTETS), body,
		 out)) != ERR_OK)
		out->len = before;
	return e;
}

enum err
ticket_make(enum ticket_kind kind, const struct id *id,
    const struct key *secret, const uint8_t revoke_hash[static SHA256_OCTETS],
    const struct claims *claims, const struct row_key *row_key, struct buf *out)
{
	const struct be64 day = be64_make(claims->expiry_s / S_OF_DAY + 1);
	uint8_t clear[CLEAR_OCTETS];
	struct buf body;
	enum err e;

	clear[0] = (uint8_t)kind;
	memcpy(clear + 1, id->octets, ID_OCTETS);
	clear[1 + ID_OCTETS] = row_key->version;
	memcpy(clear + 2 + ID_OCTETS, be64_tail(&day, 4).at, 4);
	buf_init_secret(&body, TICKET_ROW_OCTETS_MAX);
	if ((e = buf_append(&body, slice_make(revoke_hash, SHA256_OCTETS))) ==
		ERR_OK &&
	    (e = inner_seal((uint8_t)kind, id, secret, claims, &body)) ==
		ERR_OK)
		e = outer_seal(clear, id, row_key, buf_slice(&body), out);
	buf_fini(&body);
	return e;
}

enum err
ticket_version(enum ticket_kind kind, const struct id *id, struct slice row,
    uint8_t *ret_version)
{
	if (row.len < CLEAR_OCTETS + GCM_NONCE_OCTETS + GCM_TAG_OCTETS ||
	    row.len > TICKET_ROW_OCTETS_MAX || row.at[0] != kind ||
	    memcmp(row.at + 1, id->octets, ID_OCTETS) != 0)
		return ERR_SYNTAX;
	*ret_version = row.at[1 + ID_OCTETS];
	return ERR_OK;
}

/* body = revoke hash ‖ inner */
static enum err
outer_open(enum ticket_kind kind, const struct id *id, struct slice row,
    const struct row_key *row_key, struct buf *body)
{
	uint8_t version;
	AUTO_KEY key;
	enum err e;

	if ((e = ticket_version(kind, id, row, &version)) != ERR_OK)
		return e;
	if (version != row_key->version)
		return ERR_CRYPTO;
	outer_key(row_key, (uint8_t)kind, id, &key);
	e = gcm_open(&key, row.at + CLEAR_OCTETS, slice_head(row, CLEAR_OCTETS),
	    slice_skip(row, CLEAR_OCTETS + GCM_NONCE_OCTETS), body);
	if (e == ERR_OK && body->len < SHA256_OCTETS + GCM_NONCE_OCTETS)
		e = ERR_CRYPTO;
	return e;
}

enum err
ticket_open(enum ticket_kind kind, const struct id *id,
    const struct key *secret, struct slice row, const struct row_key *row_key,
    struct claims *ret_claims)
{
	uint8_t aad[1 + ID_OCTETS];
	struct buf body, plain;
	AUTO_KEY key;
	enum err e;

	buf_init_secret(&body, TICKET_ROW_OCTETS_MAX);
	buf_init_secret(&plain, TICKET_ROW_OCTETS_MAX);
	if ((e = outer_open(kind, id, row, row_key, &body)) != ERR_OK)
		goto wipe;
	const struct slice inner = slice_skip(buf_slice(&body), SHA256_OCTETS);
	aad[0] = (uint8_t)kind;
	memcpy(aad + 1, id->octets, ID_OCTETS);
	inner_key(secret, (uint8_t)kind, id, &key);
	e = gcm_open(&key, inner.at, SLICE_OF(aad),
	    slice_skip(inner, GCM_NONCE_OCTETS), &plain);
	if (e == ERR_OK)
		e = claims_read(buf_slice(&plain), ret_claims);
wipe:
	buf_fini(&body);
	buf_fini(&plain);
	return e;
}

enum err
ticket_revoke_hash(enum ticket_kind kind, const struct id *id, struct slice row,
    const struct row_key *row_key, uint8_t ret_hash[static SHA256_OCTETS])
{
	struct buf body;
	enum err e;

	buf_init_secret(&body, TICKET_ROW_OCTETS_MAX);
	if ((e = outer_open(kind, id, row, row_key, &body)) == ERR_OK)
		memcpy(ret_hash, body.at, SHA256_OCTETS);
	buf_fini(&body);
	return e;
}
