/*
 * signin_load.c - what a sign-in costs core and keeper, beside the scalar
 * multiplications that OPAQUE (RFC 9807) cannot do without at the server: one
 * to evaluate, one of the base for the key share, three for 3DH.
 *
 *   signin-load FOLDER SIGN-INS ROUNDS
 *
 * Prints a line `us-a-sign-in us-of-the-keeper us-bare us-of-OPAQUE` a round. Core and
 * keeper are the real ones, each on a thread of its own, over their channel;
 * edge is left out. The keeper charges tries, to one name and to everybody,
 * and no setting turns that off: here its clock, and no other, moves on by a
 * day whenever it is read (ld --wrap), as keeper_test.c gives it times. After
 * each few sign-ins all of them sign out, which is not measured.
 */
#include <fcntl.h>
#include <pthread.h>
#include <sodium.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "base/codec.h"
#include "crypto/opaque_client.h"
#include "eavesd/core/core.h"
#include "os/clock.h"
#include "tests/power/house.h"
#include "unit/t.h"

#define AT_ONCE 8u
/* An account that has too many sessions loses the oldest, which costs more. */
#define BATCH       24u
#define DAY_MS      86400000u
#define CALL_OCTETS (64u << 10)

static struct {
	struct loop *loop;
	struct ipc *core;
	struct core *server;
	pthread_t core_thread, main_thread;
	bool core_runs;
	struct id account;
	uint8_t handle[32];
	unsigned open, left;
	struct ticket_in sessions[BATCH];
	size_t session_count;
} all;

/* --- the keeper's clock --- */

uint64_t __real_clock_monotonic_ms(void);
uint64_t __wrap_clock_monotonic_ms(void);

uint64_t
__wrap_clock_monotonic_ms(void)
{
	static uint64_t day_ms = DAY_MS;
	const pthread_t self = pthread_self();

	if (pthread_equal(self, all.main_thread) ||
	    (all.core_runs && pthread_equal(self, all.core_thread)))
		return __real_clock_monotonic_ms();
	return __atomic_add_fetch(&day_ms, DAY_MS, __ATOMIC_RELAXED);
}

/* --- core --- */

static enum err
edge_serve(void *ctx, struct ipc *ch, struct ipc_msg *m)
{
	(void)ch;
	return edge_question(ctx, m);
}

static enum err
nobody_serves(void *ctx, struct ipc *ch, struct ipc_msg *m)
{
	(void)ctx;
	(void)ch;
	(void)m;
	return ERR_DENIED;
}

/* Who signs in too often loses his oldest session: edge hears of it. */
static enum err
notice_heard(void *ctx, struct ipc *ch, struct ipc_msg *m)
{
	(void)ctx;
	(void)ch;
	return m->type == MSG_TICKETS_DIED ? ERR_OK : ERR_DENIED;
}

static void
edge_gone(void *ctx, struct ipc *ch)
{
	struct core *core = ctx;

	(void)ch;
	core->stopped = true;
}

static void
nothing_broke(void *ctx, struct ipc *ch)
{
	(void)ctx;
	(void)ch;
}

static void *
core_run(void *ctx)
{
	struct core *core = ctx;

	while (!core->stopped && loop_turn(core->loop, -1) == ERR_OK)
		answers_send(core, store_commit(core->store));
	return NULL;
}

/* The first link, as a hub's would stand in the store. */
static void
link_put(struct core *core, struct ticket_in *t)
{
	const struct id kind = { { TICKET_LINK } };
	struct claims claims = { .expiry_s = clock_realtime_s() + 900 };

	octets_random(t, sizeof *t);
	claims_scope(&claims, SCOPE_GLOBAL, NULL);
	claims_scope(&claims, SCOPE_KIND, &kind);
	T_OK(ticket_add(core, TICKET_LINK, t, &claims));
	T_OK(store_commit(core->store));
	core->first_link = t->id;
}

