#include "hub/capture/demo_run.h"

#include <string.h>

#include <x264.h>

#include "hub/capture/demo.h"
#include "hub/capture/demo_sound.h"
#include "hub/capture/pace.h"
#include "hub/capture/thumb.h"
#include "hub/unit.h"

static void
encoder_settings(x264_param_t *p)
{
	x264_param_default_preset(p, "veryfast", "zerolatency");
	p->i_log_level = X264_LOG_NONE;
	p->i_threads = 1; /* the sandbox has no threads */
	p->i_width = DEMO_WIDTH;
	p->i_height = DEMO_HEIGHT;
	p->i_csp = X264_CSP_I420;
	p->i_fps_num = DEMO_FPS;
	p->i_fps_den = 1;
	p->i_keyint_max = DEMO_GROUP;
	p->i_keyint_min = DEMO_GROUP;
	p->i_scenecut_threshold = 0;
	p->b_repeat_headers = 1;
	p->b_annexb = 1;
	p->b_vfr_input = 0;
	p->vui.i_colorprim = 1; /* BT.709 */
	p->vui.i_transfer = 1;
	p->vui.i_colmatrix = 1;
	p->rc.i_rc_method = X264_RC_CRF;
	p->rc.f_rf_constant = 22;
	p->rc.i_vbv_max_bitrate = DEMO_KBIT_MAX;
	p->rc.i_vbv_buffer_size = DEMO_KBIT_MAX;
	(void)x264_param_apply_profile(p, "high");
}

static enum err
unit_encode(x264_t *x, const struct picture *from, int64_t number,
    uint64_t time_us, int out_fd)
{
	x264_picture_t in, out;
	x264_nal_t *nal;
	int count;

	x264_picture_init(&in);
	in.img.i_csp = X264_CSP_I420;
	in.img.i_plane = 3;
	in.img.plane[0] = from->y;
	in.img.plane[1] = from->u;
	in.img.plane[2] = from->v;
	in.img.i_stride[0] = from->width;
	in.img.i_stride[1] = in.img.i_stride[2] = from->width / 2;
	in.i_pts = number;
	const int octets = x264_encoder_encode(x, &nal, &count, &in, &out);
	if (octets < 0)
		return ERR_IO;
	if (octets == 0)
		return ERR_OK;
	const struct unit u = {
		.kind = UNIT_H264,
		.flags = (uint8_t)(UNIT_OWN_TIME |
				   (out.b_keyframe != 0 ? UNIT_KEY : 0)),
		.time_us = time_us,
		/* x264 lays the NAL units of a picture end to end */
		.octets = slice_make(nal[0].p_payload, (size_t)octets),
	};
	return picture_write(out_fd, &u);
}

/* All that was heard by now. */
static enum err
sound_run(struct demo_sound *d, uint64_t now_us, int out_fd)
{
	uint8_t frame[DEMO_SOUND_SAMPLES];
	uint64_t time_us;
	enum err e = ERR_OK;

	while (e == ERR_OK && demo_sound_frame(d, now_us, frame, &time_us)) {
		const struct unit_sound s = { .codec = SOUND_PCMU,
			.rate = DEMO_SOUND_RATE,
			.channels = 1,
			.config = SLICE_LIT(""),
			.frame = SLICE_OF(frame) };
		e = unit_write_sound(out_fd, time_us, &s);
	}
	return e;
}

static enum err
pictures_run(const struct capture_settings *s, struct demo *d, x264_t *x,
    struct picture *p, int out_fd, uint64_t pictures)
{
	struct demo_sound sound;
	struct pace pace;
	enum err e;

	demo_sound_init(&sound, s->demo_seed, s->demo_speed_milli,
	    s->zone_offset_s);
	pace_start(&pace);
	for (uint64_t i = 0; pictures == 0 || i < pictures; i++) {
		const uint64_t now = pace_now_us();
		demo_draw(d,
		    demo_scene_ms(now, s->demo_speed_milli, s->zone_offset_s),
		    now, s->zone_offset_s, (uint16_t)i, p);
		e = unit_encode(x, p, (int64_t)i, now, out_fd);
		if (e == ERR_OK && !s->sound_off)
			e = sound_run(&sound, pace_now_us(), out_fd);
		if (e != ERR_OK)
			return e;
		pace_wait(&pace, 1000000 / DEMO_FPS);
	}
	return ERR_OK;
}

enum err
demo_run(const struct capture_settings *s, int out_fd, uint64_t pictures)
{
	struct picture p = { 0 };
	struct demo *d = NULL;
	x264_param_t param;
	x264_t *x = NULL;
	enum err e;

	if ((e = picture_init(&p, DEMO_WIDTH, DEMO_HEIGHT)) != ERR_OK ||
	    (e = demo_open(s->demo_seed, &d)) != ERR_OK)
		goto close;
	encoder_settings(&param);
	if ((x = x264_encoder_open(&param)) == NULL) {
		e = ERR_NOMEM;
		goto close;
	}
	e = unit_write_status(out_fd, pace_now_us(), REASON_RUNNING, 0);
	if (e == ERR_OK)
		e = pictures_run(s, d, x, &p, out_fd, pictures);
close:
	if (x != NULL)
		x264_encoder_close(x);
	demo_close(d);
	picture_fini(&p);
	return e;
}
