#include "hub/capture/webcam_picture.h"

#include <stdlib.h>

#include <libavcodec/avcodec.h>
#include <libavutil/imgutils.h>
#include <libswscale/swscale.h>
#include <x264.h>

#include "hub/capture/thumb.h"
#include "hub/unit.h"

#define QUALITY 23

struct webcam_picture {
	struct webcam_offer from;
	struct webcam_plain plain;
	size_t plain_octets;
	AVCodecContext *jpeg; /* NULL: it is plain */
	AVPacket *packet;
	AVFrame *in, *out;
	struct SwsContext *scale;
	bool scaled_full; /* of what scale was made for */
	x264_t *x264;
	uint64_t time_us; /* of the newest picture */
	uint64_t shown_us,
	    key_us; /* since the first one, and at the last key */
	uint64_t count;
	bool began;
};

/* --- making --- */

static void
encoder_settings(x264_param_t *p, const AVFrame *of)
{
	x264_param_default_preset(p, "veryfast", "zerolatency");
	p->i_log_level = X264_LOG_NONE;
	p->i_threads = 1;
	p->i_width = of->width;
	p->i_height = of->height;
	p->i_csp = X264_CSP_I420;
	p->i_fps_num = WEBCAM_FPS_MILLI_MAX;
	p->i_fps_den = 1000;
	/* else x264 holds each picture back until it knows the next one's time */
	p->b_vfr_input = 0;
	/* a camera slows down in the dark: key frames come by the clock */
	p->i_keyint_max = X264_KEYINT_MAX_INFINITE;
	p->i_scenecut_threshold = 0;
	p->b_repeat_headers = 1;
	p->b_annexb = 1;
	p->vui.b_fullrange = 0;
	p->vui.i_colorprim = 1; /* BT.709, as sRGB */
	p->vui.i_transfer = 1;
	p->vui.i_colmatrix = 6; /* BT.601: JPEG's, and what webcams send */
	p->rc.i_rc_method = X264_RC_CRF;
	p->rc.f_rf_constant = QUALITY;
	p->rc.i_vbv_max_bitrate = WEBCAM_KBIT_MAX;
	p->rc.i_vbv_buffer_size = WEBCAM_KBIT_MAX;
	(void)x264_param_apply_profile(p, "high");
}

static enum err
jpeg_open(struct webcam_picture *p)
{
	const AVCodec *codec = avcodec_find_decoder(AV_CODEC_ID_MJPEG);

	if (codec == NULL)
		return ERR_UNSUPPORTED;
	if ((p->jpeg = avcodec_alloc_context3(codec)) == NULL)
		return ERR_NOMEM;
	p->jpeg->thread_count = 1;
	p->jpeg->max_pixels = WEBCAM_TAKEN_PIXELS_MAX;
	return avcodec_open2(p->jpeg, codec, NULL) < 0 ? ERR_UNSUPPORTED
						       : ERR_OK;
}

static enum err
plain_open(struct webcam_picture *p)
{
	AVFrame *f = p->in;

	f->width = (int)p->from.width;
	f->height = (int)p->from.height;
	f->format = p->from.form == WEBCAM_NV12 ? AV_PIX_FMT_NV12
						: AV_PIX_FMT_YUYV422;
	if (av_frame_get_buffer(f, 0) < 0)
		return ERR_NOMEM;
	return webcam_raw_octets(p->from.form, p->from.width, p->from.height,
	    p->plain.line_octets, &p->plain_octets);
}

static enum err
parts_open(struct webcam_picture *p)
{
	x264_param_t param;
	uint32_t w, h;

	/* what a camera sends is not for our log */
	av_log_set_level(AV_LOG_QUIET);
	p->packet = av_packet_alloc();
	p->in = av_frame_alloc();
	p->out = av_frame_alloc();
	if (p->packet == NULL || p->in == NULL || p->out == NULL)
		return ERR_NOMEM;
	webcam_encoded_size(p->from.width, p->from.height, &w, &h);
	p->out->width = (int)w;
	p->out->height = (int)h;
	p->out->format = AV_PIX_FMT_YUV420P;
	if (av_frame_get_buffer(p->out, 0) < 0)
		return ERR_NOMEM;
	encoder_settings(&param, p->out);
	if ((p->x264 = x264_encoder_open(&param)) == NULL)
		return ERR_NOMEM;
	return p->from.form == WEBCAM_MJPEG ? jpeg_open(p) : plain_open(p);
}

enum err
webcam_picture_new(const struct webcam_offer *from,
    const struct webcam_plain *plain, struct webcam_picture **ret_picture)
{
	struct webcam_picture *p = calloc(1, sizeof *p);
	enum err e;

	if (p == NULL)
		return ERR_NOMEM;
	p->from = *from;
	p->plain = *plain;
	if ((e = parts_open(p)) != ERR_OK) {
		webcam_picture_free(p);
		return e;
	}
	*ret_picture = p;
	return ERR_OK;
}

void
webcam_picture_free(struct webcam_picture *p)
{
	if (p == NULL)
		return;
	if (p->x264 != NULL)
		x264_encoder_close(p->x264);
	sws_freeContext(p->scale);
	avcodec_free_context(&p->jpeg);
	av_packet_free(&p->packet);
	av_frame_free(&p->in);
	av_frame_free(&p->out);
	free(p);
}

