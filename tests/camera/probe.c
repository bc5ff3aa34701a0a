/*
 * probe.c - the RTSP reader alone, for tests: connects, writes units to
 * standard output, ends with the reason's number.
 *
 *   rtsp-probe PORT URL [sound-off]
 *
 * User and password: two lines on standard input.
 */
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "hub/capture/rtsp_run.h"
#include "os/sandbox.h"
#include "os/sock.h"

int
main(int argc, char **argv)
{
	char user[256] = "", password[256] = "";
	uint32_t detail;
	int fd;

	if (argc < 3)
		return 99;
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
	const struct rtsp_source s = { slice_str(argv[2]), slice_str(user),
		slice_str(password),
		argc > 3 && strcmp(argv[3], "sound-off") == 0 };
	return (int)rtsp_run(&s, fd, 1, &detail);
}
