/*
 * app.h - a household's app without a screen, for tests of the whole system:
 * the browser door of docs/API.md over plain loopback, blocking. What it
 * cannot do fails the test.
 */
#ifndef UNIT_APP_H
#define UNIT_APP_H

#include <jansson.h>

#include "hub/home.h"
#include "model/household.h"
#include "model/run_read.h"

#define APP_CAMERAS_MAX 64

struct app_ticket {
	struct id id;
	struct key secret;
};

struct app {
	uint16_t port;
	struct household h;
	struct id account;
	struct app_ticket link, session, recovery, home;
	struct key l; /* the link's secret */
	uint8_t link_hash[32];
	struct household_hub hub;              /* as m1 and m3 said */
	struct id camera_thing, camera_stream; /* the first of them */
	struct app_camera {
		struct id thing, stream;
	} camera[APP_CAMERAS_MAX];
	size_t camera_count;
	uint64_t camera_hours_first;
	/* live */
	int live_fd;
	struct buf live_in;
};

/* "link URL#pair=..." of eaves-hub. */
void app_link(struct app *a, const char *line);
/* Account, home version 1, and a home ticket. */
void app_sign_up(struct app *a);
/* m1, m2, m3, then a version that takes the hub and its cameras in. */
void app_pair(struct app *a);
/* Another home ticket; the answer's status. */
unsigned app_home_ticket(struct app *a);
/* The answer's status; *ret_body (NULL: unwanted) is the caller's. */
unsigned app_ask(const struct app *a, const char *method, const char *path,
    const struct app_ticket *ticket, json_t *body, json_t **ret_body);
/* "id.secret" */
void app_ticket_text(const struct app_ticket *t, char to[static 80]);
/* An id, a secret and the hash of what revokes it, drawn now. */
json_t *app_ticket_new(struct app_ticket *t);
/* Write the household as it stands; items for the hub go along. */
void app_write(struct app *a, const struct keyring_item *items, size_t count);

/* The live door: hello, and then text and binary messages. */
void app_live_open(struct app *a);
void app_live_close(struct app *a);
void app_live_say(struct app *a, json_t *o);
/*
 * The next message within 30 s: *ret_text (the caller's) or, when that is
 * NULL, *ret_octets, borrowed until the next call: a slot, and a record or, of a
 * range, many, each behind its length.
 */
void app_live_next(struct app *a, json_t **ret_text, struct slice *ret_octets);
/* Texts until one has that "t"; records on the way are dropped. */
json_t *app_live_until(struct app *a, const char *t);

/* Where the camera's records belong, and the private half of an hour. */
void app_place(const struct app *a, struct place *ret_place);
void
app_hour_private(const struct app *a, uint32_t hour, struct key *ret_private);

/* A run of the first camera, of this hour or the one that is just over. */
void app_run_open(const struct app *a, struct slice header,
    struct run_info *ret_info, struct run_reader **ret_reader);
/*
 * No 32 octets in a row are a key that leads to this run: an hour's, a thing's,
 * the home's.
 */
void app_run_stays_shut(const struct app *a, struct slice header,
    struct slice octets);

#endif
