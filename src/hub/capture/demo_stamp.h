/*
 * demo_stamp.h - the time in the picture, for people and for machines.
 *
 * For machines: 64 blocks of 16 x 16 dots from the left upper corner, luma
 * 235 for 1 and 16 for 0, chroma neutral; first bit leftmost: the low 48 bits
 * of the microseconds since 1970, then 16 bits that count pictures.
 * For people: date and time in a corner, in letters of our own.
 */
#ifndef HUB_DEMO_STAMP_H
#define HUB_DEMO_STAMP_H

#include <stdint.h>

#include "hub/capture/demo_lit.h"

#define STAMP_BLOCK  16
#define STAMP_BLOCKS 64

void stamp_blocks(struct picture *p, uint64_t time_us, uint16_t count);
/* What the blocks say; for tests. */
uint64_t stamp_read(const struct picture *p);

/*
 * Write "2026-11-23 18:52:07" at (x, y), in characters of 12 x 21 dots on a
 * darkened plate. offset_s is the zone's distance from UTC; at zero "UTC" is
 * added.
 */
void stamp_clock(struct picture *p, int x, int y, uint64_t time_us,
    int32_t offset_s);

#endif
