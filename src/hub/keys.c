#include "hub/keys.h"

#include <sodium.h>

#include "crypto/x509.h"
#include "os/file.h"

#define TLS_PEM_OCTETS_MAX 2048

/* The file of exactly n octets; made of random ones if it is not there. */
static enum err
random_load(int dir_fd, const char *name, uint8_t *to, size_t n)
{
	AUTO_BUF struct buf b;
	enum err e;

	buf_init_secret(&b, n);
	e = file_read(dir_fd, name, &b);
	if (e == ERR_OK) {
		if (b.len != n)
			return ERR_CORRUPT;
		memcpy(to, b.at, n);
		return ERR_OK;
	}
	if (e != ERR_MISSING)
		return e == ERR_LIMIT ? ERR_CORRUPT : e;
	octets_random(to, n);
	return file_write(dir_fd, name, slice_make(to, n));
}

/* Two files: the second came with the tracks beside the main one. */
static enum err
cameras_load(int dir_fd, struct hub_keys *k)
{
	struct id first[HUB_CAMERAS_MAX][2], more[HUB_CAMERAS_MAX][3];
	enum err e;

	if ((e = random_load(dir_fd, "cameras", first[0][0].octets,
		 sizeof first)) != ERR_OK ||
	    (e = random_load(dir_fd, "tracks", more[0][0].octets,
		 sizeof more)) != ERR_OK)
		return e;
	for (size_t i = 0; i < HUB_CAMERAS_MAX; i++) {
		k->camera[i].thing = first[i][0];
		k->camera[i].stream[TRACK_MAIN] = first[i][1];
		k->camera[i].stream[TRACK_SUB] = more[i][0];
		k->camera[i].stream[TRACK_THUMB] = more[i][1];
		k->camera[i].stream[TRACK_INDEX] = more[i][2];
	}
	return ERR_OK;
}

static enum err
tls_load(int dir_fd, struct hub_keys *k)
{
	enum err e = file_read(dir_fd, "tls.pem", &k->tls_pem);

	if (e == ERR_MISSING && (e = p256_make(&k->tls_pem)) == ERR_OK)
		e = file_write(dir_fd, "tls.pem", buf_slice(&k->tls_pem));
	if (e != ERR_OK)
		return e;
	e = key_spki_hash(buf_slice(&k->tls_pem), k->spki);
	return e == ERR_SYNTAX ? ERR_CORRUPT : e;
}

enum err
hub_keys_open(int dir_fd, struct hub_keys **ret_keys)
{
	struct hub_keys *k = sodium_malloc(sizeof *k);
	AUTO_KEY seed;
	enum err e;

	if (k == NULL)
		return ERR_NOMEM;
	*k = (struct hub_keys){ 0 };
	buf_init_secret(&k->tls_pem, TLS_PEM_OCTETS_MAX);
	if ((e = random_load(dir_fd, "id", k->hub.octets, ID_OCTETS)) !=
		ERR_OK ||
	    (e = random_load(dir_fd, "sign", seed.octets, KEY_OCTETS)) !=
		ERR_OK ||
	    (e = random_load(dir_fd, "kx", k->kx.octets, KEY_OCTETS)) !=
		ERR_OK ||
	    (e = cameras_load(dir_fd, k)) != ERR_OK ||
	    (e = tls_load(dir_fd, k)) != ERR_OK) {
		hub_keys_close(k);
		return e;
	}
	sign_pair_make(&seed, &k->sign);
	kx_public(&k->kx, k->kx_public);
	*ret_keys = k;
	return ERR_OK;
}

void
hub_keys_close(struct hub_keys *k)
{
	if (k == NULL)
		return;
	buf_fini(&k->tls_pem);
	sodium_free(k); /* wipes */
}
