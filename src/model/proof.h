/*
 * proof.h - whether a film that the app exported is as the camera's hub signed
 * it: docs/FORMATS.md section 10. Every octet of the file is looked at: the
 * samples have the digests that stand in the proof, the proof's leaves are
 * those that the hub's marks sign, the marks follow each other, and the table
 * is the one that follows from the samples.
 *
 * What no film can show: whole marks that were left out at its beginning or
 * its end. Therefore its first and last time are told.
 */
#ifndef MODEL_PROOF_H
#define MODEL_PROOF_H

#include "model/run.h"

enum proof_fault {
	PROOF_PICTURE_CHANGED, /* sample, from */
	PROOF_SOUND_CHANGED,   /* sample, from */
	PROOF_PICTURE_ABSENT,  /* from: listed, but not in the file */
	PROOF_MISSING,         /* between from and to */
	PROOF_TAIL,            /* after from: no mark covers what follows */
	PROOF_ORDER,           /* from is not where it belongs */
	PROOF_UNSIGNED,        /* from .. to: the hub did not sign this so */
	PROOF_RUN_UNSIGNED, /* a header that the key in the film did not sign */
	PROOF_OTHER_CAMERA, /* two cameras in one film */
	PROOF_CHANGED,      /* octets of the proof itself */
	PROOF_TABLE,        /* the table; from: first octet that differs */
	PROOF_EXTRA         /* octets in mdat that no sample is made of */
};

struct proof_wrong {
	enum proof_fault what;
	uint64_t from_us, to_us; /* 0: not known */
	uint64_t sample;         /* of its track, from 1 */
};

/* Called for each thing that is wrong, in the order of the film. */
struct proof_sink {
	void (*wrong)(void *to, const struct proof_wrong *wrong);
	void *to;
};

/* What the film says of itself. */
struct proof_said {
	uint8_t hub[SIGN_PUBLIC_OCTETS];
	struct place place;
	uint64_t first_us, last_us;
	uint64_t pictures, sounds;
	uint64_t left_out; /* sounds that are signed, but not in the film */
	uint64_t runs;
	uint64_t unknown; /* runs that do not say what was before them */
	uint64_t wrongs;
};

/*
 * ERR_OK when it could be looked at: it is as signed when wrongs is 0.
 * ERR_SYNTAX: no film of ours; ERR_UNSUPPORTED: a proof of a later version;
 * ERR_MORE: cut off; ERR_MISSING: without its proof; ERR_CORRUPT: its boxes
 * are not those that were written; ERR_NOMEM.
 */
MUST_USE enum err proof_check(struct slice file, struct proof_sink sink,
    struct proof_said *ret_said);

#endif
