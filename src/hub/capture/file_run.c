#include "hub/capture/file_run.h"

#include <errno.h>
#include <unistd.h>

#include <libavcodec/avcodec.h>
#include <libavcodec/bsf.h>
#include <libavformat/avformat.h>

#include "hub/capture/pace.h"
#include "hub/capture/thumb.h"

#define READ_OCTETS   32768
#define STEP_MAX_US   2000000 /* a longer pause in the file is cut short */
#define STEP_GUESS_US 40000

struct file {
	int fd, out_fd;
	AVIOContext *io;
	AVFormatContext *format;
	AVBSFContext *filter; /* length-prefixed to Annex-B */
	AVPacket *packet;
	int stream;
	bool started; /* a key frame was seen */
	int64_t last_us;
	struct pace pace;
};

static int
file_read(void *opaque, uint8_t *to, int room)
{
	const struct file *f = opaque;
	ssize_t n;

	do {
		n = read(f->fd, to, (size_t)room);
	} while (n == -1 && errno == EINTR);
	return n > 0 ? (int)n : n == 0 ? AVERROR_EOF : AVERROR(errno);
}

static int64_t
file_seek(void *opaque, int64_t offset, int whence)
{
	const struct file *f = opaque;

	if (whence == AVSEEK_SIZE) {
		const off_t here = lseek(f->fd, 0, SEEK_CUR);
		const off_t end = lseek(f->fd, 0, SEEK_END);
		(void)lseek(f->fd, here, SEEK_SET);
		return end;
	}
	return lseek(f->fd, offset, whence & ~AVSEEK_FORCE);
}

static void
file_close(struct file *f)
{
	av_packet_free(&f->packet);
	av_bsf_free(&f->filter);
	avformat_close_input(&f->format);
	if (f->io != NULL)
		av_freep(&f->io->buffer);
	avio_context_free(&f->io);
}

static enum err
file_open(struct file *f)
{
	uint8_t *room = av_malloc(READ_OCTETS);

	if (room == NULL)
		return ERR_NOMEM;
	f->io = avio_alloc_context(room, READ_OCTETS, 0, f, file_read, NULL,
	    file_seek);
	if (f->io == NULL) {
		av_free(room);
		return ERR_NOMEM;
	}
	if ((f->format = avformat_alloc_context()) == NULL)
		return ERR_NOMEM;
	f->format->pb = f->io;
	/* no file names inside a file lead anywhere */
	f->format->flags |= AVFMT_FLAG_CUSTOM_IO;
	if (avformat_open_input(&f->format, NULL, NULL, NULL) < 0 ||
	    avformat_find_stream_info(f->format, NULL) < 0)
		return ERR_SYNTAX;
	return ERR_OK;
}

static enum err
stream_choose(struct file *f, enum reason *reterr_reason)
{
	f->stream = av_find_best_stream(f->format, AVMEDIA_TYPE_VIDEO, -1, -1,
	    NULL, 0);
	if (f->stream < 0) {
		*reterr_reason = REASON_NO_H264;
		return ERR_UNSUPPORTED;
	}
	const AVStream *s = f->format->streams[f->stream];
	if (s->codecpar->codec_id != AV_CODEC_ID_H264) {
		*reterr_reason = REASON_CODEC;
		return ERR_UNSUPPORTED;
	}
	const AVBitStreamFilter *kind = av_bsf_get_by_name("h264_mp4toannexb");
	if (kind == NULL || av_bsf_alloc(kind, &f->filter) < 0 ||
	    avcodec_parameters_copy(f->filter->par_in, s->codecpar) < 0)
		return ERR_NOMEM;
	f->filter->time_base_in = s->time_base;
	if (av_bsf_init(f->filter) < 0)
		return ERR_SYNTAX;
	return (f->packet = av_packet_alloc()) != NULL ? ERR_OK : ERR_NOMEM;
}

/* How long after the picture before it: by decoding order, which rises. */
static uint64_t
step_us(struct file *f, const AVPacket *p, AVRational base)
{
	const int64_t t = p->dts != AV_NOPTS_VALUE ? p->dts : p->pts;

	if (t == AV_NOPTS_VALUE)
		return STEP_GUESS_US;
	const int64_t us = av_rescale_q(t, base, (AVRational){ 1, 1000000 });
	const int64_t step = us - f->last_us;
	f->last_us = us;
	return step < 0 || step > STEP_MAX_US ? STEP_GUESS_US : (uint64_t)step;
}

static enum err
packet_write(struct file *f, AVRational base)
{
	const bool key = (f->packet->flags & AV_PKT_FLAG_KEY) != 0;
	const uint64_t step = step_us(f, f->packet, base);

	if (!f->started && !key)
		return ERR_OK;
	if (f->started)
		pace_wait(&f->pace, step);
	f->started = true;
	const struct unit u = {
		.kind = UNIT_H264,
		.flags = (uint8_t)(UNIT_OWN_TIME | (key ? UNIT_KEY : 0)),
		.time_us = pace_now_us(),
		.octets = slice_make(f->packet->data, (size_t)f->packet->size),
	};
	return picture_write(f->out_fd, &u);
}

static enum err
packets_filter(struct file *f)
{
	const AVRational base = f->filter->time_base_out;
	enum err e = ERR_OK;

	while (
	    e == ERR_OK && av_bsf_receive_packet(f->filter, f->packet) == 0) {
		e = packet_write(f, base);
		av_packet_unref(f->packet);
	}
	return e;
}

/* Once through the file. */
static enum err
file_round(struct file *f)
{
	enum err e = ERR_OK;

	while (e == ERR_OK && av_read_frame(f->format, f->packet) == 0) {
		if (f->packet->stream_index != f->stream) {
			av_packet_unref(f->packet);
			continue;
		}
		if (av_bsf_send_packet(f->filter, f->packet) < 0) {
			av_packet_unref(f->packet);
			continue;
		}
		e = packets_filter(f);
	}
	return e;
}

/* Opened anew for each round: not every format can be sought. */
static enum err
file_again(struct file *f, enum reason *reterr_reason)
{
	enum err e;

	file_close(f);
	f->last_us = 0;
	*reterr_reason = REASON_FILE;
	if (lseek(f->fd, 0, SEEK_SET) == -1)
		return ERR_IO;
	if ((e = file_open(f)) != ERR_OK ||
	    (e = stream_choose(f, reterr_reason)) != ERR_OK)
		return e;
	return ERR_OK;
}

enum err
file_run(int file_fd, int out_fd, uint64_t rounds, enum reason *reterr_reason)
{
	struct file f = { .fd = file_fd, .out_fd = out_fd };
	enum err e;

	av_log_set_level(AV_LOG_QUIET);
	if ((e = file_again(&f, reterr_reason)) == ERR_OK)
		e = unit_write_status(out_fd, pace_now_us(), REASON_RUNNING, 0);
	pace_start(&f.pace);
	for (uint64_t i = 0; e == ERR_OK; i++) {
		e = file_round(&f);
		if (e != ERR_OK || (rounds != 0 && i + 1 >= rounds))
			break;
		if (!f.started) /* not one picture in the whole file */
			e = ERR_SYNTAX;
		else
			e = file_again(&f, reterr_reason);
	}
	file_close(&f);
	return e;
}
