/*
 * webcam_pick.h - what is decided about a camera in a USB port: which of its
 * formats is taken, when a picture was taken, how many were lost. Pure: what
 * the device said and what the clocks show are arguments, and nothing that the
 * device said is believed.
 */
#ifndef HUB_WEBCAM_PICK_H
#define HUB_WEBCAM_PICK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"

/* Best first: H.264 is passed on as it is, all else is encoded here. */
enum webcam_form {
	WEBCAM_H264,
	WEBCAM_MJPEG,
	WEBCAM_NV12,
	WEBCAM_YUYV,
	WEBCAM_FORM__MAX
};

/* What is encoded fits into this, upright or not. */
#define WEBCAM_SIDE_MAX   1280
#define WEBCAM_PIXELS_MAX (1280 * 720)
/* What is taken from the device: scaled down, or H.264. */
#define WEBCAM_TAKEN_SIDE_MAX   1920
#define WEBCAM_TAKEN_PIXELS_MAX (1920 * 1088)
#define WEBCAM_TAKEN_SIDE_MIN   16
#define WEBCAM_FPS_MILLI_MAX    30000u
#define WEBCAM_FPS_MILLI_MIN    15000u /* below that, a smaller size is better */
/* One buffer of the device, and all of them. */
#define WEBCAM_BUFFER_OCTETS_MAX  ((size_t)16 << 20)
#define WEBCAM_BUFFERS_OCTETS_MAX ((size_t)64 << 20)
#define WEBCAM_BUFFERS_MAX        16
/* How far back a time of the device's may lie. */
#define WEBCAM_LATE_US_MAX 2000000

/* Seconds of one picture: num / den. */
struct webcam_interval {
	uint32_t num, den;
};
struct webcam_offer {
	enum webcam_form form;
	uint32_t width, height;
	struct webcam_interval interval; /* zeros: it does not say */
};

/* ERR_UNSUPPORTED: a format that we do not take. */
MUST_USE enum err webcam_form_of(uint32_t fourcc, enum webcam_form *ret_form);
uint32_t webcam_fourcc_of(enum webcam_form form);

/* Pictures in a thousand seconds; 0: it does not say, or says nonsense. */
uint32_t webcam_fps_milli(struct webcam_interval i);
/* The better of two: the fastest up to 30/s, else the slowest above. */
struct webcam_interval
webcam_interval_better(struct webcam_interval a, struct webcam_interval b);
/* Out of a range of intervals, shortest and longest. */
struct webcam_interval webcam_interval_within(struct webcam_interval shortest,
    struct webcam_interval longest);
/* The largest of least, least + step, ... most that is at most want; 0: none. */
uint32_t
webcam_side_within(uint32_t least, uint32_t most, uint32_t step, uint32_t want);

/* A size that may be taken from the device at all. */
bool webcam_size_allowed(uint32_t width, uint32_t height);
/*
 * The best offer whose form is not in without (a bit for each).
 * ERR_UNSUPPORTED: there is none.
 */
MUST_USE enum err webcam_choose(const struct webcam_offer *offers, size_t count,
    unsigned without, struct webcam_offer *ret_choice);
/* The size of what is encoded: even, within the limits, of the same shape. */
void webcam_encoded_size(uint32_t width, uint32_t height, uint32_t *ret_width,
    uint32_t *ret_height);

/*
 * Octets of one picture that is not compressed. ERR_LIMIT: its lines are
 * shorter than a picture's, or it is larger than a buffer may be.
 */
MUST_USE enum err webcam_raw_octets(enum webcam_form form, uint32_t width,
    uint32_t height, uint32_t line_octets, size_t *ret_octets);
/* ERR_LIMIT: a device that wants so much memory is none. */
MUST_USE enum err
webcam_buffer_check(uint64_t octets, uint64_t offset, size_t octets_before);

/* The clocks, read together; last_us: what was said of the picture before. */
struct webcam_clocks {
	uint64_t monotonic_us, real_us, last_us;
};
/*
 * When a picture was taken, since 1970: never in the future, never before the
 * one before it unless the clock itself was set back.
 */
uint64_t webcam_time_us(const struct webcam_clocks *c, uint64_t stamp_us,
    bool is_monotonic);
/* Pictures that went between two sequence numbers. */
uint32_t webcam_lost(uint32_t before, uint32_t now);
/* How long a picture is shown, for the encoder: a sane step forward. */
uint64_t webcam_step_us(uint64_t before_us, uint64_t now_us);

#endif
