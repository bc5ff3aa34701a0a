/*
 * probe.c - the RTSP reader alone, for tests: connects, writes units to
 * standard output, ends with the reason's number.
 *
 *   rtsp-probe PORT URL [sound-off|udp]
 *
 * User and password: two lines on standard input. UDP ports are handed over
 * as the hub's parent does it, by a thread in its place.
 */
#include <poll.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "hub/capture/rtsp_run.h"
#include "hub/ports.h"
#include "os/sandbox.h"
#include "os/sock.h"

static void *
parent_act(void *arg)
{
	struct ports *ports = arg;
	struct pollfd p = { .fd = ports->word_fd, .events = POLLIN };

	(void)poll(&p, 1, -1);
	ports_serve(ports);
	return NULL;
}

static void
udp_give(int camera_fd, struct rtsp_udp_given *to)
{
	static struct ports ports, copies;
	pthread_t thread;

	to->word_fd = -1;
	if (ports_open(&ports, camera_fd, &to->word_fd, to->port) != ERR_OK)
		return;
	copies = ports;
	for (int i = 0; i < PORTS_COUNT; i++) {
		to->fd[i] = ports.fd[i];
		copies.fd[i] = dup(ports.fd[i]);
	}
	if (pthread_create(&thread, NULL, parent_act, &copies) != 0)
		to->word_fd = -1;
}

int
main(int argc, char **argv)
{
	char user[256] = "", password[256] = "";
	uint32_t detail;
	int fd;

	if (argc < 3)
		return 99;
	const char *word = argc > 3 ? argv[3] : "";
	sandbox_begin();
	if (fgets(user, sizeof user, stdin) != NULL &&
	    fgets(password, sizeof password, stdin) != NULL) {
		user[strcspn(user, "\n")] = '\0';
		password[strcspn(password, "\n")] = '\0';
	}
	if (sock_connect("127.0.0.1", (uint16_t)atoi(argv[1]), &fd) != ERR_OK)
		return REASON_NO_ROUTE;
	struct pollfd p = { .fd = fd, .events = POLLOUT };
	(void)poll(&p, 1, 10000);
	if (sock_error(fd) != ERR_OK)
		return REASON_REFUSED;
	struct rtsp_source s = { .url = slice_str(argv[2]),
		.user = slice_str(user),
		.password = slice_str(password),
		.sound_off = strcmp(word, "sound-off") == 0,
		.udp_wanted = strcmp(word, "udp") == 0 };
	udp_give(fd, &s.udp);
	return (int)rtsp_run(&s, fd, 1, &detail);
}
