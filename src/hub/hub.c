#include "hub/hub.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/stat.h>

#include "crypto/x509.h"
#include "hub/parent.h"
#include "model/body.h"
#include "os/clock.h"
#include "os/file.h"
#include "os/memory.h"
#include "os/sandbox.h"

#define REST_MS_FIRST    1000
#define REST_MS_MAX      30000
#define CERTIFICATE_DAYS 3650
#define FDS_MAX          256 /* cameras, and a file for each spooled stream */

/* --- steps --- */

static void
retry_due(struct loop_timer *t)
{
	struct hub *h = OBJ_OF(t, struct hub, retry);

	hub_step(h, h->step);
}

void
hub_again(struct hub *h, uint64_t in_ms)
{
	if (loop_timer_set(h->loop, &h->retry, in_ms, retry_due) != ERR_OK)
		loop_stop(h->loop); /* no memory: the parent starts us anew */
}

void
hub_retry(struct hub *h)
{
	hub_again(h, h->rest_ms);
	h->rest_ms = h->rest_ms * 2 > REST_MS_MAX ? REST_MS_MAX
						  : h->rest_ms * 2;
}

static void
enroll_answered(struct api *a, enum err e, unsigned status, json_t *body)
{
	struct hub *h = a->owner;

	(void)body;
	if (e == ERR_CRYPTO)
		log_event(EV_HUB_SERVER_KEY, F_NONE, F_NONE);
	if (e != ERR_OK || status != 200) {
		hub_retry(h);
		return;
	}
	hub_step(h, h->home.told ? STEP_HOME : STEP_LINK);
}

static void
enroll_step(struct hub *h)
{
	AUTO_BUF struct buf csr;

	buf_init(&csr, CSR_OCTETS_MAX);
	if (csr_make(buf_slice(&h->keys->tls_pem), &csr) != ERR_OK) {
		hub_retry(h);
		return;
	}
	api_post(&h->api, "/device/enroll",
	    json_pack("{s:o}", "csr", body_b64(buf_slice(&csr))),
	    enroll_answered);
}

void
hub_step(struct hub *h, enum hub_step step)
{
	if (step != h->step)
		h->rest_ms = REST_MS_FIRST;
	h->step = step;
	loop_timer_remove(&h->retry);
	switch (step) {
	case STEP_ENROLL:
		enroll_step(h);
		break;
	case STEP_LINK:
	case STEP_MAILBOX:
	case STEP_M2:
	case STEP_REFUSE:
	case STEP_M3:
		hub_pair_step(h);
		break;
	case STEP_HOME:
		hub_home_step(h);
		break;
	case STEP_UPLINK:
		hub_uplink_step(h);
		break;
	}
}

/* --- the parent --- */

void
hub_connect(struct hub *h, bool for_uplink)
{
	const struct channel_request r = { .ask = CHANNEL_SERVER };

	if (h->server_asked == COUNT(h->server_for_uplink) ||
	    channel_ask(h->channel.fd, &r) != ERR_OK) {
		loop_stop(h->loop);
		return;
	}
	h->server_for_uplink[h->server_asked++] = for_uplink;
}

static void
server_answer(struct hub *h, enum err why, int fd)
{
	assert(h->server_asked > 0);
	const bool for_uplink = h->server_for_uplink[0];

	h->server_asked--;
	memmove(h->server_for_uplink, h->server_for_uplink + 1,
	    h->server_asked * sizeof h->server_for_uplink[0]);
	if (for_uplink &&
	    (h->step != STEP_UPLINK || h->uplink.state != UPLINK_DOWN)) {
		if (fd != -1)
			(void)close(fd);
	} else if (for_uplink && fd != -1) {
		uplink_connected(&h->uplink, fd);
	} else if (for_uplink) {
		h->uplink.down(&h->uplink, why);
	} else if (fd != -1) {
		api_connected(&h->api, fd);
	} else {
		api_unreachable(&h->api, why == ERR_OK ? ERR_IO : why);
	}
}

static void
channel_ready(struct loop_fd *w, uint32_t events)
{
	struct hub *h = OBJ_OF(w, struct hub, channel);
	struct channel_answer a;
	int fd;
	enum err e;

	(void)events;
	if ((e = channel_answered(w->fd, &a, &fd)) == ERR_AGAIN)
		return;
	if (e != ERR_OK) { /* the parent is gone; so are we */
		loop_stop(h->loop);
		return;
	}
	if (a.ask == CHANNEL_SERVER) {
		server_answer(h, (enum err)a.why, fd);
		return;
	}
	if (a.ask == CHANNEL_FIND) {
		findings_answered(&h->findings, &a, fd);
		return;
	}
	if (a.camera == TRYING_CAMERA)
		trying_answered(&h->trying, &a, fd);
	else
		hub_feed_answered(h, &a, fd);
}

/* --- start --- */

