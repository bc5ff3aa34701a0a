/*
 * demo_stage.h - the porch of the demo camera as it stands when nobody is
 * there: hills, a house with a door, a path, a lawn, a fence; and the crown
 * of the tree, which the wind moves, on a canvas of its own.
 *
 * The ground is measured in metres: across from the middle of the picture,
 * away from the camera, up. The camera hangs 2.1 m above it.
 */
#ifndef HUB_DEMO_STAGE_H
#define HUB_DEMO_STAGE_H

#include "hub/capture/demo_art.h"

#define STAGE_WIDTH   1280
#define STAGE_HEIGHT  720
#define STAGE_HORIZON 330.0f

#define CROWN_WIDTH  400
#define CROWN_HEIGHT 400
#define CROWN_X      36 /* where its left upper corner hangs */
#define CROWN_Y      22

/* Where lamplight comes from. */
#define LAMP_X 868.0f
#define LAMP_Y 352.0f

/* The walk: pavement, path, the edge of the porch, the door. */
#define WALK_PAVEMENT_AWAY 6.9f
#define WALK_DOOR_ACROSS   1.92f
#define WALK_PORCH_AWAY    11.9f
#define WALK_WALL_AWAY     13.2f
#define WALK_PORCH_UP      0.3f

/* Dots per metre at that distance. */
float stage_scale(float away);
float stage_x(float across, float away);
float stage_y(float up, float away);

/* Paint both canvases, which must be of the sizes above and empty. */
void stage_paint(struct art *a, uint32_t seed);
void stage_paint_crown(struct art *a, uint32_t seed);

#endif
