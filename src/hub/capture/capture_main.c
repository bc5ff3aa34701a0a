/*
 * eaves-capture - a program of its own, not a role of eaves-hub, so that the
 * libraries that know a hundred video formats are never mapped where keys
 * are. eaves-hub starts it; by hand it does nothing.
 */
#include <fcntl.h>
#include <stdio.h>

#include "hub/capture/capture.h"

int
main(int argc, char **argv)
{
	(void)argv;
	if (argc != 1 || fcntl(CAPTURE_OUT_FD, F_GETFD) == -1) {
		(void)fputs("eaves-capture is started by eaves-hub\n", stderr);
		return 2;
	}
	return capture_main();
}
