/*
 * conf.h - settings of eavesd from the command line, by settings.def.
 */
#ifndef CONF_CONF_H
#define CONF_CONF_H

#include <stdint.h>

#include "base/err.h"

#define CONF_TEXT_MAX 1024

struct conf {
#define SETTING(name, kind, standard, unit, sentence) CONF_FIELD_##kind(name)
#define CONF_FIELD_TEXT(name)                         char name[CONF_TEXT_MAX];
#define CONF_FIELD_NUMBER(name)                       uint64_t name;
#include "conf/settings.def"
#undef SETTING
#undef CONF_FIELD_TEXT
#undef CONF_FIELD_NUMBER
};

/*
 * ERR_SYNTAX: *ret_bad is the word that was not understood. ERR_CLOSED:
 * --help was asked for and printed.
 */
MUST_USE enum err
conf_parse(int argc, char **argv, struct conf *ret, const char **ret_bad);

#endif
