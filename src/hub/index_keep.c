#include "hub/index_keep.h"

#include "base/codec.h"
#include "os/file.h"

#define KEEP_VERSION 1
#define ONE_OCTETS   (ID_OCTETS + RUN_ID_OCTETS + 10)
#define ALL_OCTETS   (2 + HUB_CAMERAS_MAX * ONE_OCTETS)

void
index_keep_load(struct index_keep *k, int dir_fd)
{
	AUTO_BUF struct buf b;
	struct rd r;

	*k = (struct index_keep){ 0 };
	buf_init(&b, ALL_OCTETS);
	if (file_read(dir_fd, "indexes", &b) != ERR_OK)
		return;
	rd_init(&r, buf_slice(&b));
	const uint8_t version = rd_u8(&r);
	const uint8_t count = rd_u8(&r);
	if (version != KEEP_VERSION || count > HUB_CAMERAS_MAX)
		return;
	for (size_t i = 0; i < count; i++) {
		struct index_before *n = &k->at[i].newest;
		rd_id(&r, &k->at[i].thing);
		rd_copy(&r, n->run.octets, RUN_ID_OCTETS);
		n->index = rd_u32(&r);
		n->hour = rd_u32(&r);
		n->to = rd_u16(&r);
	}
	if (rd_end(&r) == ERR_OK)
		k->count = count;
	else
		*k = (struct index_keep){ 0 };
}

enum err
index_keep_save(const struct index_keep *k, int dir_fd)
{
	AUTO_BUF struct buf b;
	struct wr w;
	enum err e;

	buf_init(&b, ALL_OCTETS);
	wr_init(&w, &b);
	wr_u8(&w, KEEP_VERSION);
	wr_u8(&w, (uint8_t)k->count);
	for (size_t i = 0; i < k->count; i++) {
		const struct index_before *n = &k->at[i].newest;
		wr_id(&w, &k->at[i].thing);
		wr_octets(&w, SLICE_OF(n->run.octets));
		wr_u32(&w, n->index);
		wr_u32(&w, n->hour);
		wr_u16(&w, n->to);
	}
	if ((e = wr_end(&w)) != ERR_OK)
		return e;
	return file_write(dir_fd, "indexes", buf_slice(&b));
}

struct index_before
index_keep_get(const struct index_keep *k, const struct id *thing)
{
	for (size_t i = 0; i < k->count; i++)
		if (id_eq(&k->at[i].thing, thing))
			return k->at[i].newest;
	return (struct index_before){ 0 };
}

void
index_keep_set(struct index_keep *k, const struct id *thing,
    const struct index_before *newest)
{
	size_t i = 0;

	while (i < k->count && !id_eq(&k->at[i].thing, thing))
		i++;
	if (i == HUB_CAMERAS_MAX) { /* cameras come and go: the first went */
		memmove(k->at, k->at + 1, sizeof k->at - sizeof k->at[0]);
		i--;
	} else if (i == k->count) {
		k->count++;
	}
	k->at[i].thing = *thing;
	k->at[i].newest = *newest;
}
