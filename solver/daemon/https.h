/* The HTTP-01 responder with TLS (http.tls-listen): an authority comes to port 80, and follows a redirect to here without
 * asking whose certificate it is. It answers on the loop, so it is for the few; webroot/ is for the many. */
#ifndef SOLVER_DAEMON_HTTPS_H
#define SOLVER_DAEMON_HTTPS_H

#include "solver/answers/answers.h"
#include "solver/conf/config.h"
#include "solver/net/loop.h"

struct guard;
struct https;

/* Sentences about options that do not fit each other and files that cannot be used, one a line; as http_tls_check(). */
void https_check(const struct config_http *c, struct buf *mistakes, struct buf *warnings);
/* Listens nowhere before the first commit. `answers` is borrowed. Gives (free with https_free). */
struct https *https_new(struct loop *l, struct answers *answers);
void https_free(struct https *h); /* NULL is allowed */
struct guard *https_guard(const struct https *h); /* borrowed; NULL while nothing listens */

/* The start and each reload: what can fail fails in https_prepare(), which opens new addresses. Then https_commit() in the same turn of the
 * loop, or http_listeners_abort(). */
struct http_listeners_change;
int https_prepare(struct https *h, const struct config_http *c, struct http_listeners_change **ret, struct err *err);
void https_commit(struct https *h, const struct config_http *c, struct http_listeners_change *change);

#endif
