/*
 * lan_cert.c - `./run --lan`: an authority of this machine's own, and a
 * certificate for its names. Who trusts the authority trusts it for this
 * machine alone: it is bound (RFC 5280 section 4.2.1.10) to the names and the
 * private addresses of a house, so a stolen one cannot speak for a bank.
 */
#include <fcntl.h>
#include <stdio.h>
#include <string.h>

#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/x509v3.h>

#include "base/obj.h"
#include "cli/cli.h"
#include "cli/lan_names.h"
#include "crypto/crypto.h"
#include "crypto/x509.h"
#include "os/clock.h"
#include "os/file.h"

#define AUTHORITY_DAYS   3650
#define CERTIFICATE_DAYS 397 /* the longest that browsers take */
#define RENEW_DAYS       30  /* when that much is left */
#define PEM_OCTETS_MAX   16384

struct pair {
	EVP_PKEY *key;
	X509 *certificate;
};

static void
pair_fini(struct pair *p)
{
	X509_free(p->certificate);
	EVP_PKEY_free(p->key);
	*p = (struct pair){ 0 };
}

/* --- certificates --- */

static bool
extension_add(X509 *x, X509 *issuer, int nid, const char *value)
{
	X509V3_CTX ctx;

	X509V3_set_ctx(&ctx, issuer, x, NULL, NULL, 0);
	X509_EXTENSION *e = X509V3_EXT_conf_nid(NULL, &ctx, nid, value);
	const bool ok = e != NULL && X509_add_ext(x, e, -1);
	X509_EXTENSION_free(e);
	return ok;
}

static bool
serial_set(X509 *x)
{
	uint8_t octets[16];

	octets_random(octets, sizeof octets);
	octets[0] &= 0x7f;
	BIGNUM *n = BN_bin2bn(octets, sizeof octets, NULL);
	const bool ok = n != NULL &&
			BN_to_ASN1_INTEGER(n, X509_get_serialNumber(x)) != NULL;
	BN_free(n);
	return ok;
}

/* All but extensions and signature. It began yesterday: no minute of birth. */
static bool
certificate_begin(X509 *x, EVP_PKEY *key, const char *cn, int days)
{
	const time_t from = ((time_t)clock_day() - 1) * 86400;
	X509_NAME *name = X509_get_subject_name(x);

	return X509_set_version(x, 2) && serial_set(x) &&
	       ASN1_TIME_set(X509_getm_notBefore(x), from) != NULL &&
	       ASN1_TIME_set(X509_getm_notAfter(x),
		   from + (time_t)days * 86400) != NULL &&
	       X509_NAME_add_entry_by_txt(name, "O", MBSTRING_UTF8,
		   (const uint8_t *)"Eaves", -1, -1, 0) &&
	       X509_NAME_add_entry_by_txt(name, "CN", MBSTRING_UTF8,
		   (const uint8_t *)cn, -1, -1, 0) &&
	       X509_set_pubkey(x, key);
}

static enum err
authority_make(const char *host, struct pair *ret)
{
	char cn[LAN_HOST_OCTETS + 32], within[LAN_HOST_OCTETS + 400];
	struct pair p = { EVP_EC_gen("P-256"), X509_new() };

	(void)snprintf(cn, sizeof cn, "Eaves on %.50s", host);
	(void)snprintf(within, sizeof within,
	    "critical,permitted;DNS:local,permitted;DNS:localhost,"
	    "permitted;DNS:%s,permitted;IP:127.0.0.0/255.0.0.0,"
	    "permitted;IP:10.0.0.0/255.0.0.0,"
	    "permitted;IP:172.16.0.0/255.240.0.0,"
	    "permitted;IP:192.168.0.0/255.255.0.0,"
	    "permitted;IP:169.254.0.0/255.255.0.0,"
	    "permitted;IP:::1/ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff,"
	    "permitted;IP:fc00::/fe00::",
	    host);
	if (p.key == NULL || p.certificate == NULL ||
	    !certificate_begin(p.certificate, p.key, cn, AUTHORITY_DAYS) ||
	    !X509_set_issuer_name(p.certificate,
		X509_get_subject_name(p.certificate)) ||
	    !extension_add(p.certificate, p.certificate, NID_basic_constraints,
		"critical,CA:TRUE,pathlen:0") ||
	    !extension_add(p.certificate, p.certificate, NID_key_usage,
		"critical,keyCertSign,cRLSign") ||
	    !extension_add(p.certificate, p.certificate,
		NID_subject_key_identifier, "hash") ||
	    !extension_add(p.certificate, p.certificate, NID_name_constraints,
		within) ||
	    X509_sign(p.certificate, p.key, EVP_sha256()) == 0) {
		pair_fini(&p);
		return ERR_CRYPTO;
	}
	*ret = p;
	return ERR_OK;
}

