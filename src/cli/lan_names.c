#include "cli/lan_names.h"

#include <arpa/inet.h>
#include <ifaddrs.h>
#include <net/if.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/codec.h"
#include "base/obj.h"

#define ADDRESSES_MAX 32

struct address {
	bool loopback;
	char text[INET6_ADDRSTRLEN];
};

/* RFC 1918, RFC 3927, loopback. */
static bool
is_private4(const struct in_addr *a)
{
	static const struct {
		uint32_t net, mask;
	} nets[] = { { 0x0a000000, 0xff000000 }, { 0xac100000, 0xfff00000 },
		{ 0xc0a80000, 0xffff0000 }, { 0xa9fe0000, 0xffff0000 },
		{ 0x7f000000, 0xff000000 } };
	const uint32_t v = ntohl(a->s_addr);

	for (size_t i = 0; i < COUNT(nets); i++)
		if ((v & nets[i].mask) == nets[i].net)
			return true;
	return false;
}

/* fc00::/7 (RFC 4193) and loopback; link-local ones need a zone: no URL. */
static bool
is_private6(const struct in6_addr *a)
{
	return (a->s6_addr[0] & 0xfe) == 0xfc || IN6_IS_ADDR_LOOPBACK(a);
}

static bool
address_take(const struct ifaddrs *i, struct address *ret)
{
	const void *at = NULL;

	if (i->ifa_addr == NULL || (i->ifa_flags & IFF_UP) == 0)
		return false;
	if (i->ifa_addr->sa_family == AF_INET) {
		struct sockaddr_in in;

		memcpy(&in, i->ifa_addr, sizeof in);
		if (!is_private4(&in.sin_addr))
			return false;
		at = inet_ntop(AF_INET, &in.sin_addr, ret->text,
		    sizeof ret->text);
	} else if (i->ifa_addr->sa_family == AF_INET6) {
		struct sockaddr_in6 in;

		memcpy(&in, i->ifa_addr, sizeof in);
		if (!is_private6(&in.sin6_addr))
			return false;
		at = inet_ntop(AF_INET6, &in.sin6_addr, ret->text,
		    sizeof ret->text);
	}
	ret->loopback = (i->ifa_flags & IFF_LOOPBACK) != 0;
	return at != NULL;
}

/* The house's before loopback, IPv4 before IPv6, each by its text. */
static int
by_use(const void *a, const void *b)
{
	const struct address *x = a, *y = b;
	const bool x6 = strchr(x->text, ':') != NULL;
	const bool y6 = strchr(y->text, ':') != NULL;

	if (x->loopback != y->loopback)
		return x->loopback - y->loopback;
	if (x6 != y6)
		return x6 - y6;
	return strcmp(x->text, y->text);
}

static enum err
addresses_find(struct address *ret, size_t *ret_count)
{
	struct ifaddrs *all;
	size_t n = 0;

	if (getifaddrs(&all) == -1)
		return ERR_IO;
	for (const struct ifaddrs *i = all; i != NULL && n < ADDRESSES_MAX;
	     i = i->ifa_next)
		if (address_take(i, &ret[n]))
			n++;
	freeifaddrs(all);
	qsort(ret, n, sizeof *ret, by_use);
	*ret_count = n;
	return ERR_OK;
}

/* The host's name, if it is one that may stand in a certificate. */
static void
host_find(char ret_host[static LAN_HOST_OCTETS])
{
	static const char allowed[] = "abcdefghijklmnopqrstuvwxyz"
				      "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-";
	char name[256];

	if (gethostname(name, sizeof name) == -1)
		name[0] = '\0';
	name[sizeof name - 1] = '\0';
	name[strcspn(name, ".")] = '\0';
	if (name[0] == '\0' || strlen(name) >= LAN_HOST_OCTETS ||
	    name[strspn(name, allowed)] != '\0')
		(void)snprintf(name, sizeof name, "localhost");
	memcpy(ret_host, name, strlen(name) + 1);
}

static void
list_add(struct lan_names *n, const char *kind, const char *name,
    const char *domain)
{
	const size_t len = strlen(n->list);

	(void)snprintf(n->list + len, sizeof n->list - len, "%s%s%s%s",
	    len == 0 ? "" : ",", kind, name, domain);
}

enum err
lan_names_find(struct lan_names *ret_names)
{
	struct address addresses[ADDRESSES_MAX];
	size_t count;
	enum err e;
	/* Avahi tells the house NAME.local; without it nobody does. */
	const bool told = access("/run/avahi-daemon/socket", F_OK) == 0;

	if ((e = addresses_find(addresses, &count)) != ERR_OK)
		return e;
	*ret_names = (struct lan_names){ 0 };
	host_find(ret_names->host);
	if (told)
		list_add(ret_names, "DNS:", ret_names->host, ".local");
	for (size_t i = 0; i < count; i++)
		list_add(ret_names, "IP:", addresses[i].text, "");
	if (!told)
		list_add(ret_names, "DNS:", ret_names->host, ".local");
	list_add(ret_names, "DNS:", ret_names->host, "");
	if (strcmp(ret_names->host, "localhost") != 0)
		list_add(ret_names, "DNS:", "localhost", "");
	return strlen(ret_names->list) + 1 < sizeof ret_names->list ? ERR_OK
								    : ERR_LIMIT;
}
