#include "crypto/x509.h"

#include <openssl/ec.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/x509.h>

static enum err
spki_hash(X509_PUBKEY *spki, uint8_t ret_hash[static SHA256_OCTETS])
{
	uint8_t *der = NULL;
	const int n = i2d_X509_PUBKEY(spki, &der);

	if (n <= 0)
		return ERR_SYNTAX;
	sha256(slice_make(der, (size_t)n), ret_hash);
	OPENSSL_free(der);
	return ERR_OK;
}

enum err
csr_check(struct slice der, uint8_t ret_spki_hash[static SHA256_OCTETS])
{
	const uint8_t *at = der.at;
	enum err e = ERR_SYNTAX;

	if (der.len == 0 || der.len > CSR_OCTETS_MAX)
		return ERR_LIMIT;
	X509_REQ *req = d2i_X509_REQ(NULL, &at, (long)der.len);
	if (req == NULL || at != der.at + der.len)
		goto free_req;
	EVP_PKEY *key = X509_REQ_get0_pubkey(req);
	e = ERR_CRYPTO;
	/* one kind of key: others only add ways to be wrong */
	if (key == NULL || EVP_PKEY_get_base_id(key) != EVP_PKEY_EC ||
	    EVP_PKEY_get_bits(key) != 256 || X509_REQ_verify(req, key) != 1)
		goto free_req;
	e = spki_hash(X509_REQ_get_X509_PUBKEY(req), ret_spki_hash);
free_req:
	X509_REQ_free(req);
	return e;
}

static EVP_PKEY *
key_read(struct slice pem)
{
	BIO *b = BIO_new_mem_buf(pem.at, (int)pem.len);
	EVP_PKEY *key = b == NULL
			    ? NULL
			    : PEM_read_bio_PrivateKey(b, NULL, NULL, NULL);

	BIO_free(b);
	return key;
}

/* Moves what a memory BIO holds to out and wipes it. */
static enum err
bio_take(BIO *b, struct buf *out)
{
	char *at;
	const long n = BIO_get_mem_data(b, &at);
	const enum err e = n <= 0 ? ERR_NOMEM
				  : buf_append(out, slice_make(at, (size_t)n));

	if (n > 0)
		octets_wipe(at, (size_t)n);
	return e;
}

enum err
p256_make(struct buf *pem_out)
{
	EVP_PKEY *key = EVP_EC_gen("P-256");
	BIO *b = BIO_new(BIO_s_mem());
	enum err e = ERR_NOMEM;

	if (key != NULL && b != NULL &&
	    PEM_write_bio_PKCS8PrivateKey(b, key, NULL, NULL, 0, NULL, NULL))
		e = bio_take(b, pem_out);
	BIO_free(b);
	EVP_PKEY_free(key);
	return e;
}

enum err
csr_make(struct slice key_pem, struct buf *der_out)
{
	EVP_PKEY *key = key_read(key_pem);
	X509_REQ *req = X509_REQ_new();
	enum err e = ERR_CRYPTO;
	uint8_t *der = NULL;
	int n;

	if (key == NULL || req == NULL || !X509_REQ_set_version(req, 0) ||
	    !X509_REQ_set_pubkey(req, key) ||
	    !X509_REQ_sign(req, key, EVP_sha256()))
		goto free_all;
	if ((n = i2d_X509_REQ(req, &der)) > 0)
		e = buf_append(der_out, slice_make(der, (size_t)n));
	OPENSSL_free(der);
free_all:
	X509_REQ_free(req);
	EVP_PKEY_free(key);
	return e;
}

static bool
certificate_fill(X509 *x, EVP_PKEY *key, uint32_t day_now, unsigned days)
{
	uint8_t serial[16];
	const time_t from = ((time_t)day_now - 1) * 86400;
	BIGNUM *n;

	octets_random(serial, sizeof serial);
	serial[0] &= 0x7f;
	if ((n = BN_bin2bn(serial, sizeof serial, NULL)) == NULL)
		return false;
	X509_NAME *name = X509_get_subject_name(x);
	const bool ok = BN_to_ASN1_INTEGER(n, X509_get_serialNumber(x)) !=
			    NULL &&
			X509_set_version(x, 2) &&
			ASN1_TIME_set(X509_getm_notBefore(x), from) != NULL &&
			ASN1_TIME_set(X509_getm_notAfter(x),
			    from + (time_t)days * 86400) != NULL &&
			X509_NAME_add_entry_by_txt(name, "CN", MBSTRING_ASC,
			    (const uint8_t *)"eaves", -1, -1, 0) &&
			X509_set_issuer_name(x, name) &&
			X509_set_pubkey(x, key) &&
			X509_sign(x, key, EVP_sha256()) != 0;
	BN_free(n);
	return ok;
}

enum err
certificate_make(struct slice key_pem, uint32_t day_now, unsigned days,
    struct buf *pem_out)
{
	EVP_PKEY *key = key_read(key_pem);
	X509 *x = X509_new();
	BIO *b = BIO_new(BIO_s_mem());
	enum err e = ERR_CRYPTO;

	if (key != NULL && x != NULL && b != NULL &&
	    certificate_fill(x, key, day_now, days) && PEM_write_bio_X509(b, x))
		e = bio_take(b, pem_out);
	BIO_free(b);
	X509_free(x);
	EVP_PKEY_free(key);
	return e;
}

enum err
key_spki_hash(struct slice key_pem, uint8_t ret_spki_hash[static SHA256_OCTETS])
{
	EVP_PKEY *key = key_read(key_pem);
	X509_PUBKEY *spki = NULL;
	enum err e = ERR_CRYPTO;

	if (key != NULL && X509_PUBKEY_set(&spki, key))
		e = spki_hash(spki, ret_spki_hash);
	X509_PUBKEY_free(spki);
	EVP_PKEY_free(key);
	return e;
}
