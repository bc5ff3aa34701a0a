/*
 * edge_start.c - the process: two listening doors, one loop, and the end of
 * connections (freed after the turn in which they died, so that nobody is
 * left with a pointer to one).
 */
#include <stdlib.h>

#include "eavesd/edge/edge.h"
#include "eavesd/role.h"
#include "os/clock.h"
#include "os/file.h"
#include "os/memory.h"
#include "os/sandbox.h"
#include "os/sock.h"

#define ACCEPTS_A_TURN 64
#define FIRST_MS       15000u
#define SECOND_MS      1000u
#define OUT_OCTETS_MAX (8u << 20)

struct client *
client_find(struct edge *e, uint64_t serial)
{
	for (struct client *c = e->clients; c != NULL; c = c->next)
		if (c->serial == serial)
			return c;
	return NULL;
}

void
edge_count(struct edge *e, enum fact which)
{
	static const struct count one = { 1 };
	const struct day today = { clock_day() };

	fact_add(&e->facts, which, one, today);
}

static void
client_closed(struct conn *conn, enum err why)
{
	struct client *c = OBJ_OF(conn, struct client, conn);
	struct edge *e = c->edge;

	(void)why;
	*c->place = c->next;
	if (c->next != NULL)
		c->next->place = c->place;
	e->client_count--;
	c->next = e->dead;
	e->dead = c;
	if (c->is == CLIENT_VIEWER)
		viewer_end(c);
	else if (c->is == CLIENT_UPLINK)
		uplink_end(c);
	(void)!client_streams(c, 0);
	free(c->streams);
	c->streams = NULL;
}

static enum err
client_input(struct conn *conn)
{
	struct client *c = OBJ_OF(conn, struct client, conn);

	switch (c->is) {
	case CLIENT_VIEWER:
	case CLIENT_UPLINK:
		return websocket_input(&c->ws);
	case CLIENT_WAITING:
		return ERR_OK; /* bounded by the input's cap */
	case CLIENT_HTTP:
		break;
	}
	const enum err e = http_input(c);
	if (e == ERR_OK && !conn->dead && conn->in.len != 0 &&
	    (c->is == CLIENT_VIEWER || c->is == CLIENT_UPLINK))
		return websocket_input(&c->ws);
	return e;
}

static void
client_opened(struct conn *conn)
{
	struct client *c = OBJ_OF(conn, struct client, conn);

	if (c->door != DOOR_DEVICE)
		return;
	if (conn_peer_spki(conn, c->spki) == ERR_OK)
		c->has_spki = true;
	else
		conn_close(conn, ERR_DENIED);
}

static void
client_start(struct edge *e, int fd, enum door door)
{
	const struct conn_rules rules = { .in_octets_max = BODY_OCTETS_MAX +
							   HTTP_HEAD_OCTETS_MAX,
		.out_octets_max = OUT_OCTETS_MAX };
	struct client *c = e->client_count == CLIENTS_MAX
			       ? NULL
			       : calloc(1, sizeof *c);

	if (c == NULL) {
		(void)close(fd);
		return;
	}
	c->edge = e;
	c->door = door;
	c->keep = true;
	c->serial = ++e->next_serial;
	c->conn.opened = client_opened;
	c->conn.input = client_input;
	c->conn.closed = client_closed;
	if (conn_start(&c->conn, e->loop, fd,
		door == DOOR_DEVICE    ? e->device_tls
		: door == DOOR_BROWSER ? e->browser_tls
				       : NULL,
		false, &rules) != ERR_OK) {
		free(c);
		return;
	}
	c->next = e->clients;
	c->place = &e->clients;
	if (c->next != NULL)
		c->next->place = &c->next;
	e->clients = c;
	e->client_count++;
	conn_deadline(&c->conn, FIRST_MS);
}

static void
door_accept(struct edge *e, int listen_fd, enum door door)
{
	int fd;

	for (int i = 0; i < ACCEPTS_A_TURN; i++) {
		if (sock_accept(listen_fd, &fd) != ERR_OK)
			return;
		client_start(e, fd, door);
	}
}

static void
browser_ready(struct loop_fd *w, uint32_t events)
{
	(void)events;
	door_accept(OBJ_OF(w, struct edge, browser), w->fd, DOOR_BROWSER);
}

static void
device_ready(struct loop_fd *w, uint32_t events)
{
	(void)events;
	door_accept(OBJ_OF(w, struct edge, device), w->fd, DOOR_DEVICE);
}

static void
metrics_ready(struct loop_fd *w, uint32_t events)
{
	(void)events;
	door_accept(OBJ_OF(w, struct edge, metrics), w->fd, DOOR_METRICS);
}

/* --- channels --- */

static enum err
core_serve(void *ctx, struct ipc *ch, struct ipc_msg *m)
{
	struct edge *e = ctx;
	struct id home;

	(void)ch;
	if (m->type == MSG_TICKETS_DIED) {
		viewers_recheck(e);
		return ERR_OK;
	}
	if (m->type != MSG_HOME_CHANGED || m->body.len != 2 * ID_OCTETS)
		return ERR_DENIED;
	memcpy(home.octets, m->body.at, ID_OCTETS);
	viewers_tell_home(e, &home);
	/* a device may have just been taken in: it has no home here yet */
	uplinks_tell_home(e, &home);
	return ERR_OK;
}

static void
core_broken(void *ctx, struct ipc *ch)
{
	(void)ctx;
	(void)ch; /* the parent brings another */
}

