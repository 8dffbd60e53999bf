/* What the files of the engine share. Nothing outside this folder includes it.
 *
 *   engine.c   open, find, list                         life.c     transitions: step, journal, act
 *   submit.c   checks and writes what is asked for     release.c  ends it, and says so when that is written
 *   recover.c  what the journal holds, resumed         publish.c  finds the place, puts the answer there
 *   lane.c     one queue a (provider, zone): batches   job.c      runs a provider's wishes
 *   result.c   what its results mean                   site.c     where providers write, over changes of the configuration
 *   preflight.c  what can never pass is refused        gate.c     how many checks run at once
 *   probe.c    looks at the times that poll.c says     decide.c   the check that decides about ready
 *   relook.c   what is ready, looked at again          check.c    a check by hand
 *   waiting.c  why it does not go on                   handover.c  another client owns it
 *   permit.c   may it be written where it leads        binding.c   whose name in a delegation zone
 *   outcome.c  what authorities said, counted by failures.c       learn.c  what providers take, kept
 *   events.c   who listens, told from the loop
 *   course.c   whether the wall clock has held since an earlier process
 */
#ifndef SOLVER_ENGINE_INTERNAL_H
#define SOLVER_ENGINE_INTERNAL_H

#include <uthash.h>
#include <utlist.h>

#include "providers/provider.h"
#include "solver/check/look.h"
#include "solver/engine/engine.h"
#include "solver/engine/events.h"
#include "solver/net/later.h"
#include "solver/engine/poll.h"

#define JOURNAL_RETRY_MS 1000 /* after a write that the journal refused */

struct probe;

/* A place in the queue before a check, or a check that runs: gate.c. */
struct ticket {
	struct engine *e;
	void (*go)(void *arg);
	void *arg;
	bool waits, inside;
	struct ticket *prev, *next;
};

/* What is known of the record of a challenge. Only OUT_NEVER spares the provider the withdrawal. A refusal proves nothing of earlier
 * calls, so it brings back what was known before the call that was refused. */
enum out {
	OUT_NEVER, /* no call that could publish it left this process, or every one was refused for good */
	OUT_MAYBE, /* such a call left, in this life or an earlier one, and its outcome is unknown */
	OUT_YES,   /* the provider took it; it may have been taken away since by others */
};

/* One challenge with what the engine needs to drive it. */
struct entry {
	struct engine *e;
	struct challenge c;
	struct order_entry *order;
	struct entry *order_next;
	struct entry *prev, *next;       /* all entries, newest first */
	struct entry *twin_prev, *twin_next; /* entries with the same identity, in struct twin */
	struct timer *due;               /* deadline, expiry or end of retention */
	int64_t deadline_ms;             /* ready by then: loop clock */
	int64_t accepted_ms;             /* in this life: loop clock */
	bool own_course;                 /* under a wall clock that nobody trusted: its lifetime is a duration */
	struct timer *retry;             /* next try at the provider */
	struct check_run *preflight;     /* asked before anything is published */
	struct ticket *preflight_ticket;
	bool preflight_over;             /* and it may go on */
	unsigned preflights;             /* that name servers did not answer */
	struct timer *preflight_retry;
	struct locate *locate;           /* looking for the place */
	struct probe *probe;             /* looking for the value */
	unsigned waiting_notes;          /* events about why it waits, in this state */
	unsigned tries;                  /* at the provider, since the last success */
	size_t company;                  /* most changes of its next job, after a refusal of several; 0: as many as there are */
	int64_t alarm_ms;                /* when the withdrawal that does not succeed is worth an alarm: wall clock; 0: none failed */
	unsigned commits;                /* journal writes under way; it cannot be freed before */
	enum challenge_state kept;       /* the state that the journal holds; behind c.state while it is written */
	struct release_wait *release_waits; /* who asked for its end and waits for the journal: release.c */
	bool release_wanted;             /* its end was asked for while its order was being written */
	bool had_failed;                 /* it is on its way to "failed" */
	enum out out;                    /* DNS types: whether its record may stand there */
	enum out out_before;             /* the same before the call that is under way, or was the last */
	unsigned turns;                  /* of the instances that lead to the last site: how many failed to withdraw from it */
	bool claimed;                    /* counts in a claim */
	bool history_on_disk;            /* verdict and events were dropped when it became ready */
	bool queued_in_lane, in_job;
	struct entry *lane_prev, *lane_next;
	int64_t published_ms;            /* loop clock when the provider took it; 0: in an earlier life */
	struct location *location;       /* dns-01 */
	struct relook *relook;           /* ready, and looked at again */
	int64_t relook_ms;               /* next such look: loop clock; 0: none */
	bool missed;                     /* the last one did not find it */
	UT_hash_handle hh;               /* by id */
};

