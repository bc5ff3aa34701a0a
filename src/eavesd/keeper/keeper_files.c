#include <errno.h>
#include <fcntl.h>
#include <sodium.h>
#include <stdlib.h>
#include <sys/stat.h>

#include "eavesd/keeper/keeper.h"
#include "os/clock.h"
#include "os/file.h"

#define SECRET_NAME "keeper.secret"
/* Its last octet is the version of all that lies in the folder. */
#define SECRET_MAGIC      SLICE_LIT("EAVESKP1")
#define SECRET_OCTETS     (8 + 4 * KEY_OCTETS + 64 + 32 + 1 + KEY_OCTETS)
#define SECRET_OCTETS_MAX 4096 /* of a newer Eaves, too */
#define JOURNAL_ROW       48   /* type, id, generation, 15 octets of check */
#define SLOT_OCTETS       32
#define SLOTS_MAX         (1u << 26)

/* --- the secret --- */

static void
secret_draw(struct buf *b)
{
	uint8_t random[SECRET_OCTETS - 8];

	octets_random(random, sizeof random);
	random[4 * KEY_OCTETS + 96] = 1; /* version of the row key */
	if (buf_append(b, SECRET_MAGIC) != ERR_OK ||
	    buf_append(b, SLICE_OF(random)) != ERR_OK)
		abort(); /* its cap is more than this */
	octets_wipe(random, sizeof random);
}

static enum err
secret_parse(struct slice s, struct keeper_secret *to)
{
	uint8_t oprf_seed[64], seed[32];
	struct rd r;

	if (slice_starts(s, slice_head(SECRET_MAGIC, 7)) &&
	    s.at[7] > SECRET_MAGIC.at[7] && s.at[7] <= '9')
		return ERR_UNSUPPORTED;
	if (s.len != SECRET_OCTETS || !slice_starts(s, SECRET_MAGIC))
		return ERR_CORRUPT;
	rd_init(&r, slice_skip(s, 8));
	rd_copy(&r, to->index_key.octets, KEY_OCTETS);
	rd_copy(&r, to->name_key.octets, KEY_OCTETS);
	rd_copy(&r, to->fake_key.octets, KEY_OCTETS);
	rd_copy(&r, to->root_key.octets, KEY_OCTETS);
	rd_copy(&r, oprf_seed, sizeof oprf_seed);
	rd_copy(&r, seed, sizeof seed);
	to->row_key.version = rd_u8(&r);
	rd_copy(&r, to->row_key.key.octets, KEY_OCTETS);
	opaque_server_make(oprf_seed, seed, &to->opaque);
	octets_wipe(oprf_seed, sizeof oprf_seed);
	octets_wipe(seed, sizeof seed);
	return rd_end(&r);
}

static enum err
secret_load(struct keeper *k)
{
	struct buf b;
	enum err e;

	buf_init_secret(&b, SECRET_OCTETS_MAX);
	e = file_read(k->folder_fd, SECRET_NAME, &b);
	if (e == ERR_MISSING) {
		secret_draw(&b);
		e = file_write(k->folder_fd, SECRET_NAME, buf_slice(&b));
	}
	if (e == ERR_OK)
		e = secret_parse(buf_slice(&b), k->secret);
	buf_fini(&b);
	return e;
}

/* --- generations --- */

static enum err
generation_put(struct generation_table *t, const struct scope *s)
{
	for (size_t i = 0; i < t->count; i++)
		if (t->at[i].type == s->type && id_eq(&t->at[i].id, &s->id)) {
			t->at[i].generation = s->generation;
			return ERR_OK;
		}
	if (t->count == t->room) {
		const size_t room = t->room == 0 ? 64 : 2 * t->room;
		struct scope *at = realloc(t->at, room * sizeof *at);

		if (at == NULL)
			return ERR_NOMEM;
		t->at = at;
		t->room = room;
	}
	t->at[t->count++] = *s;
	return ERR_OK;
}

