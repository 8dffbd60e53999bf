/* What to do next about a change of an enrollment. Pure: no I/O, no clock of its own.
 *
 * The whole life of a change is in tables: by state and by what the change shows; by the state of its names and of the order that
 * answers them; by what production and the edge show in the end; and what follows from warnings, change management, deployment windows
 * and the history of a change that vanished. A status or input that is not
 * in the tables means: wait, and raise an alarm when it lasts. Each cell is tested; cps_decide_print() writes the tables.
 */
#ifndef SOLVER_CPS_DECIDE_H
#define SOLVER_CPS_DECIDE_H

#include <stdbool.h>
#include <stdint.h>

#include "solver/base/buf.h"
#include "solver/cps/change.h"
#include "solver/cps/domains.h"

/* What a change shows: the first of these that applies. */
enum cps_sign {
	CPS_SIGN_PRE_WARNINGS, CPS_SIGN_POST_WARNINGS, CPS_SIGN_CHALLENGES, CPS_SIGN_THIRD_PARTY, CPS_SIGN_CHANGE_MANAGEMENT,
	CPS_SIGN_UNKNOWN_INPUT, /* an input that is required and not one of the above */
	CPS_SIGN_EARLY, CPS_SIGN_ORDERED, CPS_SIGN_LATE, CPS_SIGN_COMPLETE, CPS_SIGN_UNKNOWN_STATUS, CPS_SIGNS,
};

/* Of the names of a change, as they were last read. */
enum cps_names {
	CPS_NAMES_UNREAD, CPS_NAMES_NONE, CPS_NAMES_PREPARING, CPS_NAMES_OPEN,
	CPS_NAMES_CLOSED, /* nothing is open: the authority looks, or CPS says something unknown */
	CPS_NAMES_SPENT,  /* tokens are used up; CPS gets new ones by itself */
	CPS_NAMES_VALID, CPS_NAMES_COUNT,
};

/* Of the order that answers the challenges. */
enum cps_order {
	CPS_ORDER_NONE, CPS_ORDER_STALE, /* it answers other tokens than those wanted now */
	CPS_ORDER_PENDING, CPS_ORDER_FAILED, CPS_ORDER_WITHDRAWN, /* by somebody else */
	CPS_ORDER_READY, CPS_ORDER_HELD, /* ready, but a name failed too often to be tried now */
	CPS_ORDER_ACKNOWLEDGED, CPS_ORDER_COUNT,
};

/* Of warnings. */
enum cps_warned { CPS_WARNED_UNREAD, CPS_WARNED_EMPTY, CPS_WARNED_ALLOWED, CPS_WARNED_REFUSED, CPS_WARNED_ACKNOWLEDGED, CPS_WARNED_COUNT };

/* Of change management. */
enum cps_approval {
	CPS_APPROVAL_UNREAD, CPS_APPROVAL_WAITING, CPS_APPROVAL_LATER, /* given, for a time that has not come */
	CPS_APPROVAL_GIVEN, CPS_APPROVAL_DENIED, CPS_APPROVAL_ERRORS, CPS_APPROVAL_ACKNOWLEDGED, CPS_APPROVAL_COUNT,
};

/* Of the deployment window of a certificate that replaces one in production. */
enum cps_schedule {
	CPS_SCHEDULE_FREE,    /* any time will do */
	CPS_SCHEDULE_WANTED, CPS_SCHEDULE_SET, /* by whomever */
	CPS_SCHEDULE_REFUSED, /* CPS does not take it */
	CPS_SCHEDULE_COUNT,
};

/* Of a program that the policy wants to run. */
enum cps_program { CPS_PROGRAM_NONE, CPS_PROGRAM_DUE, CPS_PROGRAM_PASSED, CPS_PROGRAM_FAILED, CPS_PROGRAM_COUNT };

