/* What look_dns.c and look_http.c share: one look at all servers or addresses. */
#ifndef SOLVER_CHECK_LOOK_RUN_H
#define SOLVER_CHECK_LOOK_RUN_H

#include "solver/check/internal.h"

struct look_run {
	struct checker *c;
	char *identifier, *token, *expected;
	struct location *location;         /* DNS */
	struct verdict *verdict;
	void (*conclude)(struct look_run *r); /* fills in result and sentences once all looks are in */
	look_fn done;
	void *arg;
	unsigned pending;
	struct check_run *check;           /* HTTP: under way */
	bool cancelled;
};

struct look_run *look_new(struct checker *c, const struct look_request *request, look_fn done, void *arg);
/* One reply less to wait for; the last one judges, tells and frees. */
void look_over(struct look_run *r);
/* PASS when all looks are ok, FLAKY when some are, FAIL when none is. */
void look_count(struct verdict *v);
struct look *look_first_bad(struct verdict *v);
/* No reply came: the sentence, and whether it is this host that has no way to the address (LOOK_UNROUTABLE). */
void look_fail(struct look *l, const struct err *err);

#endif
