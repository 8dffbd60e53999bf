/* The stage of HTTP-01, and what must be asked before it can be judged. */
#ifndef SOLVER_VERDICT_HTTP_H
#define SOLVER_VERDICT_HTTP_H

#include "solver/verdict/data/authority.h"
#include "solver/verdict/data/evidence.h"
#include "solver/verdict/data/verdict.h"

void judge_http(const struct evidence *e, const struct authority *a, struct verdict *v);

/* ---- what the collector must ask next for http-01: the authority's own steps (http_attempt.c) ----
 * Which address the authority tries first depends on the rotation of its resolver, so there is one attempt for each: attempt i begins with
 * the i-th address of each family (modulo their number). Name servers that disagree about the addresses add attempts, one for each pair of
 * their answers for A and AAAA (views.h), numbered from HTTP_DRAWS_MAX on. */
#define HTTP_DRAWS_MAX 16 /* addresses that are tried as the first one */
#define HTTP_ATTEMPTS_MAX 32
enum http_want {
	HTTP_RESOLVE, /* the addresses of `host`: authority's answers for A and AAAA */
	HTTP_FETCH,   /* `url` at `address` */
	HTTP_OVER,    /* the attempt is over; judge_http() judges it */
};
struct http_next {
	enum http_want want;
	char host[254];
	char url[8192];
	char address[64];
	bool fallback;
	int64_t left_ms; /* of the attempt: a request that takes longer fails */
};
/* How many attempts the evidence calls for; 0 until the addresses of the identifier are known. A redirect to a host with more addresses adds
 * some: call it again after each attempt. */
size_t http_attempts(const struct evidence *e, const struct authority *a);
/* The numbers of all attempts that the evidence calls for, those for other views included; returns how many. Their order may change. */
size_t http_attempt_numbers(const struct evidence *e, const struct authority *a, size_t ret[HTTP_ATTEMPTS_MAX]);
void http_attempt_next(const struct evidence *e, const struct authority *a, size_t attempt, struct http_next *ret);

#endif
