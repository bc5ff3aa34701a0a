/*
 * replay FOLDER - feed every file of a corpus to a fuzz target once, and
 * print TAP. What libFuzzer once found stays found, also without libFuzzer.
 */
#include <dirent.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define FILES_MAX  4096
#define OCTETS_MAX ((size_t)8 << 20)

int LLVMFuzzerTestOneInput(const uint8_t *at, size_t len);

static int
one(int dir, const char *name)
{
	const int fd = openat(dir, name, O_RDONLY | O_CLOEXEC);
	uint8_t *all = malloc(OCTETS_MAX);
	size_t len = 0;
	ssize_t n = -1;

	if (fd == -1 || all == NULL)
		return -1;
	while (
	    len < OCTETS_MAX && (n = read(fd, all + len, OCTETS_MAX - len)) > 0)
		len += (size_t)n;
	(void)close(fd);
	if (n < 0) {
		free(all);
		return -1;
	}
	/* exactly as long as the input: a sanitizer sees one octet too far */
	uint8_t *exact = malloc(len == 0 ? 1 : len);
	if (exact == NULL)
		return -1;
	memcpy(exact, all, len);
	free(all);
	(void)LLVMFuzzerTestOneInput(exact, len);
	free(exact);
	return 0;
}

static int
by_name(const struct dirent **a, const struct dirent **b)
{
	return strcmp((*a)->d_name, (*b)->d_name);
}

int
main(int argc, char **argv)
{
	struct dirent **list;
	int failed = 0, count = 0;

	if (argc != 2)
		return 2;
	const int n = scandir(argv[1], &list, NULL, by_name);
	const int dir = open(argv[1], O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (n < 0 || n > FILES_MAX || dir == -1) {
		perror(argv[1]);
		return 2;
	}
	for (int i = 0; i < n; i++) {
		const char *name = list[i]->d_name;
		if (name[0] == '.') {
			free(list[i]);
			continue;
		}
		/* said before, so that a crash names its file */
		fprintf(stderr, "# %s\n", name);
		const int bad = one(dir, name);
		failed += bad != 0;
		printf("%s %d - %s\n", bad != 0 ? "not ok" : "ok", ++count,
		    name);
		(void)fflush(stdout);
		free(list[i]);
	}
	free(list);
	printf("1..%d\n", count);
	return failed == 0 && count > 0 ? 0 : 1;
}
