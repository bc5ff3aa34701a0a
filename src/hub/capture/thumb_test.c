#include "hub/capture/thumb.h"

#include <libavcodec/avcodec.h>
#include <libavutil/opt.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/obj.h"
#include "unit/t.h"

#define WIDTH  320
#define HEIGHT 192

#if EAVES_SANITIZED
/* libx265, which makes the pictures here, keeps what it has for the process. */
const char *__lsan_default_suppressions(void);
__attribute__((visibility("default"))) const char *
__lsan_default_suppressions(void)
{
	return "leak:libx265";
}
#endif

static AVFrame *
frame_make(int luma)
{
	AVFrame *f = av_frame_alloc();

	assert_non_null(f);
	f->width = WIDTH;
	f->height = HEIGHT;
	f->format = AV_PIX_FMT_YUV420P;
	f->pts = 0;
	assert_int_equal(0, av_frame_get_buffer(f, 0));
	for (int i = 0; i < 3; i++)
		memset(f->data[i], i == 0 ? luma : 128,
		    (size_t)f->linesize[i] *
			(size_t)(i == 0 ? HEIGHT : HEIGHT / 2));
	return f;
}

/* One grey key frame, as a camera sends it. */
static AVPacket *
key_make(const char *encoder, int luma)
{
	const AVCodec *codec = avcodec_find_encoder_by_name(encoder);
	AVCodecContext *c = avcodec_alloc_context3(codec);
	AVPacket *p = av_packet_alloc();
	AVFrame *f = frame_make(luma);

	assert_non_null(codec);
	c->width = WIDTH;
	c->height = HEIGHT;
	c->pix_fmt = AV_PIX_FMT_YUV420P;
	c->time_base = (AVRational){ 1, 15 };
	av_log_set_level(AV_LOG_QUIET);
	/* it has a log of its own; the other encoder no such word */
	(void)av_opt_set(c->priv_data, "x265-params", "log-level=none", 0);
	assert_int_equal(0, avcodec_open2(c, codec, NULL));
	assert_int_equal(0, avcodec_send_frame(c, f));
	assert_int_equal(0, avcodec_send_frame(c, NULL));
	assert_int_equal(0, avcodec_receive_packet(c, p));
	av_frame_free(&f);
	avcodec_free_context(&c);
	return p;
}

/* The brightness of a JPEG's middle. */
static int
jpeg_luma(struct slice jpeg)
{
	const AVCodec *codec = avcodec_find_decoder(AV_CODEC_ID_MJPEG);
	AVCodecContext *c = avcodec_alloc_context3(codec);
	AVPacket *p = av_packet_alloc();
	AVFrame *f = av_frame_alloc();
	int luma;

	assert_int_equal(0, avcodec_open2(c, codec, NULL));
	assert_int_equal(0, av_new_packet(p, (int)jpeg.len));
	memcpy(p->data, jpeg.at, jpeg.len);
	assert_int_equal(0, avcodec_send_packet(c, p));
	assert_int_equal(0, avcodec_receive_frame(c, f));
	assert_int_equal(THUMB_WIDTH, f->width);
	luma = f->data[0][f->height / 2 * f->linesize[0] + f->width / 2];
	av_frame_free(&f);
	av_packet_free(&p);
	avcodec_free_context(&c);
	return luma;
}

/* All that is written for one unit. */
static void
written(const struct unit *u, struct buf *all)
{
	uint8_t *to;
	ssize_t n;
	int fd[2];

	assert_int_equal(0, pipe(fd));
	T_OK(picture_write(fd[1], u));
	assert_int_equal(0, close(fd[1]));
	do {
		T_OK(buf_reserve(all, 4096, &to));
		n = read(fd[0], to, 4096);
		assert_true(n >= 0);
		all->len += (size_t)n;
	} while (n > 0);
	assert_int_equal(0, close(fd[0]));
}

/* What is full range in a JPEG is 16 to 235 of a camera's. */
static int
full(int luma)
{
	return (luma - 16) * 255 / 219;
}

static void
each_codec_has_its_small_picture_and_may_change(void **state)
{
	static const struct {
		uint8_t kind;
		const char *encoder;
		int luma;
	} from[] = { { UNIT_H265, "libx265", 60 },
		{ UNIT_H264, "libx264", 190 }, { UNIT_H265, "libx265", 130 } };

	(void)state;
	for (size_t i = 0; i < COUNT(from); i++) {
		AVPacket *key = key_make(from[i].encoder, from[i].luma);
		const struct unit u = { .kind = from[i].kind,
			.flags = UNIT_KEY,
			.time_us = (i + 1) * THUMB_EVERY_US,
			.octets = slice_make(key->data, (size_t)key->size) };
		AUTO_BUF struct buf all;
		struct unit back, thumb;
		size_t took, more;

		buf_init(&all, 1 << 20);
		written(&u, &all);
		T_OK(unit_parse(buf_slice(&all), &back, &took));
		assert_int_equal(from[i].kind, back.kind);
		T_OK(unit_parse(slice_skip(buf_slice(&all), took), &thumb,
		    &more));
		assert_int_equal(UNIT_THUMB, thumb.kind);
		assert_true(thumb.time_us == u.time_us);
		assert_in_range(jpeg_luma(thumb.octets), full(from[i].luma) - 4,
		    full(from[i].luma) + 4);
		assert_int_equal(all.len, took + more);
		av_packet_free(&key);
	}
}

static void
what_is_not_what_it_says_has_none(void **state)
{
	static const struct unit bad = { .kind = UNIT_H265,
		.flags = UNIT_KEY,
		.time_us = (uint64_t)9 * THUMB_EVERY_US };
	struct unit u = bad, back;
	AUTO_BUF struct buf all;
	size_t took;

	(void)state;
	buf_init(&all, 1 << 20);
	u.octets = SLICE_LIT("\0\0\0\1\x42\1nothing");
	written(&u, &all);
	T_OK(unit_parse(buf_slice(&all), &back, &took));
	assert_int_equal(all.len, took);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(
		    each_codec_has_its_small_picture_and_may_change),
		cmocka_unit_test(what_is_not_what_it_says_has_none),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