static enum err
server_make(const struct pair *authority, const char *names, struct pair *ret)
{
	struct pair p = { EVP_EC_gen("P-256"), X509_new() };
	X509 *x = p.certificate;

	if (p.key == NULL || x == NULL ||
	    !certificate_begin(x, p.key, "Eaves", CERTIFICATE_DAYS) ||
	    !X509_set_issuer_name(x,
		X509_get_subject_name(authority->certificate)) ||
	    !extension_add(x, authority->certificate, NID_basic_constraints,
		"critical,CA:FALSE") ||
	    !extension_add(x, authority->certificate, NID_key_usage,
		"critical,digitalSignature") ||
	    !extension_add(x, authority->certificate, NID_ext_key_usage,
		"serverAuth") ||
	    !extension_add(x, authority->certificate,
		NID_authority_key_identifier, "keyid:always") ||
	    !extension_add(x, authority->certificate, NID_subject_alt_name,
		names) ||
	    X509_sign(x, authority->key, EVP_sha256()) == 0) {
		pair_fini(&p);
		return ERR_CRYPTO;
	}
	*ret = p;
	return ERR_OK;
}

/* --- files --- */

static enum err
bio_write(BIO *b, int dir_fd, const char *name)
{
	char *at;
	const long n = BIO_get_mem_data(b, &at);

	return n <= 0 ? ERR_NOMEM
		      : file_write(dir_fd, name, slice_make(at, (size_t)n));
}

static enum err
key_write(int dir_fd, const char *name, EVP_PKEY *key)
{
	BIO *b = BIO_new(BIO_s_secmem());
	enum err e = ERR_NOMEM;

	if (b != NULL &&
	    PEM_write_bio_PKCS8PrivateKey(b, key, NULL, NULL, 0, NULL, NULL))
		e = bio_write(b, dir_fd, name);
	BIO_free(b);
	return e;
}

/* A second certificate follows the first: what a TLS server shows. */
static enum err
chain_write(int dir_fd, const char *name, X509 *first, X509 *second)
{
	BIO *b = BIO_new(BIO_s_mem());
	enum err e = ERR_NOMEM;

	if (b != NULL && PEM_write_bio_X509(b, first) &&
	    (second == NULL || PEM_write_bio_X509(b, second)))
		e = bio_write(b, dir_fd, name);
	BIO_free(b);
	return e;
}

static enum err
pair_read(int dir_fd, const char *key_name, const char *crt_name,
    struct pair *ret)
{
	AUTO_BUF struct buf key, crt;
	struct pair p = { 0 };
	enum err e;