/* --- one picture --- */

/* Copied: libavcodec reads a little beyond the end. */
static enum err
jpeg_decode(struct webcam_picture *p, struct slice octets)
{
	bool got;

	if (!slice_starts(octets, SLICE_LIT("\xff\xd8")))
		return ERR_SYNTAX;
	if (av_new_packet(p->packet, (int)octets.len) < 0)
		return ERR_NOMEM;
	memcpy(p->packet->data, octets.at, octets.len);
	got = avcodec_send_packet(p->jpeg, p->packet) == 0 &&
	      avcodec_receive_frame(p->jpeg, p->in) == 0;
	av_packet_unref(p->packet);
	return got && p->in->decode_error_flags == 0 ? ERR_OK : ERR_SYNTAX;
}

/* Copied, too: libswscale reads whole vectors. */
static enum err
plain_copy(struct webcam_picture *p, struct slice octets)
{
	const int line = (int)p->plain.line_octets;
	const size_t lines = p->from.height;
	AVFrame *f = p->in;

	if (octets.len < p->plain_octets)
		return ERR_SYNTAX;
	if (av_frame_make_writable(f) < 0)
		return ERR_NOMEM;
	const bool nv12 = p->from.form == WEBCAM_NV12;
	const int width = (f->width + 1) & ~1;
	av_image_copy_plane(f->data[0], f->linesize[0], octets.at, line,
	    nv12 ? f->width : 2 * width, f->height);
	if (nv12)
		av_image_copy_plane(f->data[1], f->linesize[1],
		    octets.at + (size_t)line * lines, line, width,
		    (f->height + 1) / 2);
	return ERR_OK;
}

/* Into 16 to 235, which is what players believe. */
static void
range_set(struct webcam_picture *p, bool is_full)
{
	const int *c = sws_getCoefficients(SWS_CS_ITU601);

	(void)sws_setColorspaceDetails(p->scale, c, is_full, c, 0, 0, 1 << 16,
	    1 << 16);
	p->scaled_full = is_full;
}

/* A JPEG may be of another size than was said: it is brought into ours. */
static enum err
shape(struct webcam_picture *p)
{
	const AVFrame *in = p->in;
	const bool is_full = p->from.form == WEBCAM_MJPEG
				 ? in->color_range != AVCOL_RANGE_MPEG
				 : p->plain.is_full_range;
	struct SwsContext *before = p->scale;

	if (!webcam_size_allowed((uint32_t)in->width, (uint32_t)in->height))
		return ERR_SYNTAX;
	p->scale = sws_getCachedContext(p->scale, in->width, in->height,
	    (enum AVPixelFormat)in->format, p->out->width, p->out->height,
	    AV_PIX_FMT_YUV420P, SWS_AREA, NULL, NULL, NULL);
	if (p->scale == NULL)
		return ERR_SYNTAX;
	if (p->scale != before || p->scaled_full != is_full)
		range_set(p, is_full);
	if (av_frame_make_writable(p->out) < 0)
		return ERR_NOMEM;
	return sws_scale(p->scale, (const uint8_t *const *)in->data,
		   in->linesize, 0, in->height, p->out->data,
		   p->out->linesize) == p->out->height
		   ? ERR_OK
		   : ERR_SYNTAX;
}

/* A key frame is due by the time that went by. */
static bool
key_is_due(struct webcam_picture *p, uint64_t time_us)
{
	if (p->began)
		p->shown_us += webcam_step_us(p->time_us, time_us);
	p->time_us = time_us;
	const bool due = !p->began ||
			 p->shown_us - p->key_us >= WEBCAM_GROUP_US;
	p->began = true;
	if (due)
		p->key_us = p->shown_us;
	return due;
}

static enum err
encode(struct webcam_picture *p, uint64_t time_us, int out_fd)
{
	x264_picture_t in, out;
	x264_nal_t *nal;
	int count;

	x264_picture_init(&in);
	in.img.i_csp = X264_CSP_I420;
	in.img.i_plane = 3;
	for (int i = 0; i < 3; i++) {
		in.img.plane[i] = p->out->data[i];
		in.img.i_stride[i] = p->out->linesize[i];
	}
	in.i_type = key_is_due(p, time_us) ? X264_TYPE_IDR : X264_TYPE_AUTO;
	in.i_pts = (int64_t)p->count++;
	const int octets = x264_encoder_encode(p->x264, &nal, &count, &in,
	    &out);
	if (octets < 0)
		return ERR_NOMEM;
	if (octets == 0)
		return ERR_OK;
	const struct unit u = {
		.kind = UNIT_H264,
		.flags = (uint8_t)(UNIT_OWN_TIME |
				   (out.b_keyframe != 0 ? UNIT_KEY : 0)),
		.time_us = time_us,
		.octets = slice_make(nal[0].p_payload, (size_t)octets),
	};
	return picture_write(out_fd, &u);
}

enum err
webcam_picture_write(struct webcam_picture *p, struct slice octets,
    uint64_t time_us, int out_fd)
{
	enum err e = p->jpeg != NULL ? jpeg_decode(p, octets)
				     : plain_copy(p, octets);

	if (e != ERR_OK || (e = shape(p)) != ERR_OK)
		return e;
	return encode(p, time_us, out_fd);
}
