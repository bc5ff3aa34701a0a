/*
 * demo.h - the demo camera's pictures: a porch, drawn by our own code. A
 * picture is a function of (seed, scene time) and of the clock written into
 * it; the same give the same octets on the same machine.
 */
#ifndef HUB_DEMO_H
#define HUB_DEMO_H

#include <stdint.h>

#include "base/err.h"
#include "hub/capture/demo_lit.h"

#define DEMO_WIDTH  1280
#define DEMO_HEIGHT 720

struct demo;

/* Paints the stage: about 300 ms. ERR_NOMEM. The caller gives it back. */
MUST_USE enum err demo_open(uint32_t seed, struct demo **ret_demo);
void demo_close(struct demo *d);

/*
 * Scene time of a moment: unix time at speed 1, zone included, so that its
 * day is the viewer's day. speed_milli 1000 is real speed.
 */
uint64_t
demo_scene_ms(uint64_t time_us, uint32_t speed_milli, int32_t offset_s);

/*
 * Draw what the camera sees. to is DEMO_WIDTH x DEMO_HEIGHT. Fastest when
 * scene times rise slowly. count goes into the machine-readable stamp.
 */
void demo_draw(struct demo *d, uint64_t scene_ms, uint64_t time_us,
    int32_t offset_s, uint16_t count, struct picture *to);

#endif
