/*
 * parent.c - opens what the others may use, starts them, and starts them
 * again. It alone binds ports and opens folders; it never reads an octet from
 * the network.
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/signalfd.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/codec.h"
#include "conf/conf.h"
#include "crypto/x509.h"
#include "eavesd/parent/room.h"
#include "eavesd/role.h"
#include "log/log.h"
#include "os/clock.h"
#include "os/file.h"
#include "os/sandbox.h"
#include "os/sock.h"
#include "os/spawn.h"

#define STOP_WAIT_MS 5000u
#define AGAIN_MS_MIN 50u
#define AGAIN_MS_MAX 5000u
#define DEVICE_DAYS  3650u

enum {
	KEEPER,
	CORE,
	EDGE,
	CHILDREN
};

static const struct {
	const char *name;
	enum ipc_role role;
} kinds[CHILDREN] = { { "keeper", IPC_KEEPER }, { "core", IPC_CORE },
	{ "edge", IPC_EDGE } };

/* Who talks to whom. */
static const struct {
	int a, b;
} pairs[] = { { KEEPER, CORE }, { CORE, EDGE } };

struct parent;
struct child {
	struct parent *parent;
	int kind;
	pid_t pid; /* 0: not running */
	struct ipc *channel;
	struct loop_timer again;
	uint64_t again_ms;
	bool ready;
};

struct parent {
	struct conf conf;
	struct loop *loop;
	struct loop_fd signals;
	struct loop_timer patience;
	struct child children[CHILDREN];
	int folder_fd, keeper_fd, browser_fd, device_fd, metrics_fd;
	int device_key_fd, device_cert_fd, tls_key_fd, tls_cert_fd;
	uint16_t port, device_port, metrics_port;
	bool told, stopping;
	int status;
};

static void child_start(struct child *c);

/* --- children --- */

static enum err
child_serve(void *ctx, struct ipc *ch, struct ipc_msg *m)
{
	struct child *c = ctx;
	struct parent *p = c->parent;

	(void)ch;
	if (m->type != MSG_READY || m->body.len != 2)
		return ERR_DENIED;
	c->ready = true;
	c->again_ms = 0;
	if (p->told || !p->children[KEEPER].ready || !p->children[CORE].ready ||
	    !p->children[EDGE].ready)
		return ERR_OK;
	p->told = true;
	if (m->body.at[0] != 0)
		log_event(EV_NO_LANDLOCK, F_NONE, F_NONE);
	if (m->body.at[1] != 0)
		log_event(EV_SAME_USER, F_NONE, F_NONE);
	log_event(EV_READY, F_COUNT("port", p->port),
	    F_COUNT("device_port", p->device_port));
	(void)printf("ready %u %u\n", p->port, p->device_port);
	(void)fflush(stdout);
	return ERR_OK;
}

/* A child that breaks the rules of its channel to us is ended. */
static void
child_broken(void *ctx, struct ipc *ch)
{
	struct child *c = ctx;

	(void)ch;
	if (c->pid != 0)
		(void)kill(c->pid, SIGKILL);
}

static struct child *
neighbour(struct parent *p, int kind, size_t pair)
{
	if (pairs[pair].a == kind)
		return &p->children[pairs[pair].b];
	if (pairs[pair].b == kind)
		return &p->children[pairs[pair].a];
	return NULL;
}

static void
peer_give(struct child *to, enum ipc_role peer, int fd)
{
	const uint8_t body = (uint8_t)peer;

	if (to->pid != 0 && to->channel != NULL)
		(void)!ipc_notice(to->channel, MSG_PEER, slice_make(&body, 1),
		    &fd, 1);
}

/*
 * Where each process finds its descriptors (role.h). -1: none. The first is
 * its channel to us, then those to its neighbours.
 */
