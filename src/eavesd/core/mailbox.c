/*
 * mailbox.c - three messages between a hub and a browser that have not met:
 * in memory only, few, small, for a quarter of an hour.
 */
#include "base/codec.h"
#include "eavesd/core/core.h"

#define LIFE_MS   (15u * 60u * 1000u)
#define WAIT_MS   20000u
#define TRIES_MAX 20u
#define M1_OCTETS 96u

static void
mailbox_free(struct mailbox *m)
{
	buf_fini(&m->m1);
	buf_fini(&m->m2);
	buf_fini(&m->m3);
	*m = (struct mailbox){ 0 };
}

static struct mailbox *
mailbox_find(struct core *core, const struct id *id)
{
	for (size_t i = 0; i < MAILBOXES; i++)
		if (core->mailboxes[i].used &&
		    id_eq(&core->mailboxes[i].id, id))
			return &core->mailboxes[i];
	return NULL;
}

/* The answer to a question that was kept open. part NULL: not yet (204). */
static void
waiter_answer(struct core *core, uint32_t *waiter, const char *name,
    const struct buf *part)
{
	struct call c = { .core = core,
		.id = *waiter,
		.status = part == NULL ? 204 : 200 };

	if (*waiter == 0)
		return;
	c.out = json_object();
	*waiter = 0;
	if (part != NULL)
		out_shown(&c, c.out, name, shown_handshake(buf_slice(part)));
	call_answer(&c);
	json_decref(c.out);
}

/* Hold the question until the part is there, WAIT_MS at most. */
static void
part_wait(struct call *c, uint32_t *waiter, uint64_t *until_ms,
    const char *name, const struct buf *part)
{
	if (part->len != 0) {
		out_shown(c, c->out, name, shown_handshake(buf_slice(part)));
		return;
	}
	waiter_answer(c->core, waiter, name, NULL);
	*waiter = c->id;
	*until_ms = loop_now_ms(c->core->loop) + WAIT_MS;
	c->later = true;
}

void
mailboxes_sweep(struct core *core)
{
	const uint64_t now = loop_now_ms(core->loop);

	for (size_t i = 0; i < MAILBOXES; i++) {
		struct mailbox *m = &core->mailboxes[i];

		if (!m->used)
			continue;
		if (m->m2_waiter != 0 && m->m2_until_ms <= now)
			waiter_answer(core, &m->m2_waiter, "m2", NULL);
		if (m->m3_waiter != 0 && m->m3_until_ms <= now)
			waiter_answer(core, &m->m3_waiter, "m3", NULL);
		if (m->until_ms <= now) {
			waiter_answer(core, &m->m2_waiter, "m2", NULL);
			waiter_answer(core, &m->m3_waiter, "m3", NULL);
			mailbox_free(m);
		}
	}
}

static struct mailbox *
browser_mailbox(struct call *c)
{
	struct mailbox *m;

	if (!ticket_need(c, TICKET_LINK))
		return NULL;
	if ((m = mailbox_find(c->core, &c->ticket)) == NULL)
		(void)call_fail(c, 404, "missing",
		    WORDS("The hub is not waiting any more. Make a new link."));
	return m;
}

void
mailbox_m1_get(struct call *c)
{
	struct mailbox *m = browser_mailbox(c);

	if (m != NULL)
		out_shown(c, c->out, "m1", shown_handshake(buf_slice(&m->m1)));
}

void
mailbox_m2_post(struct call *c)
{
	struct mailbox *m = browser_mailbox(c);

	if (m == NULL || !in_only(c, c->in, ONLY("m2")))
		return;
	if (m->m3.len != 0 || m->tries++ >= TRIES_MAX) {
		(void)call_fail_err(c, ERR_DENIED);
		return;
	}
	buf_clear(&m->m2);
	if (!in_blob(c, c->in, "m2", &m->m2))
		return;
	waiter_answer(c->core, &m->m2_waiter, "m2", &m->m2);
	c->status = 202;
}

