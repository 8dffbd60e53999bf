#include "solver/verdict/network/address.h"

#include <arpa/inet.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "solver/base/mem.h"

#define ADDRESS_MAX 64
#define ALLOWED_MAX 64 /* networks */

struct network {
	int family;
	unsigned char bytes[16];
	int bits;
};

/* The IANA IPv4 and IPv6 Special-Purpose Address Registries as of 2026-08, whole: an authority drops also those that are
 * globally reachable. Multicast is not in them, and is as
 * useless; nor are the IPv4-compatible and site-local addresses, which are deprecated. */
static const struct block {
	const char *network, *text;
} blocks[] = {
	{ "0.0.0.0/8", "[RFC791], Section 3.2: \"This network\"" },
	{ "0.0.0.0/32", "[RFC1122], Section 3.2.1.3: \"This host on this network\"" },
	{ "10.0.0.0/8", "[RFC1918]: Private-Use" },
	{ "100.64.0.0/10", "[RFC6598]: Shared Address Space" },
	{ "127.0.0.0/8", "[RFC1122], Section 3.2.1.3: Loopback" },
	{ "169.254.0.0/16", "[RFC3927]: Link Local" },
	{ "172.16.0.0/12", "[RFC1918]: Private-Use" },
	{ "192.0.0.0/24", "[RFC6890], Section 2.1: IETF Protocol Assignments" },
	{ "192.0.0.0/29", "[RFC7335]: IPv4 Service Continuity Prefix" },
	{ "192.0.0.8/32", "[RFC7600]: IPv4 dummy address" },
	{ "192.0.0.9/32", "[RFC7723]: Port Control Protocol Anycast" },
	{ "192.0.0.10/32", "[RFC8155]: Traversal Using Relays around NAT Anycast" },
	{ "192.0.0.170/32", "[RFC8880][RFC7050], Section 2.2: NAT64/DNS64 Discovery" },
	{ "192.0.0.171/32", "[RFC8880][RFC7050], Section 2.2: NAT64/DNS64 Discovery" },
	{ "192.0.2.0/24", "[RFC5737]: Documentation (TEST-NET-1)" },
	{ "192.31.196.0/24", "[RFC7535]: AS112-v4" },
	{ "192.52.193.0/24", "[RFC7450]: AMT" },
	{ "192.88.99.0/24", "[RFC7526]: Deprecated (6to4 Relay Anycast)" },
	{ "192.168.0.0/16", "[RFC1918]: Private-Use" },
	{ "192.175.48.0/24", "[RFC7534]: Direct Delegation AS112 Service" },
	{ "198.18.0.0/15", "[RFC2544]: Benchmarking" },
	{ "198.51.100.0/24", "[RFC5737]: Documentation (TEST-NET-2)" },
	{ "203.0.113.0/24", "[RFC5737]: Documentation (TEST-NET-3)" },
	{ "224.0.0.0/4", "[RFC3171]: Multicast Addresses" },
	{ "240.0.0.0/4", "[RFC1112], Section 4: Reserved" },
	{ "255.255.255.255/32", "[RFC8190] [RFC919], Section 7: Limited Broadcast" },
	{ "::1/128", "[RFC4291]: Loopback Address" },
	{ "::/96", "[RFC4291], Section 2.5.5.1: IPv4-compatible Address" },
	{ "::/128", "[RFC4291]: Unspecified Address" },
	{ "::ffff:0:0/96", "[RFC4291]: IPv4-mapped Address" },
	{ "64:ff9b::/96", "[RFC6052]: IPv4-IPv6 Translat." },
	{ "64:ff9b:1::/48", "[RFC8215]: IPv4-IPv6 Translat." },
	{ "100::/64", "[RFC6666]: Discard-Only Address Block" },
	{ "100:0:0:1::/64", "[RFC9780]: Dummy IPv6 Prefix" },
	{ "2001::/23", "[RFC2928]: IETF Protocol Assignments" },
	{ "2001::/32", "[RFC4380] [RFC8190]: TEREDO" },
	{ "2001:1::1/128", "[RFC7723]: Port Control Protocol Anycast" },
	{ "2001:1::2/128", "[RFC8155]: Traversal Using Relays around NAT Anycast" },
	{ "2001:1::3/128", "[RFC9665]: DNS-SD Service Registration Protocol Anycast" },
	{ "2001:2::/48", "[RFC5180][RFC Errata 1752]: Benchmarking" },
	{ "2001:3::/32", "[RFC7450]: AMT" },
	{ "2001:4:112::/48", "[RFC7535]: AS112-v6" },
	{ "2001:10::/28", "[RFC4843]: Deprecated (previously ORCHID)" },
	{ "2001:20::/28", "[RFC7343]: ORCHIDv2" },
	{ "2001:30::/28", "[RFC9374]: Drone Remote ID Protocol Entity Tags (DETs) Prefix" },
	{ "2001:db8::/32", "[RFC3849]: Documentation" },
	{ "2002::/16", "[RFC3056]: 6to4" },
	{ "2620:4f:8000::/48", "[RFC7534]: Direct Delegation AS112 Service" },
	{ "3fff::/20", "[RFC9637]: Documentation" },
	{ "5f00::/16", "[RFC9602]: Segment Routing (SRv6) SIDs" },
	{ "fc00::/7", "[RFC4193] [RFC8190]: Unique-Local" },
	{ "fec0::/10", "[RFC3879]: Deprecated Site-Local Unicast" },
	{ "fe80::/10", "[RFC4291]: Link-Local Unicast" },
	{ "ff00::/8", "[RFC4291]: Multicast Addresses" },
};

