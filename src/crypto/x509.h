/*
 * x509.h - the few certificates of the project: a device's key with its
 * signing request and self-signed client certificate, the server's own for
 * the device door. Authority is the SHA-256 of the public key (SPKI), never
 * an issuer.
 */
#ifndef CRYPTO_X509_H
#define CRYPTO_X509_H

#include "base/buf.h"
#include "crypto/crypto.h"

#define CSR_OCTETS_MAX 4096

/*
 * A PKCS#10 request in DER whose signature proves possession of its key.
 * ERR_SYNTAX, ERR_LIMIT, ERR_CRYPTO (signature); then SHA-256 of its SPKI.
 */
MUST_USE enum err
csr_check(struct slice der, uint8_t ret_spki_hash[static SHA256_OCTETS]);

/* A fresh P-256 key; PKCS#8 PEM appended to a secret buf. */
MUST_USE enum err p256_make(struct buf *pem_out);
/* The request for that key, DER appended. No name in it. */
MUST_USE enum err csr_make(struct slice key_pem, struct buf *der_out);
/*
 * A self-signed certificate, PEM appended. days from the day before day_now
 * (days since 1970), so that no minute of birth stands in it.
 */
MUST_USE enum err certificate_make(struct slice key_pem, uint32_t day_now,
    unsigned days, struct buf *pem_out);
MUST_USE enum err key_spki_hash(struct slice key_pem,
    uint8_t ret_spki_hash[static SHA256_OCTETS]);

#endif
