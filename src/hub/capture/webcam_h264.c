#include "hub/capture/webcam_h264.h"

#include "hub/unit.h"
#include "proto/annexb.h"

/* ITU-T H.264 table 7-1 */
#define NAL_KEY 5
#define NAL_SPS 7
#define NAL_PPS 8

void
webcam_h264_init(struct webcam_h264 *h)
{
	*h = (struct webcam_h264){ 0 };
	buf_init(&h->sets, WEBCAM_SETS_OCTETS_MAX);
	buf_init(&h->unit, UNIT_OCTETS_MAX);
}

void
webcam_h264_fini(struct webcam_h264 *h)
{
	buf_fini(&h->sets);
	buf_fini(&h->unit);
}

void
webcam_h264_lost(struct webcam_h264 *h)
{
	h->goes_on = false;
}

/* Annex-B begins with a start code: what has one by chance is something else. */
static bool
is_annexb(struct slice in)
{
	const size_t start = annexb_start(in);

	for (size_t i = 0; i < start; i++)
		if (in.at[i] != 0)
			return false;
	return start < in.len;
}

struct seen {
	bool picture, key, sps;
};

/* A new SPS lets go of the sets before it. */
static enum err
set_learn(struct webcam_h264 *h, struct seen *seen, unsigned type,
    struct slice nal)
{
	enum err e;

	if (type == NAL_SPS && !seen->sps)
		buf_clear(&h->sets);
	seen->sps |= type == NAL_SPS;
	if (h->sets.len == 0 && type != NAL_SPS)
		return ERR_OK; /* of no use without it */
	/* the same again: a PPS that comes alone with each key frame */
	if (!seen->sps && memmem(h->sets.at, h->sets.len, nal.at, nal.len))
		return ERR_OK;
	if ((e = buf_append(&h->sets, SLICE_LIT("\0\0\0\1"))) != ERR_OK)
		return e;
	return buf_append(&h->sets, nal);
}

static enum err
unit_look(struct webcam_h264 *h, struct slice in, struct seen *seen)
{
	struct slice nal;

	while (annexb_next(&in, &nal)) {
		const unsigned type = nal.len == 0 ? 0 : nal.at[0] & 31;
		seen->picture |= type >= 1 && type <= NAL_KEY;
		seen->key |= type == NAL_KEY;
		if ((type == NAL_SPS || type == NAL_PPS) &&
		    set_learn(h, seen, type, nal) != ERR_OK) {
			buf_clear(&h->sets);
			return ERR_LIMIT;
		}
	}
	return ERR_OK;
}

enum err
webcam_h264_unit(struct webcam_h264 *h, struct slice in, struct slice *ret_unit,
    bool *ret_key)
{
	struct seen seen = { 0 };

	if (in.len <= UNIT_OCTETS_MAX - WEBCAM_SETS_OCTETS_MAX &&
	    !is_annexb(in))
		return ERR_MORE;
	if (in.len > UNIT_OCTETS_MAX - WEBCAM_SETS_OCTETS_MAX ||
	    unit_look(h, in, &seen) != ERR_OK) {
		h->goes_on = false;
		return ERR_LIMIT;
	}
	if (!seen.picture || (!seen.key && !h->goes_on))
		return ERR_MORE;
	if (seen.key && h->sets.len == 0)
		return ERR_MORE; /* nobody could decode it */
	*ret_unit = in;
	if (seen.key && !seen.sps) {
		buf_clear(&h->unit);
		if (buf_append(&h->unit, buf_slice(&h->sets)) != ERR_OK ||
		    buf_append(&h->unit, in) != ERR_OK)
			return ERR_LIMIT;
		*ret_unit = buf_slice(&h->unit);
	}
	h->goes_on = true;
	*ret_key = seen.key;
	return ERR_OK;
}
