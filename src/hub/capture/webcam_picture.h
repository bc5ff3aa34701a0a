/*
 * webcam_picture.h - a camera's JPEG or plain pictures become H.264: opened by
 * libavcodec, brought into shape by libswscale, encoded by libx264 with a key
 * frame each two seconds. What does not open is dropped alone.
 */
#ifndef HUB_WEBCAM_PICTURE_H
#define HUB_WEBCAM_PICTURE_H

#include "base/slice.h"
#include "hub/capture/webcam_pick.h"

#define WEBCAM_GROUP_US 2000000
#define WEBCAM_KBIT_MAX 3000

struct webcam_picture;

struct webcam_plain {
	uint32_t line_octets; /* what is not compressed: of a line */
	bool is_full_range;   /* the same: 0 to 255 */
};

/* ERR_NOMEM, ERR_UNSUPPORTED: a library lacks what is needed. */
MUST_USE enum err webcam_picture_new(const struct webcam_offer *from,
    const struct webcam_plain *plain, struct webcam_picture **ret_picture);
void webcam_picture_free(struct webcam_picture *p);
/*
 * One picture, taken at that time, to out_fd as a unit. ERR_SYNTAX: it is no
 * picture; the next may be one. ERR_CLOSED, ERR_IO: nobody reads. ERR_NOMEM.
 */
MUST_USE enum err webcam_picture_write(struct webcam_picture *p,
    struct slice octets, uint64_t time_us, int out_fd);

#endif
