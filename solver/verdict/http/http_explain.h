/* What a failed HTTP-01 attempt probably comes from, and its mend: the patterns seen again and again. */
#ifndef SOLVER_VERDICT_HTTP_EXPLAIN_H
#define SOLVER_VERDICT_HTTP_EXPLAIN_H

#include "solver/verdict/http/http_walk.h"

/* Adds the findings of a walk that failed for `code`. */
void http_explain(const struct evidence *e, const struct authority *a, const struct walk *w, const char *code, struct verdict *v);
/* What is worth a warning although it passed. */
void http_warn(const struct evidence *e, const struct authority *a, const struct walk *w, struct verdict *v);
/* The response is a page for people, whatever path was asked. */
bool http_is_page(const struct ev_hop *hop);

#endif
