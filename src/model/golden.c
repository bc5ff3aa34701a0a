/*
 * golden DIR - compare run.json, directory.json, sound.json and ledger.json in
 * DIR with what this code
 * makes; golden -w DIR writes them. They are read by the TypeScript side too:
 * who changes a format sees it here first.
 */
#include "model/golden.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/codec.h"
#include "base/obj.h"
#include "crypto/crypto.h"

json_t *
hex_json(struct slice s)
{
	char *text = malloc(2 * s.len + 1);

	assert(text != NULL);
	hex_encode(s, text);
	json_t *j = json_string(text);
	free(text);
	return j;
}

static bool
golden_write(const char *path, const json_t *j)
{
	return json_dump_file(j, path, JSON_INDENT(1)) == 0;
}

static bool
golden_same(const char *path, const json_t *j)
{
	json_t *old = json_load_file(path, 0, NULL);
	const bool same = old != NULL && json_equal(old, j);

	json_decref(old);
	return same;
}

int
main(int argc, char **argv)
{
	const struct {
		const char *name;
		json_t *(*make)(void);
	} files[] = { { "run.json", golden_run },
		{ "directory.json", golden_directory },
		{ "sound.json", golden_sound },
		{ "ledger.json", golden_ledger } };
	const bool write = argc == 3 && strcmp(argv[1], "-w") == 0;
	bool all = true;

	if ((argc != 2 && !write) || crypto_init() != ERR_OK)
		return 2;
	printf("1..%zu\n", COUNT(files));
	for (size_t i = 0; i < COUNT(files); i++) {
		char path[4096];
		(void)snprintf(path, sizeof path, "%s/%s", argv[argc - 1],
		    files[i].name);
		json_t *j = files[i].make();
		const bool ok = write ? golden_write(path, j)
				      : golden_same(path, j);
		printf("%s %zu - the golden file %s is what the code makes\n",
		    ok ? "ok" : "not ok", i + 1, files[i].name);
		all = all && ok;
		json_decref(j);
	}
	return all ? 0 : 1;
}