static size_t
fds_table(struct parent *p, int kind, int channel, const int *neighbours,
    int *to)
{
	size_t n = 0;

	to[n++] = channel;
	switch (kind) {
	case KEEPER:
		to[n++] = neighbours[CORE];
		to[n++] = p->keeper_fd;
		break;
	case CORE:
		to[n++] = neighbours[EDGE];
		to[n++] = neighbours[KEEPER];
		to[n++] = p->folder_fd;
		break;
	default:
		to[n++] = neighbours[CORE];
		to[n++] = p->browser_fd;
		to[n++] = p->device_fd;
		to[n++] = p->device_key_fd;
		to[n++] = p->device_cert_fd;
		to[n++] = p->tls_key_fd;
		to[n++] = p->tls_cert_fd;
		to[n++] = p->metrics_fd;
		break;
	}
	return n;
}

static void
again_due(struct loop_timer *t)
{
	child_start(OBJ_OF(t, struct child, again));
}

static void
child_retry(struct child *c)
{
	c->again_ms = c->again_ms == 0 ? AGAIN_MS_MIN : 2 * c->again_ms;
	if (c->again_ms > AGAIN_MS_MAX)
		c->again_ms = AGAIN_MS_MAX;
	if (loop_timer_set(c->parent->loop, &c->again, c->again_ms,
		again_due) != ERR_OK)
		loop_stop(c->parent->loop);
}

static enum err
child_spawn(struct child *c, int own_fd, const int *neighbours)
{
	struct parent *p = c->parent;
	char uid[16], media[24];
	const char *const argv[] = { "eavesd", "-x", kinds[c->kind].name, uid,
		media, NULL };
	struct spawn s = { .argv = argv };
	const uint64_t base = p->conf.uid_base;

	(void)snprintf(uid, sizeof uid, "%llu",
	    (unsigned long long)(geteuid() == 0 && base != 0
				     ? base + (unsigned)c->kind
				     : 0));
	(void)snprintf(media, sizeof media, "%llu",
	    (unsigned long long)p->conf.media_octets);
	s.fd_count = fds_table(p, c->kind, own_fd, neighbours, s.fds);
	return spawn_self(&s, &c->pid);
}

static void
child_start(struct child *c)
{
	const struct ipc_side side = { .self = IPC_PARENT,
		.peer = kinds[c->kind].role,
		.serve = child_serve,
		.broken = child_broken,
		.ctx = c };
	struct parent *p = c->parent;
	int own[2], neighbours[CHILDREN] = { -1, -1, -1 };
	int theirs[CHILDREN] = { -1, -1, -1 };
	enum err e;

	if (p->stopping)
		return;
	if (sock_pair(own) != ERR_OK) {
		child_retry(c);
		return;
	}
	for (size_t i = 0; i < COUNT(pairs); i++) {
		const struct child *n = neighbour(p, c->kind, i);
		int both[2];

		if (n == NULL || sock_pair(both) != ERR_OK)
			continue;
		neighbours[n->kind] = both[0];
		theirs[n->kind] = both[1];
	}
	c->ready = false;
	e = child_spawn(c, own[1], neighbours);
	if (e == ERR_OK) {
		ipc_destroy(c->channel);
		c->channel = ipc_create(p->loop, own[0], &side);
		for (int k = 0; k < CHILDREN; k++)
			if (theirs[k] != -1)
				peer_give(&p->children[k], kinds[c->kind].role,
				    theirs[k]);
	} else
		(void)close(own[0]);
	(void)close(own[1]);
	for (int k = 0; k < CHILDREN; k++) {
		if (neighbours[k] != -1)
			(void)close(neighbours[k]);
		if (theirs[k] != -1)
			(void)close(theirs[k]);
	}
	if (e != ERR_OK || c->channel == NULL)
		child_retry(c);
}

static bool
status_is_newer(int status)
{
	return WIFEXITED(status) && WEXITSTATUS(status) == ROLE_NEWER;
}

static void
child_reap(struct parent *p, pid_t pid, int status)
{
	for (int k = 0; k < CHILDREN; k++) {
		struct child *c = &p->children[k];

		if (c->pid != pid)
			continue;
		c->pid = 0;
		c->ready = false;
		if (p->stopping)
			continue;
		const bool newer = status_is_newer(status);
		log_event(newer ? EV_FOLDER_NEWER : EV_CHILD_DIED,
		    F_COUNT("which", k),
		    F_COUNT("status", WIFSIGNALED(status)
					  ? 128 + WTERMSIG(status)
					  : WEXITSTATUS(status)));
		if (!p->told) { /* it never worked: say so instead */
			if (p->status != PARENT_NEWER)
				p->status = newer ? PARENT_NEWER : 1;
			loop_stop(p->loop);
		} else
			child_retry(c);
	}
}

