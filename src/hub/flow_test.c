/*
 * The whole path with real parts: eavesd and eaves-hub as they are, the demo
 * camera, and an app without a screen. A household signs up, pairs the hub,
 * watches, and then things go wrong.
 *
 * flow_test EAVESD EAVES-HUB
 */
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/codec.h"
#include "base/obj.h"
#include "crypto/aead.h"
#include "crypto/hpke.h"
#include "crypto/sframe.h"
#include "model/body.h"
#include "model/heads.h"
#include "os/clock.h"
#include "unit/scene.h"
#include "unit/t.h"

static const char *eavesd_path, *hub_path;
static struct scene scene;

static int
opened(void **state)
{
	(void)state;
	scene_open(&scene, eavesd_path, hub_path);
	return 0;
}

static int
closed(void **state)
{
	(void)state;
	scene_close(&scene);
	return 0;
}

/* --- watching --- */

struct watch {
	struct run_reader *reader;
	struct run_info info;
	unsigned pictures, verified, runs;
	bool ended;
	uint64_t late_us; /* of the newest picture */
};

static void
watch_begin(struct app *a)
{
	app_live_open(a);
	app_live_say(a, json_pack("{s:s,s:i,s:o}", "t", "watch", "n", 1,
			    "stream", body_id(&a->camera_stream)));
	json_t *o = app_live_until(a, "watching");
	json_decref(o);
}

static void
watch_header(struct watch *w, const struct app *a, struct slice record)
{
	struct run_clear clear;

	T_OK(run_clear_parse(record, &clear));
	run_read_close(w->reader);
	app_run_open(a, record, &w->info, &w->reader);
	w->runs++;
}

/* Take one message; false when it was no record. */
static bool
watch_one(struct watch *w, struct app *a)
{
	struct slice octets;
	struct run_said said;
	uint8_t flags;
	struct slice body;
	json_t *text;

	app_live_next(a, &text, &octets);
	json_decref(text);
	if (text != NULL)
		return false;
	const struct slice record = slice_skip(octets, 4);
	T_OK(run_record_flags(record, &flags, &body));
	if (flags == RUN_HEADER) {
		watch_header(w, a, record);
		return true;
	}
	assert_non_null(w->reader);
	T_OK(run_read(w->reader, record, &said));
	w->ended = said.ends;
	if (said.kind == RUN_H264) {
		w->pictures++;
		w->late_us = clock_realtime_us() - said.time_us;
		/* a key frame begins with its SPS, behind its length */
		if ((said.flags & RUN_KEY) != 0)
			assert_int_equal(said.octets.at[4] & 31, 7);
	}
	if (said.verified_first != 0)
		w->verified += (unsigned)(said.verified_last -
					  said.verified_first + 1);
	return true;
}

static void
watch_end(struct watch *w, struct app *a)
{
	run_read_close(w->reader);
	app_live_close(a);
}

static void
a_member_sees_the_porch_and_every_picture_is_signed(void **state)
{
	struct app *a = &scene.app;
	struct watch w = { 0 };

	(void)state;
	watch_begin(a);
	uint64_t late[45];
	while (w.pictures < 45) {
		(void)watch_one(&w, a);
		if (w.pictures > 0)
			late[w.pictures - 1] = w.late_us;
	}
	/* the first group may have waited for us; the last one came live */
	uint64_t sum = 0;
	for (size_t i = 30; i < 45; i++)
		sum += late[i];
	print_message("# from the camera to the app: %.1f ms\n",
	    (double)sum / 15 / 1000);
	assert_true(sum / 15 < 1000000);
	assert_true(w.verified >= 15);
	assert_int_equal(w.info.directory_version, a->h.version);
	watch_end(&w, a);
}

/* The user of a process, who cannot be seen by the owner of its /proc. */
static unsigned
user_of(pid_t pid)
{
	char path[64], line[256];
	unsigned uid = 0;

	(void)snprintf(path, sizeof path, "/proc/%d/status", (int)pid);
	FILE *f = fopen(path, "re");
	assert_non_null(f);
	while (fgets(line, sizeof line, f) != NULL)
		(void)sscanf(line, "Uid: %u", &uid);
	(void)fclose(f);
	return uid;
}

