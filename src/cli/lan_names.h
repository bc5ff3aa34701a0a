/*
 * lan_names.h - what this machine is called inside the house.
 */
#ifndef CLI_LAN_NAMES_H
#define CLI_LAN_NAMES_H

#include "base/err.h"

#define LAN_HOST_OCTETS  64
#define LAN_NAMES_OCTETS 2048

struct lan_names {
	char host[LAN_HOST_OCTETS]; /* without a domain */
	/*
	 * "DNS:a,IP:b,...": the best one to reach it by comes first. Private
	 * and loopback addresses alone: a public one is not the house's.
	 */
	char list[LAN_NAMES_OCTETS];
};

/* ERR_LIMIT: more names than fit. ERR_IO. */
MUST_USE enum err lan_names_find(struct lan_names *ret_names);

#endif