static bool
all_gone(const struct parent *p)
{
	for (int k = 0; k < CHILDREN; k++)
		if (p->children[k].pid != 0)
			return false;
	return true;
}

static void
patience_due(struct loop_timer *t)
{
	struct parent *p = OBJ_OF(t, struct parent, patience);

	for (int k = 0; k < CHILDREN; k++)
		if (p->children[k].pid != 0)
			(void)kill(p->children[k].pid, SIGKILL);
}

/* Edge first: nobody comes in; then core, which has nothing more to write. */
static void
stop_ask(struct parent *p)
{
	static const int order[] = { EDGE, CORE, KEEPER };

	for (size_t i = 0; i < COUNT(order); i++) {
		struct child *c = &p->children[order[i]];

		if (c->pid == 0)
			continue;
		if (c->channel != NULL)
			(void)!ipc_notice(c->channel, MSG_STOP, SLICE_LIT(""),
			    NULL, 0);
		return; /* the next when this one has gone */
	}
}

static void
signal_ready(struct loop_fd *w, uint32_t events)
{
	struct parent *p = OBJ_OF(w, struct parent, signals);
	struct signalfd_siginfo info;
	pid_t pid;
	int status;

	(void)events;
	if (read(w->fd, &info, sizeof info) != (ssize_t)sizeof info)
		return;
	if (info.ssi_signo == SIGCHLD) {
		while ((pid = waitpid(-1, &status, WNOHANG)) > 0)
			child_reap(p, pid, status);
		if (p->stopping) {
			stop_ask(p);
			if (all_gone(p))
				loop_stop(p->loop);
		}
	} else if (!p->stopping) {
		p->stopping = true;
		stop_ask(p);
		(void)!loop_timer_set(p->loop, &p->patience, STOP_WAIT_MS,
		    patience_due);
		if (all_gone(p))
			loop_stop(p->loop);
	}
}

/* --- what is opened --- */

static int
complain(const char *what, const char *which)
{
	(void)fprintf(stderr, "eavesd: %s%s%s\n", what,
	    *which != '\0' ? ": " : "", which);
	return 1;
}

/* Whether one of two folders lies in the other: both are real paths. */
static bool
folder_within(const char *inner, const char *outer)
{
	const size_t n = strlen(outer);

	return strncmp(inner, outer, n) == 0 &&
	       (inner[n] == '/' || inner[n] == '\0');
}

static int
folders_open(struct parent *p)
{
	char store[PATH_MAX], keeper[PATH_MAX];

	if (p->conf.keeper_dir[0] == '\0')
		return complain("say where the keeper's secret lies",
		    "--keeper-dir FOLDER");
	if (folder_open(p->conf.dir, &p->folder_fd) != ERR_OK)
		return complain("cannot open the folder", p->conf.dir);
	if (folder_open(p->conf.keeper_dir, &p->keeper_fd) != ERR_OK)
		return complain("cannot open the folder", p->conf.keeper_dir);
	if (realpath(p->conf.dir, store) == NULL ||
	    realpath(p->conf.keeper_dir, keeper) == NULL)
		return complain("cannot find the folders", "");
	if (folder_within(store, keeper) || folder_within(keeper, store))
		return complain("the keeper's secret may not lie with the "
				"store: whoever copies one folder would have "
				"both. Choose another --keeper-dir",
		    "");
	if (p->conf.media_octets == 0 &&
	    media_room(p->folder_fd, &p->conf.media_octets) != ERR_OK)
		return complain("cannot write into the folder", p->conf.dir);
	return 0;
}

/* Each process owns its folder when there is a user for each. */
static void
folder_give(int fd, uint64_t uid)
{
	if (geteuid() != 0 || uid == 0)
		return;
	(void)!fchown(fd, (uid_t)uid, (gid_t)uid);
}

