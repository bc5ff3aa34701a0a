/*
 * keys.h - what the hub is: keys born here at its first start, and ids. They
 * lie in D/hub/keys, mode 0600, and never leave. None of them opens a
 * recording: with them a thief can pretend to be this hub until a member
 * removes it.
 */
#ifndef HUB_KEYS_H
#define HUB_KEYS_H

#include "base/buf.h"
#include "base/id.h"
#include "crypto/kx.h"
#include "crypto/sign.h"
#include "model/people.h"

#define HUB_CAMERAS_MAX 16

/* A camera and its streams, by what they are for. */
struct hub_camera_ids {
	struct id thing, stream[TRACK__MAX];
};

struct hub_keys {
	struct id hub;
	struct sign_pair sign;
	struct key kx;
	uint8_t kx_public[KX_OCTETS];
	struct buf tls_pem; /* P-256, PKCS#8 */
	uint8_t spki[SHA256_OCTETS];
	/* of cameras that the command line names, in its order */
	struct hub_camera_ids camera[HUB_CAMERAS_MAX];
};

/*
 * Load them from the folder dir_fd, or make those that are missing. Guarded
 * memory; give it back with hub_keys_close, which wipes. ERR_CORRUPT: a file
 * is not what was written. ERR_NOMEM, ERR_IO.
 */
MUST_USE enum err hub_keys_open(int dir_fd, struct hub_keys **ret_keys);
void hub_keys_close(struct hub_keys *k);

#endif
