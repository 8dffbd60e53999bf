/* Name servers that disagree about the addresses of the identifier: the authority's resolver may ask any of them, so every
 * different answer makes another possible attempt. View 0 is the answer of the authority's own resolver. */
#ifndef SOLVER_VERDICT_VIEWS_H
#define SOLVER_VERDICT_VIEWS_H

#include "solver/verdict/data/authority.h"
#include "solver/verdict/data/evidence.h"
#include "solver/verdict/data/verdict.h"

#define VIEWS_MAX 4 /* of one family */

struct address_view {
	const struct ev_answer *answer; /* a server's own; NULL: it names an alias, */
	const char *host;               /* whose addresses count */
	const struct ev_answer *by;     /* what that server said; of view 0 the authority's answer */
};

struct address_views {
	struct address_view list[VIEWS_MAX];
	size_t count;
};

/* Of the identifier, for A or AAAA; a server counts when it holds an address that no view before it has, or alone has
 * none. More answers add views at the end.
 * *ret_blind as in addresses_answer(). Without the authority's answer there is none. */
void views_read(const struct evidence *e, const struct authority *a, int type, struct address_views *ret, bool *ret_blind);
/* The answer with the addresses; NULL: `host` was not looked up yet. */
const struct ev_answer *view_answer(const struct evidence *e, const struct address_view *view, int type, bool *ret_blind);

/* Adds a finding about the disagreement, when there is one: it explains a verdict that depends on the server. */
void views_tell(const struct evidence *e, const struct authority *a, struct verdict *v);

#endif
