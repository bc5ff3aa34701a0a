/*
 * thumb.h - a small picture of what the camera sees, each ten seconds: from a
 * key frame, as a JPEG, for the timeline. Made here, since only a capture
 * process may open what a camera sends.
 */
#ifndef HUB_THUMB_H
#define HUB_THUMB_H

#include "hub/unit.h"

#define THUMB_EVERY_US 10000000
#define THUMB_WIDTH    224

/*
 * Writes the unit, then a thumbnail behind it when one is due and the unit
 * shows one. A picture that does not decode has none. ERR_ as unit_write().
 * There is one camera in a process: what is due is remembered here.
 */
MUST_USE enum err picture_write(int out_fd, const struct unit *u);

#endif
