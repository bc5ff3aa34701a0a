#include "hub/found.h"

#include "base/codec.h"
#include "base/utf8.h"
#include "hub/device.h"

/* --- writing --- */

static void
text_put(struct wr *w, const char *text)
{
	const struct slice s = slice_str(text);

	assert(s.len <= UINT8_MAX);
	wr_u8(w, (uint8_t)s.len);
	wr_octets(w, s);
}

static enum err
found_write(int fd, uint64_t time_us, enum unit_kind kind, const struct wr *w)
{
	const struct unit u = { .kind = kind,
		.time_us = time_us,
		.octets = buf_slice(w->to) };
	const enum err e = wr_end(w);

	return e == ERR_OK ? unit_write(fd, &u) : e;
}

enum err
found_camera_write(int fd, uint64_t time_us, const struct found_camera *c)
{
	AUTO_BUF struct buf octets;
	struct wr w;

	buf_init(&octets, FOUND_UNIT_OCTETS);
	wr_init(&w, &octets);
	wr_u16(&w, c->port);
	text_put(&w, c->address);
	text_put(&w, c->path);
	text_put(&w, c->name);
	text_put(&w, c->hardware);
	text_put(&w, c->endpoint);
	return found_write(fd, time_us, UNIT_FOUND, &w);
}

enum err
found_profile_write(int fd, uint64_t time_us, const struct found_profile *p)
{
	AUTO_BUF struct buf octets;
	struct wr w;

	buf_init(&octets, FOUND_UNIT_OCTETS);
	wr_init(&w, &octets);
	wr_u16(&w, p->port);
	text_put(&w, p->path);
	text_put(&w, p->name);
	wr_u8(&w, (uint8_t)p->codec);
	wr_u16(&w, p->width);
	wr_u16(&w, p->height);
	wr_u16(&w, p->fps);
	wr_u32(&w, p->kbit_s);
	wr_u8(&w, p->audio);
	return found_write(fd, time_us, UNIT_PROFILE, &w);
}

static void
device_put(struct wr *w, const struct found_device *d)
{
	wr_u8(w, (uint8_t)d->why);
	text_put(w, d->path);
	text_put(w, d->name);
}

enum err
found_device_write(int fd, uint64_t time_us, const struct found_device *d)
{
	AUTO_BUF struct buf octets;
	struct wr w;

	buf_init(&octets, FOUND_UNIT_OCTETS);
	wr_init(&w, &octets);
	device_put(&w, d);
	return found_write(fd, time_us, UNIT_DEVICE, &w);
}

enum err
found_devices_put(const struct found_device *all, size_t count, struct buf *to)
{
	struct wr w;

	wr_init(&w, to);
	for (size_t i = 0; i < count; i++)
		device_put(&w, &all[i]);
	return wr_end(&w);
}

/* --- reading --- */

static void
text_get(struct rd *r, char *to, size_t room)
{
	const size_t n = rd_u8(r);
	const struct slice s = rd_octets(r, n);

	if (r->err == ERR_OK && s.len >= room)
		r->err = ERR_LIMIT;
	else if (r->err == ERR_OK && !utf8_is_clean(s))
		r->err = ERR_SYNTAX;
	if (r->err != ERR_OK)
		return;
	if (s.len != 0)
		memcpy(to, s.at, s.len);
	to[s.len] = '\0';
}

/* It goes into a request line and into an address: visible ASCII. */
static void
path_get(struct rd *r, char to[static FOUND_PATH_OCTETS + 1])
{
	text_get(r, to, FOUND_PATH_OCTETS + 1);
	if (r->err != ERR_OK)
		return;
	if (to[0] != '/')
		r->err = ERR_SYNTAX;
	for (const char *c = to; *c != '\0'; c++)
		if (*c <= ' ' || *c > '~')
			r->err = ERR_SYNTAX;
}

static void
address_get(struct rd *r, char to[static 64])
{
	text_get(r, to, 64);
	if (r->err == ERR_OK && to[strspn(to, "0123456789abcdef.:")] != '\0')
		r->err = ERR_SYNTAX;
}

static uint16_t
port_get(struct rd *r)
{
	const uint16_t port = rd_u16(r);

	if (r->err == ERR_OK && port == 0)
		r->err = ERR_SYNTAX;
	return port;
}

enum err
found_camera_read(struct slice octets, struct found_camera *ret_camera)
{
	struct found_camera c = { .port = 0 };
	struct rd r;
	enum err e;

	rd_init(&r, octets);
	c.port = port_get(&r);
	address_get(&r, c.address);
	path_get(&r, c.path);
	text_get(&r, c.name, sizeof c.name);
	text_get(&r, c.hardware, sizeof c.hardware);
	text_get(&r, c.endpoint, sizeof c.endpoint);
	if ((e = rd_end(&r)) == ERR_OK)
		*ret_camera = c;
	return e;
}

enum err
found_profile_read(struct slice octets, struct found_profile *ret_profile)
{
	struct found_profile p = { .port = 0 };
	struct rd r;
	enum err e;

	rd_init(&r, octets);
	p.port = port_get(&r);
	path_get(&r, p.path);
	text_get(&r, p.name, sizeof p.name);
	const unsigned codec = rd_u8(&r);
	p.width = rd_u16(&r);
	p.height = rd_u16(&r);
	p.fps = rd_u16(&r);
	p.kbit_s = rd_u32(&r);
	const unsigned audio = rd_u8(&r);
	if ((e = rd_end(&r)) != ERR_OK)
		return e;
	if (codec >= FOUND_CODEC__MAX || audio > 1)
		return ERR_SYNTAX;
	p.codec = (enum found_codec)codec;
	p.audio = audio == 1;
	*ret_profile = p;
	return ERR_OK;
}

/* The hub hands the path back to its parent, which opens what is there. */
static void
device_get(struct rd *r, struct found_device *d)
{
	const unsigned why = rd_u8(r);

	text_get(r, d->path, sizeof d->path);
	text_get(r, d->name, sizeof d->name);
	if (r->err == ERR_OK &&
	    (why >= REASON__MAX || !device_path_allowed(d->path)))
		r->err = ERR_SYNTAX;
	d->why = (enum reason)why;
}

enum err
found_device_read(struct slice octets, struct found_device *ret_device)
{
	struct found_device d = { .why = REASON_RUNNING };
	struct rd r;
	enum err e;

	rd_init(&r, octets);
	device_get(&r, &d);
	if ((e = rd_end(&r)) == ERR_OK)
		*ret_device = d;
	return e;
}

enum err
found_devices_get(struct slice in,
    struct found_device to[static FOUND_DEVICES_MAX], size_t *ret_count)
{
	size_t n = 0;
	struct rd r;
	enum err e;

	rd_init(&r, in);
	while (r.err == ERR_OK && r.rest.len > 0) {
		if (n == FOUND_DEVICES_MAX)
			return ERR_LIMIT;
		device_get(&r, &to[n++]);
	}
	if ((e = rd_end(&r)) == ERR_OK)
		*ret_count = n;
	return e;
}
