#include "model/command.h"

#include "base/codec.h"
#include "crypto/aead.h"
#include "crypto/hpke.h"
#include "crypto/kdf.h"

#define FIXED_OCTETS (4 * ID_OCTETS + 16)
#define REPLY_WORDS  SLICE_LIT("eaves/1/command reply")

static enum err
info_put(const struct id *home, const struct id *hub, struct buf *to)
{
	enum err e;

	if ((e = label_info(LABEL_COMMAND_SEAL, to)) != ERR_OK ||
	    (e = buf_append(to, id_slice(home))) != ERR_OK)
		return e;
	return buf_append(to, id_slice(hub));
}

/* What is signed: the fixed fields and the body's hash. */
static enum err
signature_check(struct slice fixed, struct slice body, struct slice signature,
    const struct people *people, const struct id *by)
{
	const struct member *m = people_member(people, by);
	uint8_t hash[SHA256_OCTETS];

	if (m == NULL || (role_rights(m->role) & RIGHT_MANAGE) == 0)
		return ERR_DENIED;
	sha256(body, hash);
	return sign_check(m->sign, LABEL_COMMAND, FIELDS(fixed, SLICE_OF(hash)),
	    signature.at);
}

static enum err
plain_read(struct slice plain, const struct id *home, const struct id *hub,
    const struct people *people, struct command *c)
{
	struct id to_home, to_hub;
	struct rd r;

	if (plain.len < FIXED_OCTETS + SIGN_OCTETS ||
	    plain.len > FIXED_OCTETS + COMMAND_BODY_MAX + SIGN_OCTETS)
		return ERR_SYNTAX;
	const struct slice fixed = slice_head(plain, FIXED_OCTETS);
	const size_t body = plain.len - FIXED_OCTETS - SIGN_OCTETS;
	c->body = slice_head(slice_skip(plain, FIXED_OCTETS), body);
	rd_init(&r, fixed);
	rd_id(&r, &to_home);
	rd_id(&r, &to_hub);
	rd_id(&r, &c->thing);
	rd_id(&r, &c->member);
	c->directory_version = rd_u64(&r);
	c->time_us = rd_u64(&r);
	if (rd_end(&r) != ERR_OK || !id_eq(&to_home, home) ||
	    !id_eq(&to_hub, hub))
		return ERR_CRYPTO;
	return signature_check(fixed, c->body,
	    slice_skip(plain, FIXED_OCTETS + body), people, &c->member);
}

enum err
command_open(const struct key *hub_kx, const struct id *home,
    const struct id *hub, const struct people *people, struct slice sealed,
    struct buf *plain, struct command *ret_command)
{
	AUTO_BUF struct buf info = { 0 };
	struct command c = { 0 };
	struct hpke h;
	enum err e;

	if (sealed.len < HPKE_ENC_OCTETS + HPKE_TAG_OCTETS ||
	    sealed.len > COMMAND_OCTETS_MAX)
		return ERR_SYNTAX;
	buf_init(&info, 128);
	if ((e = info_put(home, hub, &info)) != ERR_OK)
		return e;
	const struct hpke_info hpke_info = { .info = buf_slice(&info) };
	if ((e = hpke_receive(hub_kx, sealed.at, &hpke_info, &h)) != ERR_OK)
		return e;
	if ((e = hpke_open(&h, (struct slice){ NULL, 0 },
		 slice_skip(sealed, HPKE_ENC_OCTETS), plain)) == ERR_OK)
		e = plain_read(buf_slice(plain), home, hub, people, &c);
	if (e == ERR_OK) {
		hpke_export(&h, REPLY_WORDS, &c.reply_key);
		*ret_command = c;
	}
	hpke_wipe(&h);
	octets_wipe(&c.reply_key, sizeof c.reply_key);
	return e;
}

enum err
command_reply(const struct command *c, struct slice body, struct buf *to)
{
	return gcm_seal(&c->reply_key, gcm_zero_nonce,
	    (struct slice){ NULL, 0 }, body, to);
}
