#include "crypto/names.h"

#include <stdio.h>
#include <time.h>

#define U32(name, v)                                                           \
	const struct be64 name##_octets = be64_make(v);                        \
	const struct slice name = be64_tail(&name##_octets, 4)

void
people_key(const struct key *home_key, const struct id *home, uint32_t epoch,
    struct key *ret_key)
{
	U32(e, epoch);
	key_derive(key_slice(home_key), LABEL_PEOPLE, FIELDS(id_slice(home), e),
	    ret_key);
}

void
hub_key(const struct key *home_key, const struct id *home, uint32_t epoch,
    struct key *ret_key)
{
	U32(e, epoch);
	key_derive(key_slice(home_key), LABEL_HUB, FIELDS(id_slice(home), e),
	    ret_key);
}

void
thing_key(const struct key *home_key, const struct id *home, uint32_t epoch,
    const struct id *thing, struct key *ret_key)
{
	U32(e, epoch);
	key_derive(key_slice(home_key), LABEL_THING,
	    FIELDS(id_slice(home), e, id_slice(thing)), ret_key);
}

void
hour_private(const struct key *thing, uint32_t hour, struct key *ret_key)
{
	U32(h, hour);
	key_derive(key_slice(thing), LABEL_HOUR, FIELDS(h), ret_key);
}

void
hour_id(const struct key *thing, uint32_t hour, struct hour_id *ret_id)
{
	struct key k;

	U32(h, hour);
	key_derive(key_slice(thing), LABEL_HOUR_ID, FIELDS(h), &k);
	memcpy(ret_id->octets, k.octets, HOUR_ID_OCTETS);
}

void
key_commit(const struct key *key, const struct id *home, uint32_t epoch,
    uint8_t kind, const struct id *id, struct key *ret_commit)
{
	U32(e, epoch);
	key_derive(key_slice(key), LABEL_COMMIT,
	    FIELDS(id_slice(home), e, slice_make(&kind, 1), id_slice(id)),
	    ret_commit);
}

static struct be64
now_ns(clockid_t clock)
{
	struct timespec t = { 0 };

	(void)clock_gettime(clock, &t);
	return be64_make(
	    (uint64_t)t.tv_sec * 1000000000u + (uint64_t)t.tv_nsec);
}

/* Zeros when the system does not tell: the other parts remain. */
static void
boot_id_read(uint8_t to[static 16])
{
	FILE *f = fopen("/proc/sys/kernel/random/boot_id", "re");
	char text[40] = { 0 };

	memset(to, 0, 16);
	if (f == NULL)
		return;
	if (fgets(text, sizeof text, f) != NULL)
		for (size_t i = 0; i < sizeof text; i++)
			to[i % 16] = (uint8_t)(to[i % 16] * 31 + text[i]);
	(void)fclose(f);
}

void
run_id_make(const struct id *stream, struct run_id *ret_run)
{
	static uint64_t counter;
	uint8_t random[32], boot[16];
	struct key k;

	octets_random(random, sizeof random);
	boot_id_read(boot);
	const struct be64 real = now_ns(CLOCK_REALTIME);
	const struct be64 up = now_ns(CLOCK_BOOTTIME);
	const struct be64 count = be64_make(++counter);
	uint8_t ikm[32 + 16 + 24];
	memcpy(ikm, random, 32);
	memcpy(ikm + 32, boot, 16);
	memcpy(ikm + 48, real.octets, 8);
	memcpy(ikm + 56, up.octets, 8);
	memcpy(ikm + 64, count.octets, 8);
	key_derive(SLICE_OF(ikm), LABEL_RUN_ID, FIELDS(id_slice(stream)), &k);
	memcpy(ret_run->octets, k.octets, RUN_ID_OCTETS);
}

void
run_base_key(const struct key *run_key, const struct place *place,
    const struct run_id *run, struct key *ret_key)
{
	key_derive(key_slice(run_key), LABEL_RUN,
	    FIELDS(id_slice(&place->home), id_slice(&place->thing),
		slice_make(&place->class, 1), id_slice(&place->stream),
		id_slice(&place->writer), SLICE_OF(run->octets)),
	    ret_key);
}

void
account_kx_private(const struct key *root, const struct id *account,
    struct key *ret_key)
{
	key_derive(key_slice(root), LABEL_ACCOUNT_KX, FIELDS(id_slice(account)),
	    ret_key);
}

void
home_id_make(const uint8_t founder[static 32], const uint8_t nonce[static 32],
    struct id *ret_home)
{
	const struct slice parts[] = { SLICE_LIT("eaves/1/home\0"),
		slice_make(founder, 32), slice_make(nonce, 32) };
	uint8_t digest[SHA256_OCTETS];

	sha256_join(parts, 3, digest);
	memcpy(ret_home->octets, digest, ID_OCTETS);
}

void
link_keys_make(struct slice l, struct link_keys *ret_keys)
{
	struct key id;

	key_derive(l, LABEL_LINK_ID, NO_FIELDS, &id);
	memcpy(ret_keys->id.octets, id.octets, ID_OCTETS);
	key_derive(l, LABEL_LINK_ACCESS, NO_FIELDS, &ret_keys->secret);
	key_derive(l, LABEL_LINK_BLOB, NO_FIELDS, &ret_keys->blob);
	key_derive(l, LABEL_LINK_PSK, NO_FIELDS, &ret_keys->psk);
}
