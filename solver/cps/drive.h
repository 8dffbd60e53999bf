/* Drives the newest pending change of an enrollment to where the policy wants it.
 *
 *   read the change -> decide -> journal -> act -> pause -> read the change …
 *
 * What to do next is decided by what CPS says now (decide.h), never by what was done last: every wait ends in reading the change
 * again. So an answer that is out of date, a change that moved on by itself, an interruption and a second run need no path of their
 * own. What must not be done twice is in the journal (memory.h) before it is done.
 */
#ifndef SOLVER_CPS_DRIVE_H
#define SOLVER_CPS_DRIVE_H

#include "solver/akamai/client.h"
#include "solver/cps/decide.h"
#include "solver/cps/memory.h"
#include "solver/cps/step.h"
#include "solver/engine/engine.h"
#include "solver/store/store.h"

struct cps_drive;

struct cps_drive_parts {
	struct loop *loop;
	struct http_client *http;    /* that looks at the edge */
	struct akamai_client *client;
	struct engine *engine;
	struct store *store;
	const struct config *config; /* borrowed; cps_drive_reconfigure() replaces it */
};

struct cps_drive_wish {
	int64_t enrollment;
	const char *home;                  /* its name in the journal (memory.h) */
	const struct cps_memory *resumed;  /* what the journal remembers of it, or NULL */
	const struct config_cps_policy *rules; /* borrowed as the configuration is */
	bool watched;                      /* the rules decide on warnings and how far it is followed; otherwise a person drives */
	enum cps_follow follow;            /* of a person */
	const char *name;                  /* common name, or NULL: not known */
	bool replaces;                     /* a certificate is in production, whose place the new one takes */
	bool stops;                        /* it will wait for change management, or may: false only when CPS says that this is off */
};

enum cps_outcome { CPS_OUTCOME_DONE, CPS_OUTCOME_FAILED, CPS_OUTCOME_CANCELLED, CPS_OUTCOME_UNKNOWN };

struct cps_progress {
	void (*say)(const char *sentence, void *arg);
	/* CPS took an acknowledgement: what it said, in words */
	void (*acknowledged)(const char *what, void *arg);
	/* When the certificate ends that is in production now; it was read. */
	void (*deployed)(int64_t expiry_ms, void *arg);
	/* Once, later. The drive is gone when it returns. */
	void (*done)(enum cps_outcome outcome, const struct err *err, void *arg);
	void *arg;
};

/* Nothing is read or published before the journal holds that the drive is under way. */
int cps_drive_start(const struct cps_drive_parts *parts, const struct cps_drive_wish *wish, const struct cps_progress *progress,
                    struct cps_drive **ret, struct err *err);
/* Stops without a word; the order and the journal's row stay, and cps_drive_start() with what the row says goes on. NULL is allowed. */
void cps_drive_stop(struct cps_drive *d);
void cps_drive_reconfigure(struct cps_drive *d, const struct config *config, const struct config_cps_policy *rules);
/* The list does not show the change any more: its histories are looked at now. */
void cps_drive_vanished(struct cps_drive *d);
/* Something that was decided elsewhere may let it go on. */
void cps_drive_look(struct cps_drive *d);

int64_t cps_drive_change(const struct cps_drive *d);         /* 0: not known yet */
const char *cps_drive_order(const struct cps_drive *d);      /* NULL: none */
/* In a sentence, what it waits for; "" while it is at work. */
const char *cps_drive_waits_for(const struct cps_drive *d);
/* What it shows of itself. Borrowed until the next look. */
struct cps_drive_view {
	enum cps_step step;
	int64_t since_ms;     /* wall clock: the change shows what it shows since then; 0: not read yet */
	bool held;            /* a person must decide */
	bool failing;         /* it goes on, but something is wrong: a name does not become ready, or CPS does not answer */
	const char *warnings; /* that hold the change, as CPS wrote them; NULL: none do */
};
void cps_drive_view(const struct cps_drive *d, struct cps_drive_view *ret);
/* Why a person is needed, in a sentence, and which kind of reason it is ("held-warnings", …); NULL: nobody is. Borrowed. */
const char *cps_drive_alarm(const struct cps_drive *d, const char **ret_kind);
/* What change management showed last: its hash and messages; NULL: it did not. Borrowed until the next look. */
const struct cps_hold *cps_drive_hold(const struct cps_drive *d);

#endif