/* Of the certificate in production once the change is over: whether it is the one that the history of the change names. */
enum cps_deployed { CPS_DEPLOYED_UNREAD, CPS_DEPLOYED_OTHER, CPS_DEPLOYED_UNKNOWN /* nothing to compare with */, CPS_DEPLOYED_SAME, CPS_DEPLOYED_COUNT };
/* Of the certificate that an edge server shows: whether it is the one in production. NONE: nobody wants to know. */
enum cps_edge { CPS_EDGE_NONE, CPS_EDGE_UNREAD, CPS_EDGE_OTHER, CPS_EDGE_UNREACHABLE, CPS_EDGE_SAME, CPS_EDGE_COUNT };

/* Of a change that CPS does not list any more, from the histories. */
enum cps_fate { CPS_FATE_UNREAD, CPS_FATE_UNKNOWN, CPS_FATE_CANCELLED, CPS_FATE_VALIDATED, CPS_FATE_COMPLETED, CPS_FATE_COUNT };

enum cps_do {
	CPS_WAIT, CPS_READ_NAMES, CPS_READ_WARNINGS, CPS_READ_APPROVAL, CPS_READ_HISTORY,
	CPS_PUBLISH, CPS_FOLLOW_ORDER, CPS_WITHDRAW, CPS_ACKNOWLEDGE_NAMES, CPS_ACKNOWLEDGE_WARNINGS, CPS_ACKNOWLEDGE_CHANGE,
	CPS_DENY_CHANGE, CPS_SCHEDULE, CPS_RUN_BEFORE, CPS_READ_PRODUCTION, CPS_LOOK_AT_EDGE, CPS_WAIT_FOR_PRODUCTION, CPS_RUN_AFTER,
	CPS_HOLD,   /* a person must decide */
	CPS_GIVE_UP_ORDER, CPS_DONE, CPS_FAIL, CPS_CANCEL, CPS_LOSE, CPS_DOINGS,
};

enum cps_follow { CPS_FOLLOW_VALIDATION, CPS_FOLLOW_ISSUANCE, CPS_FOLLOW_PRODUCTION };

struct cps_policy {
	enum cps_follow follow;
	bool patient;             /* what can only be decided or mended by people is waited for; otherwise it ends the drive */
	int64_t unknown_alarm_ms; /* an unknown status is told after this long */
};

struct cps_facts {
	enum cps_names names;
	int64_t names_read_ms;
	enum cps_order order;
	enum cps_warned warned;
	enum cps_approval approval;
	enum cps_schedule schedule;
	enum cps_program before, after; /* deployment */
	enum cps_fate fate;
	enum cps_deployed deployed;
	enum cps_edge edge;
	bool names_valid;         /* every name of this change was read as valid */
	int64_t sign_since_ms;    /* since when the change shows what it shows */
	unsigned generations, acknowledgements, settling, fate_looks, end_looks; /* how often so far */
};

struct cps_action {
	enum cps_do todo;
	int code;        /* of CPS_FAIL and CPS_HOLD */
	bool alarm;      /* it has lasted too long */
	const char *why; /* static; NULL: what CPS says itself */
};

#define CPS_GENERATIONS_MAX 10 /* sets of tokens of one change */
#define CPS_SETTLING_MAX 10    /* looks after the names are valid: warnings about the certificate may follow */
#define CPS_FATE_LOOKS_MAX 5   /* the histories lag */
#define CPS_END_LOOKS_MAX 12   /* a quarter of an hour apart: production and the edge lag */
#define CPS_GENERATIONS_ALARM 3
#define CPS_NAMES_FRESH_MS 60000

enum cps_sign cps_sign_of(const struct cps_change *change);
/* What domains of a change amount to. */
enum cps_names cps_names_of(const struct cps_domains *domains, int64_t wall_ms);
/* `change` NULL: CPS does not list it any more. `now_ms` on the clock of the facts. */
struct cps_action cps_decide(const struct cps_change *change, const struct cps_facts *facts, const struct cps_policy *policy, int64_t now_ms);

const char *cps_do_name(enum cps_do todo);
const char *cps_sign_name(enum cps_sign sign);
void cps_decide_print(struct buf *out);

#endif