static struct core *
core_open(int keeper_fd, int edge_fd)
{
	struct core *core = calloc(1, sizeof *core);
	const struct ipc_side keeper = { .self = IPC_CORE,
		.peer = IPC_KEEPER,
		.serve = nobody_serves,
		.broken = edge_gone,
		.ctx = core };
	const struct ipc_side edge = { .self = IPC_CORE,
		.peer = IPC_EDGE,
		.serve = edge_serve,
		.broken = edge_gone,
		.ctx = core };

	assert_non_null(core);
	core->loop = loop_create();
	core->keeper = ipc_create(core->loop, keeper_fd, &keeper);
	core->edge = ipc_create(core->loop, edge_fd, &edge);
	assert_true(core->keeper != NULL && core->edge != NULL);
	T_OK(store_open("store.db", &core->store));
	return core;
}

/* --- edge's side --- */

struct asked {
	struct opaque_client client;
	json_t *answer;
	bool done;
};

static void
call_write(struct buf *to, unsigned route, const struct ticket_in *t,
    json_t *body)
{
	static const uint8_t zeros[64];
	char *text = json_dumps(body, JSON_COMPACT);
	struct wr w;

	assert_non_null(text);
	wr_init(&w, to);
	wr_u16(&w, (uint16_t)route);
	wr_u8(&w, 0);
	wr_u8(&w, t != NULL);
	wr_octets(&w, t != NULL ? id_slice(&t->id) : slice_make(zeros, 16));
	wr_octets(&w,
	    t != NULL ? key_slice(&t->secret) : slice_make(zeros, 32));
	wr_u8(&w, 0);
	wr_octets(&w, SLICE_OF(zeros));
	wr_sized(&w, slice_str(text));
	T_OK(wr_end(&w));
	free(text);
	json_decref(body);
}

static void
ask(unsigned route, const struct ticket_in *t, json_t *body, ipc_answer answer,
    void *ctx)
{
	AUTO_BUF struct buf b;

	buf_init(&b, CALL_OCTETS);
	call_write(&b, route, t, body);
	T_OK(ipc_request(all.core, MSG_API_CALL, buf_slice(&b), answer, ctx));
}

static json_t *
answer_read(enum err e, struct ipc_msg *m)
{
	struct rd r;

	T_OK(e);
	rd_init(&r, m->body);
	const unsigned status = rd_u16(&r);
	(void)rd_u8(&r);
	const struct slice s = rd_sized(&r, CALL_OCTETS);
	T_OK(rd_end(&r));
	if (status != 200)
		fail_msg("%u %.*s", status, (int)s.len, (const char *)s.at);
	json_t *o = json_loadb((const char *)s.at, s.len, 0, NULL);
	assert_non_null(o);
	return o;
}

static json_t *
b64(const void *at, size_t n)
{
	char text[B64_ROOM(1024)];

	assert_true(n <= 1024);
	b64_encode(slice_make(at, n), text);
	return json_string(text);
}

static void
octets_get(const json_t *o, const char *name, uint8_t *to, size_t n)
{
	const char *text = json_string_value(json_object_get(o, name));

	assert_non_null(text);
	T_OK(b64_decode_exactly(slice_str(text), to, n));
}

static json_t *
ticket_json(struct ticket_in *ret_ticket)
{
	uint8_t octets[16 + 32 + 32];

	octets_random(octets, sizeof octets);
	memcpy(ret_ticket->id.octets, octets, 16);
	memcpy(ret_ticket->secret.octets, octets + 16, 32);
	return json_pack("{s:o,s:o,s:o}", "id", b64(octets, 16), "secret",
	    b64(octets + 16, 32), "revoke", b64(octets + 48, 32));
}

static json_t *
ticket_new(void)
{
	struct ticket_in unused;

	return ticket_json(&unused);
}

static enum err
stretch(const uint8_t in[static 64], uint8_t ret[static 64])
{
	memcpy(ret, in, 64); /* the browser's cost, not the server's */
	return ERR_OK;
}

static void
client_init(struct opaque_client *c)
{
	*c = (struct opaque_client){ .password = SLICE_LIT("four words"),
		.stretch = stretch };
	opaque_blind_draw(c->blind);
}

static void
one_answered(void *ctx, enum err e, struct ipc_msg *m)
{
	struct asked *a = ctx;

	a->answer = answer_read(e, m);
	a->done = true;
}

