#include "hub/parent.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/prctl.h>
#include <sys/signalfd.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "base/obj.h"
#include "hub/channel.h"
#include "hub/device.h"
#include "hub/finder.h"
#include "hub/ports.h"
#include "hub/trying.h"
#include "hub/unit.h"
#include "log/log.h"
#include "os/clock.h"
#include "os/file.h"
#include "os/sandbox.h"
#include "os/sock.h"
#include "os/spawn.h"

#define REST_MS_MAX 30000
#define RAN_LONG_MS 60000
#define STOP_STEPS  200 /* of 10 ms */
/* Main and sub address of each camera, and one that is tried. */
#define CAPTURES_MAX (2 * HUB_CAMERAS_MAX + 1)

struct parent {
	const struct settings *settings;
	int folder_fd, signal_fd, channel_fd, capture_fd;
	pid_t hub;
	bool newer;                        /* what lies in the folder is */
	uint64_t hub_began_ms, hub_due_ms; /* due: when it may start again */
	uint64_t rest_ms;
	pid_t capture[CAPTURES_MAX];
	struct finders finders;
	struct ports ports[CAPTURES_MAX];
};

/* --- a camera's process --- */

/* The camera's password, alone in its file; none is none. */
static enum err
password_read(int folder_fd, size_t camera, struct buf *to)
{
	char name[32] = "camera-password";
	struct stat st;
	enum err e;

	if (camera > 0)
		(void)snprintf(name, sizeof name, "camera-password-%zu",
		    camera + 1);
	if (fstatat(folder_fd, name, &st, AT_SYMLINK_NOFOLLOW) == -1)
		return errno == ENOENT ? ERR_OK : err_of_errno(errno);
	if (!S_ISREG(st.st_mode) || (st.st_mode & 077) != 0) {
		log_event(EV_CAMERA_PASSWORD_MODE,
		    F_COUNT("camera", camera + 1), F_NONE);
		return ERR_DENIED;
	}
	if ((e = file_read(folder_fd, name, to)) != ERR_OK)
		return e;
	while (to->len > 0 &&
	       (to->at[to->len - 1] == '\n' || to->at[to->len - 1] == '\r'))
		to->len--;
	return ERR_OK;
}

static int32_t
zone_offset_s(void)
{
	const time_t now = time(NULL);
	struct tm tm;

	return localtime_r(&now, &tm) == NULL ? 0 : (int32_t)tm.tm_gmtoff;
}

/* What a capture process is started for. */
struct wish {
	const struct address *address;
	struct slice user, password;
	bool sound_off;
};

/* A pipe that already holds all that the child is to read from it. */
static enum err
settings_pipe(const struct parent *p, const struct wish *wish,
    const uint16_t udp_port[static 2], int *ret_fd)
{
	const struct settings *s = p->settings;
	AUTO_BUF struct buf octets;
	int fd[2];
	enum err e;

	buf_init_secret(&octets, CAPTURE_SETTINGS_OCTETS_MAX);
	const struct capture_settings c = {
		.kind = wish->address->kind,
		.demo_seed = s->demo_seed,
		.demo_speed_milli = s->demo_speed_milli,
		.zone_offset_s = zone_offset_s(),
		.uid = s->uid_base == 0 ? 0 : s->uid_base + 1,
		.sound_off = wish->sound_off,
		.udp_wanted = wish->address->udp,
		.udp_port = { udp_port[0], udp_port[1] },
		.url = slice_str(wish->address->url),
		.user = wish->user,
		.password = wish->password,
	};
	if ((e = capture_settings_put(&c, &octets)) != ERR_OK)
		return e;
	if (pipe2(fd, O_CLOEXEC) == -1)
		return err_of_errno(errno);
	/* at most CAPTURE_SETTINGS_OCTETS_MAX: a pipe takes it at once */
	e = fd_write_all(fd[1], buf_slice(&octets));
	(void)close(fd[1]);
	if (e != ERR_OK)
		(void)close(fd[0]);
	else
		*ret_fd = fd[0];
	return e;
}

