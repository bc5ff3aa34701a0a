/*
 * keeper_split.c - the keeper's folder in three files, of which any two bring
 * it back and one tells nothing.
 *
 *   "EAVESHAR" ‖ version u8 1 ‖ number u8 ‖ backup 16 ‖ share 32 ‖ GCM(key,
 *   zero nonce, aad = magic ‖ version ‖ 0 ‖ backup, the folder) ‖ SHA-256 of
 *   all before it
 *
 * The sum tells a damaged file, the backup's id one of another set; GCM tells
 * whatever was made up.
 */
#include <fcntl.h>
#include <stdio.h>
#include <string.h>

#include "base/codec.h"
#include "base/id.h"
#include "cli/copy.h"
#include "cli/keeper_folder.h"
#include "crypto/aead.h"
#include "crypto/share.h"
#include "os/file.h"

#define MAGIC        SLICE_LIT("EAVESHAR")
#define HEAD_OCTETS  (8 + 1 + 1 + ID_OCTETS)
#define NUMBER_AT    9
#define LEAST_OCTETS (HEAD_OCTETS + KEY_OCTETS + 16 + SHA256_OCTETS)

static int
complain(const char *command, const char *why)
{
	(void)fprintf(stderr, "eaves: %s: %s\n", command, why);
	return 1;
}

bool
keeper_share_is(struct slice octets)
{
	return slice_starts(octets, MAGIC);
}

/* --- to three files --- */

static enum err
share_write(const char *path, uint8_t head[static HEAD_OCTETS], unsigned number,
    const struct key *share, struct slice sealed)
{
	AUTO_BUF struct buf b;
	uint8_t sum[SHA256_OCTETS];
	char name[4096];
	enum err e;

	buf_init_secret(&b, KEEPER_FOLDER_OCTETS + 2048);
	head[NUMBER_AT] = (uint8_t)number;
	if ((e = buf_append(&b, slice_make(head, HEAD_OCTETS))) != ERR_OK ||
	    (e = buf_append(&b, key_slice(share))) != ERR_OK ||
	    (e = buf_append(&b, sealed)) != ERR_OK)
		return e;
	sha256(buf_slice(&b), sum);
	if ((e = buf_append(&b, SLICE_OF(sum))) != ERR_OK)
		return e;
	if (snprintf(name, sizeof name, "%s.%u", path, number) >=
	    (int)sizeof name)
		return ERR_LIMIT;
	return whole_write(name, buf_slice(&b));
}

static enum err
folder_split(int dir_fd, const char *path)
{
	uint8_t head[HEAD_OCTETS] = "EAVESHAR\1";
	AUTO_BUF struct buf plain, sealed;
	struct key share[SHARES];
	AUTO_KEY key;
	enum err e;

	buf_init_secret(&plain, KEEPER_FOLDER_OCTETS);
	buf_init(&sealed, KEEPER_FOLDER_OCTETS + 1024);
	octets_random(head + HEAD_OCTETS - ID_OCTETS, ID_OCTETS);
	octets_random(key.octets, sizeof key.octets);
	if ((e = keeper_folder_put(dir_fd, &plain)) != ERR_OK ||
	    (e = gcm_seal(&key, gcm_zero_nonce, SLICE_OF(head),
		 buf_slice(&plain), &sealed)) != ERR_OK)
		return e;
	key_split(&key, share);
	for (unsigned n = 1; e == ERR_OK && n <= SHARES; n++)
		e = share_write(path, head, n, &share[n - 1],
		    buf_slice(&sealed));
	octets_wipe(share, sizeof share);
	return e;
}

int
keeper_split(const char *command, const char *folder, const char *path)
{
	AUTO_FD int dir_fd = -1;
	enum err e;

	if (crypto_init() != ERR_OK ||
	    (dir_fd = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC)) == -1)
		return complain(command, "there is no such keeper folder");
	if ((e = folder_split(dir_fd, path)) != ERR_OK)
		return complain(command, err_text(e));
	(void)printf("%s.1, .2 and .3: any two of them bring the keeper's "
		     "secret back, one alone\ntells nothing. Give them to "
		     "three places or people, none to where the server's\n"
		     "backup lies. Deleting a home counts only when its older "
		     "shares have gone: keep\nthem 7 days.\n",
	    path);
	return 0;
}

/* --- from two of them --- */

