/* Whose business an enrollment is, what is wrong with it, and whether it needs a renewal. Pure. */
#ifndef SOLVER_CPS_JUDGE_H
#define SOLVER_CPS_JUDGE_H

#include "solver/conf/config.h"
#include "solver/cps/inventory.h"

/* The class of an enrollment: the first that matches decides. NULL: none does, so it is monitored. */
const struct config_cps_class *cps_class_of(const struct config_cps *cps, const struct cps_item *item);
int cps_class_kind(const struct config_cps *cps, const struct cps_item *item);
const char *cps_class_name(int kind);
/* The same where its contract may be unknown (item->contract ""): false when the classes do not agree then. */
bool cps_class_known(const struct config_cps *cps, const struct cps_item *item, int *ret_kind);

/* What is wrong with an enrollment now: the worst of it. */
struct cps_alarm {
	char kind[32]; /* stable: "expired", "expires-14d", "held-change", …; "": nothing is */
	char *text;    /* free with free */
};
/* `kind` and `text` are what its drive says of itself, or NULL. `now_ms` on the wall clock. */
struct cps_alarm cps_alarm_of(const struct config *config, const struct cps_item *item, const char *kind, const char *text, int64_t now_ms);

/* Whether its renewal is to be asked for: CPS has not begun, the certificate ends within renew-before, and dcvd has not asked today. Enrollments that
 * would be asked for at the same time are spread over a day by their ids. */
bool cps_renewal_is_due(const struct config_cps_policy *policy, const struct cps_item *item, int64_t now_ms);

#endif