static enum err
tree_give(int fd, uid_t uid)
{
	static const char *const names[] = { "store.db", "store.db-wal",
		"store.db-shm", "segments", "keeper.secret", "rest.keys",
		"generations", "stamp", "status" };

	for (size_t i = 0; i < COUNT(names); i++)
		if (fchownat(fd, names[i], uid, uid, AT_SYMLINK_NOFOLLOW) ==
			-1 &&
		    errno != ENOENT)
			return err_of_errno(errno);
	return ERR_OK;
}

/* Restored segments belong to who restored them. */
static enum err
segments_give(int folder_fd, uid_t uid)
{
	const struct dirent *entry;
	DIR *dir;
	enum err e = folder_list(folder_fd, "segments", &dir);

	if (e != ERR_OK)
		return e == ERR_MISSING ? ERR_OK : e;
	while (e == ERR_OK && (entry = readdir(dir)) != NULL)
		if (entry->d_name[0] != '.' &&
		    fchownat(dirfd(dir), entry->d_name, uid, uid,
			AT_SYMLINK_NOFOLLOW) == -1 &&
		    errno != ENOENT)
			e = err_of_errno(errno);
	(void)closedir(dir);
	return e;
}

static enum err
device_pair_make(struct parent *p)
{
	struct buf key, cert;
	enum err e;

	buf_init_secret(&key, 4096);
	buf_init(&cert, 4096);
	if ((e = p256_make(&key)) == ERR_OK &&
	    (e = certificate_make(buf_slice(&key), clock_day(), DEVICE_DAYS,
		 &cert)) == ERR_OK &&
	    (e = file_write(p->keeper_fd, "device.crt", buf_slice(&cert))) ==
		ERR_OK)
		e = file_write(p->keeper_fd, "device.key", buf_slice(&key));
	buf_fini(&key);
	buf_fini(&cert);
	return e;
}

/* The hub pins this: hex of SHA-256 of the device door's public key. */
static enum err
device_pin_write(struct parent *p)
{
	uint8_t hash[SHA256_OCTETS];
	char text[2 * SHA256_OCTETS + 2];
	struct buf key;
	enum err e;

	buf_init_secret(&key, 4096);
	if ((e = file_read(p->keeper_fd, "device.key", &key)) == ERR_OK &&
	    (e = key_spki_hash(buf_slice(&key), hash)) == ERR_OK) {
		hex_encode(SLICE_OF(hash), text);
		text[2 * SHA256_OCTETS] = '\n';
		e = file_write(p->folder_fd, "device.pin",
		    slice_make(text, 2 * SHA256_OCTETS + 1));
	}
	buf_fini(&key);
	return e;
}

