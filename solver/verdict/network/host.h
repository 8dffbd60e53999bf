/* What this host cannot see: an address that it has no way to, a name server that it cannot ask, a look-up that may have failed for want
 * of a family of addresses. None of these proves anything about the server, so a verdict that depends on one is UNKNOWN. */
#ifndef SOLVER_VERDICT_HOST_H
#define SOLVER_VERDICT_HOST_H

#include "solver/verdict/data/authority.h"
#include "solver/verdict/data/evidence.h"
#include "solver/verdict/data/verdict.h"

/* The stage that says what this host cannot see. */
void judge_host(const struct evidence *e, const struct authority *a, struct verdict *v);

/* A failure of this host, as recorded of an answer, a hop or a certificate: "connect-unreachable", "unroutable", "local". */
bool host_failed(const char *failure);
/* Decides UNKNOWN, because the response of `address` matters and this host cannot connect to it, and adds the fixes. Does nothing when a
 * perspective has seen the response (host_is_vouched). */
void host_doubt(const struct evidence *e, const char *address, const char *failure, const char *why, struct verdict *v);
/* A perspective elsewhere saw the right answer; over HTTP at an address of the same family as `address`. NULL: wherever. */
bool host_is_vouched(const struct evidence *e, const char *address);
/* This name server, by name, answered at another of its addresses. */
bool host_heard_server(const struct evidence *e, const struct ev_answer *unheard);

#endif
