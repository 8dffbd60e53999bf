#include "solver/api/access/peer.h"

#include <arpa/inet.h>
#include <stdio.h>
#include <string.h>

/* "192.0.2.1", "192.0.2.1:4711", "2001:db8::1", "[2001:db8::1]:4711". */
static bool hop_read(const char *text, size_t length, char ret[ADDRESS_TEXT_SIZE])
{
	struct sockaddr_storage address;
	char hop[ADDRESS_TEXT_SIZE];
	struct err err;

	while (length && strchr(" \t", *text)) {
		text++;
		length--;
	}
	while (length && strchr(" \t", text[length - 1]))
		length--;
	if (!length || length >= sizeof(hop))
		return false;
	memcpy(hop, text, length);
	hop[length] = '\0';
	if (address_parse(hop, 0, &address, &err) < 0)
		return false;
	address_host(&address, ret);
	return true;
}

void peer_forwarded(const struct networks *proxies, const char *socket_peer, const char *header, char ret_peer[ADDRESS_TEXT_SIZE])
{
	size_t end = header ? strlen(header) : 0;

	snprintf(ret_peer, ADDRESS_TEXT_SIZE, "%s", socket_peer);
	while (end && networks_hold(proxies, ret_peer)) {
		size_t start = end;

		while (start && header[start - 1] != ',')
			start--;
		if (!hop_read(header + start, end - start, ret_peer))
			return;
		end = start ? start - 1 : 0;
	}
}

void peer_place(const char *peer, char ret[ADDRESS_TEXT_SIZE])
{
	struct in6_addr address;

	snprintf(ret, ADDRESS_TEXT_SIZE, "%s", peer ? peer : "");
	if (!strchr(ret, ':') || inet_pton(AF_INET6, ret, &address) != 1)
		return;
	memset(address.s6_addr + 8, 0, 8);
	inet_ntop(AF_INET6, &address, ret, ADDRESS_TEXT_SIZE);
}
