#include "crypto/sframe.h"

#include <stdlib.h>

#include "crypto/aead.h"
#include "crypto/kdf.h"

struct sframe {
	struct gcm *gcm;
	uint8_t salt[GCM_NONCE_OCTETS];
	uint64_t kid;
};

/* Octets of v in its shortest form; 0 takes one. */
static size_t
width(uint64_t v)
{
	size_t n = 1;

	while (v >>= 8)
		n++;
	return n;
}

/* The four bits of one number: x flag and either the value or its length. */
static enum err
number_parse(unsigned bits, struct slice *rest, uint64_t *ret_v)
{
	const size_t n = (bits & 7) + 1;

	if ((bits & 8) == 0) {
		*ret_v = bits & 7;
		return ERR_OK;
	}
	if (rest->len < n)
		return ERR_MORE;
	const uint64_t v = slice_be(*rest, n);
	if (v < 8 || width(v) != n)
		return ERR_SYNTAX;
	*rest = slice_skip(*rest, n);
	*ret_v = v;
	return ERR_OK;
}

enum err
sframe_head_parse(struct slice in, struct sframe_head *ret_head)
{
	struct sframe_head h;
	enum err e;

	if (in.len == 0)
		return ERR_MORE;
	struct slice rest = slice_skip(in, 1);
	if ((e = number_parse(in.at[0] >> 4, &rest, &h.kid)) != ERR_OK ||
	    (e = number_parse(in.at[0] & 15, &rest, &h.ctr)) != ERR_OK)
		return e;
	h.octets = in.len - rest.len;
	*ret_head = h;
	return ERR_OK;
}

static unsigned
number_write(uint64_t v, uint8_t *to, size_t *len)
{
	const size_t n = width(v);

	if (v < 8)
		return (unsigned)v;
	for (size_t i = n; i-- > 0;)
		to[(*len)++] = (uint8_t)(v >> (8 * i));
	return 8 | (unsigned)(n - 1);
}

size_t
sframe_head_write(uint64_t kid, uint64_t ctr,
    uint8_t to[static SFRAME_HEAD_OCTETS_MAX])
{
	size_t len = 1;
	const unsigned high = number_write(kid, to, &len);

	to[0] = (uint8_t)(high << 4 | number_write(ctr, to, &len));
	return len;
}

/* Section 4.4.2. */
static void
sframe_keys(struct slice base_key, uint64_t kid, struct key *ret_key,
    uint8_t ret_salt[static GCM_NONCE_OCTETS])
{
	static const uint8_t suite[2] = { 0, 5 };
	const struct be64 k = be64_make(kid);
	uint8_t secret[64];

	hkdf512_extract(SLICE_LIT(""), FIELDS(base_key), secret);
	hkdf512_expand(secret,
	    FIELDS(SLICE_LIT("SFrame 1.0 Secret key "), SLICE_OF(k.octets),
		SLICE_OF(suite)),
	    ret_key->octets, KEY_OCTETS);
	hkdf512_expand(secret,
	    FIELDS(SLICE_LIT("SFrame 1.0 Secret salt "), SLICE_OF(k.octets),
		SLICE_OF(suite)),
	    ret_salt, GCM_NONCE_OCTETS);
	octets_wipe(secret, sizeof secret);
}

struct sframe *
sframe_create(struct slice base_key, uint64_t kid)
{
	struct sframe *s = calloc(1, sizeof *s);
	AUTO_KEY key;

	if (s == NULL)
		return NULL;
	sframe_keys(base_key, kid, &key, s->salt);
	s->kid = kid;
	if ((s->gcm = gcm_create(&key)) == NULL) {
		free(s);
		return NULL;
	}
	return s;
}

void
sframe_destroy(struct sframe *s)
{
	if (s == NULL)
		return;
	gcm_destroy(s->gcm);
	octets_wipe(s, sizeof *s);
	free(s);
}

static void
nonce_make(const struct sframe *s, uint64_t ctr,
    uint8_t nonce[static GCM_NONCE_OCTETS])
{
	memcpy(nonce, s->salt, GCM_NONCE_OCTETS);
	for (int i = 0; i < 8; i++)
		nonce[11 - i] ^= (uint8_t)(ctr >> (8 * i));
}

enum err
sframe_seal(struct sframe *s, uint64_t ctr, struct slice metadata,
    const struct slice *plain, size_t plain_count, struct buf *out)
{
	uint8_t head[SFRAME_HEAD_OCTETS_MAX], nonce[GCM_NONCE_OCTETS];
	const size_t before = out->len;
	const struct slice aad[] = {
		slice_make(head, sframe_head_write(s->kid, ctr, head)), metadata
	};
	enum err e;

	nonce_make(s, ctr, nonce);
	if ((e = buf_append(out, aad[0])) != ERR_OK)
		return e;
	e = gcm_seal_with(s->gcm, nonce, aad, 2, plain, plain_count, out);
	if (e != ERR_OK)
		out->len = before;
	return e;
}

enum err
sframe_open(struct sframe *s, struct slice metadata, struct slice frame,
    struct buf *out, uint64_t *ret_ctr)
{
	uint8_t nonce[GCM_NONCE_OCTETS];
	struct sframe_head head;
	enum err e;

	if (sframe_head_parse(frame, &head) != ERR_OK)
		return ERR_SYNTAX;
	if (head.kid != s->kid)
		return ERR_MISSING;
	const struct slice aad[] = { slice_head(frame, head.octets), metadata };
	nonce_make(s, head.ctr, nonce);
	e = gcm_open_with(s->gcm, nonce, aad, 2, slice_skip(frame, head.octets),
	    out);
	if (e == ERR_OK)
		*ret_ctr = head.ctr;
	return e;
}