static void
started_as_root_each_process_has_a_user_of_its_own(void **state)
{
	struct app *a = &scene.app;
	struct watch w = { 0 };

	(void)state;
	if (geteuid() != 0)
		skip(); /* then all are the one who started it */
	watch_begin(a);
	while (w.pictures < 1)
		(void)watch_one(&w, a);
	assert_int_equal(user_of(child_of(scene.hub.pid, "eaves-hub")), 61103);
	assert_int_equal(user_of(child_of(scene.hub.pid, "eaves-capture")),
	    61104);
	watch_end(&w, a);
}

static void
a_camera_process_that_dies_is_replaced_in_a_new_run(void **state)
{
	struct app *a = &scene.app;
	struct watch w = { 0 };

	(void)state;
	watch_begin(a);
	while (w.pictures < 5)
		(void)watch_one(&w, a);
	const struct run_id first = w.info.run;
	const pid_t pid = child_of(scene.hub.pid, "eaves-capture");
	assert_true(pid > 0);
	assert_int_equal(kill(pid, SIGKILL), 0);
	while (w.runs < 2)
		(void)watch_one(&w, a);
	assert_memory_equal(w.info.before.run.octets, first.octets, 8);
	assert_true(w.info.before.last_index > 0);
	assert_true(child_of(scene.hub.pid, "eaves-capture") > 0);
	assert_int_not_equal(child_of(scene.hub.pid, "eaves-capture"), pid);
	const unsigned before = w.pictures;
	while (w.pictures < before + 5)
		(void)watch_one(&w, a);
	watch_end(&w, a);
}

static void
the_hub_comes_back_when_the_servers_door_dies(void **state)
{
	struct app *a = &scene.app;
	struct watch w = { 0 };

	(void)state;
	watch_begin(a);
	while (w.pictures < 5)
		(void)watch_one(&w, a);
	const struct run_id first = w.info.run;
	app_live_close(a);
	child_stop(&scene.eavesd);
	scene_eavesd_start(&scene);
	watch_begin(a);
	w.runs = 0;
	while (w.runs < 1)
		(void)watch_one(&w, a);
	assert_memory_not_equal(w.info.run.octets, first.octets, 8);
	assert_memory_equal(w.info.before.run.octets, first.octets, 8);
	watch_end(&w, a);
}

static void
the_hubs_clock_is_asked_through_the_server(void **state)
{
	struct app *a = &scene.app;
	AUTO_BUF struct buf info, body, reply, plain;
	uint8_t enc[32];
	struct hpke hpke;
	struct key key;
	struct rd r;

	(void)state;
	buf_init(&info, 128);
	buf_init(&body, 128);
	buf_init(&reply, 256);
	buf_init(&plain, 256);
	T_OK(label_info(LABEL_CLOCK, &info));
	T_OK(buf_append(&info, id_slice(&a->h.home)));
	T_OK(buf_append(&info, id_slice(&a->hub.id)));
	const struct hpke_info hi = { .info = buf_slice(&info) };
	T_OK(hpke_send(a->hub.kx, &hi, enc, &hpke));
	hpke_export(&hpke, SLICE_LIT("eaves/1/clock reply"), &key);
	const struct be64 t1 = be64_make(clock_realtime_us());
	T_OK(buf_append(&body, SLICE_OF(enc)));
	T_OK(hpke_seal(&hpke, (struct slice){ NULL, 0 }, be64_tail(&t1, 8),
	    &body));
	app_live_open(a);
	app_live_say(a,
	    json_pack("{s:s,s:i,s:o,s:o}", "t", "clock", "n", 7, "hub",
		body_id(&a->hub.id), "body", body_b64(buf_slice(&body))));
	json_t *o;
	do {
		o = app_live_until(a, "clock");
	} while (json_object_get(o, "body") == NULL && (json_decref(o), true));
	const char *text = json_string_value(json_object_get(o, "body"));
	uint8_t *to;
	size_t len;
	T_OK(buf_reserve(&reply, 256, &to));
	T_OK(b64_decode(slice_str(text), to, 256, &len));
	T_OK(gcm_open(&key, gcm_zero_nonce, (struct slice){ NULL, 0 },
	    slice_make(to, len), &plain));
	rd_init(&r, buf_slice(&plain));
	assert_true(rd_u64(&r) == slice_be(be64_tail(&t1, 8), 8));
	const uint64_t t2 = rd_u64(&r), t3 = rd_u64(&r);
	assert_true(t3 >= t2 && t2 + 5000000 > clock_realtime_us());
	assert_int_equal(rd_u8(&r), 0);
	T_OK(rd_end(&r));
	json_decref(o);
	app_live_close(a);
}

