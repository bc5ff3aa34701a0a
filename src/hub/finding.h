/*
 * finding.h - the hub process looks for cameras on its networks and in the
 * USB ports of its machine, and asks one what streams it has. What is found comes from a capture process by way of
 * the parent (finder.h), already checked (found.h).
 *
 *   idle --findings_discover/devices/probe--> asked --findings_answered--> running
 *     asked, running --end, nonsense or limit_ms--> idle, and done() is called
 */
#ifndef HUB_FINDING_H
#define HUB_FINDING_H

#include "hub/channel.h"
#include "hub/finder.h"
#include "hub/found.h"
#include "os/loop.h"

#define FINDING_MS 10000

struct finding {
	/* results, until the place is taken again */
	enum reason why; /* RUNNING: that is all */
	uint32_t detail; /* a probe: the last HTTP status */
	struct found_camera camera[FOUND_CAMERAS_MAX];
	size_t camera_count;
	struct found_profile profile[FOUND_PROFILES_MAX];
	size_t profile_count;
	struct found_device device[FOUND_DEVICES_MAX];
	size_t device_count;
	void *owner;
	/* the rest is finding.c's own */
	void (*done)(struct finding *f);
	struct loop *loop;
	struct loop_fd pipe;
	struct loop_timer limit;
	struct buf in;
	bool taken;
	unsigned asked; /* answers of the parent that are still to come */
};
struct findings {
	struct loop *loop;
	int channel_fd;
	uint64_t limit_ms; /* FINDING_MS, but for tests */
	struct finding finding[FINDERS_MAX];
};

struct finding_login {
	struct slice user, password;
};

/* channel_fd: to the parent; it stays the caller's. */
void findings_init(struct findings *all, struct loop *loop, int channel_fd);
void findings_fini(struct findings *all); /* calls no done() */
/*
 * Looks for cameras; done(f) is called once, later, with f->owner = owner and
 * what was found until then. It copies what it wants to keep. ERR_AGAIN: as
 * many run as may. ERR_CLOSED: no parent.
 */
MUST_USE enum err findings_discover(struct findings *all,
    void (*done)(struct finding *f), void *owner);
/* The same for what is in the USB ports: f->device. */
MUST_USE enum err findings_devices(struct findings *all,
    void (*done)(struct finding *f), void *owner);
/*
 * Asks the camera at url, http://HOST[:PORT][/PATH] of its device service
 * (without a path: the usual one). The streams that are found are at
 * rtsp://HOST:port path of each profile. Errors as above; ERR_SYNTAX: no such
 * address, or a user's name that is not clean text or holds a quote or a
 * backslash; ERR_LIMIT: too long.
 */
MUST_USE enum err findings_probe(struct findings *all, struct slice url,
    const struct finding_login *login, void (*done)(struct finding *f),
    void *owner);
/* Takes the parent's answer to CHANNEL_FIND; fd is -1 or becomes ours. */
void
findings_answered(struct findings *all, const struct channel_answer *a, int fd);

#endif