static void
journal_row(const struct scope *s, uint8_t to[static JOURNAL_ROW])
{
	uint8_t check[SHA256_OCTETS];

	to[0] = s->type;
	memcpy(to + 1, s->id.octets, ID_OCTETS);
	memcpy(to + 17, s->generation.octets, ID_OCTETS);
	sha256(slice_make(to, 33), check);
	memcpy(to + 33, check, JOURNAL_ROW - 33);
}

/* A row that is not whole ends the journal: it was never acknowledged. */
static enum err
journal_load(struct keeper *k)
{
	uint8_t row[JOURNAL_ROW], want[JOURNAL_ROW];
	off_t at = 0;
	enum err e;

	for (;; at += JOURNAL_ROW) {
		struct scope s;

		if (pread(k->generations_fd, row, sizeof row, at) !=
		    (ssize_t)sizeof row)
			break;
		s.type = row[0];
		memcpy(s.id.octets, row + 1, ID_OCTETS);
		memcpy(s.generation.octets, row + 17, ID_OCTETS);
		journal_row(&s, want);
		if (memcmp(row, want, sizeof row) != 0)
			break;
		if ((e = generation_put(&k->generations, &s)) != ERR_OK)
			return e;
	}
	return ftruncate(k->generations_fd, at) == -1 ||
		       lseek(k->generations_fd, at, SEEK_SET) == -1
		   ? ERR_IO
		   : ERR_OK;
}

void
keeper_generation(const struct keeper *k, uint8_t type, const struct id *id,
    struct id *ret_generation)
{
	*ret_generation = (struct id){ 0 };
	for (size_t i = 0; i < k->generations.count; i++)
		if (k->generations.at[i].type == type &&
		    id_eq(&k->generations.at[i].id, id))
			*ret_generation = k->generations.at[i].generation;
}

enum err
keeper_raise(struct keeper *k, uint8_t type, const struct id *id)
{
	struct scope s = { .type = type, .id = *id };
	uint8_t row[JOURNAL_ROW];
	enum err e;

	octets_random(s.generation.octets, ID_OCTETS);
	journal_row(&s, row);
	const off_t at = lseek(k->generations_fd, 0, SEEK_CUR);
	if (at == -1)
		return ERR_IO;
	e = fd_write_all(k->generations_fd, SLICE_OF(row));
	if (e == ERR_OK && fdatasync(k->generations_fd) == -1)
		e = ERR_IO;
	if (e == ERR_OK)
		return generation_put(&k->generations, &s);
	/* half a row here would end the journal before every later one */
	if (ftruncate(k->generations_fd, at) == -1 ||
	    lseek(k->generations_fd, at, SEEK_SET) == -1)
		abort(); /* what is on the disk, the next start cuts */
	return e;
}

/* --- slots of rest keys --- */

static enum err
slot_write(struct keeper *k, uint32_t slot,
    const uint8_t octets[static SLOT_OCTETS])
{
	return pwrite(k->slots_fd, octets, SLOT_OCTETS,
		   (off_t)slot * SLOT_OCTETS) == SLOT_OCTETS &&
		       fdatasync(k->slots_fd) == 0
		   ? ERR_OK
		   : ERR_IO;
}

enum err
keeper_slot_new(struct keeper *k, uint32_t *ret_slot)
{
	AUTO_KEY key;
	enum err e;

	if (k->slot_count == SLOTS_MAX)
		return ERR_LIMIT;
	octets_random(&key, sizeof key);
	if ((e = slot_write(k, k->slot_count, key.octets)) != ERR_OK)
		return e;
	*ret_slot = k->slot_count++;
	return ERR_OK;
}

enum err
keeper_slot_erase(struct keeper *k, uint32_t slot)
{
	static const uint8_t zeros[SLOT_OCTETS];

	if (slot == 0 || slot >= k->slot_count)
		return ERR_MISSING;
	return slot_write(k, slot, zeros);
}

enum err
keeper_slot_key(const struct keeper *k, uint32_t slot, struct key *ret_key)
{
	AUTO_KEY key;

	if (slot == 0 || slot >= k->slot_count)
		return ERR_MISSING;
	if (pread(k->slots_fd, key.octets, SLOT_OCTETS,
		(off_t)slot * SLOT_OCTETS) != SLOT_OCTETS)
		return ERR_IO;
	if (sodium_is_zero(key.octets, sizeof key.octets))
		return ERR_MISSING;
	*ret_key = key;
	return ERR_OK;
}

