#include "hub/clock_reply.h"

#include "base/codec.h"
#include "crypto/aead.h"
#include "crypto/hpke.h"

static enum err
question_open(const struct hub_keys *keys, const struct id *home,
    struct slice question, struct key *ret_reply_key, uint64_t *ret_t1)
{
	AUTO_BUF struct buf info = { 0 }, plain = { 0 };
	struct hpke h;
	enum err e;

	if (question.len != HPKE_ENC_OCTETS + 8 + HPKE_TAG_OCTETS)
		return ERR_SYNTAX;
	buf_init(&info, 128);
	buf_init(&plain, 64);
	if ((e = label_info(LABEL_CLOCK, &info)) != ERR_OK ||
	    (e = buf_append(&info, id_slice(home))) != ERR_OK ||
	    (e = buf_append(&info, id_slice(&keys->hub))) != ERR_OK)
		return e;
	const struct hpke_info hpke_info = { .info = buf_slice(&info) };
	if ((e = hpke_receive(&keys->kx, question.at, &hpke_info, &h)) !=
	    ERR_OK)
		return e;
	e = hpke_open(&h, (struct slice){ NULL, 0 },
	    slice_skip(question, HPKE_ENC_OCTETS), &plain);
	if (e == ERR_OK) {
		hpke_export(&h, SLICE_LIT("eaves/1/clock reply"),
		    ret_reply_key);
		*ret_t1 = slice_be(buf_slice(&plain), 8);
	}
	hpke_wipe(&h);
	return e;
}

enum err
clock_reply(const struct hub_keys *keys, const struct id *home,
    struct slice question, uint64_t came_us, uint64_t now_us, struct buf *to)
{
	AUTO_BUF struct buf plain = { 0 };
	AUTO_KEY key;
	struct wr w;
	uint64_t t1;
	enum err e;

	if ((e = question_open(keys, home, question, &key, &t1)) != ERR_OK)
		return e;
	buf_init(&plain, 64);
	wr_init(&w, &plain);
	wr_u64(&w, t1);
	wr_u64(&w, came_us);
	wr_u64(&w, now_us);
	wr_u8(&w, now_us < CLOCK_SET_US);
	if ((e = wr_end(&w)) != ERR_OK)
		return e;
	return gcm_seal(&key, gcm_zero_nonce, (struct slice){ NULL, 0 },
	    buf_slice(&plain), to);
}
