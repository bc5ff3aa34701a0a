/*
 * opaque.h - OPAQUE (RFC 9807): ristretto255-SHA512, HKDF- and HMAC-SHA-512,
 * 3DH, internal envelope. Context and identities are empty in Eaves (so the
 * identities are the public keys); both can be given for the RFC's vectors.
 *
 * Constant time: libsodium's ristretto255 and HMAC; no branch depends on a
 * secret but on "is this point valid" (public) and on the final comparison.
 * The server half never sees a passphrase; the slow hash runs at the client.
 */
#ifndef CRYPTO_OPAQUE_H
#define CRYPTO_OPAQUE_H

#include "crypto/kdf.h"

#define OPAQUE_POINT_OCTETS    32
#define OPAQUE_RESPONSE_OCTETS 64
#define OPAQUE_RECORD_OCTETS   192
#define OPAQUE_KE1_OCTETS      96
#define OPAQUE_KE2_OCTETS      320
#define OPAQUE_KE3_OCTETS      64
#define OPAQUE_SESSION_OCTETS  64
#define OPAQUE_EXPORT_OCTETS   64

struct opaque_server {
	uint8_t oprf_seed[64];
	uint8_t private[32], public[32];
};

/* Identities and context: empty in Eaves. */
struct opaque_ids {
	struct slice client, server, context;
};

/* Randomness that a run uses; drawn by the caller with opaque_draw(). */
struct opaque_draw {
	uint8_t masking_nonce[32], nonce[32], keyshare_seed[32];
};
void opaque_draw(struct opaque_draw *ret_draw);

/* What the server keeps between KE2 and KE3. */
struct opaque_login {
	uint8_t client_mac[64], session_key[OPAQUE_SESSION_OCTETS];
};

/* A new long-term pair from 32 random octets. */
void opaque_server_make(const uint8_t oprf_seed[static 64],
    const uint8_t seed[static 32], struct opaque_server *ret_server);

/* Section 5.2.2. ERR_CRYPTO: the request is no point. */
MUST_USE enum err
opaque_register(const struct opaque_server *server, struct slice credential_id,
    const uint8_t request[static OPAQUE_POINT_OCTETS],
    uint8_t ret_response[static OPAQUE_RESPONSE_OCTETS]);

/*
 * Section 6.2.2. record is what registration gave, or for an unknown name
 * opaque_fake_record(): same octets, same cost.
 */
MUST_USE enum err opaque_ke2(const struct opaque_server *server,
    const struct opaque_ids *ids, struct slice credential_id,
    const uint8_t record[static OPAQUE_RECORD_OCTETS],
    const uint8_t ke1[static OPAQUE_KE1_OCTETS], const struct opaque_draw *draw,
    uint8_t ret_ke2[static OPAQUE_KE2_OCTETS], struct opaque_login *ret_login);
/* ERR_DENIED: the client did not know the passphrase. */
MUST_USE enum err opaque_finish(const struct opaque_login *login,
    const uint8_t ke3[static OPAQUE_KE3_OCTETS]);
/* Section 6.3.2.2: for a name that is not there; stable for one name. */
void opaque_fake_record(const struct key *fake_key, struct slice credential_id,
    uint8_t ret_record[static OPAQUE_RECORD_OCTETS]);

/* --- shared by both halves --- */
struct opaque_tdh {
	const uint8_t *secret[3], *public[3];
	const uint8_t *client_public, *server_public;
};
/* Section 6.4: fills login, and the server's MAC into ke2[256..320]. */
MUST_USE enum err opaque_tdh(const struct opaque_tdh *dh,
    const struct opaque_ids *ids, const uint8_t ke1[static OPAQUE_KE1_OCTETS],
    uint8_t ke2[static OPAQUE_KE2_OCTETS], struct opaque_login *ret_login);
void opaque_key_pair(const uint8_t seed[static 32], const char *info,
    uint8_t ret_private[static 32], uint8_t ret_public[static 32]);
/* expand_message_xmd(SHA-512, 64 octets), RFC 9380 5.3.1. */
void opaque_xmd(const char *dst_prefix, const struct fields *message,
    uint8_t ret[static 64]);
void opaque_mac(const uint8_t key[static 64], const struct fields *message,
    uint8_t ret_mac[static 64]);

#endif
