/* The addresses of a host that dcvd may connect to: those that the authority's resolver gives, without the reserved ones. */
#ifndef SOLVER_VERDICT_ADDRESSES_H
#define SOLVER_VERDICT_ADDRESSES_H

#include "solver/verdict/data/authority.h"
#include "solver/verdict/data/evidence.h"

/* The authority's answer for A or AAAA; where no root can be asked, that of a server which knows (*ret_blind is set then).
 * NULL: it was not asked. */
const struct ev_answer *addresses_answer(const struct evidence *e, const char *host, int type, bool *ret_blind);
size_t addresses_count(const struct authority *a, const struct ev_answer *answer);
/* The n-th, counted round and round as a resolver rotates them; NULL when there is none. Borrowed. */
const char *addresses_at(const struct authority *a, const struct ev_answer *answer, size_t n);
/* The authority would take a reserved address that check.allow-addresses does not name: dcvd does not connect to it, so its
 * response is unknown. */
bool addresses_withheld(const struct authority *a, const struct ev_answer *answer);
char *addresses_withheld_sentence(const char *host); /* gives */
/* What the authority says when neither family has one; gives (free with free). */
char *addresses_problem(const struct authority *a, const struct ev_answer *v4, const struct ev_answer *v6);

#endif
