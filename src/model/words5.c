#include "model/words5.h"

#include <stdbool.h>
#include <string.h>

#include "base/obj.h"

#define WORDS 7132 /* the least whose fifth power is 2^64 or more */

static const char consonants[] = "bdfghjklmnprstvz";
static const char vowels[] = "aiou";
static const char endings[][3] = { "a", "o", "el", "en", "ir", "is", "um" };
static const char unwanted[][4] = { "fag", "naz", "nig", "rap", "tit" };

static bool
stem_make(unsigned n, char to[static 4])
{
	to[0] = consonants[n / 64];
	to[1] = vowels[n / 16 % 4];
	to[2] = consonants[n % 16];
	to[3] = '\0';
	for (size_t i = 0; i < COUNT(unwanted); i++)
		if (strcmp(to, unwanted[i]) == 0)
			return false;
	return true;
}

/* The word of that number: nth stem that is wanted, and an ending. */
static char *
word_put(unsigned n, char *to)
{
	unsigned left = n / COUNT(endings);
	char stem[4];

	for (unsigned i = 0;; i++)
		if (stem_make(i, stem) && left-- == 0)
			break;
	return stpcpy(stpcpy(to, stem), endings[n % COUNT(endings)]);
}

void
words5_put(uint64_t v, char to[static WORDS5_OCTETS])
{
	for (int i = 0; i < 5; i++) {
		if (i > 0)
			*to++ = ' ';
		to = word_put((unsigned)(v % WORDS), to);
		v /= WORDS;
	}
}

void
words5_of_key(const uint8_t key[static SIGN_PUBLIC_OCTETS],
    char to[static WORDS5_OCTETS])
{
	uint8_t hash[SHA256_OCTETS];

	sha256(slice_make(key, SIGN_PUBLIC_OCTETS), hash);
	words5_put(slice_be(SLICE_OF(hash), 8), to);
}