static json_t *
asked(unsigned route, const struct ticket_in *t, json_t *body)
{
	struct asked a = { .done = false };

	ask(route, t, body, one_answered, &a);
	while (!a.done)
		T_OK(loop_turn(all.loop, -1));
	return a.answer;
}

static void
sign_up(const struct ticket_in *link)
{
	uint8_t request[32], response[64], nonce[32], record[192], export[64];
	uint8_t vault[1024] = { 1, 1 };
	struct opaque_client c;
	json_t *o;

	client_init(&c);
	octets_random(&all.account, sizeof all.account);
	octets_random(all.handle, sizeof all.handle);
	octets_random(nonce, sizeof nonce);
	octets_random(vault + 2, sizeof vault - 2);
	T_OK(opaque_client_request(&c, request));
	o = asked(5, link,
	    json_pack("{s:o,s:o}", "handle", b64(all.handle, 32), "request",
		b64(request, 32)));
	octets_get(o, "response", response, sizeof response);
	json_decref(o);
	T_OK(opaque_client_record(&c, response, nonce, record, export));
	json_decref(asked(6, link,
	    json_pack("{s:o,s:o,s:o,s:o,s:o,s:o}", "handle",
		b64(all.handle, 32), "account", b64(&all.account, 16), "record",
		b64(record, 192), "vault", b64(vault, sizeof vault), "recovery",
		ticket_new(), "session", ticket_new())));
}

/* --- signing in, AT_ONCE at a time --- */

static void sign_in_begin(struct asked *a);

static void
finish_answered(void *ctx, enum err e, struct ipc_msg *m)
{
	json_decref(answer_read(e, m));
	all.open--;
	if (all.left != 0)
		sign_in_begin(ctx);
}

static void
start_answered(void *ctx, enum err e, struct ipc_msg *m)
{
	uint8_t ke2[OPAQUE_KE2_OCTETS], ke3[64], session[64], export[64];
	struct asked *a = ctx;
	json_t *o = answer_read(e, m);

	octets_get(o, "ke2", ke2, sizeof ke2);
	T_OK(opaque_client_ke3(&a->client, ke2, ke3, session, export));
	ask(8, NULL,
	    json_pack("{s:O,s:o,s:o}", "login", json_object_get(o, "login"),
		"ke3", b64(ke3, 64), "session",
		ticket_json(&all.sessions[all.session_count++])),
	    finish_answered, a);
	json_decref(o);
}

static void
sign_in_begin(struct asked *a)
{
	uint8_t nonce[32], seed[32];

	all.left--;
	all.open++;
	client_init(&a->client);
	octets_random(nonce, sizeof nonce);
	octets_random(seed, sizeof seed);
	T_OK(opaque_client_ke1(&a->client, nonce, seed));
	ask(7, NULL,
	    json_pack("{s:o,s:o}", "handle", b64(all.handle, 32), "ke1",
		b64(a->client.ke1, OPAQUE_KE1_OCTETS)),
	    start_answered, a);
}

static void
sign_ins(unsigned count)
{
	static struct asked at_once[AT_ONCE];

	all.left = count;
	for (unsigned i = 0; i < AT_ONCE && all.left != 0; i++)
		sign_in_begin(&at_once[i]);
	while (all.open != 0)
		T_OK(loop_turn(all.loop, -1));
}

static void
sign_outs(void)
{
	for (; all.session_count != 0; all.session_count--)
		json_decref(asked(10, &all.sessions[all.session_count - 1],
		    json_object()));
}

/* --- figures --- */

static double
clock_us(clockid_t clock)
{
	struct timespec t;

	(void)clock_gettime(clock, &t);
	return (double)t.tv_sec * 1e6 + (double)t.tv_nsec / 1e3;
}

static double
thread_us(pthread_t thread)
{
	clockid_t clock;

	assert_int_equal(pthread_getcpuclockid(thread, &clock), 0);
	return clock_us(clock);
}

