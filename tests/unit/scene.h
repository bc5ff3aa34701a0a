/*
 * scene.h - one household with real parts, for tests of the whole system:
 * eavesd and eaves-hub as they are, the demo camera, and an app without a
 * screen, in a folder of its own. What goes wrong fails the test.
 */
#ifndef UNIT_SCENE_H
#define UNIT_SCENE_H

#include "unit/app.h"
#include "unit/program.h"

struct scene {
	const char *eavesd_path, *hub_path;
	char folder[64], server[96], keeper[96], hub_folder[96];
	struct child eavesd, hub;
	struct app app;
	uint16_t device_port;
};

/* An account, and its hub is paired. */
void scene_open(struct scene *s, const char *eavesd, const char *hub);
void scene_close(struct scene *s);

/* At the ports of before. */
void scene_eavesd_start(struct scene *s);
void scene_hub_start(struct scene *s);

#endif
