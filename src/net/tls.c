#include "net/tls.h"

#include <openssl/pem.h>
#include <openssl/x509.h>

/* Who the peer is, is asked after the handshake; possession is proved in it. */
static int
any_certificate(int preverified, X509_STORE_CTX *store)
{
	(void)preverified;
	(void)store;
	return 1;
}

static bool
pair_use(SSL_CTX *c, struct slice certificate_pem, struct slice key_pem)
{
	BIO *cb = BIO_new_mem_buf(certificate_pem.at, (int)certificate_pem.len);
	BIO *kb = BIO_new_mem_buf(key_pem.at, (int)key_pem.len);
	EVP_PKEY *key = kb == NULL
			    ? NULL
			    : PEM_read_bio_PrivateKey(kb, NULL, NULL, NULL);
	X509 *leaf = cb == NULL ? NULL
				: PEM_read_bio_X509(cb, NULL, NULL, NULL);
	bool ok = key != NULL && leaf != NULL &&
		  SSL_CTX_use_certificate(c, leaf) == 1 &&
		  SSL_CTX_use_PrivateKey(c, key) == 1 &&
		  SSL_CTX_check_private_key(c) == 1;
	X509 *more;

	while (ok && (more = PEM_read_bio_X509(cb, NULL, NULL, NULL)) != NULL)
		if (SSL_CTX_add0_chain_cert(c, more) != 1) {
			X509_free(more);
			ok = false;
		}
	X509_free(leaf);
	EVP_PKEY_free(key);
	BIO_free(cb);
	BIO_free(kb);
	return ok;
}

enum err
tls_context(enum tls_kind kind, struct slice certificate_pem,
    struct slice key_pem, SSL_CTX **ret_context)
{
	SSL_CTX *c = SSL_CTX_new(
	    kind == TLS_CLIENT ? TLS_client_method() : TLS_server_method());

	if (c == NULL)
		return ERR_NOMEM;
	(void)SSL_CTX_set_mode(c, SSL_MODE_ENABLE_PARTIAL_WRITE |
				      SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER |
				      SSL_MODE_RELEASE_BUFFERS);
	(void)SSL_CTX_set_session_cache_mode(c, SSL_SESS_CACHE_OFF);
	(void)SSL_CTX_set_num_tickets(c, 0);
	if (kind == TLS_DEVICE)
		SSL_CTX_set_verify(c,
		    SSL_VERIFY_PEER | SSL_VERIFY_FAIL_IF_NO_PEER_CERT,
		    any_certificate);
	if (!SSL_CTX_set_min_proto_version(c, TLS1_3_VERSION) ||
	    !SSL_CTX_set_ciphersuites(c,
		"TLS_AES_128_GCM_SHA256:TLS_AES_256_GCM_SHA384:"
		"TLS_CHACHA20_POLY1305_SHA256") ||
	    !pair_use(c, certificate_pem, key_pem)) {
		SSL_CTX_free(c);
		return ERR_SYNTAX;
	}
	*ret_context = c;
	return ERR_OK;
}

enum err
tls_peer_spki(const SSL *ssl, uint8_t ret_hash[static 32])
{
	X509 *x = SSL_get1_peer_certificate(ssl);
	uint8_t *der = NULL;
	size_t len = 0;

	if (x == NULL)
		return ERR_MISSING;
	const int n = i2d_X509_PUBKEY(X509_get_X509_PUBKEY(x), &der);
	X509_free(x);
	if (n <= 0)
		return ERR_SYNTAX;
	const int ok = EVP_Q_digest(NULL, "SHA256", NULL, der, (size_t)n,
	    ret_hash, &len);
	OPENSSL_free(der);
	return ok == 1 ? ERR_OK : ERR_NOMEM;
}
