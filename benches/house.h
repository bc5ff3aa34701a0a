/*
 * house.h - for benches: a server of one's own on loopback with one household
 * in it, and either the real hub or a hub that is nothing but its channel.
 * What goes wrong ends the bench. Figures come from /proc.
 */
#ifndef BENCHES_HOUSE_H
#define BENCHES_HOUSE_H

#include <openssl/ssl.h>

#include "unit/app.h"
#include "unit/program.h"

struct house {
	const char *build; /* folder of the programs */
	char folder[160];
	struct child eavesd, hub;
	struct app app;
	uint16_t device_port;
	SSL_CTX *tls; /* of house_device() */
};

/* Starts eavesd in a folder of its own under where. */
void house_open(struct house *h, const char *build, const char *where);
void house_close(struct house *h);
/*
 * The same folders and ports, now with TLS at the browser's port: app.h does
 * not speak it, so the household signs up before.
 */
void house_restart_tls(struct house *h);

/* The real hub with these cameras (`--camera` each), paired. */
void house_hub(struct house *h, const char *const *cameras, size_t count);
/* No hub: a device of the home with that many streams, and its channel. */
void house_device(struct house *h, size_t streams);
/* ret_slots has room for the streams of house_device(). */
SSL *house_uplink(struct house *h, uint32_t *ret_slots);

/* Ends eavesd; eaves-fsck must find all that it wrote as it was written. */
void house_check(struct house *h);

/* A child of eavesd (`keeper`, `core`, `edge`); 0: none. */
pid_t house_role(const struct house *h, const char *role);

/* Files of recordings. */
size_t house_segments(const struct house *h);

/* Its children; how many. */
size_t processes_under(pid_t pid, pid_t *ret_pids, size_t room);
/* Whether an argument of it ends so. */
bool process_has_word(pid_t pid, const char *word);
/* Whether the kernel calls it so. */
bool process_is_named(pid_t pid, const char *name);
/* From /proc; they say 0 when the process has gone. */
double process_cpu_s(pid_t pid);
unsigned long process_pss_kb(pid_t pid);
unsigned process_fds(pid_t pid);
double clock_s(void);

#endif
