#include "solver/net/address.h"

#include <arpa/inet.h>
#include <ctype.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static int port_read(const char *text, int *ret_port)
{
	char *end;
	long port;

	if (!isdigit((unsigned char)*text))
		return ERR_INVALID;
	port = strtol(text, &end, 10);
	if (*end || port > 65535)
		return ERR_INVALID;
	*ret_port = (int)port;
	return 0;
}

/* Splits into host and port; a bare IPv6 address has more than one colon. */
static int split(const char *text, char host[ADDRESS_TEXT_SIZE], int *port)
{
	const char *start = *text == '[' ? text + 1 : text;
	const char *end = *text == '[' ? strchr(text, ']') : strchr(text, ':');
	const char *rest;

	if (*text != '[' && end && strchr(end + 1, ':'))
		end = NULL;
	if (*text == '[' && !end)
		return ERR_INVALID;
	if (!end)
		end = text + strlen(text);
	rest = *text == '[' ? end + 1 : end;
	if (end - start >= ADDRESS_TEXT_SIZE || (*rest && *rest != ':'))
		return ERR_INVALID;
	memcpy(host, start, (size_t)(end - start));
	host[end - start] = '\0';
	return *rest ? port_read(rest + 1, port) : 0;
}

int address_parse(const char *text, int default_port, struct sockaddr_storage *ret, struct err *err)
{
	struct sockaddr_in *v4 = (struct sockaddr_in *)ret;
	struct sockaddr_in6 *v6 = (struct sockaddr_in6 *)ret;
	char host[ADDRESS_TEXT_SIZE];
	int port = default_port;

	if (split(text, host, &port) < 0)
		return err_set(err, ERR_INVALID, "\"%.100s\" is not an address, address:port or [v6]:port", text);
	memset(ret, 0, sizeof(*ret));
	if (inet_pton(AF_INET, host, &v4->sin_addr) == 1) {
		v4->sin_family = AF_INET;
		v4->sin_port = htons((uint16_t)port);
		return 0;
	}
	if (inet_pton(AF_INET6, host, &v6->sin6_addr) == 1) {
		v6->sin6_family = AF_INET6;
		v6->sin6_port = htons((uint16_t)port);
		return 0;
	}
	return err_set(err, ERR_INVALID, "\"%.100s\" is not an IPv4 or IPv6 address", text);
}

const char *address_host(const struct sockaddr_storage *sa, char text[ADDRESS_TEXT_SIZE])
{
	const void *bytes = sa->ss_family == AF_INET6 ? (const void *)&((const struct sockaddr_in6 *)sa)->sin6_addr
	                                              : (const void *)&((const struct sockaddr_in *)sa)->sin_addr;

	if (!inet_ntop(sa->ss_family, bytes, text, ADDRESS_TEXT_SIZE))
		snprintf(text, ADDRESS_TEXT_SIZE, "?");
	return text;
}

int address_port(const struct sockaddr_storage *sa)
{
	return ntohs(sa->ss_family == AF_INET6 ? ((const struct sockaddr_in6 *)sa)->sin6_port
	                                       : ((const struct sockaddr_in *)sa)->sin_port);
}

const char *address_text(const struct sockaddr_storage *sa, char text[ADDRESS_TEXT_SIZE])
{
	char host[ADDRESS_TEXT_SIZE];

	snprintf(text, ADDRESS_TEXT_SIZE, sa->ss_family == AF_INET6 ? "[%.45s]:%d" : "%.45s:%d", address_host(sa, host),
	         address_port(sa));
	return text;
}

bool address_is_loopback(const struct sockaddr_storage *sa)
{
	const struct in6_addr *v6 = &((const struct sockaddr_in6 *)sa)->sin6_addr;

	if (sa->ss_family == AF_INET)
		return ntohl(((const struct sockaddr_in *)sa)->sin_addr.s_addr) >> 24 == 127;
	if (sa->ss_family != AF_INET6)
		return false;
	return IN6_IS_ADDR_LOOPBACK(v6) || (IN6_IS_ADDR_V4MAPPED(v6) && v6->s6_addr[12] == 127);
}

socklen_t address_length(const struct sockaddr_storage *sa)
{
	return sa->ss_family == AF_INET6 ? sizeof(struct sockaddr_in6) : sizeof(struct sockaddr_in);
}
