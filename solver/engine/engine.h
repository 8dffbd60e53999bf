/* The engine: owns every challenge from the request to "gone".
 *
 * All calls are made on the loop thread. A front door translates its protocol into an order_request and
 * submits it; everything after that (journal, plan, publish, probe, announce, withdraw, retries, recovery)
 * happens here. Challenges and orders handed out are borrowed and valid until the next return to the loop.
 */
#ifndef SOLVER_ENGINE_ENGINE_H
#define SOLVER_ENGINE_ENGINE_H

#include "solver/answers/answers.h"
#include "solver/base/err.h"
#include "solver/challenge/challenge.h"
#include "solver/conf/config.h"
#include "solver/engine/target.h"
#include "solver/net/http.h"
#include "solver/net/loop.h"
#include "solver/net/recursor.h"
#include "solver/net/resolver.h"
#include "solver/store/store.h"

struct engine;

/* A name of a delegation zone that belongs to one identifier (target.h). */
struct engine_binding {
	const char *name, *identifier;
	const char *by; /* who made it: a client's name */
	bool first_use; /* by asking for it first */
	int64_t created_ms;
};

/* What the front doors know of clients, asked whenever something is about to be written. `granted` NULL: who runs this process asks
 * for everything that is asked for, and may write everywhere. */
struct engine_access {
	bool (*granted)(const char *client, enum challenge_type type, const char *identifier, void *arg); /* or the wildcard below it */
	enum target_account (*account)(const char *client, const char *name, void *arg);
	/* The first use bound a name, and the journal holds it. May be NULL. */
	void (*bound)(const struct engine_binding *b, void *arg);
	void *arg;
};

struct engine_parts {
	struct loop *loop;
	struct store *store;      /* opened with a wake hook that makes the loop call store_dispatch */
	struct answers *answers;
	struct http_client *http;
	struct resolver *resolver;
	struct recursor *recursor; /* NULL: checks have no authority's view */
	const struct config *config; /* borrowed for the life of the engine; engine_reconfigure() adds another */
	/* http-01 into another web server's document root (webroot/folder.h, handed in by the daemon). */
	int (*folder_put)(const char *folder, const char *token, const char *body, struct err *err);
	int (*folder_remove)(const char *folder, const char *token, const char *body, struct err *err);
	struct engine_access access;
};

/* One challenge as a caller knows it. Text is borrowed for the call. */
struct challenge_request {
	enum challenge_type type;
	const char *domain;            /* may be a U-label, upper case, "*.…" (dns-01 only), dotted at the end */
	const char *token;             /* http-01 */
	const char *key_authorization; /* http-01; for dns-01 instead of `value` */
	const char *value;             /* dns-01: the finished TXT value */
	const char *record_name;       /* DNS types: the name to write, when the caller knows it better than "_acme-challenge." +
	                                  domain (it followed the CNAME, or has a name of its own); NULL: that one. CNAMEs at it are followed */
	const char *account_uri;       /* dns-account-01 (its label), dns-persist-01 (its value); or NULL */
	const char *account_thumbprint; /* dns-persist-01 where the authority wants a digest: of the account's key; or NULL */
	bool raw;                      /* taken as it is, also what no authority asks for (wanted_check()) */
	const char *instead;           /* what the caller calls a key authorization, for wanted_check(); NULL: it can pass none */
};

#define LIFETIME_FOREVER (-1)

struct order_request {
	const struct challenge_request *challenges;
	size_t count;                  /* 1..ORDER_MAX */
	const char *client;            /* who asks */
	const char *callback_url, *callback_secret, *label; /* or NULL */
	int64_t deadline_ms;           /* duration; 0: the configured one */
	int64_t lifetime_ms;           /* duration; 0: the configured one; LIFETIME_FOREVER: until it is released (dns-persist-01 only) */
};

int engine_open(const struct engine_parts *parts, struct engine **ret, struct err *err);
/* Loads the journal and resumes everything that was not finished. Once, before the first submit. */
int engine_recover(struct engine *e, struct err *err);
/* The end, in two steps: engine_stop() begins nothing new (the journal resumes it at the next start); then the
 * http client and the resolver are freed, which ends what was under way; then engine_close(). */
void engine_stop(struct engine *e);
void engine_close(struct engine *e);
/* New snapshot for new challenges; those under way keep what they started with where it still exists. */
int engine_reconfigure(struct engine *e, const struct config *config, struct err *err);

/* Checks everything first: one bad challenge refuses the whole order with a sentence that names it
 * ("challenge 3 (dns-01 x.example): …"). `done` comes after the journal has it: the order's id, or an error
 * (nothing is left then; ERR_CANCELLED, from engine_stop(): the next start may find it in the journal).
 *
 * A challenge that the client has already is not made twice (identity.h says when it is the same): the new order holds it beside the
 * orders that hold it, and it goes with the last of them. An order for the same challenges with the same label and callback is the
 * order that is there, and is answered with it. ERR_INVALID: a challenge stands twice in the request. `existed`: none of the
 * challenges was made for this. */
