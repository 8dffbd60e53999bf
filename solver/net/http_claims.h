/* How many requests of whom are under way: so that the event streams and waits of one leave room for the others. From the loop thread. */
#ifndef SOLVER_NET_HTTP_CLAIMS_H
#define SOLVER_NET_HTTP_CLAIMS_H

#include "solver/net/http_server.h"

struct http_claims;

struct http_claims *http_claims_new(void); /* gives (free with http_claims_free once the servers are stopped) */
void http_claims_free(struct http_claims *t); /* NULL is allowed */
/* Counts the request for its owner until it is gone, once. ERR_BUSY when `max` others of that owner are under way. */
int http_exchange_claim(struct http_exchange *x, struct http_claims *t, const char *owner, unsigned max);

#endif