struct share {
	const char *path;
	struct buf octets;
	unsigned number;
	struct slice backup, sealed;
	struct key key;
};

static void
share_fini(struct share *s)
{
	buf_fini(&s->octets);
	octets_wipe(&s->key, sizeof s->key);
}

/* NULL, or what is wrong with it. */
static const char *
share_read(struct share *s, const char *path)
{
	uint8_t sum[SHA256_OCTETS];

	s->path = path;
	buf_init_secret(&s->octets, KEEPER_FOLDER_OCTETS + 2048);
	if (file_read(AT_FDCWD, path, &s->octets) != ERR_OK)
		return "cannot be read";
	const struct slice all = buf_slice(&s->octets);
	if (!slice_starts(all, MAGIC))
		return "is no share of a keeper's backup";
	if (all.len < LEAST_OCTETS)
		return "is not whole";
	if (all.at[8] != 1)
		return "is of a newer Eaves";
	const struct slice body = slice_head(all, all.len - SHA256_OCTETS);
	sha256(body, sum);
	if (!slice_eq(slice_skip(all, body.len), SLICE_OF(sum)))
		return "is damaged";
	s->number = all.at[NUMBER_AT];
	s->backup = slice_make(all.at + HEAD_OCTETS - ID_OCTETS, ID_OCTETS);
	memcpy(s->key.octets, all.at + HEAD_OCTETS, KEY_OCTETS);
	s->sealed = slice_skip(body, HEAD_OCTETS + KEY_OCTETS);
	return NULL;
}

/* Words about one of two files, or about both. */
static int
share_complain(const char *command, const struct share *s, const char *what)
{
	(void)fprintf(stderr, "eaves: %s: %s %s\n", command, s->path, what);
	return 1;
}

static bool
shares_fit(const char *command, const struct share *a, const struct share *b)
{
	if (!slice_eq(a->backup, b->backup) ||
	    !slice_eq(a->sealed, b->sealed)) {
		(void)fprintf(stderr,
		    "eaves: %s: share %u (%s) belongs to another backup than "
		    "share %u (%s)\n",
		    command, b->number, b->path, a->number, a->path);
		return false;
	}
	if (a->number == b->number) {
		(void)fprintf(stderr,
		    "eaves: %s: both are share %u: another one is needed\n",
		    command, a->number);
		return false;
	}
	return true;
}

static enum err
shares_open(const struct share *a, const struct share *b, struct buf *plain)
{
	uint8_t head[HEAD_OCTETS];
	AUTO_KEY key;
	enum err e;

	memcpy(head, a->octets.at, sizeof head);
	head[NUMBER_AT] = 0;
	if ((e = key_join(&a->key, a->number, &b->key, b->number, &key)) !=
	    ERR_OK)
		return e;
	return gcm_open(&key, gcm_zero_nonce, SLICE_OF(head), a->sealed, plain);
}

static int
two_join(const char *command, const struct share *a, const struct share *b,
    const char *folder)
{
	AUTO_BUF struct buf plain;
	AUTO_FD int dir_fd = -1;
	enum err e;

	buf_init_secret(&plain, KEEPER_FOLDER_OCTETS);
	if (!shares_fit(command, a, b))
		return 1;
	if (shares_open(a, b, &plain) != ERR_OK)
		return complain(command,
		    "the two do not open: one was changed. Try the third");
	if (folder_open(folder, &dir_fd) != ERR_OK ||
	    folder_must_be_empty(dir_fd) != ERR_OK)
		return complain(command,
		    "the keeper folder is not empty: restore into a new one");
	if ((e = keeper_folder_get(buf_slice(&plain), dir_fd)) != ERR_OK)
		return complain(command, err_text(e));
	(void)puts("The keeper's secret is back.");
	return 0;
}

int
keeper_join(const char *command, const char *share, const char *other,
    const char *folder)
{
	struct share a = { 0 }, b = { 0 };
	const char *why;
	int status;

	if (crypto_init() != ERR_OK)
		return 1;
	if ((why = share_read(&a, share)) != NULL)
		status = share_complain(command, &a, why);
	else if ((why = share_read(&b, other)) != NULL)
		status = share_complain(command, &b, why);
	else
		status = two_join(command, &a, &b, folder);
	share_fini(&a);
	share_fini(&b);
	return status;
}
