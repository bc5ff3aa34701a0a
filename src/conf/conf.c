#include "conf/conf.h"

#include <ctype.h>
#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/obj.h"

static const struct setting {
	const char *name, *standard, *unit, *sentence;
	bool number;
	size_t at;
} settings[] = {
#define SETTING(name, kind, standard, unit, sentence)                          \
	{ #name, standard, unit, sentence, IS_NUMBER_##kind,                   \
		offsetof(struct conf, name) },
#define IS_NUMBER_TEXT   false
#define IS_NUMBER_NUMBER true
#include "conf/settings.def"
#undef SETTING
};

/* --keeper-dir is keeper_dir. */
static bool
same_word(const char *name, const char *word)
{
	for (; *name != '\0' && *word != '\0'; name++, word++)
		if (*name != *word && !(*name == '_' && *word == '-'))
			return false;
	return *name == '\0' && *word == '\0';
}

static enum err
value_set(const struct setting *s, const char *value, struct conf *c)
{
	char *at = (char *)c + s->at;
	char *end;

	if (!s->number) {
		if (strlen(value) >= CONF_TEXT_MAX)
			return ERR_LIMIT;
		memcpy(at, value, strlen(value) + 1);
		return ERR_OK;
	}
	errno = 0;
	const unsigned long long n = strtoull(value, &end, 10);
	if (errno != 0 || end == value || *end != '\0' ||
	    !isdigit((unsigned char)value[0]))
		return ERR_SYNTAX;
	const uint64_t number = n;
	memcpy(at, &number, sizeof number);
	return ERR_OK;
}

static void
help_print(void)
{
	(void)printf("usage: eavesd [--SETTING VALUE ...]\n\n");
	for (size_t i = 0; i < COUNT(settings); i++) {
		const struct setting *s = &settings[i];

		(void)printf("  --");
		for (const char *p = s->name; *p != '\0'; p++)
			(void)putchar(*p == '_' ? '-' : *p);
		(void)printf(" %s\n      %s%s%s%s\n", s->unit, s->sentence,
		    *s->standard != '\0' ? " (" : "", s->standard,
		    *s->standard != '\0' ? ")" : "");
	}
}

enum err
conf_parse(int argc, char **argv, struct conf *ret, const char **ret_bad)
{
	enum err e;

	for (size_t i = 0; i < COUNT(settings); i++)
		if ((e = value_set(&settings[i], settings[i].standard, ret)) !=
		    ERR_OK)
			return e;
	for (int i = 1; i < argc; i += 2) {
		size_t n = 0;

		if (strcmp(argv[i], "--help") == 0) {
			help_print();
			return ERR_CLOSED;
		}
		*ret_bad = argv[i];
		if (strncmp(argv[i], "--", 2) != 0 || i + 1 == argc)
			return ERR_SYNTAX;
		while (n < COUNT(settings) &&
		       !same_word(settings[n].name, argv[i] + 2))
			n++;
		if (n == COUNT(settings) ||
		    value_set(&settings[n], argv[i + 1], ret) != ERR_OK)
			return ERR_SYNTAX;
	}
	return ERR_OK;
}
