/*
 * tls.h - TLS 1.3 as Eaves speaks it. Identity is a key: SHA-256 of the
 * peer's public key (SPKI), never an issuer's word.
 */
#ifndef NET_TLS_H
#define NET_TLS_H

#include <openssl/ssl.h>

#include "base/err.h"
#include "base/slice.h"

enum tls_kind {
	TLS_BROWSER, /* server; asks for no certificate */
	TLS_DEVICE,  /* server; the client must show a certificate */
	TLS_CLIENT   /* shows its certificate; the caller checks the server */
};

/* PEM texts. ERR_SYNTAX: they do not fit together. */
MUST_USE enum err tls_context(enum tls_kind kind, struct slice certificate_pem,
    struct slice key_pem, SSL_CTX **ret_context);
/* After the handshake. ERR_MISSING: the peer showed none. */
MUST_USE enum err tls_peer_spki(const SSL *ssl, uint8_t ret_hash[static 32]);

#endif
