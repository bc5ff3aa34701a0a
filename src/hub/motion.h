/*
 * motion.h - how much moves in front of a camera, guessed from what its
 * encoder spends on the pictures between key frames: no picture is opened.
 * Quiet scenes cost little; the guess is how far above their level it is.
 */
#ifndef HUB_MOTION_H
#define HUB_MOTION_H

#include <stddef.h>
#include <stdint.h>

struct motion {
	double quiet; /* octets each second when nothing moves */
	uint64_t octets, from_us;
};

/* A key frame: what came since the one before teaches what is quiet. */
void motion_key(struct motion *m, uint64_t now_us);
/* A picture between key frames. */
void motion_add(struct motion *m, size_t octets);
/* Since the newest key frame, 0 to 255. */
uint8_t motion_now(const struct motion *m, uint64_t now_us);

#endif
