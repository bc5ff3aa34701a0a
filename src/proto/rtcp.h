/*
 * rtcp.h - what a receiver of RTP over UDP reports (RFC 3550 section 6.4.2),
 * and packets put back in order. Pure but for the packets that are held.
 */
#ifndef PROTO_RTCP_H
#define PROTO_RTCP_H

#include "proto/rtp.h"

struct rtcp_seen {
	bool begun;
	uint32_t ssrc, rate;   /* rate: of the time stamps */
	uint32_t base, newest; /* sequence numbers that do not wrap */
	uint32_t received, expected_before, received_before;
	int64_t transit, jitter; /* jitter: times 16 */
	uint32_t sender_time;    /* of the newest sender's report; 0: none */
	uint64_t sender_came_us;
};
void rtcp_seen_init(struct rtcp_seen *s, uint32_t rate);
void rtcp_seen_packet(struct rtcp_seen *s, const struct rtp_packet *p,
    uint64_t now_us);
/* A packet of RTCP; what is no sender's report is passed over. */
void rtcp_seen_report(struct rtcp_seen *s, struct slice in, uint64_t now_us);
/* Receiver's report and name, as sent each few seconds. */
#define RTCP_REPORT_OCTETS 52
void rtcp_report(struct rtcp_seen *s, uint32_t own_ssrc, uint64_t now_us,
    uint8_t to[static RTCP_REPORT_OCTETS]);

/*
 * Packets by their sequence. A hole is waited for until so many packets came
 * after it, or so long; then it is passed over.
 */
#define RTP_ORDER_PACKETS_MAX 64
#define RTP_ORDER_WAIT_MS     80

struct rtp_order {
	struct buf packet[RTP_ORDER_PACKETS_MAX]; /* by sequence % MAX */
	bool begun;
	uint16_t next; /* the sequence that is due */
	size_t held;
	uint64_t waits_since_ms; /* when anything is held */
};
void rtp_order_init(struct rtp_order *o);
void rtp_order_fini(struct rtp_order *o);
/* Too late, or twice, or no RTP: dropped. ERR_NOMEM. */
MUST_USE enum err
rtp_order_put(struct rtp_order *o, struct slice octets, uint64_t now_ms);
/* The packet that is due, borrowed until the next put; false: none yet. */
bool
rtp_order_take(struct rtp_order *o, uint64_t now_ms, struct slice *ret_octets);

#endif
