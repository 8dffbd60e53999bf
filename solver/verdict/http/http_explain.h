/* The probable cause of a failed HTTP-01 attempt and its fix, by patterns that are common. */
#ifndef SOLVER_VERDICT_HTTP_EXPLAIN_H
#define SOLVER_VERDICT_HTTP_EXPLAIN_H

#include "solver/verdict/http/http_attempt.h"

/* Adds the findings of an attempt that failed for `code`. */
void http_explain(const struct evidence *e, const struct authority *a, const struct attempt *w, const char *code, struct verdict *v);
/* Adds warnings to an attempt that passed. */
void http_warn(const struct evidence *e, const struct authority *a, const struct attempt *w, struct verdict *v);
/* The web server answers every path with a page for people. */
bool http_is_page(const struct ev_hop *hop);

#endif
