/*
 * keeper_backup.c - the keeper's folder as one file under a passphrase. It
 * goes another way than the server's backup: who has both can guess at
 * people's passphrases.
 *
 *   "EAVESKEY" ‖ version u8 1 ‖ salt 16 ‖ GCM(Argon2id(passphrase, salt, 3
 *   passes, 256 MiB), zero nonce, aad = all before it, n × (name sized ‖
 *   octets sized))
 */
#include <fcntl.h>
#include <sodium.h>
#include <stdio.h>
#include <string.h>
#include <termios.h>
#include <unistd.h>

#include "cli/cli.h"
#include "cli/copy.h"
#include "cli/keeper_folder.h"
#include "crypto/aead.h"
#include "crypto/kdf.h"
#include "os/file.h"

#define SALT_OCTETS  16
#define HEAD_OCTETS  (8 + 1 + SALT_OCTETS)
#define PASSES       3
#define MEMORY       ((size_t)256 << 20)
#define PHRASE_LEAST 12

static int
complain(const char *command, const char *why)
{
	(void)fprintf(stderr, "eaves: %s: %s\n", command, why);
	return 1;
}

/* A line of the standard input; a terminal does not show it. */
static enum err
phrase_read(const char *prompt, struct buf *to)
{
	struct termios before;
	const bool terminal = tcgetattr(STDIN_FILENO, &before) == 0;
	uint8_t ch;

	if (terminal) {
		struct termios silent = before;

		silent.c_lflag &= ~(tcflag_t)ECHO;
		(void)fprintf(stderr, "%s: ", prompt);
		(void)tcsetattr(STDIN_FILENO, TCSAFLUSH, &silent);
	}
	enum err e = ERR_OK;
	while (e == ERR_OK && read(STDIN_FILENO, &ch, 1) == 1 && ch != '\n')
		e = buf_append(to, slice_make(&ch, 1));
	octets_wipe(&ch, 1);
	if (terminal) {
		(void)tcsetattr(STDIN_FILENO, TCSAFLUSH, &before);
		(void)fputc('\n', stderr);
	}
	return e;
}

static enum err
phrase_key(struct slice phrase, const uint8_t salt[static SALT_OCTETS],
    struct key *ret)
{
	return crypto_pwhash(ret->octets, KEY_OCTETS, (const char *)phrase.at,
		   phrase.len, salt, PASSES, MEMORY,
		   crypto_pwhash_ALG_ARGON2ID13) == 0
		   ? ERR_OK
		   : ERR_NOMEM;
}

static enum err
folder_seal(int dir_fd, struct slice phrase, struct buf *to)
{
	uint8_t head[HEAD_OCTETS] = "EAVESKEY\1";
	AUTO_BUF struct buf plain;
	AUTO_KEY key;
	enum err e;

	buf_init_secret(&plain, KEEPER_FOLDER_OCTETS);
	octets_random(head + HEAD_OCTETS - SALT_OCTETS, SALT_OCTETS);
	if ((e = keeper_folder_put(dir_fd, &plain)) != ERR_OK ||
	    (e = phrase_key(phrase, head + HEAD_OCTETS - SALT_OCTETS, &key)) !=
		ERR_OK ||
	    (e = buf_append(to, SLICE_OF(head))) != ERR_OK)
		return e;
	return gcm_seal(&key, gcm_zero_nonce, SLICE_OF(head), buf_slice(&plain),
	    to);
}

static enum err
folder_open_sealed(struct slice sealed, struct slice phrase, struct buf *plain)
{
	AUTO_KEY key;
	enum err e;

	if (sealed.len < HEAD_OCTETS ||
	    !slice_starts(sealed, SLICE_LIT("EAVESKEY")))
		return ERR_SYNTAX;
	if (sealed.at[8] != 1)
		return ERR_UNSUPPORTED;
	if ((e = phrase_key(phrase, sealed.at + HEAD_OCTETS - SALT_OCTETS,
		 &key)) != ERR_OK)
		return e;
	return gcm_open(&key, gcm_zero_nonce, slice_head(sealed, HEAD_OCTETS),
	    slice_skip(sealed, HEAD_OCTETS), plain);
}

int
cli_keeper_backup(int argc, char **argv)
{
	AUTO_BUF struct buf phrase = { 0 }, again = { 0 }, sealed = { 0 };
	AUTO_FD int dir_fd = -1;
	enum err e;

	if (argc == 4 && strcmp(argv[1], "--split") == 0)
		return keeper_split(argv[0], argv[2], argv[3]);
	if (argc != 3)
		return 2;
	if (crypto_init() != ERR_OK ||
	    (dir_fd = open(argv[1], O_RDONLY | O_DIRECTORY | O_CLOEXEC)) == -1)
		return complain(argv[0], "there is no such keeper folder");
	buf_init_secret(&phrase, 1024);
	buf_init_secret(&again, 1024);
	buf_init(&sealed, KEEPER_FOLDER_OCTETS + 1024);
	if (phrase_read("Passphrase for the backup", &phrase) != ERR_OK ||
	    phrase.len < PHRASE_LEAST)
		return complain(argv[0],
		    "a passphrase of at least 12 characters, please");
	if (isatty(STDIN_FILENO) == 1 &&
	    (phrase_read("Once more", &again) != ERR_OK ||
		!slice_eq(buf_slice(&phrase), buf_slice(&again))))
		return complain(argv[0], "that was another one");
	if ((e = folder_seal(dir_fd, buf_slice(&phrase), &sealed)) != ERR_OK ||
	    (e = whole_write(argv[2], buf_slice(&sealed))) != ERR_OK)
		return complain(argv[0], err_text(e));
	(void)puts(
	    "Keep it away from the server's backup: with both, "
	    "somebody could guess at passphrases. Deleting a home counts "
	    "only when its older keeper backups have gone: keep them 7 "
	    "days.");
	return 0;
}

int
cli_keeper_restore(int argc, char **argv)
{
	AUTO_BUF struct buf phrase = { 0 }, plain = { 0 }, sealed = { 0 };
	AUTO_FD int dir_fd = -1;
	enum err e;

	if (argc == 4)
		return keeper_join(argv[0], argv[1], argv[2], argv[3]);
	if (argc != 3)
		return 2;
	buf_init_secret(&phrase, 1024);
	buf_init_secret(&plain, KEEPER_FOLDER_OCTETS);
	buf_init(&sealed, KEEPER_FOLDER_OCTETS + 1024);
	if (crypto_init() != ERR_OK ||
	    file_read(AT_FDCWD, argv[1], &sealed) != ERR_OK)
		return complain(argv[0], "there is no such backup");
	if (keeper_share_is(buf_slice(&sealed)))
		return complain(argv[0],
		    "that is one share of three: give two of them");
	if (folder_open(argv[2], &dir_fd) != ERR_OK ||
	    folder_must_be_empty(dir_fd) != ERR_OK)
		return complain(argv[0],
		    "the keeper folder is not empty: restore into a new one");
	if ((e = phrase_read("Passphrase of the backup", &phrase)) == ERR_OK)
		e = folder_open_sealed(buf_slice(&sealed), buf_slice(&phrase),
		    &plain);
	if (e == ERR_CRYPTO)
		return complain(argv[0], "that is not its passphrase");
	if (e != ERR_OK ||
	    (e = keeper_folder_get(buf_slice(&plain), dir_fd)) != ERR_OK)
		return complain(argv[0], err_text(e));
	(void)puts("The keeper's secret is back.");
	return 0;
}
