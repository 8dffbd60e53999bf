/* What poll_dns.c and poll_http.c share: one poll of all servers or addresses. */
#ifndef SOLVER_CHECK_POLL_RUN_H
#define SOLVER_CHECK_POLL_RUN_H

#include "solver/check/internal.h"
#include "solver/check/poll.h"

struct poll_run {
	struct checker *c;
	char *identifier, *token, *expected;
	struct location *location;         /* DNS */
	struct verdict *verdict;
	void (*conclude)(struct poll_run *r); /* fills in result and sentences once all replies are in */
	poll_fn done;
	void *arg;
	unsigned pending;
	struct check_run *check;           /* HTTP: under way */
	bool cancelled;
};

struct poll_run *poll_new(struct checker *c, const struct poll_request *request, poll_fn done, void *arg);
/* One reply less to wait for; the last one judges, tells and frees. */
void poll_replied(struct poll_run *r);
/* PASS when all results are ok, FLAKY when some are, FAIL when none is. */
void poll_count(struct verdict *v);
struct query_result *poll_first_bad(struct verdict *v);
/* No reply came: the sentence, and whether it is this host that has no way to the address (QUERY_UNROUTABLE). */
void poll_fail(struct query_result *l, const struct err *err);

#endif
