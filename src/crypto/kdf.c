#include "crypto/kdf.h"

#include <sodium.h>

static const char *const texts[] = {
#define LABEL(name, text) [LABEL_##name] = text,
#include "crypto/labels.def"
#undef LABEL
};

const char *
label_text(enum label label)
{
	assert((unsigned)label < LABEL__MAX);
	return texts[label];
}

enum err
label_info(enum label label, struct buf *to)
{
	enum err e;

	if ((e = buf_append(to, SLICE_LIT("eaves/1/"))) != ERR_OK ||
	    (e = buf_append(to, slice_str(label_text(label)))) != ERR_OK)
		return e;
	return buf_append(to, SLICE_LIT("\0"));
}

void
hkdf256_extract(struct slice salt, const struct fields *ikm,
    uint8_t ret_prk[static 32])
{
	crypto_auth_hmacsha256_state s;

	crypto_auth_hmacsha256_init(&s, salt.at, salt.len);
	for (size_t i = 0; i < ikm->count; i++)
		crypto_auth_hmacsha256_update(&s, ikm->at[i].at,
		    ikm->at[i].len);
	crypto_auth_hmacsha256_final(&s, ret_prk);
	octets_wipe(&s, sizeof s);
}

void
hkdf256_expand(const uint8_t prk[static 32], const struct fields *info,
    uint8_t *out, size_t out_octets)
{
	uint8_t block[32], number = 0;
	size_t block_octets = 0;

	assert(out_octets <= 255 * sizeof block);
	while (out_octets != 0) {
		crypto_auth_hmacsha256_state s;
		const size_t take = out_octets < sizeof block ? out_octets
							      : sizeof block;

		number++;
		crypto_auth_hmacsha256_init(&s, prk, 32);
		crypto_auth_hmacsha256_update(&s, block, block_octets);
		for (size_t i = 0; i < info->count; i++)
			crypto_auth_hmacsha256_update(&s, info->at[i].at,
			    info->at[i].len);
		crypto_auth_hmacsha256_update(&s, &number, 1);
		crypto_auth_hmacsha256_final(&s, block);
		block_octets = sizeof block;
		memcpy(out, block, take);
		out += take;
		out_octets -= take;
		octets_wipe(&s, sizeof s);
	}
	octets_wipe(block, sizeof block);
}

void
hkdf512_extract(struct slice salt, const struct fields *ikm,
    uint8_t ret_prk[static 64])
{
	crypto_auth_hmacsha512_state s;

	crypto_auth_hmacsha512_init(&s, salt.at, salt.len);
	for (size_t i = 0; i < ikm->count; i++)
		crypto_auth_hmacsha512_update(&s, ikm->at[i].at,
		    ikm->at[i].len);
	crypto_auth_hmacsha512_final(&s, ret_prk);
	octets_wipe(&s, sizeof s);
}

void
hkdf512_expand(const uint8_t prk[static 64], const struct fields *info,
    uint8_t *out, size_t out_octets)
{
	uint8_t block[64], number = 0;
	size_t block_octets = 0;

	assert(out_octets <= 255 * sizeof block);
	while (out_octets != 0) {
		crypto_auth_hmacsha512_state s;
		const size_t take = out_octets < sizeof block ? out_octets
							      : sizeof block;

		number++;
		crypto_auth_hmacsha512_init(&s, prk, 64);
		crypto_auth_hmacsha512_update(&s, block, block_octets);
		for (size_t i = 0; i < info->count; i++)
			crypto_auth_hmacsha512_update(&s, info->at[i].at,
			    info->at[i].len);
		crypto_auth_hmacsha512_update(&s, &number, 1);
		crypto_auth_hmacsha512_final(&s, block);
		block_octets = sizeof block;
		memcpy(out, block, take);
		out += take;
		out_octets -= take;
		octets_wipe(&s, sizeof s);
	}
	octets_wipe(block, sizeof block);
}

void
key_derive(struct slice key, enum label label, const struct fields *fields,
    struct key *ret_key)
{
	struct fields info = { .count = 3 + fields->count };
	uint8_t prk[32];

	assert(info.count <= FIELDS_MAX);
	info.at[0] = SLICE_LIT("eaves/1/");
	info.at[1] = slice_str(label_text(label));
	info.at[2] = SLICE_LIT("\0");
	for (size_t i = 0; i < fields->count; i++)
		info.at[3 + i] = fields->at[i];
	hkdf256_extract(SLICE_LIT(""), FIELDS(key), prk);
	hkdf256_expand(prk, &info, ret_key->octets, KEY_OCTETS);
	octets_wipe(prk, sizeof prk);
}