static enum err
core_connect(struct edge *e, int fd)
{
	const struct ipc_side side = { .self = IPC_EDGE,
		.peer = IPC_CORE,
		.serve = core_serve,
		.broken = core_broken,
		.ctx = e };
	struct ipc *old = e->core;

	e->core = NULL; /* what was asked is answered "later" */
	ipc_destroy(old);
	e->core = ipc_create(e->loop, fd, &side);
	return e->core == NULL ? ERR_NOMEM : ERR_OK;
}

static enum err
parent_serve(void *ctx, struct ipc *ch, struct ipc_msg *m)
{
	struct edge *e = ctx;

	(void)ch;
	if (m->type == MSG_STOP) {
		e->stopped = true;
		return ERR_OK;
	}
	if (m->type != MSG_PEER || m->body.len != 1 ||
	    m->body.at[0] != IPC_CORE)
		return ERR_DENIED;
	const int fd = m->fds[0];
	m->fds[0] = -1;
	return core_connect(e, fd);
}

static void
parent_broken(void *ctx, struct ipc *ch)
{
	struct edge *e = ctx;

	(void)ch;
	e->stopped = true;
}

static void
second_due(struct loop_timer *t)
{
	struct edge *e = OBJ_OF(t, struct edge, second);

	recordings_second(e);
	clocks_sweep(e);
	if (loop_timer_set(e->loop, t, SECOND_MS, second_due) != ERR_OK)
		e->stopped = true;
}

/* --- start --- */

/* ERR_MISSING: an empty file stands for none. The offset is shared. */
static enum err
pem_read(int fd, struct buf *to)
{
	enum err e;

	(void)lseek(fd, 0, SEEK_SET);
	e = fd_read_all(fd, to);
	return e == ERR_OK && to->len == 0 ? ERR_MISSING : e;
}

static enum err
tls_load(enum tls_kind kind, int cert_fd, int key_fd, SSL_CTX **ret)
{
	struct buf cert, key;
	enum err e;

	buf_init(&cert, 65536);
	buf_init_secret(&key, 65536);
	if ((e = pem_read(cert_fd, &cert)) == ERR_OK &&
	    (e = pem_read(key_fd, &key)) == ERR_OK)
		e = tls_context(kind, buf_slice(&cert), buf_slice(&key), ret);
	buf_fini(&cert);
	buf_fini(&key);
	(void)close(cert_fd);
	(void)close(key_fd);
	return e;
}

static enum err
doors_open(struct edge *e)
{
	enum err err;

	err = tls_load(TLS_BROWSER, EDGE_FD_TLS_CERT, EDGE_FD_TLS_KEY,
	    &e->browser_tls);
	if (err != ERR_OK && err != ERR_MISSING)
		return err;
	if ((err = tls_load(TLS_DEVICE, EDGE_FD_DEVICE_CERT, EDGE_FD_DEVICE_KEY,
		 &e->device_tls)) != ERR_OK ||
	    (err = loop_fd_add(e->loop, &e->browser, EDGE_FD_BROWSER, EPOLLIN,
		 browser_ready)) != ERR_OK)
		return err;
	/* an empty file stands for none, and is nothing to wait for */
	(void)!loop_fd_add(e->loop, &e->metrics, EDGE_FD_METRICS, EPOLLIN,
	    metrics_ready);
	return loop_fd_add(e->loop, &e->device, EDGE_FD_DEVICE, EPOLLIN,
	    device_ready);
}

static enum err
edge_begin(struct edge *e, const struct role_start *start,
    struct sandbox_missing *missing)
{
	const struct ipc_side parent = { .self = IPC_EDGE,
		.peer = IPC_PARENT,
		.serve = parent_serve,
		.broken = parent_broken,
		.ctx = e };
	const struct sandbox fence = { .role = SANDBOX_EDGE,
		.folder_fd = -1,
		.fds_max = CLIENTS_MAX + 512,
		.uid = start->uid };
	enum err err;

	if ((err = crypto_init()) != ERR_OK)
		return err;
	json_object_seed(0); /* reads a file: not after the fence */
	if ((e->loop = loop_create()) == NULL ||
	    (e->parent = ipc_create(e->loop, ROLE_FD_PARENT, &parent)) == NULL)
		return ERR_NOMEM;
	if ((err = core_connect(e, EDGE_FD_CORE)) != ERR_OK ||
	    (err = doors_open(e)) != ERR_OK)
		return err;
	if ((e->disk = disk_create(e)) == NULL)
		return ERR_NOMEM;
	if ((err = sandbox_enter(&fence, missing)) != ERR_OK)
		return err;
	return loop_timer_set(e->loop, &e->second, SECOND_MS, second_due);
}

static void
dead_free(struct edge *e)
{
	while (e->dead != NULL) {
		struct client *c = e->dead;

		e->dead = c->next;
		octets_wipe(c, sizeof *c);
		free(c);
	}
}

int
edge_main(const struct role_start *start)
{
	struct edge *e = calloc(1, sizeof *e);
	struct sandbox_missing missing;
	enum err err;

	sandbox_begin();
	json_set_alloc_funcs(malloc, free_wiped);
	if (e == NULL)
		return 1;
	if ((err = edge_begin(e, start, &missing)) == ERR_OK) {
		role_ready(e->parent, &missing);
		while (!e->stopped && err == ERR_OK) {
			err = loop_turn(e->loop, -1);
			dead_free(e);
		}
		while (e->clients != NULL)
			conn_close(&e->clients->conn, ERR_CLOSED);
		dead_free(e);
		disk_destroy(e->disk);
	}
	return err == ERR_OK ? 0 : (int)err;
}
