/* A drive, as its parts share it. Private to cps.
 *
 * drive.c looks, decides and says what to do; reading.c asks CPS and keeps the answers as facts, acting.c acknowledges and publishes,
 * deploying.c schedules, runs programs and looks at production; driving.c has what all
 * of them need: saying, the journal, pauses, requests and the end. */
#ifndef SOLVER_CPS_DRIVING_H
#define SOLVER_CPS_DRIVING_H

#include "solver/cps/approval.h"
#include "solver/cps/drive.h"
#include "solver/cps/order.h"
#include "solver/cps/program.h"

#define DRIVE_PATH_SIZE 192

struct cps_drive {
	struct cps_drive_parts parts;
	struct cps_progress progress;
	int64_t enrollment;
	char *home, *name;
	const struct config_cps_policy *rules;
	struct cps_policy policy; /* as the rules, or the person, want it */
	struct cps_memory memory;

	/* Reads the change; decides and acts on what is known. Behind pointers: what reads and acts stands below them. */
	void (*look)(struct cps_drive *d);
	void (*proceed)(struct cps_drive *d);

	struct akamai_call *call;  /* the request under way, or else */
	struct timer *timer;    /* the pause under way */
	int64_t pause_ms;       /* the next pause; grows */
	unsigned looks, looks_in; /* so many in that phase of a change: enum pauses */
	bool stops;             /* see drive.h */
	int stale;

	struct cps_answering *answering;
	struct cps_change change; /* as last read */
	bool has_change;
	struct cps_facts facts;
	struct cps_domains domains;
	char *generation;       /* of the open names as last read */
	enum cps_sign sign;
	char *warnings, *warnings_acknowledged;
	int warning_looks, empty_warnings;
	struct cps_hold hold;
	bool has_hold;
	struct cps_approvals approvals; /* as last read from the journal */
	char *acknowledged_hash;

	bool held, gave_up;      /* a person must decide; the order failed and is tried again */
	bool schedule_refused;
	int schedule_tries;
	int64_t wanted_not_before_ms;   /* asked for, and not answered yet */
	struct program *program;        /* under way, or NULL */
	char *passed_hash, *failed_hash; /* of the result for which the program before deployment ran */
	bool ran_after, ends;   /* ends: only production and the edge are looked at */
	char *made;             /* digest of the certificate that the history names; "": none; NULL: not read */
	char *production;       /* digest of the one in production, or NULL */
	struct http_call *edge_call;

	const char *alarm_kind; /* NULL: nobody is needed */
	char *alarm;
	char *status_said, *names_said, *held_said, *waits_for;
};

/* driving.c */
void drive_say(struct cps_drive *d, const char *format, ...) __attribute__((format(printf, 2, 3)));
/* Not when it is what was said last in this slot. */
void drive_say_once(struct cps_drive *d, char **slot, const char *sentence);
void drive_remember(struct cps_drive *d);
/* The end; `d` is gone. */
void drive_end(struct cps_drive *d, enum cps_outcome outcome, const struct err *err);
void drive_fail(struct cps_drive *d, int code, const char *format, ...) __attribute__((format(printf, 3, 4)));
void drive_look_after(struct cps_drive *d, int64_t after_ms);
/* The authority has validated the names: they were read as valid, or the status proves it. */
bool drive_is_past(const struct cps_drive *d);
void drive_hurry(struct cps_drive *d); /* something was done: look soon and often again */
void drive_wait(struct cps_drive *d);  /* looks again after the usual pause */
/* Somebody is needed: `kind` is static. NULL: nobody is any more. */
void drive_alarm(struct cps_drive *d, const char *kind, const char *sentence);
void drive_read(struct cps_drive *d, const char *path, const char *accept, akamai_client_fn done);
/* Before those who only look: of many changes one is finished after the other. */
void drive_read_early(struct cps_drive *d, const char *path, const char *accept, akamai_client_fn done);
void drive_put(struct cps_drive *d, const char *path, const char *content_type, const char *body, akamai_client_fn done);
void drive_post(struct cps_drive *d, const char *path, const char *content_type, const char *body, akamai_client_fn done);
/* Deals with an answer that is an error: what only means "read again" starts a wait, the rest ends the drive. False when there was no
 * error; after true the caller does nothing more. */
bool drive_failed(struct cps_drive *d, const struct err *err);
void drive_change_path(const struct cps_drive *d, char path[DRIVE_PATH_SIZE], const char *rest);
void drive_enrollment_path(const struct cps_drive *d, char path[DRIVE_PATH_SIZE], const char *rest);

/* Of its rules: what change management needs. */
struct cps_approval_rule drive_approval_rule(const struct cps_drive *d);

/* reading.c: each ends in d->proceed */
void drive_read_names(struct cps_drive *d);
void drive_read_warnings(struct cps_drive *d);
void drive_read_hold(struct cps_drive *d);
void drive_read_history(struct cps_drive *d);
/* Entries of histories that are older are not about this change. */
int64_t drive_since(const struct cps_drive *d);
/* From a change history: which certificate the change made. */
void drive_take_made(struct cps_drive *d, const struct http_reply *reply);
const char *drive_when(const struct cps_drive *d); /* "pre-verification" or "post-verification" */
const struct cps_allowed *drive_warnings_input(const struct cps_drive *d);

/* acting.c */
void drive_wait_for_cps(struct cps_drive *d, const struct cps_action *action);
void drive_publish(struct cps_drive *d);
void drive_follow_order(struct cps_drive *d);
void drive_withdraw(struct cps_drive *d);
void drive_give_up_order(struct cps_drive *d);
void drive_acknowledge_names(struct cps_drive *d);
void drive_acknowledge_warnings(struct cps_drive *d);
void drive_acknowledge_change(struct cps_drive *d);
void drive_hold(struct cps_drive *d, const struct cps_action *action);
void drive_deny_change(struct cps_drive *d);
void drive_done(struct cps_drive *d);
void drive_fail_change(struct cps_drive *d, const struct cps_action *action);
void drive_lose(struct cps_drive *d);

/* deploying.c */
void drive_schedule(struct cps_drive *d);
/* What the schedule of the change as last read amounts to. */
enum cps_schedule drive_judge_schedule(const struct cps_drive *d);
void drive_run_before(struct cps_drive *d);
void drive_run_after(struct cps_drive *d);
enum cps_program drive_judge_before(const struct cps_drive *d);
void drive_read_production(struct cps_drive *d);
void drive_look_at_edge(struct cps_drive *d);
void drive_wait_for_production(struct cps_drive *d);

#endif
