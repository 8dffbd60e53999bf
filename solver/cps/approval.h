/* What people agreed to before production: one row "cps-approval/<home>" of the journal, bound to a change and to the hash of the result that
 * was shown to them. Another change or another hash makes it void. */
#ifndef SOLVER_CPS_APPROVAL_H
#define SOLVER_CPS_APPROVAL_H

#include "solver/cps/change.h"
#include "solver/cps/decide.h"
#include "solver/store/store.h"

#define CPS_APPROVERS_MAX 2

struct cps_approvals {
	int64_t change;
	char *hash;
	char *who[CPS_APPROVERS_MAX];      /* different people; NULL: nobody yet */
	int64_t given_ms[CPS_APPROVERS_MAX];
	int64_t not_before_ms; /* the latest time that one of them named; 0: at once */
	bool denied;           /* one of them said no */
};

/* What the policy wants of change management. */
struct cps_approval_rule {
	bool acknowledges;        /* nobody is asked */
	bool asks;                /* approvals count; otherwise somebody must act at CPS */
	size_t wanted;            /* people */
	int64_t after_ms;         /* so long before the deadline it needs nobody; 0: never */
};

/* ERR_NOT_FOUND: nobody has agreed. Gives (free with cps_approvals_done). */
int cps_approvals_get(struct store *s, const char *home, struct cps_approvals *ret, struct err *err);
int cps_approvals_put(struct store *s, const char *home, const struct cps_approvals *a, struct err *err);
void cps_approvals_forget(struct store *s, const char *home); /* not waited for: a row for another change is void */
void cps_approvals_done(struct cps_approvals *a);
/* Adds what somebody says of that change and hash; what was said of others is dropped. The same person twice is one. */
void cps_approvals_add(struct cps_approvals *a, int64_t change, const char *hash, const char *who, int64_t at_ms, int64_t not_before_ms, bool deny);
size_t cps_approvals_count(const struct cps_approvals *a);

/* Where the change stands: pure. `wall_ms` 0: no clock is trusted, so no time has come. */
enum cps_approval cps_approvals_judge(const struct cps_approvals *a, int64_t change, const struct cps_hold *hold, const struct cps_approval_rule *rule,
                                      int64_t wall_ms);
/* When it may be another answer by the clock alone; 0: never. */
int64_t cps_approvals_wake(const struct cps_approvals *a, const struct cps_hold *hold, const struct cps_approval_rule *rule);

#endif
