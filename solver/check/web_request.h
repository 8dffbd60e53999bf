/* A URL as the parts of a request, as Go's net/http sends them. Text only. */
#ifndef SOLVER_CHECK_WEB_REQUEST_H
#define SOLVER_CHECK_WEB_REQUEST_H

#include <stdbool.h>

struct web_request {
	bool tls;
	int port;
	char *host;          /* for the Host header: as the URL has it, with its port */
	char *sni;           /* NULL for an address */
	char *target;        /* path and query; "/" at least */
	char *authorization; /* of the URL's user information, or NULL */
};

/* `url` comes from an attempt (http_next). 0, or ERR_INVALID; *ret is to be freed with web_request_done. */
int web_request_read(const char *url, struct web_request *ret);
void web_request_done(struct web_request *w);

#endif
