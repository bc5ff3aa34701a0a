/*
 * cli.h - the subcommands. Each gets its own words, argv[0] being its name,
 * and returns the exit status: 0 done, 1 failed, 2 not understood.
 */
#ifndef CLI_CLI_H
#define CLI_CLI_H

/*
 * lan-cert FOLDER: an authority and a certificate for this machine's names
 * and addresses, in that folder, made or renewed when need be. Prints "new"
 * or "kept".
 */
int cli_lan_cert(int argc, char **argv);
/* lan-name FILE: the name to reach a certificate's owner by. */
int cli_lan_name(int argc, char **argv);
/* link FOLDER: another set-up link, from the hub of ./run in that folder. */
int cli_link(int argc, char **argv);
/*
 * qr: the line on the standard input as a QR code. Not an argument: a link is
 * a secret, and arguments can be seen by others.
 */
int cli_qr(int argc, char **argv);

#endif
