/*
 * A parent's side and a capture's side in one process, and a camera that is a
 * few sockets on loopback.
 */
#include "hub/ports.h"

#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include "os/sock.h"
#include "unit/t.h"

struct scene {
	int listen_fd, camera_fd, word_fd;
	struct ports ports;
	uint16_t port[2];
	int udp[PORTS_COUNT]; /* the capture's copies */
};

static struct sockaddr_in
loopback(uint16_t port)
{
	return (struct sockaddr_in){ .sin_family = AF_INET,
		.sin_port = htons(port),
		.sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
}

static int
udp_socket(uint16_t *ret_port)
{
	struct sockaddr_in a = loopback(0);
	socklen_t n = sizeof a;
	const int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);

	assert_int_equal(bind(fd, (struct sockaddr *)(void *)&a, n), 0);
	assert_int_equal(getsockname(fd, (struct sockaddr *)(void *)&a, &n), 0);
	*ret_port = ntohs(a.sin_port);
	return fd;
}

static void
udp_send(int fd, uint16_t port, const char *octet)
{
	const struct sockaddr_in a = loopback(port);

	assert_int_equal(sendto(fd, octet, 1, 0,
			     (const struct sockaddr *)(const void *)&a,
			     sizeof a),
	    1);
}

static void
scene_open(struct scene *s)
{
	uint16_t port;

	T_OK(sock_listen("127.0.0.1", 0, &s->listen_fd, &port));
	T_OK(sock_connect("127.0.0.1", port, &s->camera_fd));
	T_OK(ports_open(&s->ports, s->camera_fd, &s->word_fd, s->port));
	for (int i = 0; i < PORTS_COUNT; i++)
		s->udp[i] = dup(s->ports.fd[i]);
}

static void
scene_close(struct scene *s)
{
	ports_close(&s->ports);
	for (int i = 0; i < PORTS_COUNT; i++)
		close(s->udp[i]);
	close(s->word_fd);
	close(s->camera_fd);
	close(s->listen_fd);
}

static void
ports_are_pairs_of_even_and_odd(void **state)
{
	struct scene s;

	(void)state;
	scene_open(&s);
	for (int i = 0; i < PORTS_COUNT; i++) {
		struct sockaddr_in a;
		socklen_t n = sizeof a;

		assert_int_equal(getsockname(s.udp[i],
				     (struct sockaddr *)(void *)&a, &n),
		    0);
		assert_int_equal(ntohs(a.sin_port), s.port[i / 2] + i % 2);
		/* where the connection is, and nowhere else */
		assert_int_equal(ntohl(a.sin_addr.s_addr), INADDR_LOOPBACK);
	}
	assert_int_equal(s.port[0] % 2, 0);
	assert_int_equal(s.port[1] % 2, 0);
	scene_close(&s);
}

static void
connected_ports_hear_the_camera_alone(void **state)
{
	uint8_t word[PORTS_WORD_OCTETS] = { 0 }, answer = 0, octet = 0;
	uint16_t port, other_port;
	struct scene s;

	(void)state;
	scene_open(&s);
	const int camera = udp_socket(&port), other = udp_socket(&other_port);
	word[0] = (uint8_t)(port >> 8);
	word[1] = (uint8_t)port;
	assert_int_equal(send(s.word_fd, word, sizeof word, 0), sizeof word);
	ports_serve(&s.ports);
	assert_int_equal(recv(s.word_fd, &answer, 1, 0), 1);
	assert_int_equal(answer, 1);
	/* the parent lets go of everything */
	assert_int_equal(s.ports.word_fd, -1);
	assert_int_equal(s.ports.camera_fd, -1);
	udp_send(other, s.port[0], "x");
	udp_send(camera, s.port[0], "c");
	assert_int_equal(recv(s.udp[0], &octet, 1, 0), 1);
	assert_int_equal(octet, 'c');
	assert_int_equal(recv(s.udp[0], &octet, 1, MSG_DONTWAIT), -1);
	/* and who is connected may answer; who is not may not */
	assert_int_equal(send(s.udp[0], "r", 1, 0), 1);
	assert_int_equal(recv(camera, &octet, 1, 0), 1);
	assert_int_equal(send(s.udp[1], "r", 1, MSG_NOSIGNAL), -1);
	close(camera);
	close(other);
	scene_close(&s);
}

static void
a_word_of_another_length_is_no_word(void **state)
{
	uint8_t word[PORTS_WORD_OCTETS + 1] = { 1 }, answer;

	(void)state;
	for (size_t n = 0; n <= sizeof word; n++) {
		struct scene s;

		if (n == PORTS_WORD_OCTETS)
			continue;
		scene_open(&s);
		if (n == 0)
			assert_int_equal(shutdown(s.word_fd, SHUT_WR), 0);
		else
			assert_int_equal(send(s.word_fd, word, n, 0), n);
		ports_serve(&s.ports);
		assert_int_equal(recv(s.word_fd, &answer, 1, 0), 0);
		assert_int_equal(s.ports.word_fd, -1);
		scene_close(&s);
	}
}

static void
a_parent_that_is_not_asked_waits(void **state)
{
	struct scene s;

	(void)state;
	scene_open(&s);
	ports_serve(&s.ports);
	assert_int_not_equal(s.ports.word_fd, -1);
	scene_close(&s);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(ports_are_pairs_of_even_and_odd),
		cmocka_unit_test(connected_ports_hear_the_camera_alone),
		cmocka_unit_test(a_word_of_another_length_is_no_word),
		cmocka_unit_test(a_parent_that_is_not_asked_waits),
	};

	return T_RUN(tests);
}
