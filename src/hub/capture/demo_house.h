/*
 * demo_house.h - the house of the demo camera: walls, roof, windows, porch
 * and door, painted onto the stage.
 */
#ifndef HUB_DEMO_HOUSE_H
#define HUB_DEMO_HOUSE_H

#include "hub/capture/demo_art.h"

void house_paint(struct art *a, uint32_t seed);

#endif
