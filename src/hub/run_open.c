#include "hub/run_open.h"

#define HOUR_US UINT64_C(3600000000)

enum err
hub_run_open(const struct hub_keys *keys, const struct hub_home *home,
    const struct run_wish *wish, struct run_sink sink,
    struct run_writer **ret_run)
{
	const struct hour_list *hours = hub_home_hours(home, wish->thing);
	struct run_info info = {
		.place = { home->home, *wish->thing, *wish->stream, keys->hub,
		    (uint8_t)wish->class },
		.epoch = home->epoch,
		.start_us = wish->start_us,
		.before = *wish->before,
		.directory_version = home->directory.version,
	};
	AUTO_KEY run_key;

	if (hours == NULL || home->directory.version == 0)
		return ERR_MISSING;
	const struct hour_public *to = hour_list_get(hours,
	    (uint32_t)(wish->start_us / HOUR_US));
	info.hour_id = to->id;
	memcpy(info.directory_hash, home->directory.hash, SHA256_OCTETS);
	memcpy(info.setup_hash, wish->setup_hash, SHA256_OCTETS);
	run_id_make(wish->stream, &info.run);
	octets_random(&run_key, sizeof run_key);
	const struct run_secrets secrets = { .run_key = &run_key };
	return run_write_open(&info, to->key, &keys->sign, &secrets, sink,
	    ret_run);
}
