/* From evidence to a verdict: pure, total, the same answer for the same evidence.
 *
 * Stages are judged in the authority's order: identifier, lookup, validation, CAA, perspectives, budget. Each stage is
 * a file of its own. What was not collected is not judged (and says so as a note), so a part can be judged alone.
 */
#ifndef SOLVER_VERDICT_JUDGE_H
#define SOLVER_VERDICT_JUDGE_H

#include "solver/verdict/caa/caa.h"
#include "solver/verdict/data/authority.h"
#include "solver/verdict/data/evidence.h"
#include "solver/verdict/data/verdict.h"
#include "solver/verdict/dns/dns.h"
#include "solver/verdict/http/http.h"
#include "solver/verdict/network/address.h"
#include "solver/verdict/network/host.h"

/* Everything; gives. */
struct verdict *judge(const struct evidence *e, const struct authority *a);

/* ---- stages, as those in caa.h, dns.h, http.h and host.h: they add findings and decide (verdict_decide) ---- */
void judge_calendar(const struct evidence *e, const struct authority *a, struct verdict *v);    /* calendar.c */
void judge_identifier(const struct evidence *e, const struct authority *a, struct verdict *v);  /* identifier.c */
void judge_tls_alpn(const struct evidence *e, const struct authority *a, struct verdict *v);    /* tls_alpn.c */
void judge_perspectives(const struct evidence *e, const struct authority *a, struct verdict *v); /* perspectives.c */
void judge_budget(const struct evidence *e, const struct authority *a, struct verdict *v);      /* budget.c */

/* Whether the name alone would be refused (what the engine asks before it publishes anything). 0, or ERR_INVALID with the
 * authority's sentence. */
int identifier_check(const char *identifier, bool wildcard, const char *type, const struct authority *a, struct err *err);

#endif
