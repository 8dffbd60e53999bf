/* What the journal remembers of the change of an enrollment: that dcvd works on it, and what it has acknowledged.
 *
 * One row "cps-validation/<home>" from before the first publication to the end, so that a start of dcvd takes up again what a stop
 * interrupted; and one row "cps-ack/<home>" with the tokens that were acknowledged, for CPS must not be told twice. `home` is the
 * enrollment, with the account before it unless that is the only one: "10002", "other/10002".
 */
#ifndef SOLVER_CPS_MEMORY_H
#define SOLVER_CPS_MEMORY_H

#include <stdbool.h>
#include <stdint.h>

#include "solver/base/err.h"
#include "solver/store/store.h"

struct cps_memory {
	int64_t change;       /* 0: not known yet */
	int64_t started_ms;   /* wall clock */
	int64_t give_up_ms;   /* wall clock; 0: never */
	bool names_valid;     /* every name of the change was read as valid */
	bool watched;         /* the watcher began it, not a person */
	bool replaces;        /* a certificate is in production, so that the deployment of the new one can wait */
	int64_t not_before_ms; /* the deployment schedule that dcvd set; 0: none */
	int follow;           /* enum cps_follow, of a person */
};

int cps_memory_put(struct store *s, const char *home, const struct cps_memory *m, struct err *err);
/* ERR_NOT_FOUND: nothing is remembered. */
int cps_memory_get(struct store *s, const char *home, struct cps_memory *ret, struct err *err);
/* Not waited for: a row that stays is judged by what CPS says. */
void cps_memory_forget(struct store *s, const char *home);
/* Every row; `home` is borrowed for the call. */
int cps_memory_each(struct store *s, void (*fn)(const char *home, const struct cps_memory *m, void *arg), void *arg, struct err *err);

/* Fingerprints that were acknowledged for the newest change. */
bool cps_memory_acknowledged(struct store *s, const char *home, int64_t change, const char *generation);
int cps_memory_acknowledge(struct store *s, const char *home, int64_t change, const char *generation, struct err *err);

#endif
