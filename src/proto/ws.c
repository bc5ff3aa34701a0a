#include "proto/ws.h"

#include <openssl/evp.h>
#include <stdlib.h>

static bool
opcode_known(unsigned op)
{
	return op <= WS_BINARY || (op >= WS_CLOSE && op <= WS_PONG);
}

/* 0..125 stand for themselves, 126 for 2 octets, 127 for 8. */
static enum err
length_parse(struct slice in, unsigned len7, uint64_t *ret_len,
    size_t *ret_width)
{
	const size_t width = len7 == 127 ? 8 : len7 == 126 ? 2 : 0;
	const uint64_t least = width == 8 ? 65536 : width == 2 ? 126 : 0;

	if (in.len < width)
		return ERR_MORE;
	const uint64_t len = width == 0 ? len7 : slice_be(in, width);
	if (len < least || len > INT64_MAX)
		return ERR_SYNTAX; /* one length, one spelling */
	*ret_len = len;
	*ret_width = width;
	return ERR_OK;
}

enum err
ws_head_parse(struct slice in, bool masked, uint64_t payload_octets_max,
    struct ws_head *ret_head)
{
	struct ws_head h = { .head_octets = 2 };
	size_t width;
	enum err e;

	if (in.len < 2)
		return ERR_MORE;
	const unsigned b0 = in.at[0], b1 = in.at[1];
	h.fin = (b0 & 0x80) != 0;
	h.opcode = b0 & 15;
	const bool control = (b0 & 8) != 0;
	if ((b0 & 0x70) != 0 || !opcode_known(h.opcode) ||
	    masked != ((b1 & 0x80) != 0) ||
	    (control && (!h.fin || (b1 & 0x7f) > 125)))
		return ERR_SYNTAX;
	if ((e = length_parse(slice_skip(in, 2), b1 & 0x7f, &h.payload_octets,
		 &width)) != ERR_OK)
		return e;
	if (h.payload_octets > payload_octets_max)
		return ERR_LIMIT;
	h.head_octets += width;
	if (masked) {
		const struct slice rest = slice_skip(in, h.head_octets);

		if (rest.len < sizeof h.mask)
			return ERR_MORE;
		memcpy(h.mask, rest.at, sizeof h.mask);
		h.head_octets += sizeof h.mask;
	}
	*ret_head = h;
	return ERR_OK;
}

size_t
ws_head_write(enum ws_opcode opcode, uint64_t payload_octets,
    const uint8_t *mask, uint8_t to[static WS_HEAD_OCTETS_MAX])
{
	const size_t width = payload_octets > 65535 ? 8
			     : payload_octets > 125 ? 2
						    : 0;
	size_t n = 2;

	to[0] = (uint8_t)(0x80 | opcode);
	to[1] = (uint8_t)((mask != NULL ? 0x80 : 0) |
			  (width == 8      ? 127
			      : width == 2 ? 126
					   : (unsigned)payload_octets));
	for (size_t i = width; i-- > 0;)
		to[n++] = (uint8_t)(payload_octets >> (8 * i));
	if (mask != NULL) {
		memcpy(to + n, mask, 4);
		n += 4;
	}
	return n;
}

void
ws_mask(const uint8_t mask[static 4], size_t from, uint8_t *octets, size_t n)
{
	uint8_t turned[8];
	uint64_t wide;
	size_t i = 0;

	for (size_t k = 0; k < sizeof turned; k++)
		turned[k] = mask[(from + k) % 4];
	memcpy(&wide, turned, sizeof wide);
	for (; i + 8 <= n; i += 8) {
		uint64_t v;

		memcpy(&v, octets + i, sizeof v);
		v ^= wide;
		memcpy(octets + i, &v, sizeof v);
	}
	for (; i < n; i++)
		octets[i] ^= turned[i % 8];
}

void
ws_accept(struct slice key, char to[static WS_ACCEPT_OCTETS + 1])
{
	static const char guid[] = "258EAFA5-E914-47DA-95CA-C5AB0DC85B11";
	uint8_t text[256], digest[EVP_MAX_MD_SIZE];
	size_t len = 0;

	if (key.len > sizeof text - sizeof guid)
		key.len = sizeof text - sizeof guid;
	memcpy(text, key.at, key.len);
	memcpy(text + key.len, guid, sizeof guid - 1);
	if (EVP_Q_digest(NULL, "SHA1", NULL, text, key.len + sizeof guid - 1,
		digest, &len) != 1)
		abort();
	(void)EVP_EncodeBlock((uint8_t *)to, digest, 20);
}