struct order_entry {
	struct order o;
	struct entry *first, *last;
	size_t count;
	struct submission *submission;   /* not in the journal yet: who waits for that (submit.c); or NULL */
	UT_hash_handle hh;
};

/* How many entries need the same answer (the same value at the same name, whoever asked). The
 * answer is withdrawn when the last of them lets go. */
struct claim {
	char *key;
	unsigned count;
	bool inherited; /* one let go of a record that stands: the last must withdraw it */
	UT_hash_handle hh;
};

/* Entries of one client with the same type, name and value ("present" repeated), until the journal has their end: a "cleanup" that
 * the journal refused finds them again. */
struct twin {
	char *key;
	struct entry *entries;
	UT_hash_handle hh;
};

/* An opened provider. Old ones stay until the last job that uses them is over. */
struct instance {
	char *name;
	char *site;                      /* where it writes: site.c */
	const struct provider_api *api;
	struct provider *provider;
	unsigned jobs;
	bool retired;
	bool works;                      /* it changed something, or saw that nothing was left to change */
	char *handle;                    /* of the last value it wrote: rfc2136 names its key there; or NULL */
	int64_t blocked_until_ms;        /* rate limited: loop clock */
	char *blocked_for;               /* its sentence about that, or NULL */
	struct delays delays;            /* from its answer until every server shows the value */
	int64_t delays_kept_ms;          /* written to the journal: loop clock */
	bool delays_changed;             /* since then */
	struct instance *next;
};

struct lane;

struct engine {
	struct engine_parts parts;
	const struct config *config;
	struct checker *checker;
	struct entry *by_id;
	struct entry *entries;           /* newest first */
	struct order_entry *orders;
	struct claim *claims;
	struct twin *twins;
	struct instance *instances;
	struct lane *lanes;
	struct events events;            /* events.c */
	struct laters laters;
	struct walked *walked;           /* preflight.c: domains whose delegation was looked at */
	struct ticket *gate;             /* those that wait for a check */
	unsigned checks;                 /* under way */
	struct entry *relook_next;       /* relook.c */
	unsigned relooks, relook_starts;
	struct timer *relook_timer;
	struct outcome *outcomes;        /* outcome.c: hash by account and identifier */
	struct binding *bindings;        /* binding.c: hash by name */
	struct engine_numbers numbers;
	size_t live;
	struct err journal_err;          /* why the journal refused the last write; code 0: it took it */
	bool closing;
};

/* ---- life.c ---- */
/* Applies an input: new state, event, journal; the action follows when the journal has it. Returns false
 * (and changes nothing) when the input is not legal now. */
bool life_input(struct engine *e, struct entry *n, enum challenge_input input, const char *sentence);
/* An event that changes no state, journalled with the present fields. */
void life_note(struct engine *e, struct entry *n, const char *sentence);
/* Reads the deadline of the challenge into that of the entry; once for each deadline. */
void life_deadline(struct engine *e, struct entry *n);
/* It was accepted in this moment. */
void life_accepted(struct engine *e, struct entry *n);
/* The wall clock took another course: what ends at a time of day is scheduled anew. `arg` is the engine. */
void life_settled(void *arg);
/* An event that changes no state; when the journal has it, the action of the present state is carried out once more. */
void life_repeat(struct engine *e, struct entry *n, const char *sentence);
/* Starts the timer of the present state. */
void life_schedule(struct engine *e, struct entry *n);
/* Carries out the action of the present state, as after a restart. */
void life_resume(struct engine *e, struct entry *n);
/* Verdict and events stay in the journal only. */
void history_drop(struct entry *n);
void life_fail(struct engine *e, struct entry *n, const char *reason);
void entry_free(struct engine *e, struct entry *n);