typedef void (*engine_submit_fn)(const char *order_id, bool existed, const struct err *err, void *arg);
int engine_submit(struct engine *e, const struct order_request *request, engine_submit_fn done, void *arg, struct err *err);

const struct challenge *engine_challenge(struct engine *e, const char *id);
/* The state that the journal holds: what may be promised. Behind that of engine_challenge() while a step is being written;
 * CHALLENGE_GONE for an unknown id. */
enum challenge_state engine_kept_state(struct engine *e, const char *id);
/* The verdict and the events of a challenge. Of one that is ready they are not kept in memory (there may be a hundred thousand, for
 * days) but read from the journal, which may take as long as its disk does. ERR_NOT_FOUND for an unknown id; otherwise `done` comes
 * once, later, with both (borrowed; its other fields are zero) or with the reason why the journal could not be read. */
typedef void (*engine_history_fn)(const struct challenge *history, const struct err *err, void *arg);
int engine_history(struct engine *e, const char *id, engine_history_fn done, void *arg, struct err *err);
const struct order *engine_order(struct engine *e, const char *id);
/* The challenges of an order, in the order of the request; gives the array (free with free), borrows its items. */
size_t engine_order_challenges(struct engine *e, const char *order_id, const struct challenge ***ret);

/* Each order of a challenge, in the sequence in which they came; `holds`: it was not released. */
void engine_each_order(struct engine *e, const char *challenge_id, void (*fn)(const struct order *o, bool holds, void *arg), void *arg);

enum order_state { ORDER_PENDING, ORDER_READY, ORDER_FAILED, ORDER_WITHDRAWING, ORDER_GONE };
/* ready: all are ready; failed: at least one failed or is being withdrawn without having been released, or was not ready within the
 * order's own deadline; withdrawing: released, and not all are over yet; gone: all are over, or released here and held by another order. */
enum order_state engine_order_state(struct engine *e, const char *order_id);
const char *order_state_name(enum order_state state);

/* Keeps what became of the callback (JSON) with the order, however often the journal refuses it; `settled`: delivered or given up,
 * nothing follows.
 * ERR_NOT_FOUND when the order is forgotten. */
int engine_order_announced(struct engine *e, const char *order_id, const char *result_json, bool settled);

/* Pages through challenges by id order of creation, newest first. `after` is the id of the last one seen, or
 * NULL. Returns how many were handed to `fn` (at most limit). */
struct challenge_filter { const char *client; const char *domain; int state; /* or -1 */ int type; /* or -1 */ };
size_t engine_list(struct engine *e, const struct challenge_filter *filter, const char *after, size_t limit,
                   void (*fn)(const struct challenge *c, void *arg), void *arg);

/* Pages through orders, newest first; as engine_list() does. `search` (or NULL) stands in an identifier, the name that is written, or a
 * reason of one of its challenges. */
struct order_filter { const char *client; const char *search; int state; /* enum order_state, or -1 */ };
size_t engine_orders(struct engine *e, const struct order_filter *filter, const char *after, size_t limit,
                     void (*fn)(const struct order *o, void *arg), void *arg);

/* The challenges with the client, type, identifier, record name and value (or token) of `like`, with and without the wildcard,
 * whose end is not in the journal yet. Nothing may be released inside `fn`. */
void engine_each_same(struct engine *e, const struct challenge *like, void (*fn)(const struct challenge *c, void *arg), void *arg);

/* Nobody needs it any more. What another order holds stays: an order lets go of its challenges, and a challenge goes with the last
 * order. Releasing a challenge is releasing the orders for it alone, also those that were released before; where there never was one,
 * it is released from all orders. Idempotent: what is over already succeeds. ERR_NOT_FOUND for an unknown id.
 * `done` (may be NULL) comes when the wish itself is journalled, not when the record is gone; or with the reason why the journal
 * does not take it. The wish is repeated then as long as dcvd runs, but it is not promised: a restart does not know of it. */
int engine_release_challenge(struct engine *e, const char *id, void (*done)(const struct err *err, void *arg), void *arg, struct err *err);
int engine_release_order(struct engine *e, const char *id, void (*done)(const struct err *err, void *arg), void *arg, struct err *err);
/* The same for everything that a client asked for and that is not on its way out; returns how many challenges that is. `done` comes
 * in any case. */
size_t engine_release_client(struct engine *e, const char *client, void (*done)(const struct err *err, void *arg), void *arg);
/* All live challenges of a client, with their orders, become those of another; returns how many. The callbacks of their orders are
 * dropped, for they lead to whoever asked. `done` comes when that is journalled; after an error everything belongs to the first
 * client again. What is being submitted just then stays with the first client. */
size_t engine_hand_over(struct engine *e, const char *from, const char *to, void (*done)(const struct err *err, void *arg), void *arg);

