/*
 * settings.h - what eaves-hub was told on its command line, and the part of
 * it that the hub process gets to know: not the cameras' addresses.
 */
#ifndef HUB_SETTINGS_H
#define HUB_SETTINGS_H

#include "base/buf.h"
#include "hub/address.h"
#include "hub/keys.h"

#define SETTINGS_NAME_OCTETS 200
#define SETTINGS_OCTETS_MAX  ((size_t)16 << 10)

struct settings_camera {
	struct address address;
	char name[SETTINGS_NAME_OCTETS + 1];
	bool sound_off; /* it is not heard */
};

struct settings {
	const char *folder; /* D/hub */
	char host[256];
	uint16_t port;
	uint8_t pin[32]; /* SHA-256 of the server's SPKI */
	char link_url[SETTINGS_NAME_OCTETS + 1];
	uint32_t demo_seed, demo_speed_milli;
	uint64_t spool_octets;
	struct settings_camera camera[HUB_CAMERAS_MAX];
	size_t camera_count;
	/* started as root: the hub process becomes it, captures the next */
	uint32_t uid_base;
};

/*
 * ERR_SYNTAX with a sentence for the person in *reterr_why. *ret_done: it was
 * --help or --version, and answered.
 */
MUST_USE enum err settings_parse(int argc, char **argv,
    struct settings *ret_settings, bool *ret_done, const char **reterr_why);

/* To the hub process and back; all but addresses. ERR_SYNTAX. */
MUST_USE enum err settings_put(const struct settings *s, struct buf *to);
MUST_USE enum err settings_get(struct slice in, struct settings *ret_settings);

#endif
