/* The validation of one change, as its parts share it. Private to cps.
 *
 * validate.c reads the change and decides, warn.c handles warnings, names.c challenges, order and
 * acknowledgement, ask.c requests, pauses and the end. */
#ifndef SOLVER_CPS_VALIDATION_H
#define SOLVER_CPS_VALIDATION_H

#include "solver/cps/model.h"
#include "solver/cps/validate.h"

#define STALE_MAX 20       /* answers in a row that contradict the one before, or no answer at all */
#define GENERATIONS_MAX 10 /* sets of tokens of one change */
#define FOLLOW_MAX 10      /* looks at the change after all names are valid */

struct question;

struct cps_validation {
	struct cps_validate_parts parts;
	struct cps_progress progress;
	int64_t enrollment, change;

	struct cps_call *call;        /* the request under way */
	struct question *question;    /* and who waits for it */
	struct timer *timer;          /* the pause under way */
	void (*next)(struct cps_validation *v); /* after the pause */
	struct engine_listener *listener; /* to the order */
	bool submitting, stopped;
	int64_t give_up_ms;           /* on the loop's clock: tokens live no longer than the configured lifetime */
	int64_t pause_ms;             /* the next pause; grows to cps.poll-ms */

	bool held_said;                 /* that the next acknowledgement waits */
	char *status_said, *names_said; /* the last sentence of each kind: repeated ones are not said */
	char *challenges_path, *acknowledge_path;
	enum cps_input warning_kind;
	char *warning_path, *warning_text, *warning_acknowledged;

	char order_id[ID_SIZE];       /* "": none */
	char *order_generation;       /* fingerprints that the order answers */
	bool order_checked;           /* ready, and the challenges were read again since */
	char *submitted_generation;
	int stale, generations, acknowledgements, followed, empty_warnings, warning_looks;
	bool names_valid;
};

/* ask.c */
typedef void (*validation_answer)(struct cps_validation *v, const struct http_reply *reply, const struct err *err);
void validation_ask(struct cps_validation *v, const char *path, const char *accept, validation_answer answer);
void validation_acknowledge(struct cps_validation *v, const char *path, validation_answer answer);
void validation_later(struct cps_validation *v, int64_t after_ms, void (*next)(struct cps_validation *v));
/* Reads the change again after the usual pause. */
void validation_wait(struct cps_validation *v);
void validation_hurry(struct cps_validation *v); /* something was done: look soon and often again */
void validation_say(struct cps_validation *v, const char *format, ...) __attribute__((format(printf, 2, 3)));
void validation_say_once(struct cps_validation *v, char **slot, const char *sentence);
/* Ends the validation; `v` is gone. */
void validation_finish(struct cps_validation *v, const struct err *err);
void validation_fail(struct cps_validation *v, int code, const char *format, ...) __attribute__((format(printf, 3, 4)));
/* Deals with an answer that is an error: what only means "read again" starts a wait, the rest ends the validation.
 * False when there was no error; after true the caller does nothing more. */
bool validation_failed(struct cps_validation *v, const struct err *err);

/* validate.c */
void validation_read_enrollment(struct cps_validation *v);
void validation_read_change(struct cps_validation *v);

/* warn.c */
void validation_warnings(struct cps_validation *v, const struct cps_allowed *input);

/* names.c */
void validation_names(struct cps_validation *v);
void validation_release(struct cps_validation *v);

#endif
