/* What CPS answers, read from JSON. Pure.
 *
 * Only ids are required; everything else may be missing or null, and text that is missing is "". Unknown
 * keys, states and types are kept as text where someone may want to see them, and never refused. Paths that CPS
 * hands out are used only when they lie below the change they belong to.
 */
#ifndef SOLVER_CPS_MODEL_H
#define SOLVER_CPS_MODEL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "solver/base/err.h"
#include "solver/challenge/challenge.h"

#define CPS_NAMES_MAX ORDER_MAX /* names of one change */

struct cps_pending {
	int64_t change;
	char *type; /* "new-certificate", "renewal", … or "" */
};

struct cps_enrollment {
	int64_t id;
	char *cn, *validation_type, *ra;
	char **sans;
	size_t san_count;
	struct cps_pending *pending;
	size_t pending_count;
};

struct cps_enrollments {
	struct cps_enrollment *items;
	size_t count;
};

int cps_enrollment_parse(const char *text, size_t length, struct cps_enrollment *ret, struct err *err);
void cps_enrollment_done(struct cps_enrollment *e);
int cps_enrollments_parse(const char *text, size_t length, struct cps_enrollments *ret, struct err *err);
void cps_enrollments_done(struct cps_enrollments *e);
/* The pending change with the highest id, which is the last one made; NULL when there is none. Borrowed. */
const struct cps_pending *cps_enrollment_newest(const struct cps_enrollment *e);

enum cps_state {
	CPS_STATE_UNKNOWN, CPS_NEW, CPS_RUNNING, CPS_AWAITING_INPUT, CPS_ERROR, CPS_SUSPENDED, CPS_CANCELLED, CPS_COMPLETED,
};

enum cps_input {
	CPS_INPUT_OTHER, CPS_INPUT_CHALLENGES, CPS_INPUT_PRE_WARNINGS, CPS_INPUT_POST_WARNINGS,
	CPS_INPUT_THIRD_PARTY, CPS_INPUT_CHANGE_MANAGEMENT,
};

struct cps_allowed {
	enum cps_input kind;
	char *type, *info, *update; /* info and update: "" unless they lie below the change */
	bool required;
};

struct cps_change {
	enum cps_state state;
	char *state_text;
	char *status;       /* as CPS spells it, but "coodinate-…" becomes "coordinate-…" */
	char *description;
	bool failed;        /* there is an error object with something in it, or the state is "error" */
	char *error_code, *error_text;
	struct cps_allowed *allowed;
	size_t allowed_count;
};

int cps_change_parse(const char *text, size_t length, int64_t enrollment, int64_t change,
                     struct cps_change *ret, struct err *err);
void cps_change_done(struct cps_change *c);
/* The first entry of that kind, or NULL. Borrowed. */
const struct cps_allowed *cps_change_input(const struct cps_change *c, enum cps_input kind);
/* The change is at domain validation, or before it. */
bool cps_change_is_at_validation(const struct cps_change *c);
/* Its status is one that comes after domain validation. An unknown status is neither before nor past it. */
bool cps_change_is_past_validation(const struct cps_change *c);

struct cps_challenge {
	int type; /* enum challenge_type, or -1 */
	char *type_text, *status, *error, *token, *full_path, *response_body;
};

struct cps_domain {
	char *domain, *status, *error, *validation_status;
	int64_t expires_ms; /* 0: not said */
	struct cps_challenge *challenges;
	size_t challenge_count;
};

/* dv-challenges v2 and v1, and dv-history (each name's last attempt). */
struct cps_domains {
	struct cps_domain *items;
	size_t count;
};

int cps_domains_parse(const char *text, size_t length, struct cps_domains *ret, struct err *err);
int cps_history_parse(const char *text, size_t length, struct cps_domains *ret, struct err *err);
void cps_domains_done(struct cps_domains *d);
bool cps_domain_is_valid(const struct cps_domain *d);
/* CPS waits for an answer to be published for this name. */
bool cps_domain_is_open(const struct cps_domain *d);
/* Its tokens are used up, by expiry or by a failed validation; CPS gets new ones by itself. */
bool cps_domain_is_spent(const struct cps_domain *d);

/* The id at the end of "/cps/v2/enrollments/1/changes/2"; 0 when there is none. */
int64_t cps_location_id(const char *location);
/* The text of {"warnings": "…"}; gives *ret (free with free), "" when there is none. */
int cps_warnings_parse(const char *text, size_t length, char **ret, struct err *err);

#endif
