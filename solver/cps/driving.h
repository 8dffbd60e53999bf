/* A drive, as its parts share it. Private to cps.
 *
 * drive.c looks, decides and says what to do; reading.c asks CPS and keeps the answers as facts, acting.c does; driving.c has what all
 * of them need: saying, the journal, pauses, requests and the end. */
#ifndef SOLVER_CPS_DRIVING_H
#define SOLVER_CPS_DRIVING_H

#include "solver/cps/drive.h"
#include "solver/cps/order.h"

#define DRIVE_PATH_SIZE 192

struct cps_drive {
	struct cps_drive_parts parts;
	struct cps_progress progress;
	struct cps_drive_wish wish;
	char *home;
	char **codes;           /* of warnings, NULL-ended; NULL: those of the configuration */
	struct cps_memory memory;

	/* Reads the change; decides and acts on what is known. Behind pointers: what reads and acts stands below them. */
	void (*look)(struct cps_drive *d);
	void (*proceed)(struct cps_drive *d);

	struct akamai_call *call;  /* the request under way, or else */
	struct timer *timer;    /* the pause under way */
	int64_t pause_ms;       /* the next pause; grows */
	unsigned looks_since_ack;
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
	char *approved, *acknowledged_hash;

	bool held, gave_up, alarm; /* a person must decide; the order failed and is tried again; it lasts too long */
	char *status_said, *names_said, *held_said, *waits_for;
};

/* driving.c */
void drive_say(struct cps_drive *d, const char *format, ...) __attribute__((format(printf, 2, 3)));
/* Not when it is what was said last in this slot. */
void drive_say_once(struct cps_drive *d, char **slot, const char *sentence);
void drive_remember(struct cps_drive *d);
void drive_free_codes(struct cps_drive *d);
/* The end; `d` is gone. */
void drive_end(struct cps_drive *d, enum cps_outcome outcome, const struct err *err);
void drive_fail(struct cps_drive *d, int code, const char *format, ...) __attribute__((format(printf, 3, 4)));
void drive_look_after(struct cps_drive *d, int64_t after_ms);
void drive_hurry(struct cps_drive *d); /* something was done: look soon and often again */
void drive_wait(struct cps_drive *d);  /* looks again after the usual pause */
void drive_read(struct cps_drive *d, const char *path, const char *accept, akamai_client_fn done);
/* Before those who only look: of many changes one is finished after the other. */
void drive_read_early(struct cps_drive *d, const char *path, const char *accept, akamai_client_fn done);
void drive_post(struct cps_drive *d, const char *path, const char *content_type, const char *body, akamai_client_fn done);
/* Deals with an answer that is an error: what only means "read again" starts a wait, the rest ends the drive. False when there was no
 * error; after true the caller does nothing more. */
bool drive_failed(struct cps_drive *d, const struct err *err);
void drive_change_path(const struct cps_drive *d, char path[DRIVE_PATH_SIZE], const char *rest);
void drive_enrollment_path(const struct cps_drive *d, char path[DRIVE_PATH_SIZE], const char *rest);

/* reading.c: each ends in d->proceed */
void drive_read_names(struct cps_drive *d);
void drive_read_warnings(struct cps_drive *d);
void drive_read_hold(struct cps_drive *d);
void drive_read_history(struct cps_drive *d);
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
void drive_done(struct cps_drive *d);
void drive_fail_change(struct cps_drive *d, const struct cps_action *action);
void drive_lose(struct cps_drive *d);

#endif
