/*
 * verify.c - is this film as the camera's hub signed it? Needs nothing but
 * the file: no server, no account, no network.
 */
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <time.h>

#include "base/codec.h"
#include "base/obj.h"
#include "cli/cli.h"
#include "crypto/crypto.h"
#include "model/proof.h"
#include "model/words5.h"
#include "os/file.h"

#define TOLD_MAX   20
#define WHEN_ROOM  40
#define NOT_SIGNED 1
#define NOT_OURS   2

/* "2026-11-24 09:41:07.200 UTC" */
static const char *
when(uint64_t us, char to[static WHEN_ROOM])
{
	const time_t s = (time_t)(us / 1000000);
	struct tm tm;

	if (us == 0 || gmtime_r(&s, &tm) == NULL ||
	    strftime(to, WHEN_ROOM - 12, "%Y-%m-%d %H:%M:%S", &tm) == 0)
		return "the beginning";
	const size_t n = strlen(to);
	(void)snprintf(to + n, WHEN_ROOM - n, ".%03u UTC",
	    (unsigned)(us / 1000 % 1000));
	return to;
}

static void
wrong_print(void *to, const struct proof_wrong *w)
{
	char from_room[WHEN_ROOM], to_room[WHEN_ROOM];
	const char *a = when(w->from_us, from_room);
	const char *b = when(w->to_us, to_room);
	const unsigned long long n = w->sample;
	unsigned *told = to;

	if (++*told > TOLD_MAX)
		return;
	switch (w->what) {
	case PROOF_PICTURE_CHANGED:
		printf("The picture of %s (sample %llu) was changed.\n", a, n);
		break;
	case PROOF_SOUND_CHANGED:
		printf("The sound of %s (sample %llu) was changed.\n", a, n);
		break;
	case PROOF_PICTURE_ABSENT:
		printf("The picture of %s was taken out.\n", a);
		break;
	case PROOF_MISSING:
		printf("Pictures are missing between %s and %s.\n", a, b);
		break;
	case PROOF_TAIL:
		printf("The end was cut off: what signs the pictures from %s "
		       "to %s is missing.\n",
		    a, b);
		break;
	case PROOF_ORDER:
		printf("What was recorded at %s is not where it belongs.\n", a);
		break;
	case PROOF_UNSIGNED:
		printf("What the film says about %s to %s is not what the hub "
		       "signed.\n",
		    a, b);
		break;
	case PROOF_RUN_UNSIGNED:
		printf("The hub whose key is in the film did not sign the "
		       "recording that begins after %s.\n",
		    a);
		break;
	case PROOF_OTHER_CAMERA:
		printf("What begins at %s comes from another camera.\n", a);
		break;
	case PROOF_CHANGED:
		puts("The proof itself was changed.");
		break;
	case PROOF_TABLE:
		printf("The table that tells players when to show what was "
		       "changed (at its octet %llu).\n",
		    n);
		break;
	case PROOF_EXTRA:
	default:
		puts("There is something in the film that nobody signed.");
	}
}

static void
said_print(const struct proof_said *s)
{
	char from_room[WHEN_ROOM], to_room[WHEN_ROOM], words[WORDS5_OCTETS];
	char key[B64_ROOM(SIGN_PUBLIC_OCTETS)];

	words5_of_key(s->hub, words);
	b64_encode(SLICE_OF(s->hub), key);
	printf("hub       %s\n", words);
	printf("key       %s\n", key);
	printf("from      %s\n", when(s->first_us, from_room));
	printf("to        %s\n", when(s->last_us, to_room));
	printf("pictures  %llu\n", (unsigned long long)s->pictures);
	if (s->sounds > 0)
		printf("sound     %llu pieces\n",
		    (unsigned long long)s->sounds);
	if (s->left_out > 0)
		printf("left out  %llu pieces of sound\n",
		    (unsigned long long)s->left_out);
	if (s->unknown > 0)
		printf("restarts  %llu after which the hub did not know what "
		       "was before\n",
		    (unsigned long long)s->unknown);
}

static int
refuse(int status, const char *why)
{
	puts(why);
	return status;
}

static int
error_print(enum err e)
{
	switch ((int)e) {
	case ERR_MORE:
		return refuse(NOT_SIGNED,
		    "The end of the film was cut off: nothing in it can be "
		    "checked.");
	case ERR_MISSING:
		return refuse(NOT_SIGNED,
		    "The end of the film was cut off: its proof is missing.");
	case ERR_CORRUPT:
		return refuse(NOT_SIGNED,
		    "The frame of the film was changed: it is not put together "
		    "as it was.");
	case ERR_SYNTAX:
		return refuse(NOT_OURS, "This is no film made by Eaves.");
	case ERR_UNSUPPORTED:
		return refuse(NOT_OURS,
		    "This film was made by a later Eaves than this one.");
	default:
		return refuse(NOT_OURS, err_text(e));
	}
}

static int
film_verify(struct slice film, const uint8_t *key)
{
	unsigned told = 0;
	struct proof_said said;
	const enum err e = proof_check(film,
	    (struct proof_sink){ wrong_print, &told }, &said);

	if (e != ERR_OK)
		return error_print(e);
	if (told > TOLD_MAX)
		printf("... and %u more.\n", told - TOLD_MAX);
	if (said.runs > 0)
		said_print(&said);
	if (key != NULL && memcmp(key, said.hub, SIGN_PUBLIC_OCTETS) != 0) {
		puts("Another hub's key signed this film.");
		return NOT_SIGNED;
	}
	if (said.wrongs > 0) {
		puts("This film is not as a hub signed it.");
		return NOT_SIGNED;
	}
	puts("Every picture is as the camera's hub signed it.");
	if (key == NULL)
		puts("Compare the five words with those of your hub.");
	return 0;
}

int
cli_verify(int argc, char **argv)
{
	uint8_t key[SIGN_PUBLIC_OCTETS];
	const bool with_key = argc == 4 && strcmp(argv[2], "--key") == 0;
	AUTO_FD int fd = -1;
	struct stat st;

	if ((argc != 2 && !with_key) || crypto_init() != ERR_OK)
		return NOT_OURS;
	if (with_key &&
	    b64_decode_exactly(slice_str(argv[3]), key, sizeof key) != ERR_OK)
		return refuse(NOT_OURS, "That is no key of a hub.");
	fd = open(argv[1], O_RDONLY | O_CLOEXEC);
	if (fd == -1 || fstat(fd, &st) == -1 || !S_ISREG(st.st_mode) ||
	    st.st_size == 0 || (uint64_t)st.st_size > SIZE_MAX)
		return refuse(NOT_OURS, "There is no film that can be read.");
	const size_t n = (size_t)st.st_size;
	void *at = mmap(NULL, n, PROT_READ, MAP_PRIVATE, fd, 0);
	if (at == MAP_FAILED)
		return refuse(NOT_OURS, "There is no film that can be read.");
	(void)madvise(at, n, MADV_SEQUENTIAL);
	const int status = film_verify(slice_make(at, n),
	    with_key ? key : NULL);
	(void)munmap(at, n);
	return status;
}
