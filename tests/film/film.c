/*
 * film HUB CAMERA - the writer of the hub, for tests of what is exported: units
 * on the standard input, records on the standard output. Keys and names come
 * from these words, so that two calls are one hub.
 *
 * unit: what u8 (0 a run begins, 1 key frame, 2 picture, 3 sound, 4 a second
 * is over, 5 the run ends, 6 a run begins that knows of none before, 7 a key
 * frame of H.265, 8 a picture of it) ‖ time u64 ‖ length u32 ‖ octets. First
 * come the names and keys: home ‖ thing ‖ stream ‖ writer ‖ the hour's private
 * key ‖ the hub's key; then each record behind its u32 length.
 */
#include <stdio.h>
#include <stdlib.h>

#include "base/codec.h"
#include "crypto/crypto.h"
#include "crypto/kx.h"
#include "model/run_write.h"

struct film {
	struct key hour;
	uint8_t hour_public[KX_OCTETS];
	struct sign_pair hub;
	struct run_info info;
	struct run_writer *w;
	struct run_before before;
};

#define MUST(call)                                                             \
	do {                                                                   \
		if ((call) != ERR_OK)                                          \
			abort();                                               \
	} while (0)

static void
say(struct slice s)
{
	if (fwrite(s.at, 1, s.len, stdout) != s.len)
		abort();
}

static void
say_record(void *to, uint64_t index, uint8_t flags, struct slice record)
{
	const struct be64 n = be64_make(record.len);

	(void)to;
	(void)index;
	(void)flags;
	say(be64_tail(&n, 4));
	say(record);
}

static void
draw(const char *seed, const char *name, void *to, size_t n)
{
	uint8_t hash[SHA256_OCTETS];
	const struct slice parts[] = { slice_str(seed), slice_str(name) };

	sha256_join(parts, 2, hash);
	memcpy(to, hash, n);
}

static void
film_open(struct film *f, const char *hub_seed, const char *seed)
{
	struct key hub;
	struct place *p = &f->info.place;

	*f = (struct film){ 0 };
	draw(hub_seed, "hub", &hub, sizeof hub);
	draw(seed, "hour", &f->hour, sizeof f->hour);
	draw(hub_seed, "home", &p->home, sizeof p->home);
	draw(seed, "thing", &p->thing, sizeof p->thing);
	draw(seed, "stream", &p->stream, sizeof p->stream);
	draw(hub_seed, "writer", &p->writer, sizeof p->writer);
	p->class = RUN_MEDIA;
	sign_pair_make(&hub, &f->hub);
	kx_public(&f->hour, f->hour_public);
	f->info.epoch = 1;
	say(id_slice(&p->home));
	say(id_slice(&p->thing));
	say(id_slice(&p->stream));
	say(id_slice(&p->writer));
	say(key_slice(&f->hour));
	say(SLICE_OF(f->hub.public));
}

static void
film_run(struct film *f, uint64_t time_us, bool knows)
{
	const struct run_sink sink = { say_record, NULL };
	struct key run_key;

	if (f->w != NULL) {
		run_write_before(f->w, &f->before);
		run_write_close(f->w);
	}
	f->info.before = knows ? f->before : (struct run_before){ 0 };
	f->info.start_us = time_us;
	run_id_make(&f->info.place.stream, &f->info.run);
	octets_random(&run_key, sizeof run_key);
	const struct run_secrets secrets = { .run_key = &run_key };
	MUST(run_write_open(&f->info, f->hour_public, &f->hub, &secrets, sink,
	    &f->w));
}

static void
film_unit(struct film *f, int what, uint64_t time_us, struct slice octets)
{
	switch (what) {
	case 0:
	case 6:
		film_run(f, time_us, what == 0);
		break;
	case 1:
	case 2:
		MUST(run_write_media(f->w, what == 1, time_us, RUN_H264,
		    octets));
		break;
	case 7:
	case 8:
		MUST(run_write_media(f->w, what == 7, time_us, RUN_H265,
		    octets));
		break;
	case 3:
		MUST(run_write_media(f->w, false, time_us, RUN_SOUND, octets));
		break;
	case 4:
		MUST(run_write_tick(f->w, time_us));
		break;
	case 5:
		MUST(run_write_end(f->w, time_us));
		break;
	default:
		abort();
	}
}

int
main(int argc, char **argv)
{
	struct film f;
	uint8_t head[13];

	if (argc != 3 || crypto_init() != ERR_OK)
		return 2;
	film_open(&f, argv[1], argv[2]);
	while (fread(head, 1, sizeof head, stdin) == sizeof head) {
		const struct slice h = SLICE_OF(head);
		const size_t n = (size_t)slice_be(slice_skip(h, 9), 4);
		uint8_t *octets = malloc(n + 1);
		if (octets == NULL || fread(octets, 1, n, stdin) != n)
			abort();
		film_unit(&f, head[0], slice_be(slice_skip(h, 1), 8),
		    slice_make(octets, n));
		free(octets);
	}
	run_write_close(f.w);
	return fflush(stdout) == 0 ? 0 : 1;
}
