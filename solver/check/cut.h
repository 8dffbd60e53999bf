/* A zone cut that one server of the zone above shows: what all the others say, so that every server is known which an authority
 * may come to ask for the name. Those are the child's servers, and each server of the parent that answers for the name itself
 * instead of referring to them: it serves the child too, or it knows nothing of the cut. */
#ifndef SOLVER_CHECK_CUT_H
#define SOLVER_CHECK_CUT_H

#include "solver/check/view.h"

/* `parent` is taken. `seen`: what its server number `server` said, VIEW_REFERRAL or VIEW_HERE of a zone below. `done` comes later
 * with the child's location (given, without fqdn) or a sentence. */
void cut_start(struct checker *c, const char *fqdn, struct location *parent, size_t server, struct view *seen,
               void (*done)(struct location *child, const struct err *err, void *arg), void *arg);

#endif