/* The newest heads, opened with the household's key. */
static void
heads_wait(struct app *a, struct heads *ret_heads)
{
	AUTO_BUF struct buf sealed;
	uint8_t *to;
	size_t len;
	json_t *o = app_live_until(a, "heads");
	const char *text = json_string_value(json_object_get(o, "body"));

	buf_init(&sealed, HEADS_OCTETS_MAX + 64);
	T_OK(buf_reserve(&sealed, HEADS_OCTETS_MAX, &to));
	T_OK(b64_decode(slice_str(text), to, HEADS_OCTETS_MAX, &len));
	T_OK(heads_open(slice_make(to, len), &a->h.home, &a->h.people_key,
	    a->hub.sign, ret_heads));
	json_decref(o);
}

static void
heads_name_the_newest_mark_and_come_while_somebody_watches(void **state)
{
	struct app *a = &scene.app;
	static struct heads first, second;

	(void)state;
	watch_begin(a);
	heads_wait(a, &first);
	assert_int_equal(first.directory_version, a->h.version);
	assert_memory_equal(first.directory_hash, a->h.hash, 32);
	assert_int_equal(first.count, 1);
	assert_true(id_eq(&first.head[0].stream, &a->camera_stream));
	heads_wait(a, &second);
	assert_true(second.counter > first.counter);
	assert_true(second.time_us > first.time_us);
	app_live_close(a);
}

/* --- what a thief finds --- */

/* AES-256-GCM key of a run's records (RFC 9605, section 4.4.2). */
static void
sframe_key(const struct key *base, const struct run_id *run,
    struct key *ret_key)
{
	const uint8_t kid_suite[] = { run->octets[0], run->octets[1],
		run->octets[2], run->octets[3], run->octets[4], run->octets[5],
		run->octets[6], run->octets[7], 0, 5 };
	uint8_t prk[64];

	hkdf512_extract((struct slice){ NULL, 0 }, FIELDS(key_slice(base)),
	    prk);
	hkdf512_expand(prk,
	    FIELDS(SLICE_LIT("SFrame 1.0 Secret key "), SLICE_OF(kid_suite)),
	    ret_key->octets, 32);
}

static void
run_key_find(const struct app *a, struct slice header, struct key *ret_run,
    struct key *ret_base, struct key *ret_aes)
{
	AUTO_BUF struct buf info, plain;
	struct run_clear c;
	struct place place;
	struct hpke hpke;
	struct key hour;

	T_OK(run_clear_parse(header, &c));
	app_place(a, &place);
	app_hour_private(a, clock_hour(), &hour);
	buf_init(&info, 256);
	buf_init(&plain, 256);
	T_OK(run_key_info(&place, &c.run, &info));
	const struct hpke_info hi = { .info = buf_slice(&info) };
	T_OK(hpke_receive(&hour, c.enc.at, &hi, &hpke));
	T_OK(hpke_open(&hpke, slice_head(header, 15), c.sealed_key, &plain));
	memcpy(ret_run, plain.at, 32);
	run_base_key(ret_run, &place, &c.run, ret_base);
	sframe_key(ret_base, &c.run, ret_aes);
}

/* The next header that comes. */
static void
header_wait(struct app *a, struct buf *to)
{
	for (;;) {
		struct slice octets;
		json_t *text;
		app_live_next(a, &text, &octets);
		json_decref(text);
		if (text == NULL && octets.at[5] == RUN_HEADER) {
			buf_clear(to);
			T_OK(buf_append(to, slice_skip(octets, 4)));
			return;
		}
	}
}

