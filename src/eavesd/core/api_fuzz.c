/*
 * The bodies of the API, as edge hands them over: route u8 ‖ door u8 ‖ JSON.
 * Each question has one answer, now or later, and no keeper is there to say
 * yes: nothing is ever granted.
 */
#include <stdlib.h>
#include <unistd.h>

#include "base/codec.h"
#include "eavesd/core/core.h"

static struct core *
core_here(void)
{
	static struct core core;
	char dir[] = "/tmp/eaves-api-XXXXXX";

	if (core.loop != NULL)
		return &core;
	if (crypto_init() != ERR_OK || mkdtemp(dir) == NULL ||
	    chdir(dir) == -1 || store_open("store.db", &core.store) != ERR_OK)
		abort();
	core.loop = loop_create();
	core.store_fd = core.segments_fd = -1;
	/* open files stay usable; nothing is left behind */
	(void)unlink("store.db");
	(void)unlink("store.db-wal");
	(void)rmdir(dir);
	return &core;
}

static enum err
question_put(const uint8_t *data, size_t n, struct buf *to)
{
	struct wr w;

	wr_init(&w, to);
	wr_u16(&w, data[0]);
	wr_u8(&w, data[1] & 1);
	wr_u8(&w, data[1] >> 1 & 1);
	wr_zeros(&w, ID_OCTETS + KEY_OCTETS);
	wr_u8(&w, data[1] >> 2 & 1);
	wr_zeros(&w, 2 * SHA256_OCTETS);
	wr_sized(&w, slice_make(data + 2, n - 2));
	return wr_end(&w);
}

int LLVMFuzzerTestOneInput(const uint8_t *, size_t);
int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
	struct core *core = core_here();
	struct buf question;

	if (n < 2)
		return 0;
	buf_init(&question, BODY_OCTETS);
	if (question_put(data, n, &question) == ERR_OK) {
		core_call(core, 1, buf_slice(&question));
		/* a mailbox that goes answers who waited at it, two at most */
		assert(core->answer_count <= 3);
		answers_send(core, store_commit(core->store));
	}
	buf_fini(&question);
	return 0;
}
