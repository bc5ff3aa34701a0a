/*
 * hpke.h - HPKE (RFC 9180): DHKEM(X25519, HKDF-SHA256), HKDF-SHA256,
 * AES-256-GCM; modes base and psk; one message per context, and exports.
 */
#ifndef CRYPTO_HPKE_H
#define CRYPTO_HPKE_H

#include "base/buf.h"
#include "crypto/kx.h"

#define HPKE_ENC_OCTETS 32
#define HPKE_TAG_OCTETS 16

/* What both sides hold after the set-up; wipe it. */
struct hpke {
	struct key key;
	uint8_t nonce[12];
	struct key exporter;
};
void hpke_wipe(struct hpke *h);

/* psk and psk_id are both empty (mode base) or both not (mode psk). */
struct hpke_info {
	struct slice info, psk, psk_id;
};

/* Sender. A fresh key pair each time; *ret_enc goes to the receiver. */
MUST_USE enum err
hpke_send(const uint8_t public[static KX_OCTETS], const struct hpke_info *info,
    uint8_t ret_enc[static HPKE_ENC_OCTETS], struct hpke *ret_hpke);
/* As hpke_send with a given ephemeral key: for vectors and golden files. */
MUST_USE enum err hpke_send_with(const struct key *ephemeral,
    const uint8_t public[static KX_OCTETS], const struct hpke_info *info,
    uint8_t ret_enc[static HPKE_ENC_OCTETS], struct hpke *ret_hpke);
/* Receiver. ERR_CRYPTO for a point of small order. */
MUST_USE enum err hpke_receive(const struct key *private,
    const uint8_t enc[static HPKE_ENC_OCTETS], const struct hpke_info *info,
    struct hpke *ret_hpke);
/* The first message of the context: call once. */
MUST_USE enum err hpke_seal(const struct hpke *h, struct slice aad,
    struct slice plain, struct buf *out);
MUST_USE enum err hpke_open(const struct hpke *h, struct slice aad,
    struct slice sealed, struct buf *out);
void
hpke_export(const struct hpke *h, struct slice context, struct key *ret_key);

/* One shot, mode base: appends enc ‖ ciphertext ‖ tag; opens the same. */
MUST_USE enum err hpke_seal_to(const uint8_t public[static KX_OCTETS],
    struct slice info, struct slice aad, struct slice plain, struct buf *out);
MUST_USE enum err hpke_open_with(const struct key *private, struct slice info,
    struct slice aad, struct slice sealed, struct buf *out);

#endif
