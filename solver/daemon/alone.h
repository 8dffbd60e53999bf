/* The engine in a command: publishes without a service, on the journal of the configuration.
 *
 * A command opens it, presents or releases, waits as long as it likes and closes. What is published then stays
 * in the journal, so that a later command, or a service on the same folder, withdraws it; what a killed command
 * left half done is finished by the next. One process at a time holds the journal: others wait for it. */
#ifndef SOLVER_DAEMON_ALONE_H
#define SOLVER_DAEMON_ALONE_H

#include <stdbool.h>

#include "solver/daemon/daemon.h"
#include "solver/engine/engine.h"

struct alone;

/* Waits up to 30 s for another command on the same journal. Gives *ret (free with alone_close). */
int alone_open(const struct daemon_options *options, struct alone **ret, struct err *err);
void alone_close(struct alone *a); /* NULL is allowed */
struct engine *alone_engine(struct alone *a);
/* The time of day that expiries follow, or 0 while none is trusted (net/settle.h). */
int64_t alone_settled_ms(struct alone *a);

/* Returns when the journal has it. What only a service that stays can answer (the embedded DNS server, the
 * HTTP-01 responder) is refused with ERR_UNSUPPORTED. `request->client` is set here. */
int alone_submit(struct alone *a, struct order_request *request, char ret_order_id[ID_SIZE], struct err *err);
int alone_release(struct alone *a, const char *challenge_id, struct err *err);

/* Lets the engine work until `is_over` says so: true, or false after `limit_ms`. */
bool alone_run(struct alone *a, bool (*is_over)(struct engine *e, void *arg), void *arg, int64_t limit_ms);

#endif
