/*
 * cli.h - the subcommands. Each gets its own words, argv[0] being its name,
 * and returns the exit status: 0 done, 1 failed, 2 not understood.
 */
#ifndef CLI_CLI_H
#define CLI_CLI_H

/*
 * backup SERVER-FOLDER TO: the store and the segments, sealed as they are; a
 * second time only what is new. restore FROM SERVER-FOLDER: into an empty
 * folder, and no ticket from before lives. Eaves must not run there.
 */
int cli_backup(int argc, char **argv);
int cli_restore(int argc, char **argv);
/* fsck SERVER-FOLDER KEEPER-FOLDER: becomes the program eaves-fsck. */
int cli_fsck(int argc, char **argv);
/*
 * gaps: what is missing of each camera, and why, for a member of the home. 0:
 * nothing; 1: something; 2: not understood; 3: not possible.
 */
int cli_gaps(int argc, char **argv);
/*
 * keeper-backup KEEPER-FOLDER FILE, keeper-restore FILE KEEPER-FOLDER: under
 * a passphrase, which is a line on the standard input. keeper-backup --split
 * KEEPER-FOLDER FILE, keeper-restore SHARE SHARE KEEPER-FOLDER: in three files
 * of which any two bring it back.
 */
int cli_keeper_backup(int argc, char **argv);
int cli_keeper_restore(int argc, char **argv);
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
 * log [--dir FOLDER] [--since TIME] [EVENT]: what server and hub of ./run
 * logged, each line with what it means and what to do. log --list: all
 * that can be logged.
 */
int cli_log(int argc, char **argv);
/*
 * qr: the line on the standard input as a QR code. Not an argument: a link is
 * a secret, and arguments can be seen by others.
 */
int cli_qr(int argc, char **argv);
/*
 * status [--dir FOLDER]: how ./run in that folder is. 0 all is well, 1
 * something is wrong and what to do, 3 it does not run.
 */
int cli_status(int argc, char **argv);
/*
 * verify FILM [--key KEY]: whether an exported film is as the hub signed it.
 * 0: it is; 1: it is not; 2: no film of ours.
 */
int cli_verify(int argc, char **argv);

#endif
