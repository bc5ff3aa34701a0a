#include "unit/t.h"

#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

struct slice
t_edge(const void *octets, size_t len)
{
	const size_t page = (size_t)sysconf(_SC_PAGESIZE);
	const size_t body = (len + page) / page * page;
	uint8_t *at = mmap(NULL, body + page, PROT_READ | PROT_WRITE,
	    MAP_ANONYMOUS | MAP_PRIVATE, -1, 0);

	if (at == MAP_FAILED || mprotect(at + body, page, PROT_NONE) == -1)
		abort();
	if (len != 0)
		memcpy(at + body - len, octets, len);
	return slice_make(at + body - len, len);
}

struct slice
t_file(const char *path)
{
	FILE *f = fopen(path, "rb");
	long len = -1;

	if (f == NULL)
		fail_msg("cannot open %s", path);
	if (fseek(f, 0, SEEK_END) != 0 || (len = ftell(f)) < 0 ||
	    fseek(f, 0, SEEK_SET) != 0)
		fail_msg("cannot size %s", path);
	uint8_t *at = malloc((size_t)len + 1);
	if (at == NULL || fread(at, 1, (size_t)len, f) != (size_t)len)
		fail_msg("cannot read %s", path);
	at[len] = 0;
	(void)fclose(f);
	return slice_make(at, (size_t)len);
}

static unsigned
digit(char c)
{
	static const char digits[] = "0123456789abcdef";
	const char *at = memchr(digits, c | 0x20, 16);

	if (at == NULL)
		fail_msg("not a hex digit: %c", c);
	return (unsigned)(at - digits);
}

struct slice
t_hex(const char *hex)
{
	const size_t n = strlen(hex) / 2;
	uint8_t *octets = malloc(n + 1);

	if (octets == NULL || strlen(hex) % 2 != 0)
		fail_msg("not hex: %s", hex);
	for (size_t i = 0; i < n; i++)
		octets[i] = (uint8_t)(digit(hex[2 * i]) << 4 |
				      digit(hex[2 * i + 1]));
	const struct slice at_edge = t_edge(octets, n);
	free(octets);
	return at_edge;
}
