/* A change of an enrollment as CPS tells it, read from JSON. Pure.
 *
 * Unknown states, statuses and inputs are kept as text and have the value UNKNOWN; nothing is concluded from them. Paths that CPS
 * hands out are used only when they lie below the change they belong to.
 */
#ifndef SOLVER_CPS_CHANGE_H
#define SOLVER_CPS_CHANGE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "solver/base/err.h"

enum cps_state {
	CPS_STATE_UNKNOWN, CPS_NEW, CPS_RUNNING, CPS_AWAITING_INPUT, CPS_SUSPENDED, CPS_ERROR, CPS_CANCELLED, CPS_COMPLETED, CPS_STATES,
};

enum cps_input {
	CPS_INPUT_UNKNOWN, CPS_INPUT_CHALLENGES, CPS_INPUT_PRE_WARNINGS, CPS_INPUT_POST_WARNINGS,
	CPS_INPUT_THIRD_PARTY, CPS_INPUT_CHANGE_MANAGEMENT,
};

/* Where in its life a change is, as far as its status says it. */
enum cps_status { CPS_STATUS_UNKNOWN, CPS_STATUS_EARLY, CPS_STATUS_ORDERED, CPS_STATUS_LATE, CPS_STATUS_COMPLETE };

struct cps_allowed {
	enum cps_input kind;
	char *type, *info, *update; /* info and update: "" unless they lie below the change */
	bool required;
};

struct cps_change {
	enum cps_state state; /* CPS_ERROR also when there is an error object with something in it */
	char *state_text;
	enum cps_status phase;
	char *status;       /* as CPS spells it, but "coodinate-…" becomes "coordinate-…" */
	char *description;
	char *error_code, *error_text;
	int64_t not_before_ms, not_after_ms; /* of the deployment schedule; 0: none */
	struct cps_allowed *allowed;
	size_t allowed_count;
};

int cps_change_parse(const char *text, size_t length, int64_t enrollment, int64_t change,
                     struct cps_change *ret, struct err *err);
void cps_change_done(struct cps_change *c);
/* The first entry of that kind, or NULL. Borrowed. */
const struct cps_allowed *cps_change_input(const struct cps_change *c, enum cps_input kind);
const char *cps_state_name(enum cps_state state);

/* The text of {"warnings": "…"}; gives *ret (free with free), "" when there is none. */
int cps_warnings_parse(const char *text, size_t length, char **ret, struct err *err);

/* What the change history says of the newest change that was at work after a moment. */
enum cps_past { CPS_PAST_UNKNOWN, CPS_PAST_INCOMPLETE, CPS_PAST_CANCELLED, CPS_PAST_COMPLETED };
int cps_past_parse(const char *text, size_t length, int64_t since_ms, enum cps_past *ret, struct err *err);

/* The certificate (PEM) that the same entry made; NULL: it names none, or is not completed. Gives (free with free). */
char *cps_past_certificate(const char *text, size_t length, int64_t since_ms);

/* The certificate (PEM) of a deployment; NULL: none is deployed. Gives (free with free). */
char *cps_deployment_certificate(const char *text, size_t length, struct err *err);

/* change-management-info: what a person, or the policy, agrees to. */
struct cps_hold {
	char *hash;          /* validationResultHash; "" when there is none */
	int64_t deadline_ms; /* then CPS deploys by itself; 0: never */
	char *messages;      /* errors and warnings, one a line; "" when there is none */
	size_t error_count, warning_count;
};
int cps_hold_parse(const char *text, size_t length, struct cps_hold *ret, struct err *err);
void cps_hold_done(struct cps_hold *h);

#endif
