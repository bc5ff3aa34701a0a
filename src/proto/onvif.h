/*
 * onvif.h - how cameras of all makers are found and asked: WS-Discovery 1.0
 * and ONVIF's device and media services, as a client. Octets in, structs out.
 *
 * What is read is XML by strangers: one document of at most ONVIF_OCTETS_MAX,
 * ONVIF_DEPTH_MAX deep, of which only the texts that are asked for are kept,
 * each with a limit. A document type is refused, and with it every entity
 * but XML's own five. Names are compared without their prefixes: cameras
 * invent those.
 *
 * A camera's word is taken for paths and ports, never for an address.
 */
#ifndef PROTO_ONVIF_H
#define PROTO_ONVIF_H

#include "base/buf.h"

#define ONVIF_OCTETS_MAX      ((size_t)256 << 10)
#define ONVIF_DEPTH_MAX       32
#define ONVIF_TEXT_OCTETS_MAX 4096
#define ONVIF_NAME_OCTETS_MAX 128
#define ONVIF_PATH_OCTETS_MAX 255
#define ONVIF_HOST_OCTETS_MAX 255
#define ONVIF_PROFILES_MAX    16
#define ONVIF_MATCHES_MAX     8

#define ONVIF_PORT           80
#define ONVIF_PATH           "/onvif/device_service"
#define ONVIF_DISCOVERY_PORT 3702
#define ONVIF_DISCOVERY_HOST "239.255.255.250"

/* --- onvif_ask.c: what we send; needs no XML library --- */

struct onvif_url {
	bool tls;
	bool rtsp;
	char host[ONVIF_HOST_OCTETS_MAX + 1]; /* without brackets */
	uint16_t port;
	char path[ONVIF_PATH_OCTETS_MAX + 1]; /* with its query */
};
/*
 * http://, https:// or rtsp://; a user in it is passed over. ERR_SYNTAX: also
 * an octet that is not visible ASCII. ERR_LIMIT.
 */
MUST_USE enum err onvif_url_parse(struct slice s, struct onvif_url *ret_url);

/*
 * A probe of WS-Discovery. any_type: without saying what is looked for, as
 * some old cameras want it. uuid: 16 octets drawn at random.
 */
MUST_USE enum err
onvif_probe_write(const uint8_t uuid[static 16], bool any_type, struct buf *to);

enum onvif_ask {
	ONVIF_CLOCK,
	ONVIF_SERVICES,
	ONVIF_CAPABILITIES,
	ONVIF_DEVICE,
	ONVIF_PROFILES,
	ONVIF_STREAM,
	ONVIF_PROFILES_2, /* the second media service */
	ONVIF_STREAM_2,
	ONVIF_ASK__MAX
};

/* A WS-UsernameToken with PasswordDigest (Username Token Profile 1.0). */
struct onvif_login {
	struct slice user, password;
	uint8_t nonce[16];    /* drawn at random for each request */
	int64_t camera_now_s; /* by the camera's clock */
};
/*
 * The SOAP envelope. login may be NULL; token, of a profile, is for the
 * streams alone. ERR_LIMIT, ERR_NOMEM.
 */
MUST_USE enum err onvif_ask_write(enum onvif_ask what, const char *token,
    const struct onvif_login *login, struct buf *to);
/* Its action, for the head of the request. */
const char *onvif_action(enum onvif_ask what);
/*
 * Once, before files can no longer be opened: the library of hashes reads its
 * configuration at its first use. ERR_NOMEM.
 */
MUST_USE enum err onvif_prepare(void);

/* --- onvif.c: what cameras answer --- */

/*
 * Common to all: ERR_SYNTAX no XML, or a document type, or no envelope.
 * ERR_LIMIT. ERR_DENIED: a fault: who asks is not known or has no right.
 * ERR_UNSUPPORTED: another fault. ERR_MISSING: what was asked is not in it.
 * Texts are clean (base/utf8.h) and end with a NUL.
 */

struct onvif_match {
	char endpoint[ONVIF_NAME_OCTETS_MAX + 1]; /* without urn:uuid: */
	char name[ONVIF_NAME_OCTETS_MAX + 1];
	char hardware[ONVIF_NAME_OCTETS_MAX + 1];
	uint16_t port; /* of its device service: plain HTTP */
	char path[ONVIF_PATH_OCTETS_MAX + 1];
};
/*
 * The video devices of one datagram. from: the address it came from; service
 * addresses elsewhere, and such by TLS, are passed over; when none is left it
 * is ONVIF_PORT and ONVIF_PATH.
 */
MUST_USE enum err onvif_matches_read(struct slice xml, const char *from,
    struct onvif_match ret_matches[static ONVIF_MATCHES_MAX],
    size_t *ret_count);

/* UTC seconds since 1970, by the camera. */
MUST_USE enum err onvif_clock_read(struct slice xml, int64_t *ret_s);

/* Paths; an empty one: no such service. */
struct onvif_services {
	char media[ONVIF_PATH_OCTETS_MAX + 1];
	char media_2[ONVIF_PATH_OCTETS_MAX + 1];
};
/* The answer to ONVIF_SERVICES and that to ONVIF_CAPABILITIES. */
MUST_USE enum err
onvif_services_read(struct slice xml, struct onvif_services *ret_services);

struct onvif_device {
	char maker[ONVIF_NAME_OCTETS_MAX + 1];
	char model[ONVIF_NAME_OCTETS_MAX + 1];
};
MUST_USE enum err
onvif_device_read(struct slice xml, struct onvif_device *ret_device);

enum onvif_codec {
	ONVIF_OTHER,
	ONVIF_H264,
	ONVIF_H265,
	ONVIF_JPEG
};
struct onvif_profile {
	/* as the camera wrote it: written back by onvif_ask_write */
	char token[ONVIF_NAME_OCTETS_MAX + 1];
	char name[ONVIF_NAME_OCTETS_MAX + 1];
	enum onvif_codec codec;
	uint16_t width, height, fps; /* 0: not said */
	uint32_t kbit_s;
	bool audio;
};
/* Of both media services; those past ONVIF_PROFILES_MAX are left out. */
MUST_USE enum err onvif_profiles_read(struct slice xml,
    struct onvif_profile ret_profiles[static ONVIF_PROFILES_MAX],
    size_t *ret_count);

/* Its host is the camera's word: not to be used. ERR_SYNTAX: not rtsp:. */
MUST_USE enum err
onvif_stream_read(struct slice xml, struct onvif_url *ret_url);

#endif