void
mailbox_m3_get(struct call *c)
{
	struct mailbox *m = browser_mailbox(c);

	if (m != NULL)
		part_wait(c, &m->m3_waiter, &m->m3_until_ms, "m3", &m->m3);
}

/* --- the hub's side; one mailbox for each device --- */

static struct mailbox *
device_mailbox(struct call *c, const char *const *fields)
{
	struct mailbox *m;
	struct id id;

	if (!c->has_spki) {
		(void)call_fail_err(c, ERR_DENIED);
		return NULL;
	}
	if (!in_only(c, c->in, fields) || !in_id(c, c->in, "id", &id))
		return NULL;
	m = mailbox_find(c->core, &id);
	if (m == NULL || memcmp(m->spki, c->spki, sizeof m->spki) != 0) {
		(void)call_fail_err(c, ERR_MISSING);
		return NULL;
	}
	return m;
}

/* The device's own one again, else a free one, else NULL. */
static struct mailbox *
mailbox_place(struct core *core, const uint8_t spki[static SHA256_OCTETS])
{
	struct mailbox *free_one = NULL;

	for (size_t i = 0; i < MAILBOXES; i++) {
		struct mailbox *m = &core->mailboxes[i];

		if (m->used && memcmp(m->spki, spki, SHA256_OCTETS) == 0) {
			m->until_ms = 0;
			mailboxes_sweep(core);
			return m;
		}
		if (!m->used)
			free_one = m;
	}
	return free_one;
}

void
device_mailbox_post(struct call *c)
{
	uint8_t m1[M1_OCTETS];
	struct mailbox *m;
	struct id id;

	if (!c->has_spki || !in_only(c, c->in, ONLY("id", "m1")) ||
	    !in_id(c, c->in, "id", &id) ||
	    !in_octets(c, c->in, "m1", m1, sizeof m1)) {
		(void)call_fail_err(c, ERR_DENIED);
		return;
	}
	if (mailbox_find(c->core, &id) != NULL &&
	    memcmp(mailbox_find(c->core, &id)->spki, c->spki, SHA256_OCTETS) !=
		0) {
		(void)call_fail_err(c, ERR_CONFLICT);
		return;
	}
	if ((m = mailbox_place(c->core, c->spki)) == NULL) {
		(void)call_fail_err(c, ERR_LIMIT);
		return;
	}
	*m = (struct mailbox){ .used = true,
		.id = id,
		.until_ms = loop_now_ms(c->core->loop) + LIFE_MS };
	memcpy(m->spki, c->spki, sizeof m->spki);
	buf_init(&m->m1, M1_OCTETS);
	buf_init(&m->m2, MAILBOX_OCTETS);
	buf_init(&m->m3, MAILBOX_OCTETS);
	if (buf_append(&m->m1, SLICE_OF(m1)) != ERR_OK)
		(void)call_fail_err(c, ERR_NOMEM);
}

void
device_m2_get(struct call *c)
{
	struct mailbox *m = device_mailbox(c, ONLY("id"));

	if (m != NULL)
		part_wait(c, &m->m2_waiter, &m->m2_until_ms, "m2", &m->m2);
}

void
device_m3_post(struct call *c)
{
	struct mailbox *m = device_mailbox(c, ONLY("id", "m3"));
	AUTO_BUF struct buf m3;

	buf_init(&m3, MAILBOX_OCTETS);
	if (m == NULL || !in_blob(c, c->in, "m3", &m3))
		return;
	/* sent again it is the same; there is only one */
	if (m->m3.len != 0 && !slice_eq(buf_slice(&m->m3), buf_slice(&m3))) {
		(void)call_fail_err(c, ERR_CONFLICT);
		return;
	}
	buf_clear(&m->m3);
	if (buf_append(&m->m3, buf_slice(&m3)) != ERR_OK)
		(void)call_fail_err(c, ERR_NOMEM);
	else
		waiter_answer(c->core, &m->m3_waiter, "m3", &m->m3);
}

void
device_refuse_post(struct call *c)
{
	struct mailbox *m = device_mailbox(c, ONLY("id"));

	if (m != NULL)
		buf_clear(&m->m2);
}
