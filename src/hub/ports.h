/*
 * ports.h - UDP for an RTSP camera that sends its packets so. The capture
 * process may neither bind nor connect: the parent binds two pairs of ports
 * (even RTP, odd RTCP; for video and for sound) beside the TCP connection and
 * hands them over with one end of a word socket. When the camera has named its
 * own ports, the capture process says them there, once; the parent connects
 * the sockets to those ports of the very address that the TCP connection goes
 * to, answers with one octet and lets go of everything.
 *
 *   word: 4 x u16, video RTP, RTCP, sound RTP, RTCP; 0: stays unconnected.
 *   answer: 1 when all are connected, else 0.
 *
 * What the camera says reaches the parent as these four numbers and nothing
 * else. A socket that is not connected can send to nobody: the fence lets the
 * capture process name no address.
 */
#ifndef HUB_PORTS_H
#define HUB_PORTS_H

#include <stdint.h>

#include "base/err.h"

#define PORTS_COUNT       4
#define PORTS_WORD_OCTETS 8

struct ports {
	int camera_fd; /* the TCP connection, a copy */
	int fd[PORTS_COUNT];
	int word_fd;
};

/* Nothing open. */
void ports_init(struct ports *p);
/*
 * Beside camera_fd, which has begun to connect. *ret_word_fd is for the
 * capture process; ret_port: the even ports. On an error nothing is open.
 */
MUST_USE enum err ports_open(struct ports *p, int camera_fd, int *ret_word_fd,
    uint16_t ret_port[static 2]);
/* word_fd can be read: do what is asked, once, and close everything. */
void ports_serve(struct ports *p);
void ports_close(struct ports *p);

#endif
