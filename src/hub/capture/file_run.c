#include "hub/capture/file_run.h"

#include <errno.h>
#include <iconv.h>
#include <unistd.h>

#include <libavcodec/avcodec.h>
#include <libavcodec/bsf.h>
#include <libavformat/avformat.h>

#include "base/obj.h"
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
	int sound_stream;           /* -1: none */
	AVBSFContext *sound_filter; /* ADTS to raw; NULL: as it is */
	struct unit_sound sound;
	uint8_t config[SOUND_CONFIG_OCTETS_MAX]; /* sound.config is here */
	bool sound_off;
	bool started; /* a key frame was seen */
	int64_t last_us;
	uint64_t behind_us; /* the newest packet: behind one before it */
	struct pace pace;
};

/*
 * libavformat turns the name of a broadcast into UTF-8, for which libc would
 * open files: behind the fence that ends us. It takes no for an answer.
 */
__attribute__((visibility("default"))) iconv_t
iconv_open(const char *to, const char *from)
{
	(void)to;
	(void)from;
	errno = EINVAL;
	return (iconv_t)-1;
}

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
	av_bsf_free(&f->sound_filter);
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

static void
config_keep(struct file *f, const uint8_t *at, size_t n)
{
	if (at == NULL || n < 2 || n > sizeof f->config)
		return;
	memcpy(f->config, at, n);
	f->sound.config = slice_make(f->config, n);
}

static bool
sound_codec(enum AVCodecID id, enum sound_codec *ret_codec)
{
	static const struct {
		enum AVCodecID id;
		enum sound_codec codec;
	} known[] = { { AV_CODEC_ID_AAC, SOUND_AAC },
		{ AV_CODEC_ID_OPUS, SOUND_OPUS },
		{ AV_CODEC_ID_PCM_MULAW, SOUND_PCMU },
		{ AV_CODEC_ID_PCM_ALAW, SOUND_PCMA } };

	for (size_t i = 0; i < COUNT(known); i++)
		if (known[i].id == id) {
			*ret_codec = known[i].codec;
			return true;
		}
	return false;
}

/* AAC without its config has it in front of each frame: ADTS. */
static bool
adts_open(struct file *f, const AVStream *s)
{
	const AVBitStreamFilter *kind = av_bsf_get_by_name("aac_adtstoasc");

	if (kind == NULL || av_bsf_alloc(kind, &f->sound_filter) < 0 ||
	    avcodec_parameters_copy(f->sound_filter->par_in, s->codecpar) < 0)
		return false;
	f->sound_filter->time_base_in = s->time_base;
	return av_bsf_init(f->sound_filter) >= 0;
}

/* The file's first sound; whatever is wrong with it, the pictures go on. */
static void
sound_choose(struct file *f)
{
	unsigned i = 0;

	f->sound_stream = -1;
	while (
	    i < f->format->nb_streams &&
	    f->format->streams[i]->codecpar->codec_type != AVMEDIA_TYPE_AUDIO)
		i++;
	if (f->sound_off || i == f->format->nb_streams)
		return;
	const AVStream *s = f->format->streams[i];
	const AVCodecParameters *p = s->codecpar;
	if (!sound_codec(p->codec_id, &f->sound.codec))
		return;
	f->sound.config = SLICE_LIT("");
	f->sound.rate = (uint32_t)p->sample_rate;
	f->sound.channels = (unsigned)p->ch_layout.nb_channels;
	if (f->sound.codec == SOUND_AAC) {
		config_keep(f, p->extradata, (size_t)p->extradata_size);
		if (p->extradata_size == 0 && !adts_open(f, s))
			return;
	}
	f->sound_stream = (int)i;
}

/*
 * How long after what came before it: by decoding order, which rises, but
 * between pictures and sound not always: then it is due at once.
 */
static uint64_t
step_us(struct file *f, const AVPacket *p, AVRational base)
{
	const int64_t t = p->dts != AV_NOPTS_VALUE ? p->dts : p->pts;

	f->behind_us = 0;
	if (t == AV_NOPTS_VALUE)
		return p->stream_index == f->stream ? STEP_GUESS_US : 0;
	const int64_t us = av_rescale_q(t, base, (AVRational){ 1, 1000000 });
	const int64_t step = us - f->last_us;
	if (step < 0 && f->sound_stream != -1 && step > -STEP_MAX_US) {
		f->behind_us = (uint64_t)-step;
		return 0;
	}
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

/* A frame that unit.h does not allow is left out alone. */
static enum err
frame_write(struct file *f, AVRational base)
{
	size_t n = 0;
	const uint8_t *config = av_packet_get_side_data(f->packet,
	    AV_PKT_DATA_NEW_EXTRADATA, &n);

	config_keep(f, config, n);
	if (!f->started)
		return ERR_OK; /* nothing to hear before it is seen */
	pace_wait(&f->pace, step_us(f, f->packet, base));
	f->sound.frame = slice_make(f->packet->data, (size_t)f->packet->size);
	const enum err e = unit_write_sound(f->out_fd,
	    pace_due_us(&f->pace) - f->behind_us, &f->sound);
	return e == ERR_SYNTAX || e == ERR_LIMIT ? ERR_OK : e;
}

static enum err
sound_take(struct file *f)
{
	const AVRational base = f->format->streams[f->sound_stream]->time_base;
	enum err e = ERR_OK;

	if (f->sound_filter == NULL)
		e = frame_write(f, base);
	else if (av_bsf_send_packet(f->sound_filter, f->packet) >= 0)
		while (e == ERR_OK &&
		       av_bsf_receive_packet(f->sound_filter, f->packet) == 0) {
			e = frame_write(f, f->sound_filter->time_base_out);
			av_packet_unref(f->packet);
		}
	av_packet_unref(f->packet);
	return e;
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
		if (f->packet->stream_index == f->sound_stream) {
			e = sound_take(f);
			continue;
		}
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
	sound_choose(f);
	return ERR_OK;
}

enum err
file_run(int file_fd, int out_fd, uint64_t rounds, bool sound_off,
    enum reason *reterr_reason)
{
	struct file f = { .fd = file_fd,
		.out_fd = out_fd,
		.sound_off = sound_off };
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
