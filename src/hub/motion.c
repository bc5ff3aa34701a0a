#include "hub/motion.h"

#define LEAST_US 400000
#define RISE     0.02  /* a scene that stays busy becomes the quiet level... */
#define FALL     0.5   /* ...and what is quieter than quiet is so at once */
#define LEAST    400.0 /* octets each second: below that all is still */
#define LOUD     3.0   /* so many times the quiet level is all there is */

/* Octets each second; 0: it is too early to tell. */
static double
rate(const struct motion *m, uint64_t now_us)
{
	if (m->from_us == 0 || now_us < m->from_us + LEAST_US)
		return 0;
	const double r = (double)m->octets * 1e6 /
			 (double)(now_us - m->from_us);
	return r < LEAST ? LEAST : r;
}

void
motion_key(struct motion *m, uint64_t now_us)
{
	const double r = rate(m, now_us);

	m->octets = 0;
	m->from_us = now_us;
	if (r <= 0)
		return;
	if (m->quiet <= 0)
		m->quiet = r;
	m->quiet += (r - m->quiet) * (r > m->quiet ? RISE : FALL);
}

void
motion_add(struct motion *m, size_t octets)
{
	m->octets += octets;
}

uint8_t
motion_now(const struct motion *m, uint64_t now_us)
{
	const double r = rate(m, now_us);

	if (r <= 0 || m->quiet <= 0 || r <= m->quiet)
		return 0;
	const double over = (r / m->quiet - 1.0) / LOUD;
	return over >= 1.0 ? 255 : (uint8_t)(over * 255.0);
}