/* What the capture process reads its pictures from; -1 for the demo. */
static enum reason
camera_open(const struct address *a, int *ret_fd)
{
	struct stat st;

	*ret_fd = -1;
	switch (a->kind) {
	case CAPTURE_DEMO:
		return REASON_RUNNING;
	case CAPTURE_RTSP:
		return sock_connect(a->host, a->port, ret_fd) == ERR_OK
			   ? REASON_RUNNING
			   : REASON_NO_ROUTE;
	case CAPTURE_WEBCAM:
		return device_open(a->path, ret_fd);
	case CAPTURE_FILE:
	case CAPTURE_PIPE:
	case CAPTURE_DISCOVER:
	case CAPTURE_PROBE:
	case CAPTURE_DEVICES:
	case CAPTURE__MAX:
		break;
	}
	const bool fifo = a->kind == CAPTURE_PIPE;
	/* a FIFO without a writer would hold us up: it is waited for there */
	const int fd = open(a->path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	if (fd == -1)
		return REASON_FILE;
	if (fstat(fd, &st) == -1 ||
	    !(fifo ? S_ISFIFO(st.st_mode) : S_ISREG(st.st_mode))) {
		(void)close(fd);
		return REASON_FILE;
	}
	*ret_fd = fd;
	return REASON_RUNNING;
}

static void
capture_end(struct parent *p, size_t camera)
{
	ports_close(&p->ports[camera]);
	if (p->capture[camera] <= 0)
		return;
	(void)kill(p->capture[camera], SIGKILL);
	(void)waitpid(p->capture[camera], NULL, 0);
	p->capture[camera] = 0;
}

static enum reason
capture_start(struct parent *p, size_t camera, const struct wish *wish,
    int *ret_fd)
{
	static const char *const argv[] = { "eaves-capture", NULL };
	AUTO_FD int camera_fd = -1;
	AUTO_FD int settings_fd = -1;
	AUTO_FD int word_fd = -1;
	const struct address *a = wish->address;
	struct ports *ports = &p->ports[camera];
	uint16_t udp_port[2] = { 0 };
	int out[2];
	enum reason why;

	capture_end(p, camera);
	why = camera_open(a, &camera_fd);
	if (why != REASON_RUNNING)
		return why;
	/* without them, packets come over the connection or not at all */
	if (a->kind == CAPTURE_RTSP &&
	    ports_open(ports, camera_fd, &word_fd, udp_port) != ERR_OK)
		udp_port[0] = udp_port[1] = 0;
	if (settings_pipe(p, wish, udp_port, &settings_fd) != ERR_OK)
		return REASON_PASSWORD;
	if (pipe2(out, O_CLOEXEC) == -1)
		return REASON_NO_PROCESS;
	const struct spawn spawn = { .argv = argv,
		.fds = { out[1], settings_fd, camera_fd, ports->fd[0],
		    ports->fd[1], ports->fd[2], ports->fd[3], word_fd },
		.fd_count = 8 };
	const enum err e = spawn_program(&spawn, p->capture_fd,
	    &p->capture[camera]);
	(void)close(out[1]);
	if (e != ERR_OK) {
		(void)close(out[0]);
		return REASON_NO_PROCESS;
	}
	*ret_fd = out[0];
	return REASON_RUNNING;
}

/* A camera of the command line. */
static enum reason
capture_by_hand(struct parent *p, size_t n, int *ret_fd)
{
	const struct address *a = &p->settings->camera[n / 2].address;
	AUTO_BUF struct buf password;

	buf_init_secret(&password, 256);
	if (a->kind == CAPTURE_RTSP &&
	    password_read(p->folder_fd, n / 2, &password) != ERR_OK)
		return REASON_PASSWORD;
	const struct wish wish = { .address = a,
		.user = slice_str(a->user),
		.password = buf_slice(&password),
		.sound_off = p->settings->camera[n / 2].sound_off };
	return capture_start(p, n, &wish, ret_fd);
}

/*
 * An RTSP address, or a video device by one of the names that are offered: so
 * that nobody who may manage cameras can have a file of this machine opened.
 */
static bool
is_nameable(enum capture_kind kind, const struct address *a)
{
	return a->kind == kind &&
	       (kind == CAPTURE_RTSP ||
		   (kind == CAPTURE_WEBCAM && device_path_allowed(a->path)));
}

/* A camera that the household named. */
static enum reason
capture_named(struct parent *p, size_t n, struct slice request, int *ret_fd)
{
	struct capture_settings s;
	struct address a;
	char url[ADDRESS_OCTETS_MAX + 1];

	if (capture_settings_get(request, &s) != ERR_OK ||
	    s.url.len >= sizeof url)
		return REASON_NOT_RTSP;
	memcpy(url, s.url.at, s.url.len);
	url[s.url.len] = '\0';
	if (strlen(url) != s.url.len || address_parse(url, &a) != ERR_OK ||
	    !is_nameable(s.kind, &a))
		return REASON_NOT_RTSP;
	const struct wish wish = { .address = &a,
		.user = s.user.len > 0 ? s.user : slice_str(a.user),
		.password = s.password,
		.sound_off = s.sound_off };
	return capture_start(p, n, &wish, ret_fd);
}

/* --- the hub process --- */

/* It has ended; why is asked in one case alone. */
static void
hub_status(struct parent *p, int status)
{
	p->hub = 0;
	p->newer |= WIFEXITED(status) &&
		    WEXITSTATUS(status) == HUB_STATUS_NEWER;
}

/* Without its channel it ends its runs and goes; who does not is ended. */
static void
hub_wait(struct parent *p)
{
	const struct timespec step = { .tv_nsec = 10000000 };
	int status;

	for (int i = 0; i < STOP_STEPS; i++) {
		if (waitpid(p->hub, &status, WNOHANG) == p->hub) {
			hub_status(p, status);
			return;
		}
		(void)nanosleep(&step, NULL);
	}
	(void)kill(p->hub, SIGKILL);
	(void)waitpid(p->hub, NULL, 0);
}

static void
hub_end(struct parent *p)
{
	if (p->channel_fd != -1)
		(void)close(p->channel_fd);
	p->channel_fd = -1;
	if (p->hub > 0)
		hub_wait(p);
	p->hub = 0;
	for (size_t i = 0; i < CAPTURES_MAX; i++)
		capture_end(p, i);
	finders_end(&p->finders);
}

static enum err
hub_settings_pipe(const struct parent *p, int *ret_fd)
{
	AUTO_BUF struct buf octets;
	int fd[2];
	enum err e;

	buf_init(&octets, SETTINGS_OCTETS_MAX);
	if ((e = settings_put(p->settings, &octets)) != ERR_OK)
		return e;
	if (pipe2(fd, O_CLOEXEC) == -1)
		return err_of_errno(errno);
	e = fd_write_all(fd[1], buf_slice(&octets));
	(void)close(fd[1]);
	if (e != ERR_OK)
		(void)close(fd[0]);
	else
		*ret_fd = fd[0];
	return e;
}

static enum err
hub_start(struct parent *p)
{
	static const char *const argv[] = { "eaves-hub", "-x", PARENT_HUB_WORD,
		NULL };
	AUTO_FD int settings_fd = -1;
	int pair[2];
	enum err e;

	if ((e = hub_settings_pipe(p, &settings_fd)) != ERR_OK ||
	    (e = sock_pair(pair)) != ERR_OK)
		return e;
	const struct spawn spawn = { .argv = argv,
		.fds = { pair[1], p->folder_fd, settings_fd },
		.fd_count = 3 };
	e = spawn_self(&spawn, &p->hub);
	(void)close(pair[1]);
	if (e != ERR_OK) {
		(void)close(pair[0]);
		return e;
	}
	p->channel_fd = pair[0];
	p->hub_began_ms = clock_monotonic_ms();
	return ERR_OK;
}

/* A hub process that ended is started again: after 1, 2, 4 ... 30 s. */
static void
hub_rest(struct parent *p)
{
	const uint64_t now = clock_monotonic_ms();

	hub_end(p);
	if (p->newer)
		return; /* for good */
	if (p->rest_ms == 0 || now - p->hub_began_ms > RAN_LONG_MS)
		p->rest_ms = 500;
	p->rest_ms = p->rest_ms * 2 > REST_MS_MAX ? REST_MS_MAX
						  : p->rest_ms * 2;
	p->hub_due_ms = now + p->rest_ms;
	log_event(EV_HUB_DIED, F_COUNT("again_in_s", p->rest_ms / 1000),
	    F_NONE);
}

/* False: it asks for what there is not. */
static bool
capture_serve(struct parent *p, const struct channel_request *r,
    struct channel_answer *a, int *ret_fd)
{
	const size_t n = r->camera == TRYING_CAMERA ? CAPTURES_MAX - 1
						    : r->camera;

	if (n >= CAPTURES_MAX)
		return false;
	if (r->more.len > 0)
		a->why = (uint8_t)capture_named(p, n, r->more, ret_fd);
	else if (n / 2 < p->settings->camera_count && n % 2 == 0)
		a->why = (uint8_t)capture_by_hand(p, n, ret_fd);
	else
		return false;
	return true;
}

static enum err
request_serve(struct parent *p)
{
	struct channel_request r;
	AUTO_BUF struct buf more;
	AUTO_FD int fd = -1;
	enum reason why;
	enum err e;

	buf_init_secret(&more, CHANNEL_MORE_OCTETS_MAX);
	if ((e = channel_asked(p->channel_fd, &r, &more)) != ERR_OK)
		return e;
	struct channel_answer a = { .ask = r.ask, .camera = r.camera };
	if (r.ask == CHANNEL_SERVER)
		a.why = (uint8_t)sock_connect(p->settings->host,
		    p->settings->port, &fd);
	else if (r.ask == CHANNEL_FIND) {
		if ((e = finders_start(&p->finders, r.camera, r.more, &why,
			 &fd)) != ERR_OK)
			return e;
		a.why = (uint8_t)why;
	} else if (r.ask != CHANNEL_CAMERA || !capture_serve(p, &r, &a, &fd))
		return ERR_SYNTAX;
	return channel_answer(p->channel_fd, &a, fd);
}

/* --- the loop --- */

static bool
signals_take(struct parent *p)
{
	struct signalfd_siginfo info;
	bool stop = false;
	int status;

	while (read(p->signal_fd, &info, sizeof info) == sizeof info)
		stop |= info.ssi_signo != SIGCHLD;
	for (size_t i = 0; i < CAPTURES_MAX; i++)
		if (p->capture[i] > 0 &&
		    waitpid(p->capture[i], NULL, WNOHANG) == p->capture[i]) {
			p->capture[i] = 0; /* its pipe tells the hub */
			ports_close(&p->ports[i]);
		}
	finders_reap(&p->finders);
	if (p->hub > 0 && waitpid(p->hub, &status, WNOHANG) == p->hub) {
		hub_status(p, status);
		hub_rest(p);
	}
	return !stop;
}

static int
wait_ms(const struct parent *p)
{
	const uint64_t now = clock_monotonic_ms();

	if (p->hub > 0)
		return finders_wait_ms(&p->finders);
	return p->hub_due_ms > now ? (int)(p->hub_due_ms - now) : 0;
}

static bool
parent_turn(struct parent *p)
{
	struct pollfd fds[2 + CAPTURES_MAX + FINDERS_MAX] = {
		{ .fd = p->signal_fd, .events = POLLIN },
		{ .fd = p->channel_fd, .events = POLLIN }
	};
	struct pollfd *const ports = fds + 2, *finders = ports + CAPTURES_MAX;

	for (size_t i = 0; i < CAPTURES_MAX; i++)
		ports[i] = (struct pollfd){ .fd = p->ports[i].word_fd,
			.events = POLLIN };
	finders_poll(&p->finders, finders);
	if (poll(fds, COUNT(fds), wait_ms(p)) == -1 && errno != EINTR)
		return false;
	for (size_t i = 0; i < CAPTURES_MAX; i++)
		if (ports[i].revents != 0)
			ports_serve(&p->ports[i]);
	finders_turn(&p->finders, finders);
	if (fds[1].revents != 0) {
		const enum err e = request_serve(p);
		/* talks nonsense: the less trusted side starts anew */
		if (e != ERR_OK && e != ERR_AGAIN)
			hub_rest(p);
	}
	if (fds[0].revents != 0 && !signals_take(p))
		return false;
	if (p->hub == 0 && !p->newer && clock_monotonic_ms() >= p->hub_due_ms &&
	    hub_start(p) != ERR_OK)
		hub_rest(p);
	return true;
}

/* --- the start --- */

static int
signals_open(void)
{
	sigset_t set;

	(void)sigemptyset(&set);
	(void)sigaddset(&set, SIGCHLD);
	(void)sigaddset(&set, SIGTERM);
	(void)sigaddset(&set, SIGINT);
	(void)sigaddset(&set, SIGHUP);
	(void)sigprocmask(SIG_BLOCK, &set, NULL);
	return signalfd(-1, &set, SFD_NONBLOCK | SFD_CLOEXEC);
}

/* Beside this program, as built; else where it is installed. */
static int
capture_program_open(void)
{
	static const char *const beside[] = { "eaves-capture",
		"capture/eaves-capture" };
	char self[2048], path[2304];
	const ssize_t n = readlink("/proc/self/exe", self, sizeof self - 1);

	if (n > 0) {
		self[n] = '\0';
		*strrchr(self, '/') = '\0';
		for (size_t i = 0; i < COUNT(beside); i++) {
			(void)snprintf(path, sizeof path, "%s/%s", self,
			    beside[i]);
			const int fd = open(path, O_RDONLY | O_CLOEXEC);
			if (fd != -1)
				return fd;
		}
	}
	return open(EAVES_LIBEXEC "/eaves-capture", O_RDONLY | O_CLOEXEC);
}

static const char *
parent_open(struct parent *p)
{
	if (folder_open(p->settings->folder, &p->folder_fd) != ERR_OK)
		return "its folder cannot be opened";
	if (flock(p->folder_fd, LOCK_EX | LOCK_NB) == -1)
		return "another hub runs in that folder";
	if ((p->capture_fd = capture_program_open()) == -1)
		return "the program eaves-capture is missing";
	if ((p->signal_fd = signals_open()) == -1)
		return "there are no signal descriptors here";
	return NULL;
}

/*
 * The hub process owns its folder when there is a user for it. Cameras'
 * passwords stay with this process.
 */
static enum err
folder_give(const struct parent *p)
{
	const uid_t uid = p->settings->uid_base;
	const struct dirent *entry;
	DIR *dir;
	enum err e;

	if (geteuid() != 0 || uid == 0)
		return ERR_OK;
	if (fchown(p->folder_fd, uid, uid) == -1)
		return err_of_errno(errno);
	if ((e = folder_list(p->folder_fd, ".", &dir)) != ERR_OK)
		return e;
	while (e == ERR_OK && (entry = readdir(dir)) != NULL)
		if (entry->d_name[0] != '.' &&
		    strncmp(entry->d_name, "camera-password", 15) != 0 &&
		    fchownat(p->folder_fd, entry->d_name, uid, uid,
			AT_SYMLINK_NOFOLLOW) == -1)
			e = err_of_errno(errno);
	(void)closedir(dir);
	return e;
}

int
parent_main(const struct settings *s)
{
	struct parent p = { .settings = s,
		.folder_fd = -1,
		.signal_fd = -1,
		.channel_fd = -1,
		.capture_fd = -1 };
	const char *why;

	for (size_t i = 0; i < CAPTURES_MAX; i++)
		ports_init(&p.ports[i]);
	sandbox_begin();
	if ((why = parent_open(&p)) != NULL) {
		(void)fprintf(stderr, "eaves-hub: %s\n", why);
		return 1;
	}
	if (folder_give(&p) != ERR_OK || sandbox_parent() != ERR_OK) {
		(void)fputs("eaves-hub: its processes cannot be fenced\n",
		    stderr);
		return 1;
	}
	finders_init(&p.finders, p.capture_fd,
	    s->uid_base == 0 ? 0 : s->uid_base + 1);
	while (parent_turn(&p) && !p.newer)
		;
	hub_end(&p);
	if (p.newer)
		(void)fputs("eaves-hub: what lies in its folder was written by "
			    "a newer Eaves, and this one does not touch it. "
			    "Update the programs\n",
		    stderr);
	return p.newer ? PARENT_STATUS_NEWER : 0;
}
