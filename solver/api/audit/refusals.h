/* Refusals that repeat: the first becomes an entry of the audit log, and after a minute so does the number of the others. So refused requests
 * cannot fill the journal.
 *
 * Refusals of a known client are counted for each name. Strangers can use any number of names, so only their address counts: a few addresses are
 * written in a minute, and all others together as one number. */
#ifndef SOLVER_API_REFUSALS_H
#define SOLVER_API_REFUSALS_H

#include <stdbool.h>

#include "solver/api/audit/audit.h"

#define REFUSALS_STRANGERS 4   /* places that are told apart in one window */
#define REFUSALS_CLIENTS 2048  /* kinds of refusals of clients in one window; the others count as one kind for each door */

struct refusals;
struct refusals *refusals_new(void); /* gives (free with refusals_free) */
void refusals_free(struct refusals *r);
/* Counts it. Whether it is to be written now. */
bool refusals_first(struct refusals *r, const struct audit_event *event);
/* The window is over: `write` gets an event for each kind that came more than once. */
void refusals_end(struct refusals *r, void (*write)(const struct audit_event *event, void *arg), void *arg);

#endif
