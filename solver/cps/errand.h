/* One thing that somebody wants of CPS: a few requests in a row, one answer. Private to cps.
 *
 * A step starts a request with errand_ask() and returns; its callback reads the reply, and asks again or ends the errand. */
#ifndef SOLVER_CPS_ERRAND_H
#define SOLVER_CPS_ERRAND_H

#include "solver/cps/internal.h"

#define ERRAND_PATH_SIZE 1024

struct errand {
	struct cps *cps;
	struct cps_account *account;
	struct errand *next, *prev;
	struct akamai_call *call;
	struct timer *timer;
	enum akamai_priority priority;
	int64_t enrollment, change;
	json_t *input;     /* what was wanted */
	json_t *result;
	json_t *wanted;    /* of what writes: the enrollment as it shall be */
	json_t *existing;  /* and as it is, as CPS sent it */
	char **contracts;  /* of a list: copied, for the configuration may change meanwhile */
	size_t contract;
	char *text;        /* kept by the step */
	int tries;
	int (*start)(struct errand *e, struct err *err); /* behind the gate (gate.h) */
	cps_answer_fn done;
	void *arg;
};

/* NULL and the sentence when the account or its credentials are missing. */
struct errand *errand_new(struct cps *c, const json_t *input, cps_answer_fn done, void *arg, struct err *err);
void errand_free(struct errand *e);
void errands_cancel(struct cps *c);
/* Ends it; `e` is gone. */
void errand_end(struct errand *e, const struct err *err);
void errand_fail(struct errand *e, int code, const char *format, ...) __attribute__((format(printf, 3, 4)));
/* The next request; a failure to start is the answer. `done` gets the errand, whose `call` it clears first. */
void errand_ask(struct errand *e, const struct akamai_request *request, akamai_client_fn done);
void errand_get(struct errand *e, const char *path, const char *accept, akamai_client_fn done);
/* "/cps/v2/enrollments/<enrollment><rest>" and "…/changes/<change><rest>" */
void errand_enrollment_path(const struct errand *e, char path[ERRAND_PATH_SIZE], const char *rest);
void errand_change_path(const struct errand *e, char path[ERRAND_PATH_SIZE], const char *rest);

/* Text as JSON; null for "". */
json_t *errand_text(const char *text);
json_t *errand_time(int64_t wall_ms); /* null for 0 */
/* A member of the input: "" when it is no text. */
const char *errand_input(const struct errand *e, const char *key);
bool errand_flag(const struct errand *e, const char *key);

#endif
