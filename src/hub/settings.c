#include "hub/settings.h"

#include <getopt.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/codec.h"

static const char usage[] =
    "eaves-hub --dir FOLDER --server HOST:PORT --pin HEX\n"
    "    [--camera "
    "demo|FILE|pipe:FIFO|v4l2:DEVICE|rtsp://[USER@]HOST[:PORT]/PATH\n"
    "     [--camera-name NAME] [--no-sound]]...\n"
    "    [--demo-seed N] [--demo-speed X] [--link-url URL] [--uid-base UID]\n"
    "    [--spool MEGABYTES]\n"
    "A camera's password stands in FOLDER/camera-password (mode 0600), that\n"
    "of the second camera in FOLDER/camera-password-2, and so on.\n";

static const char password_words
    [] = "an address must not hold a password: other users would see it. Give\n"
	 "rtsp://USER@HOST/PATH and put the password, alone, into the file\n"
	 "camera-password in the hub's folder (mode 0600)";

#define UID_BASE     61103u /* after those of eavesd */
#define SPOOL_OCTETS (2ull << 30)

enum choice {
	OPTION_DIR = 1,
	OPTION_SERVER,
	OPTION_PIN,
	OPTION_CAMERA,
	OPTION_NAME,
	OPTION_SILENT,
	OPTION_SEED,
	OPTION_SPEED,
	OPTION_LINK,
	OPTION_UID,
	OPTION_SPOOL,
	OPTION_HELP,
	OPTION_VERSION
};

static const struct option options[] = {
	{ "dir", required_argument, NULL, OPTION_DIR },
	{ "server", required_argument, NULL, OPTION_SERVER },
	{ "pin", required_argument, NULL, OPTION_PIN },
	{ "camera", required_argument, NULL, OPTION_CAMERA },
	{ "camera-name", required_argument, NULL, OPTION_NAME },
	{ "no-sound", no_argument, NULL, OPTION_SILENT },
	{ "demo-seed", required_argument, NULL, OPTION_SEED },
	{ "demo-speed", required_argument, NULL, OPTION_SPEED },
	{ "uid-base", required_argument, NULL, OPTION_UID },
	{ "spool", required_argument, NULL, OPTION_SPOOL },
	{ "link-url", required_argument, NULL, OPTION_LINK },
	{ "help", no_argument, NULL, OPTION_HELP },
	{ "version", no_argument, NULL, OPTION_VERSION },
	{ 0 },
};

static const char *
text_set(char *to, const char *from, const char *why)
{
	const size_t n = strlen(from);

	if (n > SETTINGS_NAME_OCTETS || n == 0)
		return why;
	memcpy(to, from, n + 1);
	return NULL;
}

static const char *
camera_add(struct settings *s, const char *text)
{
	if (s->camera_count == HUB_CAMERAS_MAX)
		return "there are too many cameras";
	struct settings_camera *c = &s->camera[s->camera_count];
	switch (address_parse(text, &c->address)) {
	case ERR_OK:
		break;
	case ERR_DENIED:
		return password_words;
	default:
		return "--camera wants demo, a file, pipe:FIFO, "
		       "v4l2:DEVICE, or "
		       "rtsp://[USER@]HOST[:PORT]/PATH";
	}
	s->camera_count++;
	if (c->address.kind == CAPTURE_DEMO && s->camera_count == 1)
		(void)snprintf(c->name, sizeof c->name, "Porch");
	else
		(void)snprintf(c->name, sizeof c->name, "Camera %zu",
		    s->camera_count);
	return NULL;
}

static const char *
uid_set(struct settings *s, const char *text)
{
	char *end;
	const unsigned long v = strtoul(text, &end, 10);

	if (end == text || *end != '\0' || v > INT32_MAX)
		return "--uid-base wants a user's number; 0 keeps root";
	s->uid_base = (uint32_t)v;
	return NULL;
}

static const char *
seed_set(struct settings *s, const char *text)
{
	char *end;
	const unsigned long v = strtoul(text, &end, 10);

	if (*end != '\0' || end == text || v > UINT32_MAX)
		return "--demo-seed wants a whole number";
	s->demo_seed = (uint32_t)v;
	return NULL;
}

static const char *
speed_set(struct settings *s, const char *text)
{
	char *end;
	const double v = strtod(text, &end);

	if (*end != '\0' || end == text || !(v >= 0.001 && v <= 1000))
		return "--demo-speed wants a number from 0.001 to 1000";
	s->demo_speed_milli = (uint32_t)lround(v * 1000);
	return NULL;
}

/* Megabytes, so that nobody has to count zeros. */
static const char *
spool_set(struct settings *s, const char *text)
{
	char *end;
	const unsigned long v = strtoul(text, &end, 10);

	if (*end != '\0' || end == text || v > 1000000)
		return "--spool wants megabytes, 0 to 1000000";
	s->spool_octets = (uint64_t)v << 20;
	return NULL;
}

