/* The sockets that front doors listen on. */
#include <string.h>

#include "solver/base/listen.h"
#include "solver/base/mem.h"
#include "solver/net/http_server_private.h"

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

int http_listen_open(const char *listen_text, const struct http_server_options *options, int *ret_fd, int *ret_port, struct err *err)
{
	struct sockaddr_storage address;
	struct listen_address own;

	if (listen_address(listen_text, &address, err) < 0)
		return err->code;
	memcpy(&own, &address, address_length(&address));
	own.length = address_length(&address);
	if (listen_open_beside(&own, SOCK_STREAM, 1, options->option, options->going, options->going_count, ret_fd, err) < 0)
		return err->code;
	*ret_port = ntohs(own.v4.sin_port); /* at the same place in both families */
	return 0;
}
