/*
 * main.c - which process this is. `-x role` is the parent's own word when it
 * executes itself again; everything else is for the parent.
 */
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "eavesd/role.h"

int
main(int argc, char **argv)
{
	struct role_start start = { 0 };

	if (argc < 2 || strcmp(argv[1], "-x") != 0)
		return parent_main(argc, argv);
	if (argc != 5)
		return 2;
	/* a terminal tells the whole group: the parent alone ends us, in order */
	(void)signal(SIGINT, SIG_IGN);
	(void)signal(SIGTERM, SIG_IGN);
	start.uid = (uid_t)strtoul(argv[3], NULL, 10);
	start.media_octets_max = strtoull(argv[4], NULL, 10);
	if (strcmp(argv[2], "keeper") == 0)
		return keeper_main(&start);
	if (strcmp(argv[2], "core") == 0)
		return core_main(&start);
	if (strcmp(argv[2], "edge") == 0)
		return edge_main(&start);
	return 2;
}