static void
a_thief_with_folder_and_memory_finds_no_key_of_a_past_run(void **state)
{
	struct app *a = &scene.app;
	AUTO_BUF struct buf old, fresh;
	struct key run, base, aes;
	char command[512];

	(void)state;
#if EAVES_SANITIZED
	skip(); /* freed memory is kept in quarantine there */
#endif
	if (geteuid() != 0)
		skip(); /* nobody else may read that memory */
	buf_init(&old, 1024);
	buf_init(&fresh, 1024);
	watch_begin(a);
	header_wait(a, &old);
	run_key_find(a, buf_slice(&old), &run, &base, &aes);
	const pid_t hub = child_of(scene.hub.pid, "eaves-hub");
	assert_true(hub > 0);
	/* while the run goes on its key is there: the search works */
	assert_true(memory_holds(hub, key_slice(&aes)));
	(void)kill(child_of(scene.hub.pid, "eaves-capture"), SIGKILL);
	header_wait(a, &fresh);
	assert_false(memory_holds(hub, key_slice(&run)));
	assert_false(memory_holds(hub, key_slice(&base)));
	assert_false(memory_holds(hub, key_slice(&aes)));
	/* nor do they lie anywhere in the folder */
	char hex[65];
	hex_encode(key_slice(&run), hex);
	(void)snprintf(command, sizeof command,
	    "cat %s/* %s/keys/* 2>/dev/null | od -An -v -tx1 | tr -d ' \\n' | "
	    "grep -q %s",
	    scene.hub_folder, scene.hub_folder, hex);
	assert_int_not_equal(system(command), 0);
	app_live_close(a);
}

static void
nothing_in_the_hubs_folder_opens_a_run(void **state)
{
	static const char *const names[] = { "home", "keys/sign", "keys/kx",
		"keys/id", "keys/tls.pem", "keys/cameras" };
	struct app *a = &scene.app;
	AUTO_BUF struct buf header;

	(void)state;
	buf_init(&header, 1024);
	watch_begin(a);
	header_wait(a, &header);
	app_live_close(a);
	for (size_t i = 0; i < COUNT(names); i++) {
		char path[160];
		(void)snprintf(path, sizeof path, "%s/%s", scene.hub_folder,
		    names[i]);
		struct slice s = t_file(path);
		/* the sealed directory is long and is no key */
		app_run_stays_shut(a, buf_slice(&header),
		    slice_head(s, s.len < 700 ? s.len : 700));
		free((void *)(uintptr_t)s.at);
	}
}

/* --- the end --- */

/* The newest record of the run that is being watched says that it ends. */
static void
a_hub_that_is_stopped_ends_its_run_and_knows_its_home_again(void **state)
{
	struct app *a = &scene.app;
	struct watch w = { 0 };

	(void)state;
	watch_begin(a);
	while (w.pictures < 3)
		(void)watch_one(&w, a);
	const struct run_id first = w.info.run;
	child_stop(&scene.hub);
	while (!w.ended)
		(void)watch_one(&w, a);
	scene_hub_start(&scene);
	w.runs = 0;
	while (w.runs == 0)
		(void)watch_one(&w, a);
	assert_memory_not_equal(w.info.run.octets, first.octets, 8);
	const unsigned before = w.pictures;
	while (w.pictures < before + 3)
		(void)watch_one(&w, a);
	watch_end(&w, a);
}

static void
a_hub_that_the_household_removes_forgets_it(void **state)
{
	struct app *a = &scene.app;
	char line[512], path[160];
	struct stat st;

	(void)state;
	a->h.hub_count = 0;
	a->h.thing_count = 0;
	a->h.extra_count = 0;
	app_write(a, NULL, 0);
	line_wait(&scene.hub, "link ", line, sizeof line);
	(void)snprintf(path, sizeof path, "%s/home", scene.hub_folder);
	assert_int_equal(stat(path, &st), 0);
	assert_int_equal(st.st_size, 0);
}

int
main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(
		    a_member_sees_the_porch_and_every_picture_is_signed),
		cmocka_unit_test(
		    started_as_root_each_process_has_a_user_of_its_own),
		cmocka_unit_test(
		    a_camera_process_that_dies_is_replaced_in_a_new_run),
		cmocka_unit_test(the_hubs_clock_is_asked_through_the_server),
		cmocka_unit_test(
		    heads_name_the_newest_mark_and_come_while_somebody_watches),
		cmocka_unit_test(the_hub_comes_back_when_the_servers_door_dies),
		cmocka_unit_test(
		    a_thief_with_folder_and_memory_finds_no_key_of_a_past_run),
		cmocka_unit_test(nothing_in_the_hubs_folder_opens_a_run),
		cmocka_unit_test(
		    a_hub_that_is_stopped_ends_its_run_and_knows_its_home_again),
		cmocka_unit_test(a_hub_that_the_household_removes_forgets_it),
	};

	if (argc != 3 || crypto_init() != ERR_OK)
		return 2;
	eavesd_path = argv[1];
	hub_path = argv[2];
	(void)signal(SIGPIPE, SIG_IGN);
	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, opened, closed);
}