/* The word of an operator: this record is not waited for any more, although nobody saw it go; `who` stands in the event. Only of a
 * challenge that is being withdrawn: ERR_CONFLICT for another one, also when it is over, ERR_NOT_FOUND for an unknown id. `done` (may
 * be NULL) comes when the journal holds it. */
int engine_forget_challenge(struct engine *e, const char *id, const char *who, void (*done)(const struct err *err, void *arg), void *arg,
                            struct err *err);

/* Calls `fn` for each event of an order or of a challenge (`id`), or of all challenges (NULL), once the journal holds it; from the
 * loop, never inside a call of the engine, so `fn` may call the engine as it likes. The challenge is shown as it is then, which may be
 * further than the event. Only what happens after this call is told. Unlisten is allowed inside the call, and NULL is allowed. */
struct engine_listener;
typedef void (*engine_event_fn)(const struct challenge *c, const struct challenge_event *event, void *arg);
struct engine_listener *engine_listen(struct engine *e, const char *id, engine_event_fn fn, void *arg);
void engine_unlisten(struct engine_listener *l);

/* What the authority said of a challenge, as far as the caller knows; `problem` (or NULL) is its sentence. A failure counts
 * against the limits of the authority: the next attempt for this account and identifier is held until it is affordable. `done`
 * (may be NULL) comes when the count is in the journal, or with the reason why it is not: it is not counted then. */
#define ENGINE_VALID_SENTENCE "the authority found it valid" /* how the event of it begins, and of the opposite */
#define ENGINE_INVALID_SENTENCE "the authority found it invalid"
int engine_outcome(struct engine *e, const char *id, bool valid, const char *problem, void (*done)(const struct err *err, void *arg),
                   void *arg, struct err *err);
/* Before an acknowledgement: 0, or ERR_RATE with the sentence and the time to wait, when one of the order's names has failed and
 * must not be tried yet (1, 10, 100 minutes after failures in a row, and never the last failure of an hour). */
int engine_budget_allows(struct engine *e, const char *order_id, int64_t *ret_wait_ms, struct err *err);

/* A check by hand, nothing published. `done` gets the verdict as JSON (see verdict/verdict.h for its form). */
struct check_request {
	enum challenge_type type;
	const char *domain;
	const char *token, *key_authorization, *value, *account_uri, *account_thumbprint; /* or NULL */
	const char *authority; /* profile; NULL: the configured one */
	bool raw;              /* compared as it is, also with what no authority asks for */
	bool evidence;         /* the verdict holds the evidence */
	bool quote;            /* an operator reads it: what a web server sent may be quoted. Others see length and digest */
};
int engine_check(struct engine *e, const struct check_request *request,
                 void (*done)(const char *verdict_json, const struct err *err, void *arg), void *arg, struct err *err);

/* ---- delegation zones: target.h says what may be written where ---- */

/* The identifier that a normalised name is bound to, or NULL. Borrowed. */
const char *engine_bound(const struct engine *e, const char *name);
void engine_each_binding(const struct engine *e, void (*fn)(const struct engine_binding *b, void *arg), void *arg);
/* Whether a normalised name lies in a delegation zone and belongs to the normalised identifier there. */
bool engine_delegates(const struct engine *e, const char *name, const char *identifier);
/* Binds a name of a delegation zone to an identifier; both as a person writes them. ERR_INVALID: it lies in no delegation zone;
 * ERR_EXISTS: it is bound to another identifier; ERR_CONFLICT: it belongs to another one by its form or digest. `done` comes when the journal holds it, or with the reason why not (nothing is bound
 * then). Binding twice succeeds. */
int engine_bind(struct engine *e, const char *name, const char *identifier, const char *by, void (*done)(const struct err *err, void *arg),
                void *arg, struct err *err);
/* ERR_NOT_FOUND: it is not bound. What stands at the name stays until it is withdrawn as usual. */
int engine_unbind(struct engine *e, const char *name, void (*done)(const struct err *err, void *arg), void *arg, struct err *err);
/* Whether the record of a challenge, wherever it is kept, could be written (again) now; 0 too where there is none, or it is on its way
 * out: removing is always allowed. */
int engine_permits(struct engine *e, const struct challenge *c, struct err *why);

/* The engine's own checker, for who stands beside it (mpic). Borrowed. */
struct checker *engine_checker(struct engine *e);

/* 0 while the journal takes what is written; otherwise why it refused the last write (and what is repeated until it does). */
int engine_health(struct engine *e, struct err *err);

/* Numbers for /metrics: counts per state and type, and counters since the start. */
struct engine_numbers {
	size_t live[CHALLENGE_TYPES][CHALLENGE_STATES];
	uint64_t submitted, ready, failed, withdrawn, provider_calls, provider_errors, probes;
	uint64_t ready_ms_sum; /* from request to ready */
};
void engine_numbers(struct engine *e, struct engine_numbers *ret);

#endif