/* One option; what is wrong with it, or NULL. */
static const char *
option_take(struct settings *s, int option, const char *text)
{
	switch (option) {
	case OPTION_DIR:
		s->folder = text;
		return NULL;
	case OPTION_SERVER:
		return host_port_parse(text, s->host, &s->port) == ERR_OK
			   ? NULL
			   : "--server wants HOST:PORT";
	case OPTION_PIN:
		return hex_decode(slice_str(text), s->pin, 32) == ERR_OK
			   ? NULL
			   : "--pin wants the 64 hexadecimal digits that the "
			     "server "
			     "shows";
	case OPTION_CAMERA:
		return camera_add(s, text);
	case OPTION_NAME:
		if (s->camera_count == 0)
			return "--camera-name follows the --camera that it "
			       "names";
		return text_set(s->camera[s->camera_count - 1].name, text,
		    "a camera's name has 1 to 200 octets");
	case OPTION_SILENT:
		if (s->camera_count == 0)
			return "--no-sound follows the --camera that is not "
			       "to be heard";
		s->camera[s->camera_count - 1].sound_off = true;
		return NULL;
	case OPTION_SEED:
		return seed_set(s, text);
	case OPTION_SPEED:
		return speed_set(s, text);
	case OPTION_UID:
		return uid_set(s, text);
	case OPTION_SPOOL:
		return spool_set(s, text);
	case OPTION_LINK:
		return text_set(s->link_url, text, "--link-url wants a URL");
	default:
		return "see eaves-hub --help";
	}
}

static const char *
settings_check(const struct settings *s)
{
	static const uint8_t zeros[32];

	if (s->folder == NULL)
		return "--dir is missing";
	if (s->port == 0)
		return "--server is missing";
	if (memcmp(s->pin, zeros, sizeof zeros) == 0)
		return "--pin is missing";
	return NULL;
}

enum err
settings_parse(int argc, char **argv, struct settings *ret_settings,
    bool *ret_done, const char **reterr_why)
{
	struct settings *s = ret_settings;
	int option;

	*s = (struct settings){ .demo_seed = 1,
		.demo_speed_milli = 1000,
		.uid_base = UID_BASE,
		.spool_octets = SPOOL_OCTETS,
		.link_url = "http://localhost:8470" };
	*ret_done = false;
	while ((option = getopt_long(argc, argv, "", options, NULL)) != -1) {
		if (option == OPTION_HELP || option == OPTION_VERSION) {
			(void)fputs(option == OPTION_HELP
					? usage
					: "eaves-hub " EAVES_VERSION "\n",
			    stdout);
			*ret_done = true;
			return ERR_OK;
		}
		if ((*reterr_why = option_take(s, option, optarg)) != NULL)
			return ERR_SYNTAX;
	}
	*reterr_why = optind < argc ? "see eaves-hub --help"
				    : settings_check(s);
	return *reterr_why == NULL ? ERR_OK : ERR_SYNTAX;
}

enum err
settings_put(const struct settings *s, struct buf *to)
{
	struct wr w;

	wr_init(&w, to);
	wr_sized(&w, slice_str(s->host));
	wr_u16(&w, s->port);
	wr_u64(&w, s->spool_octets);
	wr_octets(&w, SLICE_OF(s->pin));
	wr_sized(&w, slice_str(s->link_url));
	wr_u32(&w, s->uid_base);
	wr_u8(&w, (uint8_t)s->camera_count);
	for (size_t i = 0; i < s->camera_count; i++) {
		wr_sized(&w, slice_str(s->camera[i].name));
		wr_u8(&w, s->camera[i].sound_off);
	}
	return wr_end(&w);
}

static void
text_get(struct rd *r, char *to, size_t room)
{
	const struct slice s = rd_sized(r, room - 1);

	if (s.len > 0)
		memcpy(to, s.at, s.len);
	to[s.len] = '\0';
}

enum err
settings_get(struct slice in, struct settings *ret_settings)
{
	struct settings *s = ret_settings;
	struct rd r;

	*s = (struct settings){ 0 };
	rd_init(&r, in);
	text_get(&r, s->host, sizeof s->host);
	s->port = rd_u16(&r);
	s->spool_octets = rd_u64(&r);
	rd_copy(&r, s->pin, sizeof s->pin);
	text_get(&r, s->link_url, sizeof s->link_url);
	s->uid_base = rd_u32(&r);
	s->camera_count = rd_u8(&r);
	if (s->camera_count > HUB_CAMERAS_MAX)
		return ERR_SYNTAX;
	for (size_t i = 0; i < s->camera_count; i++) {
		text_get(&r, s->camera[i].name, sizeof s->camera[i].name);
		s->camera[i].sound_off = rd_u8(&r) != 0;
	}
	return rd_end(&r);
}
