#include "solver/base/listen.h"

#include <arpa/inet.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define BACKLOG 4096

static int parse_port(const char *text, in_port_t *ret_port)
{
	unsigned long port = 0;

	if (!*text || strlen(text) > 5)
		return ERR_INVALID;
	for (const char *c = text; *c; c++) {
		if (*c < '0' || *c > '9')
			return ERR_INVALID;
		port = port * 10 + (unsigned long)(*c - '0');
	}
	if (port > 65535)
		return ERR_INVALID;
	*ret_port = htons(port);
	return 0;
}

/* The part in front of the port, without brackets. */
static int parse_host(const char *text, const char *colon, bool *ret_bracketed, char host[INET6_ADDRSTRLEN])
{
	size_t length = (size_t)(colon - text);
	bool bracketed = length >= 2 && text[0] == '[' && colon[-1] == ']';

	if (bracketed) {
		text++;
		length -= 2;
	}
	if (!length || length >= INET6_ADDRSTRLEN)
		return ERR_INVALID;
	memcpy(host, text, length);
	host[length] = '\0';
	*ret_bracketed = bracketed;
	return 0;
}

int listen_parse(const char *text, const char *option, struct listen_address *ret_address, struct err *err)
{
	const char *colon = strrchr(text, ':');
	char host[INET6_ADDRSTRLEN];
	struct listen_address a;
	in_port_t port;
	bool v6;

	memset(&a, 0, sizeof(a));
	if (!colon || parse_port(colon + 1, &port) < 0 || parse_host(text, colon, &v6, host) < 0)
		goto bad;
	if (v6 && inet_pton(AF_INET6, host, &a.v6.sin6_addr) == 1) {
		a.v6.sin6_family = AF_INET6;
		a.v6.sin6_port = port;
		a.length = sizeof(a.v6);
	} else if (!v6 && inet_pton(AF_INET, host, &a.v4.sin_addr) == 1) {
		a.v4.sin_family = AF_INET;
		a.v4.sin_port = port;
		a.length = sizeof(a.v4);
	} else {
		goto bad;
	}
	*ret_address = a;
	return 0;
bad:
	return err_set(err, ERR_INVALID, "%s: \"%s\" is not an address with a port, like 127.0.0.1:8080 or [::1]:8080", option, text);
}

const char *listen_text(const struct listen_address *address, char text[LISTEN_TEXT_SIZE])
{
	char host[INET6_ADDRSTRLEN] = "";

	if (address->any.sa_family == AF_INET6) {
		inet_ntop(AF_INET6, &address->v6.sin6_addr, host, sizeof(host));
		snprintf(text, LISTEN_TEXT_SIZE, "[%s]:%u", host, ntohs(address->v6.sin6_port));
	} else {
		inet_ntop(AF_INET, &address->v4.sin_addr, host, sizeof(host));
		snprintf(text, LISTEN_TEXT_SIZE, "%s:%u", host, ntohs(address->v4.sin_port));
	}
	return text;
}

static int socket_set_up(int fd, const struct listen_address *address, int type, bool shared)
{
	int on = 1;

	if (address->any.sa_family == AF_INET6 && setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &on, sizeof(on)) < 0)
		return -1;
	if (type == SOCK_STREAM && setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on)) < 0)
		return -1;
	if (shared && setsockopt(fd, SOL_SOCKET, SO_REUSEPORT, &on, sizeof(on)) < 0)
		return -1;
	return 0;
}

/* One bound socket; -1 with errno. The port the kernel chose goes into the address. */
static int socket_bind(struct listen_address *address, int type, bool shared)
{
	int fd = socket(address->any.sa_family, type | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	int number;

	if (fd < 0)
		return -1;
	if (socket_set_up(fd, address, type, shared) == 0 && bind(fd, &address->any, address->length) == 0 &&
	    (type != SOCK_STREAM || shared || listen(fd, BACKLOG) == 0) &&
	    getsockname(fd, &address->any, &address->length) == 0)
		return fd;
	number = errno;
	close(fd);
	errno = number;
	return -1;
}

static int open_error(const struct listen_address *address, const char *option, struct err *err)
{
	char text[LISTEN_TEXT_SIZE];
	int number = errno;
	const char *hint = number == EADDRINUSE ? "another program holds it" :
		number == EACCES ? "ports below 1024 need CAP_NET_BIND_SERVICE" : "the system refused";
	int code = number == EADDRINUSE ? ERR_EXISTS : number == EACCES ? ERR_DENIED : ERR_IO;

	return err_set(err, code, "listen on %s: %s (%s)%s%s%s", listen_text(address, text), strerror(number), hint,
	               option ? "; the option " : "", option ? option : "", option ? " moves it" : "");
}

/* With SO_REUSEPORT the kernel would let a second daemon of the same user in, which would then get half of
 * the questions. So the address is taken alone first. */
static int address_is_free(struct listen_address *address, int type)
{
	struct listen_address asked = *address;
	int fd = socket_bind(&asked, type, false);

	if (fd < 0)
		return -1;
	close(fd);
	*address = asked;
	return 0;
}

/* 0, or -1 with errno. */
static int open_sockets(struct listen_address *address, int type, unsigned count, bool shared, int *ret_fds)
{
	int number;

	for (unsigned i = 0; i < count; i++) {
		ret_fds[i] = socket_bind(address, type, shared);
		if (ret_fds[i] >= 0 && (!shared || type != SOCK_STREAM || listen(ret_fds[i], BACKLOG) == 0))
			continue;
		number = errno;
		for (unsigned j = 0; j <= i; j++)
			if (ret_fds[j] >= 0)
				close(ret_fds[j]);
		errno = number;
		return -1;
	}
	return 0;
}

int listen_open(struct listen_address *address, int type, unsigned count, const char *option, int *ret_fds, struct err *err)
{
	bool shared = count > 1;

	if ((shared && address_is_free(address, type) < 0) || open_sockets(address, type, count, shared, ret_fds) < 0)
		return open_error(address, option, err);
	return 0;
}

static void share(const int *fds, size_t count, int on)
{
	for (size_t i = 0; i < count; i++)
		setsockopt(fds[i], SOL_SOCKET, SO_REUSEPORT, &on, sizeof(on));
}

int listen_open_beside(struct listen_address *address, int type, unsigned count, const char *option, const int *own, size_t own_count, int *ret_fds,
                       struct err *err)
{
	int code = listen_open(address, type, count, option, ret_fds, err);

	if (code != ERR_EXISTS || !own_count)
		return code;
	share(own, own_count, 1);
	code = open_sockets(address, type, count, true, ret_fds) < 0 ? open_error(address, option, err) : 0;
	if (count > 1)
		return code;
	share(own, own_count, 0); /* nobody else gets in */
	if (code == 0)
		share(ret_fds, count, 0);
	return code;
}
