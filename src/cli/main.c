#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/obj.h"
#include "cli/cli.h"
#include "os/memory.h"

static const struct {
	const char *name, *words;
	int (*run)(int argc, char **argv);
} commands[] = {
	{ "backup", "SERVER-FOLDER TO", cli_backup },
	{ "fsck", "SERVER-FOLDER KEEPER-FOLDER", cli_fsck },
	{ "gaps",
	    "[--server ADDRESS] [--ca FILE] [--day DAY | --from TIME --to "
	    "TIME] [--camera N] [--quick] [--json]",
	    cli_gaps },
	{ "keeper-backup", "[--split] KEEPER-FOLDER FILE", cli_keeper_backup },
	{ "keeper-restore", "FILE [OTHER-SHARE] KEEPER-FOLDER",
	    cli_keeper_restore },
	{ "lan-cert", "FOLDER", cli_lan_cert },
	{ "lan-name", "CERTIFICATE", cli_lan_name },
	{ "link", "FOLDER", cli_link },
	{ "log", "[--dir FOLDER] [--since TIME] [EVENT] | --list", cli_log },
	{ "qr", "< ADDRESS", cli_qr },
	{ "restore", "FROM SERVER-FOLDER", cli_restore },
	{ "status", "[--dir FOLDER]", cli_status },
	{ "verify", "FILM [--key KEY]", cli_verify },
};

static void
usage(FILE *to)
{
	for (size_t i = 0; i < COUNT(commands); i++)
		(void)fprintf(to, "eaves %s %s\n", commands[i].name,
		    commands[i].words);
	(void)fputs("eaves --version\n", to);
}

int
main(int argc, char **argv)
{
	if (argc == 2 && strcmp(argv[1], "--version") == 0) {
		(void)puts("eaves " EAVES_VERSION);
		return 0;
	}
	if (argc == 2 && strcmp(argv[1], "--help") == 0) {
		usage(stdout);
		return 0;
	}
	/* some are told a passphrase, or read the keeper's secret */
	dumps_off();
	json_set_alloc_funcs(malloc, free_wiped);
	for (size_t i = 0; argc > 1 && i < COUNT(commands); i++)
		if (strcmp(argv[1], commands[i].name) == 0)
			return commands[i].run(argc - 1, argv + 1);
	usage(stderr);
	return 2;
}
