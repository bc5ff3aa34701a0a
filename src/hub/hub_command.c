/*
 * hub_command.c - what members ask: look for cameras, ask one for its
 * streams, try an address. Signed and sealed (model/command.h); the server
 * carries octets. Whoever may not manage the home, or asks too late, gets no
 * answer, and the server learns nothing from that.
 */
#include <stdlib.h>

#include "hub/hub.h"
#include "model/body.h"
#include "model/command.h"
#include "model/json_read.h"
#include "os/clock.h"

#define TEXT_MAX  512
#define REPLY_MAX ((size_t)60 << 10)

/* A question that is being worked on. */
struct asking {
	struct hub *hub;
	json_int_t n;
	struct command command;
	struct buf plain;
	/* look: what is in the USB ports, while the network is searched */
	struct found_device device[FOUND_DEVICES_MAX];
	size_t device_count;
};

static void
asking_end(struct asking *a)
{
	buf_fini(&a->plain);
	octets_wipe(a, sizeof *a);
	free(a);
}

/* Takes reply and a. */
static void
answer(struct asking *a, json_t *reply)
{
	AUTO_BUF struct buf text, sealed;

	buf_init_secret(&text, REPLY_MAX);
	buf_init(&sealed, REPLY_MAX + 64);
	if (body_put(reply, &text) == ERR_OK &&
	    command_reply(&a->command, buf_slice(&text), &sealed) == ERR_OK)
		uplink_reply(&a->hub->uplink, a->n, buf_slice(&sealed));
	asking_end(a);
}

/* --- look --- */

static json_t *
found_json(const struct finding *f)
{
	json_t *all = json_array();

	for (size_t i = 0; all != NULL && i < f->camera_count; i++) {
		const struct found_camera *c = &f->camera[i];
		json_array_append_new(all,
		    json_pack("{s:s,s:i,s:s,s:s,s:s}", "address", c->address,
			"port", c->port, "path", c->path, "name", c->name,
			"hardware", c->hardware));
	}
	return all;
}

static json_t *
devices_json(const struct asking *a)
{
	json_t *all = json_array();

	for (size_t i = 0; all != NULL && i < a->device_count; i++) {
		const struct found_device *d = &a->device[i];
		json_array_append_new(all,
		    json_pack("{s:s,s:s,s:i}", "path", d->path, "name", d->name,
			"reason", d->why));
	}
	return all;
}

/* The network's are those of the last finding; NULL: it was not searched. */
static void
find_answer(struct asking *a, const struct finding *f)
{
	answer(a, json_pack("{s:o,s:o}", "found",
		      f == NULL ? json_array() : found_json(f), "devices",
		      devices_json(a)));
}

static void
discover_done(struct finding *f)
{
	find_answer(f->owner, f);
}

/* One behind the other: each has a place that somebody else may want. */
static void
devices_done(struct finding *f)
{
	struct asking *a = f->owner;

	memcpy(a->device, f->device, sizeof a->device);
	a->device_count = f->device_count;
	if (findings_discover(&a->hub->findings, discover_done, a) != ERR_OK)
		find_answer(a, NULL);
}

static json_t *
profiles_json(const struct finding *f)
{
	json_t *all = json_array();

	for (size_t i = 0; all != NULL && i < f->profile_count; i++) {
		const struct found_profile *p = &f->profile[i];
		json_array_append_new(all,
		    json_pack("{s:i,s:s,s:s,s:i,s:i,s:i,s:i,s:b}", "port",
			p->port, "path", p->path, "name", p->name, "codec",
			p->codec, "width", p->width, "height", p->height, "fps",
			p->fps, "sound", p->audio));
	}
	return all;
}

static void
ask_done(struct finding *f)
{
	answer(f->owner, json_pack("{s:i,s:o}", "reason", f->why, "profiles",
			     profiles_json(f)));
}

