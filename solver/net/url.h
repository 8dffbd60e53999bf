/* The parts of an http or https URL, as libcurl reads them: what is judged is what is called. */
#ifndef SOLVER_NET_URL_H
#define SOLVER_NET_URL_H

#include <stdbool.h>
#include <stddef.h>

#include "solver/base/err.h"

struct url_parts {
	char *scheme, *host, *port, *path; /* "https", "www.example.com" in lower case, "443", "/hooks/" */
};

/* ERR_INVALID with a sentence: another scheme, no "//" and host behind it, an escape in the host, user information, a fragment, a path that climbs ("..", also escaped), or what libcurl
 * cannot read. Free with url_parts_done, in either case. */
int url_parts_read(const char *url, struct url_parts *ret, struct err *err);
void url_parts_done(struct url_parts *u);
/* Scheme, host and port, the port only where it is not that of the scheme: "https://ci.example.com:9001". Gives. */
char *url_origin(const struct url_parts *u);
/* `url` is at the place of `rule` or below it: same scheme, host and port, and a path that begins with the rule's at a "/". */
bool url_is_below(const struct url_parts *url, const struct url_parts *rule);

/* Without percent-encoding: *ret_length bytes, which may hold a zero. Gives (free with free). */
char *url_unescape(const char *text, size_t length, size_t *ret_length);

#endif