/* ---- waiting.c ---- */
/* Why the challenge does not go on now, for who asks. True when that is another reason than before, but for numbers in it. */
bool waiting_set(struct engine *e, struct entry *n, const char *reason);
/* The same; another reason is also an event, "`before`: `reason`", of which one state has a few at most. */
void waiting_note(struct engine *e, struct entry *n, const char *before, const char *reason);
/* It goes on: nothing of the last reason holds any more. */
void waiting_end(struct entry *n);

/* ---- engine.c ---- */
struct entry *entry_add(struct engine *e, struct order_entry *order, const struct challenge *c);
struct order_entry *order_add(struct engine *e, const struct order *o);
#define TWIN_KEY_SIZE 1536
void twin_key(const struct challenge *c, char *key, size_t room);
/* Nobody finds it by what it answers any more; doing so twice is harmless. */
void twin_forget(struct engine *e, struct entry *n);
void twin_add(struct engine *e, struct entry *n);

/* ---- release.c ---- */
/* Tells who waits for this state, or an earlier one, of the challenge's end: the journal has it (`err` NULL or of code 0), or why not. */
void release_tell(struct entry *n, enum challenge_state written, const struct err *err);

/* ---- claims: claim.c ---- */
void claim_take(struct engine *e, struct entry *n);
/* Marks the claim of the others: the record this one leaves to them is theirs to withdraw. */
void claim_inherit(struct engine *e, const struct entry *n);
/* One that let go left its record to those that still claim it. */
bool claim_is_inherited(struct engine *e, const struct entry *n);
/* Another one that needs the same answer, or NULL. Looks at all entries. */
struct entry *claim_other(struct engine *e, const struct entry *n);
/* Lets go; true when nobody needs the answer any more. */
bool claim_drop(struct engine *e, struct entry *n);
bool claim_is_free(struct engine *e, const struct entry *n);
void claims_free(struct engine *e);

/* ---- publish.c ---- */
void place_start(struct engine *e, struct entry *n);    /* queued: find where it must stand, then start */
void place_go(struct engine *e, struct entry *n);       /* queued: start, if the place is known and the preflight is over */
void publish_start(struct engine *e, struct entry *n);  /* state publishing is on disk */
void withdraw_start(struct engine *e, struct entry *n); /* state withdrawing is on disk */

/* ---- site.c ---- */
/* Gives (free with free). */
char *site_text(const struct provider_api *api, const void *options);
bool site_is_listed(const struct challenge *c, const char *site);
bool site_is_last(const struct challenge *c, const char *site);
/* Appends it; moves it there when it is listed. */
void site_add(struct challenge *c, const char *site);
/* Another challenge left it to this one: it is withdrawn from last. */
void site_inherit(struct challenge *c, const char *site, bool doubtful);
/* The one to withdraw from next; gives (free with free), NULL when none is listed. */
char *site_last(const struct challenge *c);
void site_drop_last(struct challenge *c);
/* The next update goes to another site. */
void site_leave(struct entry *n);
/* No update was ever confirmed at the last one: the record may stand there, and nobody saw it. */
bool site_is_doubtful(const struct entry *n);
/* The instance to withdraw through next, or NULL: the configuration leads there no more. */
struct instance *site_of_withdrawal(struct engine *e, const struct entry *n);
/* The configuration leads to the last one. */
bool site_is_configured(struct engine *e, const struct entry *n);
/* A record stands where only this instance leads, or where the newer ones did not yet prove that they can withdraw it. */
bool site_is_needed(struct engine *e, const struct instance *i);

