/*
 * hub_pair.c - the steps of a hub that belongs to nobody yet: a link that is
 * printed, a mailbox, and the three messages of pairing.h.
 */
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#include "hub/clock_reply.h"
#include "hub/hub.h"
#include "model/body.h"
#include "model/json_read.h"
#include "os/clock.h"

/*
 * The link lets its reader become the owner: to a terminal, or to a pipe to
 * whoever started us; never into a file or a journal.
 */
static void
link_print(const struct hub *h)
{
	char fragment[PAIRING_FRAGMENT_OCTETS];
	struct stat st;

	if (fstat(STDOUT_FILENO, &st) == -1 ||
	    !(S_ISCHR(st.st_mode) || S_ISFIFO(st.st_mode)))
		return;
	pairing_fragment(&h->pairing, fragment);
	(void)printf("link %s/%s\n", h->settings.link_url, fragment);
	(void)fflush(stdout);
	octets_wipe(fragment, sizeof fragment);
}

static bool
link_expired(const struct hub *h)
{
	return loop_now_ms(h->loop) - h->pairing_ms >= PAIRING_LIFE_MS;
}

static void
link_answered(struct api *a, enum err e, unsigned status, json_t *body)
{
	struct hub *h = a->owner;

	(void)body;
	if (e == ERR_OK && status == 200)
		hub_step(h, STEP_MAILBOX);
	else
		hub_retry(h);
}

static void
link_step(struct hub *h)
{
	pairing_wipe(&h->pairing);
	pairing_begin(h->keys, &h->pairing);
	h->pairing_ms = loop_now_ms(h->loop);
	api_post(&h->api, "/device/link",
	    json_pack("{s:o,s:o}", "id", body_id(&h->pairing.link.id), "secret",
		body_b64(key_slice(&h->pairing.link.secret))),
	    link_answered);
}

static void
mailbox_answered(struct api *a, enum err e, unsigned status, json_t *body)
{
	struct hub *h = a->owner;

	(void)body;
	if (e != ERR_OK || status != 200) {
		hub_retry(h);
		return;
	}
	link_print(h);
	hub_step(h, STEP_M2);
}

static void
m2_take(struct hub *h, struct slice m2)
{
	switch (pairing_open(&h->pairing, h->keys, m2, &h->paired)) {
	case ERR_OK:
		hub_step(h, STEP_M3);
		break;
	case ERR_CRYPTO:
		hub_step(h, STEP_REFUSE);
		break;
	default:
		log_event(EV_HUB_LINK_USED, F_NONE, F_NONE);
		hub_step(h, STEP_LINK);
	}
}

static void
m2_answered(struct api *a, enum err e, unsigned status, json_t *body)
{
	struct hub *h = a->owner;
	AUTO_BUF struct buf m2 = { 0 };
	struct json_in in;

	if (link_expired(h) || (e == ERR_OK && status == 404)) {
		hub_step(h, STEP_LINK);
		return;
	}
	if (e == ERR_OK && status == 204) {
		hub_step(h, STEP_M2);
		return;
	}
	if (e != ERR_OK || status != 200) {
		hub_retry(h);
		return;
	}
	buf_init(&m2, PAIRING_M2_OCTETS_MAX);
	json_in_init(&in, body);
	json_in_buf(&in, "m2", &m2);
	if (json_in_end(&in) != ERR_OK)
		hub_retry(h);
	else
		m2_take(h, buf_slice(&m2));
}

static void
refuse_answered(struct api *a, enum err e, unsigned status, json_t *body)
{
	struct hub *h = a->owner;

	(void)body;
	if (e == ERR_OK && status == 404)
		hub_step(h, STEP_LINK);
	else if (e == ERR_OK && status == 200)
		hub_step(h, STEP_M2);
	else
		hub_retry(h);
}

static void
m3_answered(struct api *a, enum err e, unsigned status, json_t *body)
{
	struct hub *h = a->owner;

	(void)body;
	if (e == ERR_OK && status == 404) {
		hub_step(h, STEP_LINK);
		return;
	}
	if (e != ERR_OK || status != 200) {
		hub_retry(h);
		return;
	}
	hub_home_begin(&h->home, &h->paired);
	octets_wipe(&h->paired, sizeof h->paired);
	pairing_wipe(&h->pairing);
	buf_clear(&h->m3);
	h->told_ms = loop_now_ms(h->loop);
	if (hub_home_save(&h->home, h->folder_fd) != ERR_OK)
		log_event(EV_HUB_DISK, F_NONE, F_NONE);
	hub_step(h, STEP_HOME);
}

static void
m3_step(struct hub *h)
{
	struct pairing_camera cameras[HUB_CAMERAS_MAX];

	for (size_t i = 0; i < h->settings.camera_count; i++)
		cameras[i] = (struct pairing_camera){ h->keys->camera[i],
			h->settings.camera[i].name };
	buf_clear(&h->m3);
	if (pairing_reply(&h->pairing, h->keys, cameras,
		h->settings.camera_count, clock_realtime_us() >= CLOCK_SET_US,
		&h->m3) != ERR_OK) {
		hub_retry(h);
		return;
	}
	api_post(&h->api, "/device/mailbox/m3",
	    json_pack("{s:o,s:o}", "id", body_id(&h->pairing.link.id), "m3",
		body_b64(buf_slice(&h->m3))),
	    m3_answered);
}

void
hub_pair_step(struct hub *h)
{
	switch (h->step) {
	case STEP_LINK:
		link_step(h);
		break;
	case STEP_MAILBOX:
		api_post(&h->api, "/device/mailbox",
		    json_pack("{s:o,s:o}", "id", body_id(&h->pairing.link.id),
			"m1", body_b64(SLICE_OF(h->pairing.m1))),
		    mailbox_answered);
		break;
	case STEP_M2:
		api_post(&h->api, "/device/mailbox/m2",
		    json_pack("{s:o}", "id", body_id(&h->pairing.link.id)),
		    m2_answered);
		break;
	case STEP_REFUSE:
		api_post(&h->api, "/device/mailbox/refuse",
		    json_pack("{s:o}", "id", body_id(&h->pairing.link.id)),
		    refuse_answered);
		break;
	default:
		m3_step(h);
	}
}
