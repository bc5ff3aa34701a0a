/*
 * main.c - eaves-hub: the parent, or with -x the hub process that it starts.
 */
#include <stdio.h>
#include <string.h>

#include "hub/hub.h"
#include "hub/parent.h"

int
main(int argc, char **argv)
{
	static struct settings settings;
	const char *why;
	bool done;

	if (argc == 3 && strcmp(argv[1], "-x") == 0 &&
	    strcmp(argv[2], PARENT_HUB_WORD) == 0)
		return hub_main();
	if (settings_parse(argc, argv, &settings, &done, &why) != ERR_OK) {
		(void)fprintf(stderr, "eaves-hub: %s\n", why);
		return 2;
	}
	return done ? 0 : parent_main(&settings);
}
