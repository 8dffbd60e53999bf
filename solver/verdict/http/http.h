/* The stage of HTTP-01, and what must be asked before it can be judged. */
#ifndef SOLVER_VERDICT_HTTP_H
#define SOLVER_VERDICT_HTTP_H

#include "solver/verdict/data/authority.h"
#include "solver/verdict/data/evidence.h"
#include "solver/verdict/data/verdict.h"

void judge_http(const struct evidence *e, const struct authority *a, struct verdict *v);

/* ---- what the collector must ask next for http-01: the authority's own steps (http_walk.c) ----
 * A walk is one attempt of the authority; which address it draws first depends on its resolver's rotation, so there is one walk
 * for each: walk i takes the i-th address of each family (modulo their number). Where name servers disagree about the addresses there
 * are more walks, for each pair of what they say of A and AAAA (views.h), numbered from HTTP_DRAWS_MAX on. */
#define HTTP_DRAWS_MAX 16 /* addresses that are tried as the first one */
#define HTTP_WALKS_MAX 32
enum http_want {
	HTTP_RESOLVE, /* the addresses of `host`: authority's answers for A and AAAA */
	HTTP_FETCH,   /* `url` at `address` */
	HTTP_OVER,    /* the walk is over; judge_http() says what came of it */
};
struct http_next {
	enum http_want want;
	char host[254];
	char url[8192];
	char address[64];
	bool fallback;
	int64_t left_ms; /* of the attempt: a request that takes longer fails */
};
/* How many walks the evidence asks for; 0 until the addresses of the identifier are known. It grows when a redirect leads to a
 * host with more addresses: ask again after each walk. */
size_t http_walks(const struct evidence *e, const struct authority *a);
/* The numbers of all walks that the evidence asks for, those for other views included; returns how many. Their order may change. */
size_t http_walk_numbers(const struct evidence *e, const struct authority *a, size_t ret[HTTP_WALKS_MAX]);
void http_walk_next(const struct evidence *e, const struct authority *a, size_t walk, struct http_next *ret);

#endif
