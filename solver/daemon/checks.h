/* Checks without a service: opens what a checker needs and nothing else (no journal, no provider credentials), runs any
 * number of checks, a few at a time, and closes everything again. */
#ifndef SOLVER_DAEMON_CHECKS_H
#define SOLVER_DAEMON_CHECKS_H

#include "solver/check/check.h"
#include "solver/daemon/daemon.h"

#define CHECKS_AT_ONCE 32

/* Called once a check, in the order in which they end. `e` and `v` are borrowed, NULL when the check could not even begin
 * (err says why). Returning false ends all of it. */
typedef bool (*checks_fn)(size_t index, const struct evidence *e, const struct verdict *v, const struct err *err, void *arg);

/* 0 when all were answered; a code when nothing could be run (configuration, no loop). `wants` is borrowed. */
int checks_run(const struct daemon_options *options, const struct check_want *wants, size_t count, checks_fn done, void *arg,
               struct err *err);
/* Judges recorded evidence (JSON: the evidence, or a verdict that holds it) again by the rules of `authority`, or of the one it
 * was collected for. Gives both. */
int checks_replay(const struct daemon_options *options, const char *text, size_t length, const char *authority,
                  struct evidence **ret_evidence, struct verdict **ret_verdict, struct err *err);

#endif
