/* What the parts of cps share: the accounts, and who asks them. Private to cps. */
#ifndef SOLVER_CPS_INTERNAL_H
#define SOLVER_CPS_INTERNAL_H

#include "solver/cps/accounts.h"
#include "solver/cps/cps.h"
#include "solver/cps/drive.h"

struct errand;
struct resume;
struct cps_watcher;
struct cps_item;

struct sentence {
	int64_t at_ms;
	enum cps_step step; /* of the change when it was said */
	char *text;
};

/* What is told about a validation, also after it is over. */
struct report {
	struct cps *cps;
	struct report *next, *prev;
	char id[ID_SIZE], order_id[ID_SIZE];
	char *account; /* "": the main one */
	char *home;    /* its key in the journal and the inventory */
	bool watched;  /* the watcher began it */
	int64_t enrollment, change, started_ms, finished_ms;
	struct err err;
	struct cps_drive *drive; /* NULL: over */
	enum cps_outcome outcome;
	struct sentence *sentences;
	size_t sentence_count;
};

struct cps {
	struct cps_parts parts;
	struct cps_accounts accounts;
	struct report *reports; /* newest first */
	struct errand *errands; /* under way */
	struct cps_watcher *watch; /* NULL: one command, no service */
	struct resume *resumes; /* validations that a stop interrupted, not yet taken up */
	struct timer *resume;
	int64_t resume_pause_ms;
	cps_acknowledged_fn acknowledged; /* or NULL */
	void *acknowledged_arg;
	cps_event_fn told;                /* or NULL */
	void *told_arg;
};

/* report.c: what is told about validations. */
struct report *report_new(struct cps *c, const char *account, int64_t enrollment);
void report_free(struct report *r);
void report_say(struct report *r, const char *sentence);
void report_note_progress(struct report *r);
void reports_forget_old(struct cps *c);
/* The one that is under way for an enrollment, or NULL. */
struct report *report_running(const struct cps *c, const char *account, int64_t enrollment);

/* The policy of an enrollment that may be NULL; where none is, everything that a person would have to decide is held. */
const struct config_cps_policy *cps_policy_of(const struct config *config, const struct cps_item *item);

#endif
