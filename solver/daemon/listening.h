/* What listens for authorities: the embedded DNS server and the HTTP-01 responder, the latter with TLS too. */
#ifndef SOLVER_DAEMON_LISTENING_H
#define SOLVER_DAEMON_LISTENING_H

#include "solver/answers/answers.h"
#include "solver/conf/config.h"
#include "solver/net/loop.h"

struct guard;
struct listening;
struct listening_change;

/* `answers` is borrowed, `config` for the call. Gives *ret (free with listening_close). */
int listening_open(struct loop *l, const struct config *config, struct answers *answers, struct listening **ret, struct err *err);
void listening_close(struct listening *l); /* NULL is allowed */
struct guard **listening_guards(struct listening *l); /* of those that listen, NULL-ended; borrowed, and the same array after a reload */
const char *listening_http(const struct listening *l); /* the first address, or "off" */
const char *listening_dns(const struct listening *l);

/* A reload from `old` to `fresh`: what can fail fails in listening_prepare(), which opens new addresses and changes nothing else. What did not change is kept
 * with its connections. Gives *ret (to one of the other two, in the same turn of the loop). */
int listening_prepare(struct listening *l, const struct config *old, const struct config *fresh, struct listening_change **ret, struct err *err);
void listening_commit(struct listening_change *c);
void listening_abort(struct listening_change *c); /* NULL is allowed */

#endif
