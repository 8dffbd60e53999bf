/* The sockets that front doors listen on. */
#include <errno.h>
#include <netinet/in.h>
#include <string.h>
#include <unistd.h>

#include "solver/base/mem.h"
#include "solver/net/http_server_private.h"

#define BACKLOG 1024

static int listen_address(const char *listen_text, struct sockaddr_storage *ret, struct err *err)
{
	CLEANUP(mem_freep) char *full = NULL;
	int rc;

	if (strncmp(listen_text, "localhost:", 10) == 0)
		full = mem_printf("127.0.0.1:%s", listen_text + 10);
	else
		full = strpbrk(listen_text, ".:") ? mem_dup(listen_text) : mem_printf("127.0.0.1:%s", listen_text);
	rc = address_parse(full, -1, ret, err);
	if (rc == 0 && address_port(ret) == 65535 && !strstr(full, ":65535"))
		rc = err_set(err, ERR_INVALID, "\"%s\" has no port", listen_text);
	return rc < 0 ? err_in(err, "listen on") : 0;
}

int http_listen_open(const char *listen_text, int *ret_fd, int *ret_port, struct err *err)
{
	struct sockaddr_storage address;
	socklen_t length;
	char text[ADDRESS_TEXT_SIZE];
	int fd, one = 1, rc = listen_address(listen_text, &address, err);

	if (rc < 0)
		return rc;
	length = address_length(&address);
	fd = socket(address.ss_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	if (fd < 0)
		return err_errno(err, "cannot listen on %s", address_text(&address, text));
	setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof(one));
	if (address.ss_family == AF_INET6) /* "[::]" next to "0.0.0.0" are two addresses, not one */
		setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &one, sizeof(one));
	if (bind(fd, (struct sockaddr *)&address, length) < 0 || listen(fd, BACKLOG) < 0) {
		rc = err_set(err, ERR_IO, "cannot listen on %s: %s", address_text(&address, text), strerror(errno));
		close(fd);
		return rc;
	}
	getsockname(fd, (struct sockaddr *)&address, &length);
	*ret_port = address_port(&address);
	*ret_fd = fd;
	return 0;
}
