/* URLs as a redirect names them (RFC 3986): split, resolved against the URL that answered, and written again.
 *
 * Scheme and host come out in lower case; dot segments are gone; bytes that no URL may hold are percent-encoded, but for the printable
 * ones (and spaces) of a query, which Go's client sends as they are. User information and fragment are kept as they were. Text only. */
#ifndef SOLVER_VERDICT_URL_H
#define SOLVER_VERDICT_URL_H

#include <stdbool.h>
#include <stddef.h>

#define URL_SIZE 8192 /* with the zero byte */
#define URL_HOST_SIZE 254
#define URL_SCHEME_SIZE 16
#define URL_PORT_SIZE 16

struct url {
	char text[URL_SIZE];           /* the whole */
	char scheme[URL_SCHEME_SIZE];
	char host[URL_HOST_SIZE];      /* without brackets; may be empty; with "%zone" */
	bool literal;                  /* stood in brackets */
	bool has_port;                 /* a colon; the port behind it may be empty */
	char port[URL_PORT_SIZE];
	size_t path_length;            /* bytes of the path after percent-decoding */
};

/* `base` was made by this function or is an absolute URL of our own. 0, ERR_INVALID (what a URL parser refuses), or
 * ERR_TOO_LARGE. */
int url_resolve(const char *base, const char *reference, struct url *ret);

#endif