/* The process less this thread and core's: the keeper's. */
static double
keeper_us(void)
{
	return clock_us(CLOCK_PROCESS_CPUTIME_ID) -
	       clock_us(CLOCK_THREAD_CPUTIME_ID) - thread_us(all.core_thread);
}

static double
bare_us(unsigned count)
{
	uint8_t scalar[32], point[32], out[32];
	const double begin = clock_us(CLOCK_THREAD_CPUTIME_ID);

	crypto_core_ristretto255_scalar_random(scalar);
	crypto_core_ristretto255_random(point);
	for (unsigned i = 0; i < count; i++) {
		for (int k = 0; k < 4; k++) {
			assert_int_equal(crypto_scalarmult_ristretto255(out,
					     scalar, point),
			    0);
			memcpy(point, out, sizeof point);
		}
		assert_int_equal(crypto_scalarmult_ristretto255_base(out,
				     scalar),
		    0);
	}
	return (clock_us(CLOCK_THREAD_CPUTIME_ID) - begin) / count;
}

/* What the protocol itself costs the server: no account, no store, no channel. */
static double
opaque_us(unsigned count)
{
	uint8_t seeds[96], record[OPAQUE_RECORD_OCTETS], ke2[OPAQUE_KE2_OCTETS];
	const struct opaque_ids ids = { .client = SLICE_LIT("") };
	struct opaque_server server;
	struct opaque_login login;
	struct opaque_client c;
	struct opaque_draw draw;
	struct key key;

	octets_random(seeds, sizeof seeds);
	octets_random(&key, sizeof key);
	opaque_server_make(seeds, seeds + 64, &server);
	opaque_fake_record(&key, key_slice(&key), record);
	client_init(&c);
	T_OK(opaque_client_ke1(&c, seeds, seeds + 32));
	const double begin = clock_us(CLOCK_THREAD_CPUTIME_ID);
	for (unsigned i = 0; i < count; i++) {
		opaque_draw(&draw);
		T_OK(opaque_ke2(&server, &ids, key_slice(&key), record, c.ke1,
		    &draw, ke2, &login));
		T_OK(opaque_finish(&login, login.client_mac));
	}
	return (clock_us(CLOCK_THREAD_CPUTIME_ID) - begin) / count;
}

static void
round_say(unsigned count)
{
	double core = 0, keeper = 0;

	for (unsigned n = 0; n < count; n += BATCH) {
		core -= thread_us(all.core_thread);
		keeper -= keeper_us();
		sign_ins(BATCH);
		core += thread_us(all.core_thread);
		keeper += keeper_us();
		sign_outs();
	}
	count = (count + BATCH - 1) / BATCH * BATCH;
	(void)printf("%.2f %.2f %.2f %.2f\n", (core + keeper) / count,
	    keeper / count, bare_us(count), opaque_us(count));
}

int
main(int argc, char **argv)
{
	struct ticket_in link;
	int ends[2], keeper_fd;

	if (argc != 4)
		return 2;
	all.main_thread = pthread_self();
	T_OK(crypto_init());
	assert_int_equal(chdir(argv[1]), 0);
	const int folder = open(".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	struct keeper_thread *keeper = keeper_thread_start(folder, &keeper_fd);
	assert_int_equal(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0,
			     ends),
	    0);
	struct core *core = core_open(keeper_fd, ends[0]);
	const struct ipc_side edge = { .self = IPC_EDGE,
		.peer = IPC_CORE,
		.serve = notice_heard,
		.broken = nothing_broke };
	all.loop = loop_create();
	all.core = ipc_create(all.loop, ends[1], &edge);
	assert_non_null(all.core);
	link_put(core, &link);
	assert_int_equal(pthread_create(&all.core_thread, NULL, core_run, core),
	    0);
	all.core_runs = true;
	sign_up(&link);
	sign_ins(BATCH);
	sign_outs();
	for (int i = 0; i < atoi(argv[3]); i++)
		round_say((unsigned)atoi(argv[2]));
	ipc_destroy(all.core);
	(void)pthread_join(all.core_thread, NULL);
	store_close(core->store);
	ipc_destroy(core->edge);
	ipc_destroy(core->keeper);
	keeper_thread_join(keeper);
	return 0;
}