static enum err
tls_make(struct hub *h)
{
	AUTO_BUF struct buf certificate;
	enum err e;

	buf_init(&certificate, 8192);
	if ((e = certificate_make(buf_slice(&h->keys->tls_pem), clock_day(),
		 CERTIFICATE_DAYS, &certificate)) != ERR_OK)
		return e;
	return tls_context(TLS_CLIENT, buf_slice(&certificate),
	    buf_slice(&h->keys->tls_pem), &h->server.tls);
}

static enum err
settings_read(struct hub *h)
{
	AUTO_BUF struct buf octets;
	enum err e;

	buf_init(&octets, SETTINGS_OCTETS_MAX);
	if ((e = fd_read_all(HUB_SETTINGS_FD, &octets)) != ERR_OK ||
	    (e = settings_get(buf_slice(&octets), &h->settings)) != ERR_OK)
		return e;
	(void)close(HUB_SETTINGS_FD);
	memcpy(h->server.pin, h->settings.pin, sizeof h->server.pin);
	memcpy(h->server.host, h->settings.host, sizeof h->server.host);
	return ERR_OK;
}

static enum err
home_read(struct hub *h)
{
	enum err e;

	hub_home_init(&h->home);
	e = hub_home_load(&h->home, h->folder_fd);
	if (e == ERR_CORRUPT) {
		log_event(EV_HUB_HOME_DAMAGED, F_NONE, F_NONE);
		e = ERR_MISSING;
	}
	h->newer = e == ERR_UNSUPPORTED;
	return e == ERR_MISSING ? ERR_OK : e;
}

static enum err
keys_read(struct hub *h)
{
	AUTO_FD int fd = -1;
	enum err e;

	if (mkdirat(h->folder_fd, "keys", 0700) == -1 && errno != EEXIST)
		return err_of_errno(errno);
	fd = openat(h->folder_fd, "keys", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (fd == -1)
		return err_of_errno(errno);
	if ((e = hub_keys_open(fd, &h->keys)) == ERR_CORRUPT)
		log_event(EV_HUB_KEYS_DAMAGED, F_NONE, F_NONE);
	return e;
}

static void
api_connect(struct api *a)
{
	hub_connect(a->owner, false);
}

static enum err
hub_open(struct hub *h)
{
	struct sandbox sandbox = { .role = SANDBOX_HUB,
		.folder_fd = HUB_FOLDER_FD,
		.fds_max = FDS_MAX };
	struct sandbox_missing missing;
	enum err e;

	h->folder_fd = HUB_FOLDER_FD;
	json_object_seed(0); /* reads a file: not after the fence */
	if ((e = crypto_init()) != ERR_OK || (e = settings_read(h)) != ERR_OK ||
	    (e = keys_read(h)) != ERR_OK || (e = home_read(h)) != ERR_OK ||
	    (e = tls_make(h)) != ERR_OK)
		return e;
	if ((h->loop = loop_create()) == NULL)
		return ERR_NOMEM;
	api_init(&h->api, h->loop, &h->server);
	h->api.owner = h;
	h->api.connect = api_connect;
	findings_init(&h->findings, h->loop, HUB_CHANNEL_FD);
	trying_init(&h->trying, h->loop, HUB_CHANNEL_FD);
	buf_init_secret(&h->m3, PAIRING_M2_OCTETS_MAX);
	/* cameras are asked for at once: the server may be away for long */
	if ((e = loop_fd_add(h->loop, &h->channel, HUB_CHANNEL_FD, EPOLLIN,
		 channel_ready)) != ERR_OK ||
	    (e = hub_streams_init(h)) != ERR_OK)
		return e;
	sandbox.uid = h->settings.uid_base;
	return sandbox_enter(&sandbox, &missing);
}

static void
hub_close(struct hub *h)
{
	hub_streams_fini(h);
	findings_fini(&h->findings);
	trying_fini(&h->trying);
	api_fini(&h->api);
	loop_fd_remove(&h->channel);
	loop_timer_remove(&h->retry);
	loop_destroy(h->loop);
	SSL_CTX_free(h->server.tls);
	hub_items_drop(h);
	hub_home_fini(&h->home);
	hub_keys_close(h->keys);
	buf_fini(&h->m3);
	octets_wipe(h, sizeof *h);
}

int
hub_main(void)
{
	struct hub *h = calloc(1, sizeof *h);
	enum err e;

	sandbox_begin();
	json_set_alloc_funcs(malloc, free_wiped);
	if (h == NULL)
		return 1;
	if ((e = hub_open(h)) != ERR_OK) {
		log_event(h->newer ? EV_FOLDER_NEWER : EV_HUB_FAILED, F_ERR(e),
		    F_NONE);
		return h->newer ? HUB_STATUS_NEWER : 1;
	}
	h->rest_ms = REST_MS_FIRST;
	hub_step(h, STEP_ENROLL);
	e = loop_run(h->loop);
	hub_close(h);
	free(h);
	return e == ERR_OK ? 0 : 1;
}
