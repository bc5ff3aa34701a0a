/*
 * demo_people.h - the people and the parcel of the demo camera, painted with
 * demo_art onto a small canvas.
 */
#ifndef HUB_DEMO_PEOPLE_H
#define HUB_DEMO_PEOPLE_H

#include "hub/capture/demo_art.h"
#include "hub/capture/demo_light.h"
#include "hub/capture/demo_story.h"

#define FIGURE_WIDTH  400
#define FIGURE_HEIGHT 340

/* Where of the picture the painted part of the canvas belongs; all even. */
struct figure {
	int x, y, width, height;
};

/*
 * Paint a person onto a, which is cleared as far as needed. Their shadow
 * falls away from the sun of l.
 */
void figure_person(struct art *a, const struct story_person *p, uint32_t round,
    const struct light *l, struct figure *ret_where);
/* The parcel at the door. */
void figure_parcel(struct art *a, uint32_t round, struct figure *ret_where);

#endif
