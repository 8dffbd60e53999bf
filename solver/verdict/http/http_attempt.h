/* One attempt of an authority at HTTP-01, replayed over the recorded requests: the evidence it needs next, or its outcome.
 *
 * The steps are those of validation.md's measurements: the first IPv6 address, then the first IPv4 address when the dial failed;
 * redirects under the rules of the profile, in its order; after a redirect the fallback asks the first URL again. */
#ifndef SOLVER_VERDICT_HTTP_ATTEMPT_H
#define SOLVER_VERDICT_HTTP_ATTEMPT_H

#include "solver/verdict/http/http.h"

struct attempt {
	struct http_next next;       /* want != HTTP_OVER: what must be collected first */
	const struct ev_hop *last;   /* the last request that was made; NULL when none was */
	const struct ev_hop *unseen; /* the first request that this host could not make, and that decides; or NULL */
	bool blind;                  /* what the authority sees is not visible from here */
	enum verdict_stage stage;
	enum problem_type problem;
	const char *code;            /* of the finding; static */
	char *detail;                /* the authority's sentence where no request failed; NULL: the response to `last`, or its failure, decides */
	char *target;                /* of a refused redirect: where it led; or NULL */
	int64_t redirects;
	int64_t elapsed_ms;
};

void attempt_replay(const struct evidence *e, const struct authority *a, size_t number, struct attempt *ret);
void attempt_done(struct attempt *w);
/* "192.0.2.1: sentence", as an authority names the address; takes `sentence`, gives (free with free). */
char *attempt_sentence(const struct ev_hop *hop, char *sentence);
bool hop_dial_failed(const struct ev_hop *hop);

#endif