	buf_init_secret(&key, PEM_OCTETS_MAX);
	buf_init(&crt, PEM_OCTETS_MAX);
	if ((e = file_read(dir_fd, key_name, &key)) != ERR_OK ||
	    (e = file_read(dir_fd, crt_name, &crt)) != ERR_OK)
		return e;
	BIO *k = BIO_new_mem_buf(key.at, (int)key.len);
	BIO *c = BIO_new_mem_buf(crt.at, (int)crt.len);
	if (k != NULL && c != NULL) {
		p.key = PEM_read_bio_PrivateKey(k, NULL, NULL, NULL);
		p.certificate = PEM_read_bio_X509(c, NULL, NULL, NULL);
	}
	BIO_free(k);
	BIO_free(c);
	if (p.key == NULL || p.certificate == NULL ||
	    !X509_check_private_key(p.certificate, p.key)) {
		pair_fini(&p);
		return ERR_CORRUPT;
	}
	*ret = p;
	return ERR_OK;
}

static bool
lasts(const X509 *x)
{
	const time_t then = (time_t)clock_realtime_s() + RENEW_DAYS * 86400;

	return X509_cmp_time(X509_get0_notAfter(x), &(time_t){ then }) > 0;
}

/* What a certificate was made for lies beside it, as text. */
static bool
text_is(int dir_fd, const char *name, const char *text)
{
	AUTO_BUF struct buf b;

	buf_init(&b, LAN_NAMES_OCTETS);
	return file_read(dir_fd, name, &b) == ERR_OK &&
	       slice_eq(buf_slice(&b), slice_str(text));
}

static enum err
authority_have(int dir_fd, const char *host, struct pair *ret, bool *ret_new)
{
	enum err e;

	*ret_new = false;
	if (text_is(dir_fd, "host", host) &&
	    pair_read(dir_fd, "ca.key", "ca.crt", ret) == ERR_OK) {
		if (lasts(ret->certificate))
			return ERR_OK;
		pair_fini(ret);
	}
	*ret_new = true;
	if ((e = authority_make(host, ret)) != ERR_OK)
		return e;
	if ((e = key_write(dir_fd, "ca.key", ret->key)) != ERR_OK ||
	    (e = chain_write(dir_fd, "ca.crt", ret->certificate, NULL)) !=
		ERR_OK ||
	    (e = file_write(dir_fd, "host", slice_str(host))) != ERR_OK)
		pair_fini(ret);
	return e;
}

static bool
server_holds(int dir_fd, const char *names)
{
	struct pair p;

	if (!text_is(dir_fd, "names", names) ||
	    pair_read(dir_fd, "server.key", "server.crt", &p) != ERR_OK)
		return false;
	const bool holds = lasts(p.certificate);
	pair_fini(&p);
	return holds;
}

/* The names are written last: after a crash all is made again. */
static enum err
lan_cert(int dir_fd, bool *ret_new)
{
	struct lan_names names;
	struct pair authority, server;
	enum err e;

	if ((e = lan_names_find(&names)) != ERR_OK ||
	    (e = authority_have(dir_fd, names.host, &authority, ret_new)) !=
		ERR_OK)
		return e;
	if (!*ret_new && server_holds(dir_fd, names.list)) {
		pair_fini(&authority);
		return ERR_OK;
	}
	*ret_new = true;
	if ((e = server_make(&authority, names.list, &server)) == ERR_OK) {
		if ((e = key_write(dir_fd, "server.key", server.key)) ==
			ERR_OK &&
		    (e = chain_write(dir_fd, "server.crt", server.certificate,
			 authority.certificate)) == ERR_OK)
			e = file_write(dir_fd, "names", slice_str(names.list));
		pair_fini(&server);
	}
	pair_fini(&authority);
	return e;
}

int
cli_lan_cert(int argc, char **argv)
{
	AUTO_FD int dir_fd = -1;
	bool is_new;
	enum err e;

	if (argc != 2)
		return 2;
	if ((e = crypto_init()) != ERR_OK ||
	    (e = folder_open(argv[1], &dir_fd)) != ERR_OK ||
	    (e = lan_cert(dir_fd, &is_new)) != ERR_OK) {
		(void)fprintf(stderr, "eaves: lan-cert: %s\n", err_text(e));
		return 1;
	}
	(void)puts(is_new ? "new" : "kept");
	return 0;
}