static struct network allowed[ALLOWED_MAX];
static size_t allowed_count;

/* An address without a length is a network of one. */
static bool network_parse(const char *text, struct network *ret)
{
	char copy[ADDRESS_MAX], *slash, *end;
	long bits;

	if (snprintf(copy, sizeof(copy), "%s", text) >= (int)sizeof(copy))
		return false;
	slash = strchr(copy, '/');
	if (slash)
		*slash++ = '\0';
	ret->family = strchr(copy, ':') ? AF_INET6 : AF_INET;
	memset(ret->bytes, 0, sizeof(ret->bytes));
	if (inet_pton(ret->family, copy, ret->bytes) != 1)
		return false;
	ret->bits = ret->family == AF_INET ? 32 : 128;
	if (!slash)
		return true;
	bits = strtol(slash, &end, 10);
	if (end == slash || *end || bits < 0 || bits > ret->bits)
		return false;
	ret->bits = (int)bits;
	return true;
}

static bool network_holds(const struct network *n, const struct network *address)
{
	int whole = n->bits / 8, rest = n->bits % 8;
	unsigned char mask = (unsigned char)(0xff << (8 - rest));

	return n->family == address->family && memcmp(n->bytes, address->bytes, (size_t)whole) == 0 &&
	       (rest == 0 || ((n->bytes[whole] ^ address->bytes[whole]) & mask) == 0);
}

static bool is_allowed(const struct network *address)
{
	for (size_t i = 0; i < allowed_count; i++)
		if (network_holds(&allowed[i], address))
			return true;
	return false;
}

const char *address_block(const char *address)
{
	char canonical[ADDRESS_MAX];
	struct network own, block;
	const char *found = NULL;
	int bits = -1;

	if (!address_canonical(address, canonical) || !network_parse(canonical, &own))
		return "[RFC4291]: not an address";
	if (is_allowed(&own))
		return NULL;
	for (size_t i = 0; i < ARRAY_LEN(blocks); i++) {
		if (network_parse(blocks[i].network, &block) && block.bits > bits && network_holds(&block, &own)) {
			bits = block.bits;
			found = blocks[i].text;
		}
	}
	return found;
}

bool address_is_reserved(const char *address)
{
	return address_block(address) != NULL;
}

bool address_may_connect(const char *address)
{
	return !address_is_reserved(address);
}

void address_allow(const char *const *networks)
{
	allowed_count = 0;
	for (; networks && *networks && allowed_count < ALLOWED_MAX; networks++)
		if (network_parse(*networks, &allowed[allowed_count]))
			allowed_count++;
}

/* The lower or the upper half of a network. */
static struct network half_of(const struct network *n, bool upper)
{
	struct network half = *n;

	if (upper)
		half.bytes[n->bits / 8] |= (unsigned char)(0x80 >> n->bits % 8);
	half.bits++;
	return half;
}

struct walk {
	const struct network *except;
	size_t count;
	void (*fn)(const char *network, void *arg);
	void *arg;
};

static void tell_network(const struct walk *w, const struct network *n)
{
	char address[ADDRESS_MAX], text[ADDRESS_MAX + 8];

	inet_ntop(n->family, n->bytes, address, sizeof(address));
	snprintf(text, sizeof(text), "%s/%d", address, n->bits);
	w->fn(text, w->arg);
}

/* Tells what remains of a network without the exceptions. */
static void walk_network(const struct walk *w, const struct network *n)
{
	struct network lower, upper;
	bool touched = false;

	for (size_t i = 0; i < w->count; i++) {
		if (w->except[i].bits <= n->bits && network_holds(&w->except[i], n))
			return;
		touched = touched || network_holds(n, &w->except[i]);
	}
	if (!touched) {
		tell_network(w, n);
		return;
	}
	lower = half_of(n, false);
	upper = half_of(n, true);
	walk_network(w, &lower);
	walk_network(w, &upper);
}

void address_each_reserved(const char *const *except, void (*fn)(const char *network, void *arg), void *arg)
{
	struct network exceptions[2 * ALLOWED_MAX], block;
	struct walk w = { exceptions, allowed_count, fn, arg };

	memcpy(exceptions, allowed, allowed_count * sizeof(*allowed));
	for (; except && *except && w.count < ARRAY_LEN(exceptions); except++)
		w.count += network_parse(*except, &exceptions[w.count]);
	for (size_t i = 0; i < ARRAY_LEN(blocks); i++)
		if (network_parse(blocks[i].network, &block))
			walk_network(&w, &block);
}

bool address_is_v6(const char *address)
{
	return strchr(address, ':') != NULL;
}

bool address_canonical(const char *text, char ret[64])
{
	char copy[ADDRESS_MAX];
	unsigned char bytes[16];
	size_t length = strlen(text);
	int family;

	if (length > 2 && text[0] == '[' && text[length - 1] == ']') {
		text++;
		length -= 2;
	}
	if (length >= sizeof(copy))
		return false;
	memcpy(copy, text, length);
	copy[length] = '\0';
	copy[strcspn(copy, "%")] = '\0';
	family = strchr(copy, ':') ? AF_INET6 : AF_INET;
	return inet_pton(family, copy, bytes) == 1 && inet_ntop(family, bytes, ret, ADDRESS_MAX);
}
