/*
 * opaque_client.h - the client half of opaque.h: for tests and the command
 * line. Browsers have their own (web/src/crypto/opaque.ts).
 */
#ifndef CRYPTO_OPAQUE_CLIENT_H
#define CRYPTO_OPAQUE_CLIENT_H

#include "crypto/opaque.h"

/* The slow hash; ERR_NOMEM. */
typedef enum err (
    *opaque_stretch)(const uint8_t in[static 64], uint8_t ret[static 64]);
/* Argon2id t=3 m=64 MiB p=1, 16 zero octets of salt: Eaves' own. */
MUST_USE enum err
opaque_argon2id(const uint8_t in[static 64], uint8_t ret[static 64]);

struct opaque_client {
	struct slice password; /* borrowed until the end */
	opaque_stretch stretch;
	struct opaque_ids ids;
	uint8_t blind[32], ephemeral[32], ke1[OPAQUE_KE1_OCTETS];
};
void opaque_client_wipe(struct opaque_client *c);

/* A random non-zero scalar. */
void opaque_blind_draw(uint8_t ret_blind[static 32]);
/* c->password, stretch, blind are set. */
MUST_USE enum err opaque_client_request(const struct opaque_client *c,
    uint8_t ret_request[static OPAQUE_POINT_OCTETS]);
MUST_USE enum err opaque_client_record(const struct opaque_client *c,
    const uint8_t response[static OPAQUE_RESPONSE_OCTETS],
    const uint8_t envelope_nonce[static 32],
    uint8_t ret_record[static OPAQUE_RECORD_OCTETS],
    uint8_t ret_export[static OPAQUE_EXPORT_OCTETS]);
/* Fills ephemeral and ke1. */
MUST_USE enum err opaque_client_ke1(struct opaque_client *c,
    const uint8_t nonce[static 32], const uint8_t keyshare_seed[static 32]);
/* ERR_DENIED: wrong passphrase (or another server). */
MUST_USE enum err opaque_client_ke3(const struct opaque_client *c,
    const uint8_t ke2[static OPAQUE_KE2_OCTETS],
    uint8_t ret_ke3[static OPAQUE_KE3_OCTETS],
    uint8_t ret_session[static OPAQUE_SESSION_OCTETS],
    uint8_t ret_export[static OPAQUE_EXPORT_OCTETS]);

#endif