static void
try_done(struct trying *t)
{
	json_t *o = json_pack("{s:i,s:i,s:b}", "reason", t->why, "codec",
	    !t->pictures ? 0
	    : t->h265    ? 2
			 : 1,
	    "sound", t->sound);

	if (o != NULL && t->jpeg.len > 0)
		json_object_set_new(o, "picture",
		    body_b64(buf_slice(&t->jpeg)));
	answer(t->owner, o);
}

/* --- what is asked --- */

static enum err
find_begin(struct asking *a, struct json_in *in)
{
	enum err e = json_in_end(in);

	return e != ERR_OK
		   ? e
		   : findings_devices(&a->hub->findings, devices_done, a);
}

static enum err
ask_begin(struct asking *a, struct json_in *in)
{
	const struct slice url = json_in_text(in, "url", TEXT_MAX);
	const struct finding_login login = {
		json_in_text(in, "user", TEXT_MAX),
		json_in_text(in, "password", TEXT_MAX),
	};
	enum err e = json_in_end(in);

	return e != ERR_OK ? e
			   : findings_probe(&a->hub->findings, url, &login,
				 ask_done, a);
}

static enum err
try_begin(struct asking *a, struct json_in *in)
{
	const struct slice address = json_in_text(in, "address", TEXT_MAX);
	const struct slice user = json_in_text(in, "user", TEXT_MAX);
	const struct slice password = json_in_text(in, "password", TEXT_MAX);
	enum err e = json_in_end(in);

	return e != ERR_OK ? e
			   : trying_begin(&a->hub->trying, address, user,
				 password, try_done, a);
}

static enum err
command_do(struct asking *a)
{
	struct json_in in;
	json_t *root;
	enum err e;

	if ((e = json_text_parse(a->command.body, COMMAND_BODY_MAX, &root)) !=
	    ERR_OK)
		return e;
	json_in_init(&in, root);
	const struct slice what = json_in_text(&in, "do", 16);
	if (slice_eq(what, SLICE_LIT("find")))
		e = find_begin(a, &in);
	else if (slice_eq(what, SLICE_LIT("ask")))
		e = ask_begin(a, &in);
	else if (slice_eq(what, SLICE_LIT("try")))
		e = try_begin(a, &in);
	else
		e = ERR_UNSUPPORTED;
	json_decref(root);
	return e;
}

/* Each member's questions go forward in time: one said again is not heard. */
static bool
is_fresh(struct hub *h, const struct command *c)
{
	const uint64_t now = clock_realtime_us();
	struct hub_asker *oldest = &h->asker[0];

	if (c->time_us + COMMAND_LATE_US < now ||
	    c->time_us > now + COMMAND_LATE_US)
		return false;
	for (size_t i = 0; i < COUNT(h->asker); i++) {
		struct hub_asker *a = &h->asker[i];
		if (id_eq(&a->member, &c->member)) {
			if (a->time_us >= c->time_us)
				return false;
			a->time_us = c->time_us;
			return true;
		}
		if (a->time_us < oldest->time_us)
			oldest = a;
	}
	*oldest = (struct hub_asker){ c->member, c->time_us };
	return true;
}

void
hub_command(struct hub *h, json_int_t n, struct slice sealed)
{
	struct asking *a = calloc(1, sizeof *a);
	enum err e;

	if (a == NULL || h->home.directory.version == 0) {
		free(a);
		return;
	}
	a->hub = h;
	a->n = n;
	buf_init_secret(&a->plain, COMMAND_OCTETS_MAX);
	if ((e = command_open(&h->keys->kx, &h->home.home, &h->keys->hub,
		 h->home.directory.people, sealed, &a->plain, &a->command)) !=
		ERR_OK ||
	    !is_fresh(h, &a->command)) {
		log_event(EV_HUB_COMMAND_REFUSED, F_NONE, F_NONE);
		asking_end(a);
		return;
	}
	if ((e = command_do(a)) == ERR_OK)
		return; /* answered when it is done */
	answer(a, json_pack("{s:i,s:[],s:[],s:[],s:i,s:b}", "reason",
		      e == ERR_AGAIN ? REASON_SLOW : REASON_NO_ROUTE, "found",
		      "devices", "profiles", "codec", 0, "sound", false));
}