/* ---- permit.c ---- */
/* Whether the answer may be written at `fqdn` (target.h), asked when the place is known and again right before each call that
 * writes. Binds the name where the first use may. */
int permit(struct engine *e, const struct entry *n, const char *fqdn, struct err *err);

/* ---- binding.c ---- */
/* Into the journal in front of everything that is written after this. */
int binding_first_use(struct engine *e, const struct challenge *c, const char *name, struct err *err);
void bindings_load(struct engine *e);
void bindings_free(struct engine *e);

/* ---- lane.c, job.c ---- */
void lane_enqueue(struct engine *e, struct entry *n);
void lanes_free(struct engine *e);
/* result.c: one change of a job is decided; takes its new handle. */
void result_take(struct engine *e, struct entry *n, struct job *job, size_t index);
/* "not published yet", "not withdrawn yet": what the result would have been. */
const char *result_missing(const struct entry *n);
/* A withdrawal did not succeed: says so, and tries again. */
void result_not_removed(struct engine *e, struct entry *n, const char *message, unsigned asked_ms);
/* Nobody ever saw the record at its last site, and nobody can be asked there: the withdrawal goes on without it. */
void result_give_up(struct engine *e, struct entry *n, const char *reason);
/* Another try at the provider, after a pause of at least `asked_ms`; `message` says why. */
void result_retry(struct engine *e, struct entry *n, const char *message, unsigned asked_ms);
struct instance *instance_find(struct engine *e, const char *name);
int instances_open(struct engine *e, const struct config *config, struct err *err);
void instances_close(struct engine *e);
void instance_unuse(struct engine *e, struct instance *i);
/* Runs one job to its end; `done` may be called before it returns for local providers. */
struct job_run;
struct job_run *job_start(struct engine *e, struct instance *i, struct job *job,
                          void (*done)(struct job *job, const struct err *err, void *arg), void *arg);
void job_cancel(struct job_run *r); /* no callback */

/* ---- probe.c ---- */
void probe_start(struct engine *e, struct entry *n);
void probe_stop(struct entry *n);
/* Brings the verdict and the last error up to date while it runs. */
void probe_report(struct entry *n);

/* ---- preflight.c ---- */
/* Never NULL. */
const struct config_route *route_of(const struct engine *e, const struct challenge *c);
bool is_own_name(const struct engine *e, const struct challenge *c);
/* Whether the authority would refuse the name alone. */
int preflight_name(const struct engine *e, const struct challenge *c, struct err *err);
/* Calls place_go() when it is over, maybe at once. */
void preflight_start(struct engine *e, struct entry *n);
void preflight_stop(struct entry *n);
void walked_free(struct engine *e);

/* ---- gate.c ---- */
/* Calls `go` when there is room, maybe at once. */
void gate_enter(struct engine *e, struct ticket *t, void (*go)(void *arg), void *arg);
/* It is over, or not wanted any more; doing so twice is harmless. */
void gate_leave(struct ticket *t);

/* ---- relook.c ---- */
void relook_schedule(struct engine *e, struct entry *n); /* it is ready */
void relook_stop(struct entry *n);
void relook_forget(struct entry *n);                     /* before it is taken out of the list */
void relooks_end(struct engine *e);

/* ---- outcome.c ---- */
/* What the counters say of the identifier; returns how long the next attempt must wait. */
int64_t outcome_budget(const struct engine *e, const struct challenge *c, struct ev_budget *ret);
void outcomes_load(struct engine *e);
void outcomes_free(struct engine *e);

/* ---- course.c ---- */
void course_load(struct engine *e); /* before anything is resumed */
void course_keep(struct engine *e);

/* ---- learn.c ---- */
void delays_keep(struct engine *e, struct instance *i);
void delays_keep_all(struct engine *e);
void delays_load(struct engine *e, struct instance *i);

#endif