static enum err
device_door_open(struct parent *p)
{
	enum err e = ERR_OK;

	if (faccessat(p->keeper_fd, "device.key", R_OK, 0) == -1)
		e = device_pair_make(p);
	if (e != ERR_OK || (e = device_pin_write(p)) != ERR_OK)
		return e;
	p->device_key_fd = openat(p->keeper_fd, "device.key",
	    O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
	p->device_cert_fd = openat(p->keeper_fd, "device.crt",
	    O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
	return p->device_key_fd == -1 || p->device_cert_fd == -1 ? ERR_IO
								 : ERR_OK;
}

static int
ports_open(struct parent *p)
{
	const struct conf *c = &p->conf;
	const bool tls = c->tls_cert[0] != '\0' && c->tls_key[0] != '\0';

	/* every number has something behind it: edge finds an empty file */
	p->tls_cert_fd = open("/dev/null", O_RDONLY | O_CLOEXEC);
	p->tls_key_fd = open("/dev/null", O_RDONLY | O_CLOEXEC);
	if (!tls && !address_is_loopback(c->listen))
		return complain("without TLS the browser port answers on this "
				"machine alone. Give --tls-cert and --tls-key "
				"for",
		    c->listen);
	if (tls) {
		p->tls_cert_fd = open(c->tls_cert, O_RDONLY | O_CLOEXEC);
		p->tls_key_fd = open(c->tls_key, O_RDONLY | O_CLOEXEC);
		if (p->tls_cert_fd == -1 || p->tls_key_fd == -1)
			return complain("cannot read the certificate or its "
					"key",
			    "");
	}
	p->metrics_fd = open("/dev/null", O_RDONLY | O_CLOEXEC);
	if (c->port > 65535 || c->device_port > 65535 ||
	    c->metrics_port > 65535)
		return complain("a port is a number up to 65535", "");
	enum err e = sock_listen(c->listen, (uint16_t)c->port, &p->browser_fd,
	    &p->port);
	if (e == ERR_OK)
		e = sock_listen(c->device_listen, (uint16_t)c->device_port,
		    &p->device_fd, &p->device_port);
	if (e == ERR_OK && c->metrics_port != 0) {
		(void)close(p->metrics_fd);
		e = sock_listen("127.0.0.1", (uint16_t)c->metrics_port,
		    &p->metrics_fd, &p->metrics_port);
	}
	if (e != ERR_OK)
		return complain("cannot listen",
		    e == ERR_EXISTS ? "the port is taken" : err_text(e));
	return 0;
}

static enum err
signals_take(struct parent *p)
{
	sigset_t set;

	(void)sigemptyset(&set);
	(void)sigaddset(&set, SIGCHLD);
	(void)sigaddset(&set, SIGTERM);
	(void)sigaddset(&set, SIGINT);
	(void)sigaddset(&set, SIGHUP);
	if (sigprocmask(SIG_BLOCK, &set, NULL) == -1)
		return ERR_IO;
	const int fd = signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
	return fd == -1 ? ERR_IO
			: loop_fd_add(p->loop, &p->signals, fd, EPOLLIN,
			      signal_ready);
}

static int
children_run(struct parent *p)
{
	if (crypto_init() != ERR_OK || device_door_open(p) != ERR_OK)
		return complain("cannot make the device port's key", "");
	folder_give(p->keeper_fd, p->conf.uid_base + KEEPER);
	folder_give(p->folder_fd, p->conf.uid_base + CORE);
	if (geteuid() == 0 && p->conf.uid_base != 0 &&
	    (tree_give(p->keeper_fd, (uid_t)p->conf.uid_base + KEEPER) !=
		    ERR_OK ||
		tree_give(p->folder_fd, (uid_t)p->conf.uid_base + CORE) !=
		    ERR_OK ||
		segments_give(p->folder_fd, (uid_t)p->conf.uid_base + CORE) !=
		    ERR_OK))
		return complain("cannot give the folders to their users", "");
	if (sandbox_parent() != ERR_OK || (p->loop = loop_create()) == NULL ||
	    signals_take(p) != ERR_OK)
		return complain("cannot start", "");
	for (int k = 0; k < CHILDREN; k++) {
		p->children[k].parent = p;
		p->children[k].kind = k;
	}
	for (int k = 0; k < CHILDREN; k++)
		child_start(&p->children[k]);
	const enum err e = loop_run(p->loop);
	for (int k = 0; k < CHILDREN; k++)
		if (p->children[k].pid != 0)
			(void)kill(p->children[k].pid, SIGKILL);
	if (p->status == PARENT_NEWER) {
		(void)complain("what lies here was written by a newer Eaves, "
			       "and this one does not touch it. Update the "
			       "programs, or restore the backup from before "
			       "the update",
		    "");
		return p->status;
	}
	if (p->status != 0)
		return complain("a process could not start; its message "
				"stands above",
		    "");
	log_event(EV_STOPPED, F_NONE, F_NONE);
	return e == ERR_OK ? 0 : 1;
}

int
parent_main(int argc, char **argv)
{
	static struct parent p;
	const char *bad = "";
	int status;

	sandbox_begin();
	switch (conf_parse(argc, argv, &p.conf, &bad)) {
	case ERR_OK:
		break;
	case ERR_CLOSED:
		return 0;
	default:
		(void)complain("not understood (--help tells more)", bad);
		return 2;
	}
	if ((status = folders_open(&p)) != 0 || (status = ports_open(&p)) != 0)
		return status;
	return children_run(&p);
}