static enum err
slots_load(struct keeper *k)
{
	static const uint8_t zeros[SLOT_OCTETS];
	struct stat st;

	if (fstat(k->slots_fd, &st) == -1)
		return ERR_IO;
	k->slot_count = (uint32_t)(st.st_size / SLOT_OCTETS);
	if (k->slot_count != 0)
		return ERR_OK;
	k->slot_count = 1; /* slot 0 is nobody's */
	return slot_write(k, 0, zeros);
}

/* --- the stamp --- */

static enum err
stamp_write(struct keeper *k)
{
	uint8_t both[2 * STAMP_OCTETS];

	memcpy(both, k->stamp, STAMP_OCTETS);
	memcpy(both + STAMP_OCTETS, k->pending, STAMP_OCTETS);
	return file_write(k->folder_fd, "stamp", SLICE_OF(both));
}

static enum err
stamp_load(struct keeper *k)
{
	AUTO_BUF struct buf b;
	enum err e;

	buf_init(&b, 2 * STAMP_OCTETS);
	e = file_read(k->folder_fd, "stamp", &b);
	if (e == ERR_MISSING)
		return ERR_OK; /* zeros: a keeper that never met a store */
	if (e != ERR_OK || b.len != 2 * STAMP_OCTETS)
		return e == ERR_OK ? ERR_CORRUPT : e;
	memcpy(k->stamp, b.at, STAMP_OCTETS);
	memcpy(k->pending, b.at + STAMP_OCTETS, STAMP_OCTETS);
	return ERR_OK;
}

enum err
keeper_stamp_open(struct keeper *k, const uint8_t store[static STAMP_OCTETS],
    uint8_t ret_new[static STAMP_OCTETS], bool *ret_raised)
{
	static const struct id everything;
	const bool same = memcmp(store, k->stamp, STAMP_OCTETS) == 0 ||
			  (!sodium_is_zero(k->pending, STAMP_OCTETS) &&
			      memcmp(store, k->pending, STAMP_OCTETS) == 0);
	enum err e;

	if (!same && (e = keeper_raise(k, SCOPE_GLOBAL, &everything)) != ERR_OK)
		return e;
	/* the store's is the current one, also when we were not told so */
	if (same)
		memcpy(k->stamp, store, STAMP_OCTETS);
	octets_random(k->pending, STAMP_OCTETS);
	if ((e = stamp_write(k)) != ERR_OK)
		return e;
	memcpy(ret_new, k->pending, STAMP_OCTETS);
	*ret_raised = !same;
	return ERR_OK;
}

enum err
keeper_stamp_done(struct keeper *k)
{
	memcpy(k->stamp, k->pending, STAMP_OCTETS);
	return stamp_write(k);
}

/* --- all of it --- */

enum err
keeper_open(struct keeper *k, int folder_fd)
{
	enum err e;

	*k = (struct keeper){ .folder_fd = folder_fd };
	k->slots_fd = openat(folder_fd, "rest.keys",
	    O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
	k->generations_fd = openat(folder_fd, "generations",
	    O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
	k->secret = sodium_malloc(sizeof *k->secret);
	k->logins = sodium_allocarray(KEEPER_LOGINS, sizeof *k->logins);
	if (k->slots_fd == -1 || k->generations_fd == -1)
		return err_of_errno(errno);
	if (k->secret == NULL || k->logins == NULL)
		return ERR_NOMEM;
	if ((e = secret_load(k)) != ERR_OK || (e = journal_load(k)) != ERR_OK ||
	    (e = slots_load(k)) != ERR_OK)
		return e;
	return stamp_load(k);
}

void
keeper_close(struct keeper *k)
{
	sodium_free(k->secret);
	sodium_free(k->logins);
	free(k->generations.at);
	if (k->slots_fd > 0)
		(void)close(k->slots_fd);
	if (k->generations_fd > 0)
		(void)close(k->generations_fd);
}
