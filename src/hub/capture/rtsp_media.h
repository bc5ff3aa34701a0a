/*
 * rtsp_media.h - what an RTSP camera's packets become: units on a pipe. A bad
 * packet costs what it belongs to and nothing else. After a hole, pictures
 * wait for the next key frame: those before it show what never was.
 */
#ifndef HUB_RTSP_MEDIA_H
#define HUB_RTSP_MEDIA_H

#include "hub/capture/sound_clock.h"
#include "proto/rtp.h"
#include "proto/rtp_sound.h"
#include "proto/sdp.h"

struct rtsp_media {
	int out_fd;
	struct sdp_offer offer; /* its slices are not used */
	struct rtp_video video;
	struct rtp_sound sound;
	struct sound_clock clock;
	uint64_t first_packet_us; /* of the picture that is being read */
	uint64_t last_packet_ms;  /* of any picture */
	uint64_t lost;
	bool waits_for_key;
};

void rtsp_media_init(struct rtsp_media *m, int out_fd,
    const struct sdp_offer *offer);
void rtsp_media_fini(struct rtsp_media *m);
/* An RTP packet of the video, of the sound. ERR_CLOSED: nobody reads. */
MUST_USE enum err rtsp_media_video(struct rtsp_media *m, struct slice octets);
MUST_USE enum err rtsp_media_sound(struct rtsp_media *m, struct slice octets);

#endif
