#include "unit/scene.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "unit/t.h"

void
scene_eavesd_start(struct scene *s)
{
	char ports[2][16], line[256];
	unsigned got[2];
	const char *const argv[] = { s->eavesd_path, "--dir", s->server,
		"--keeper-dir", s->keeper, "--port", ports[0], "--device-port",
		ports[1], "--uid-base", "0", NULL };

	(void)snprintf(ports[0], sizeof ports[0], "%u", s->app.port);
	(void)snprintf(ports[1], sizeof ports[1], "%u", s->device_port);
	child_start(&s->eavesd, argv);
	line_wait(&s->eavesd, "ready ", line, sizeof line);
	assert_int_equal(sscanf(line, "ready %u %u", &got[0], &got[1]), 2);
	s->app.port = (uint16_t)got[0];
	s->device_port = (uint16_t)got[1];
}

void
scene_hub_start(struct scene *s)
{
	char server[64], pin[80] = { 0 }, path[160], link[64];
	const char *const argv[] = { s->hub_path, "--dir", s->hub_folder,
		"--server", server, "--pin", pin, "--camera", "demo",
		"--camera-name", "Porch", "--link-url", link, NULL };

	(void)snprintf(server, sizeof server, "127.0.0.1:%u", s->device_port);
	(void)snprintf(link, sizeof link, "http://localhost:%u", s->app.port);
	(void)snprintf(path, sizeof path, "%s/device.pin", s->server);
	const int fd = open(path, O_RDONLY);
	assert_true(fd >= 0);
	assert_true(read(fd, pin, 64) == 64);
	close(fd);
	child_start(&s->hub, argv);
}

void
scene_open(struct scene *s, const char *eavesd, const char *hub)
{
	char line[512];

	*s = (struct scene){ .eavesd_path = eavesd, .hub_path = hub };
	strcpy(s->folder, "/tmp/eaves-scene.XXXXXX");
	assert_non_null(mkdtemp(s->folder));
	(void)snprintf(s->server, sizeof s->server, "%s/server", s->folder);
	(void)snprintf(s->keeper, sizeof s->keeper, "%s/keeper", s->folder);
	(void)snprintf(s->hub_folder, sizeof s->hub_folder, "%s/hub",
	    s->folder);
	scene_eavesd_start(s);
	scene_hub_start(s);
	line_wait(&s->hub, "link ", line, sizeof line);
	app_link(&s->app, line);
	app_sign_up(&s->app);
	app_pair(&s->app);
}

void
scene_close(struct scene *s)
{
	char command[128];

	child_stop(&s->hub);
	child_stop(&s->eavesd);
	(void)snprintf(command, sizeof command, "rm -rf %s", s->folder);
	assert_int_equal(system(command), 0);
}
