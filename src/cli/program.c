#include "cli/program.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "os/file.h"

#define WORDS_OCTETS_MAX 65536

static enum err
words_read(long pid, struct buf *to)
{
	char path[64];
	enum err e;

	(void)snprintf(path, sizeof path, "/proc/%ld/cmdline", pid);
	if ((e = file_read(AT_FDCWD, path, to)) != ERR_OK)
		return e;
	return to->len == 0 || to->at[to->len - 1] != '\0' ? ERR_MISSING
							   : ERR_OK;
}

static bool
is_named(const struct buf *words, const char *name)
{
	const char *first = (const char *)words->at;
	const char *slash = strrchr(first, '/');

	return strcmp(slash == NULL ? first : slash + 1, name) == 0;
}

enum err
program_find(int dir_fd, const char *pid_file, const char *name,
    struct program *ret)
{
	struct program p = { 0 };
	char text[24] = "";
	struct stat st;

	AUTO_FD int fd = openat(dir_fd, pid_file, O_RDONLY | O_CLOEXEC);
	if (fd == -1 || fstat(fd, &st) == -1 ||
	    read(fd, text, sizeof text - 1) <= 0)
		return ERR_MISSING;
	p.pid = strtol(text, NULL, 10);
	p.since_s = st.st_mtim.tv_sec; /* ./run writes it at the start */
	buf_init(&p.words, WORDS_OCTETS_MAX);
	if (p.pid <= 1 || words_read(p.pid, &p.words) != ERR_OK ||
	    !is_named(&p.words, name)) {
		program_fini(&p);
		return ERR_MISSING;
	}
	*ret = p;
	return ERR_OK;
}

void
program_fini(struct program *p)
{
	buf_fini(&p->words);
}

/* The word after `at`, NULL at the end. */
static const char *
word_next(const struct buf *words, const char *at)
{
	const char *end = (const char *)words->at + words->len;

	at += strlen(at) + 1;
	return at < end ? at : NULL;
}

const char *
program_option(const struct program *p, const char *option)
{
	const char *at = (const char *)p->words.at;

	for (; at != NULL; at = word_next(&p->words, at))
		if (strcmp(at, option) == 0)
			return word_next(&p->words, at);
	return NULL;
}

size_t
program_option_count(const struct program *p, const char *option)
{
	const char *at = (const char *)p->words.at;
	size_t n = 0;

	for (; at != NULL; at = word_next(&p->words, at))
		n += strcmp(at, option) == 0;
	return n;
}

static bool
has_role(long pid, const char *role)
{
	struct program p = { 0 };
	bool has = false;

	buf_init(&p.words, WORDS_OCTETS_MAX);
	if (words_read(pid, &p.words) == ERR_OK) {
		const char *is = program_option(&p, "-x");

		has = is != NULL && strcmp(is, role) == 0;
	}
	program_fini(&p);
	return has;
}

bool
program_has_role(const struct program *p, const char *role)
{
	AUTO_BUF struct buf text;
	char path[80], *at;

	buf_init(&text, WORDS_OCTETS_MAX);
	(void)snprintf(path, sizeof path, "/proc/%ld/task/%ld/children", p->pid,
	    p->pid);
	if (file_read(AT_FDCWD, path, &text) != ERR_OK ||
	    buf_append(&text, SLICE_LIT("\0")) != ERR_OK)
		return false;
	for (at = (char *)text.at; *at != '\0';) {
		char *end;
		const long pid = strtol(at, &end, 10);

		if (end == at)
			break;
		if (has_role(pid, role))
			return true;
		at = end;
	}
	return false;
}
