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
/* Gives *ret (free with https_close); NULL when http.tls-listen is empty. `c` and `answers` are borrowed. */
int https_open(struct loop *l, const struct config_http *c, struct answers *answers, struct https **ret, struct err *err);
struct guard *https_guard(const struct https *h); /* borrowed; NULL when `h` is */
void https_close(struct https *h); /* NULL is allowed */
/* The files of the certificate take effect at once. */
void https_reconfigure(struct https *h, const struct config_http *c);

#endif
