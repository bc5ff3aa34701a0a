#include "hub/capture/thumb.h"

#include <libavcodec/avcodec.h>
#include <libavutil/imgutils.h>
#include <libswscale/swscale.h>

#define QUALITY    8 /* of 2 to 31: about 3 KB for a garden */
#define SIDE_MAX   8192
#define OCTETS_MAX ((size_t)64 << 10)

struct maker {
	AVCodecContext *in, *out;
	struct SwsContext *scale;
	AVFrame *big, *small;
	AVPacket *packet;
	int width, height, format; /* of what scale was made for */
	enum AVCodecID codec;      /* that `in` was made for */
	uint64_t last_us;
	bool made, broken;
};

static struct maker the_maker;

static AVCodecContext *
decoder_open(enum AVCodecID id)
{
	const AVCodec *codec = avcodec_find_decoder(id);
	AVCodecContext *c = codec == NULL ? NULL
					  : avcodec_alloc_context3(codec);

	if (c == NULL)
		return NULL;
	c->thread_count = 1;
	c->flags |= AV_CODEC_FLAG_LOW_DELAY;
	c->max_pixels = (int64_t)SIDE_MAX * SIDE_MAX;
	if (avcodec_open2(c, codec, NULL) < 0)
		avcodec_free_context(&c);
	return c;
}

static bool
maker_open(struct maker *m)
{
	m->made = true;
	/* what a camera sends is not for our log */
	av_log_set_level(AV_LOG_QUIET);
	m->big = av_frame_alloc();
	m->small = av_frame_alloc();
	m->packet = av_packet_alloc();
	return m->big != NULL && m->small != NULL && m->packet != NULL;
}

/* A camera may be set to another codec while it runs. */
static bool
decoder_take(struct maker *m, enum AVCodecID id)
{
	if (m->in != NULL && m->codec == id)
		return true;
	avcodec_free_context(&m->in);
	m->in = decoder_open(id);
	m->codec = id;
	return m->in != NULL;
}

static AVCodecContext *
encoder_open(int width, int height)
{
	const AVCodec *codec = avcodec_find_encoder(AV_CODEC_ID_MJPEG);
	AVCodecContext *c = codec == NULL ? NULL
					  : avcodec_alloc_context3(codec);

	if (c == NULL)
		return NULL;
	c->width = width;
	c->height = height;
	c->time_base = (AVRational){ 1, 1 };
	c->pix_fmt = AV_PIX_FMT_YUVJ420P;
	c->thread_count = 1;
	c->flags |= AV_CODEC_FLAG_QSCALE;
	c->global_quality = QUALITY * FF_QP2LAMBDA;
	if (avcodec_open2(c, codec, NULL) < 0)
		avcodec_free_context(&c);
	return c;
}

/* Another size or format than before: what depends on it is made anew. */
static bool
scale_take(struct maker *m)
{
	const int w = m->big->width, h = m->big->height;
	const int small_h = (THUMB_WIDTH * h / (w == 0 ? 1 : w)) & ~1;

	if (m->scale != NULL && w == m->width && h == m->height &&
	    m->big->format == m->format)
		return true;
	if (w < 16 || h < 16 || small_h < 16 || small_h > 4 * THUMB_WIDTH)
		return false;
	sws_freeContext(m->scale);
	avcodec_free_context(&m->out);
	av_frame_unref(m->small);
	m->small->width = THUMB_WIDTH;
	m->small->height = small_h;
	m->small->format = AV_PIX_FMT_YUVJ420P;
	m->scale = sws_getContext(w, h, (enum AVPixelFormat)m->big->format,
	    THUMB_WIDTH, small_h, AV_PIX_FMT_YUVJ420P, SWS_AREA, NULL, NULL,
	    NULL);
	m->out = encoder_open(THUMB_WIDTH, small_h);
	m->width = w;
	m->height = h;
	m->format = m->big->format;
	return m->scale != NULL && m->out != NULL &&
	       av_frame_get_buffer(m->small, 0) == 0;
}

/* The key frame alone: into a fresh decoder, and out of it again. */
static bool
decode(struct maker *m, struct slice octets)
{
	bool got;

	if (av_new_packet(m->packet, (int)octets.len) < 0)
		return false;
	memcpy(m->packet->data, octets.at, octets.len);
	got = avcodec_send_packet(m->in, m->packet) == 0 &&
	      avcodec_send_packet(m->in, NULL) == 0 &&
	      avcodec_receive_frame(m->in, m->big) == 0;
	av_packet_unref(m->packet);
	avcodec_flush_buffers(m->in);
	return got;
}

/* Into m->packet, whose owner frees it. */
static bool
encode(struct maker *m)
{
	if (!scale_take(m) || av_frame_make_writable(m->small) < 0)
		return false;
	(void)sws_scale(m->scale, (const uint8_t *const *)m->big->data,
	    m->big->linesize, 0, m->height, m->small->data, m->small->linesize);
	m->small->quality = m->out->global_quality;
	m->small->pts++;
	return avcodec_send_frame(m->out, m->small) == 0 &&
	       avcodec_receive_packet(m->out, m->packet) == 0;
}

static enum err
thumb_write(struct maker *m, int out_fd, const struct unit *of)
{
	enum err e = ERR_OK;

	if (!decoder_take(m,
		of->kind == UNIT_H265 ? AV_CODEC_ID_HEVC : AV_CODEC_ID_H264) ||
	    !decode(m, of->octets))
		return ERR_OK;
	if (encode(m)) {
		const struct unit u = { .kind = UNIT_THUMB,
			.flags = of->flags,
			.time_us = of->time_us,
			.octets = slice_make(m->packet->data,
			    (size_t)m->packet->size) };
		if (u.octets.len <= OCTETS_MAX)
			e = unit_write(out_fd, &u);
		av_packet_unref(m->packet);
	}
	av_frame_unref(m->big);
	return e;
}

enum err
picture_write(int out_fd, const struct unit *u)
{
	struct maker *m = &the_maker;
	enum err e;

	if ((e = unit_write(out_fd, u)) != ERR_OK)
		return e;
	if ((u->kind != UNIT_H264 && u->kind != UNIT_H265) ||
	    (u->flags & UNIT_KEY) == 0 || m->broken ||
	    (m->made && u->time_us - m->last_us < THUMB_EVERY_US))
		return ERR_OK;
	m->last_us = u->time_us;
	if (!m->made && !maker_open(m)) {
		m->broken = true;
		return ERR_OK;
	}
	return thumb_write(m, out_fd, u);
}
