/* Akamai CPS as a source of challenges and a receiver of acknowledgements.
 *
 * `struct cps` ties the client (credentials, budget), the configuration, the engine and the store together.
 * Opening it needs no credentials: they are read when a call needs them, so a service without an .edgerc
 * starts, and a changed file takes effect without a restart. All calls are made on the loop thread.
 */
#ifndef SOLVER_CPS_CPS_H
#define SOLVER_CPS_CPS_H

#include <jansson.h>
#include <stdint.h>

#include "solver/base/err.h"
#include "solver/base/id.h"
#include "solver/conf/config.h"
#include "solver/engine/engine.h"
#include "solver/net/http.h"
#include "solver/net/loop.h"
#include "solver/store/store.h"

struct cps;

struct cps_parts {
	struct loop *loop;
	struct http_client *http;
	struct engine *engine;       /* NULL: only list, show, ack and request */
	struct store *store;         /* NULL: as above; remembers what was acknowledged */
	const struct config *config; /* borrowed; cps_reconfigure() replaces it */
};

int cps_open(const struct cps_parts *parts, struct cps **ret, struct err *err);
/* Stops validations and calls under way without a word; what is published stays in the journal, and the
 * next start goes on with it. NULL is allowed. */
void cps_close(struct cps *c);
void cps_reconfigure(struct cps *c, const struct config *config);

/* Is told of every acknowledgement that a validation sent and CPS took. For the audit log. NULL: nobody. */
typedef void (*cps_acknowledged_fn)(int64_t enrollment, int64_t change, const char *what, void *arg);
void cps_on_acknowledged(struct cps *c, cps_acknowledged_fn fn, void *arg);

/* What happened to an enrollment. `type`: "alarm", "alarm-over", "found" (a change), "renewal" (asked for), "approved", "denied", "deployed", "done",
 * "failed", "cancelled", "gone". `kind` says which alarm ("expires-14d", "held-change", …); it and `text` may be NULL. Borrowed for the call. */
struct cps_event {
	const char *type, *key, *account, *name, *kind, *text;
	int64_t enrollment, change; /* change 0: none */
	int64_t at_ms;
};
typedef void (*cps_event_fn)(const struct cps_event *event, void *arg);
void cps_on_event(struct cps *c, cps_event_fn fn, void *arg); /* NULL: nobody */

struct cps_validation_wish {
	const char *account;   /* a name under cps.accounts; NULL: the main one */
	int64_t enrollment;
	const char *follow;    /* "validation", "issuance" or "production"; NULL: validation */
	bool force;            /* also when its class is not managed */
};
/* Starts to validate the newest pending change of an enrollment, or joins the validation of it that is under
 * way. Gives its id ("va_…") at once; what happens is told by cps_validation_json(). Fails when there are no
 * usable credentials (the sentence names file, section and key). ERR_DENIED: its class is not managed. */
int cps_validation_start(struct cps *c, const struct cps_validation_wish *wish, char ret_id[ID_SIZE], struct err *err);
/* {"id","enrollment","change":N|null,"state":"running|done|failed|cancelled|unknown","waits_for":null|"…","order_id":…|null,"error":null|{"code","detail"},
 *  "sentences":[{"at","text"}],"started","finished":…|null}; gives (free with json_decref), NULL: no such id.
 * The newest 100 finished ones are remembered. */
json_t *cps_validation_json(struct cps *c, const char *id);
/* An array of the above, newest first, without the sentences; gives. */
json_t *cps_validations_json(struct cps *c);

/* One answer, exactly once, later, on the loop: the result (borrowed), or NULL and an error. */
typedef void (*cps_answer_fn)(json_t *result, const struct err *err, void *arg);

/* Asks CPS for something, or has it do something. `input` is an object, copied: "account" (a name under cps.accounts; without it the main
 * one), "enrollment", "change", and what stands here:
 *
 *   list                   {"enrollments":[{"id","cn","sans","validation_type","ra","pending_changes":[{"id","type"}],"auto_renewal_start",
 *                          "slots","contract","account"}],"skipped":N}
 *   show                   one of those, with "change":null|{"id","state","status","description","error","allowed_input","schedule",
 *                          "warnings","names":[{"domain","status","validation_status","error","expires","challenges":[…]}]}, "note", "expiry"
 *   certificate            {"id","expiry"}: when the certificate in production ends; null when nothing is deployed
 *   warnings               {"change","text","warnings":[{"code","text"}],"digest"}
 *   ack                    "what": "challenges" | "warnings" | "change-management", "deny", "expect_digest", "hash"; whatever dcvd knows of it
 *   read                   "what": "deployments" | "production" | "staging" | "changes" | "certificates" | "dv" | "active" ("contract"): as CPS says it
 *   enrollment             the enrollment as CPS keeps it
 *   schedule               "not_before" and "not_after" (absent: none); with "look" it answers {"change","not_before","not_after"}
 *   create                 "contract", "body", "profile", "cn", "add_sans"
 *   update                 "body", "add_sans", "remove_sans", "set", "renew", "override_renewal_window"
 *   delete, cancel
 *
 * What writes is refused (ERR_DENIED) where cps.classes say that the enrollment is not managed, unless "force" is true. It takes the options of the API ("allow_cancel_pending_changes", "deploy_not_before", …) and "dry_run", and answers
 * {"enrollment","changes","changed","note"}, {"request":{…}} for a dry run, or {"refused":["sentence", …]} when a rule is broken and
 * nothing was sent. Nothing is created or changed twice because an answer was lost. */
int cps_ask(struct cps *c, const char *what, const json_t *input, cps_answer_fn done, void *arg, struct err *err);

/* What the calls for an account wait for now, in a sentence. `account`: as above, NULL: the main one. */
struct buf;
void cps_waits_for(const struct cps *c, const char *account, struct buf *out);

/* ---- the watcher: what dcvd knows of every enrollment without asking ---- */

/* Texts may be NULL: any. */
struct cps_inventory_query {
	const char *after;      /* the "key" of the last one seen, or NULL; cps_inventory_knows() */
	const char *kind;       /* "managed", "monitored" or "ignored", or NULL */
	const char *account;    /* "": the main one; or NULL */
	const char *phase;      /* "idle", "pending", "waiting" or "working", or NULL */
	const char *contract;   /* or NULL */
	const char *need;       /* one of cps_need_name() in standing.h, "somebody" for all that need somebody now, or NULL */
	const char *search;     /* stands in a name, an id or a reason; or NULL */
	const char *sort;       /* "key" (NULL), "need" (the most urgent first), "expiry", "name", "renewal" or "step" */
	int64_t expiring_days;  /* the certificate in production ends within so many days; 0: any */
	int64_t expiring_after_days; /* and not before; 0: any */
	int64_t limit;          /* 0: 100; at most 1000 */
};

/* Whether a query may say that. */
bool cps_inventory_can_sort(const char *sort);
bool cps_inventory_can_choose(const char *need);
bool cps_inventory_knows(const struct cps *c, const char *key);

/* {"enrollments":[{"key","account","id","cn","names","type","class","need","phase","step","since","change","change_type","validation",
 *  "auto_renewal_start","expiry","slots","names_hash","renewal_asked","waits_for","error","last_error","warnings",
 *  "hold":{"change","hash","messages","deadline","approvals":N,"approved_by":[…],"not_before","can_approve"}|null,"alarm","alarm_kind","seen"}],
 *  "counts":{"total","managed","monitored","ignored","pending","alarms","held","failing","alarm","working","nothing"},"matching":N,
 *  "weeks":[N, …],"later":N,"unknown":N: certificates by the week in which they end, those that have ended in the first,
 *  "accounts":[{"name","used","per_minute","waiting","closed_seconds","trouble","trouble_since"}],
 *  "watch":"off|read|act","last_look":…|null,"trouble":…|null,"next":"key"|null}; gives. Counts are of all, whatever was asked for. */
json_t *cps_inventory_json(struct cps *c, const struct cps_inventory_query *query);
/* Enrollments by class and phase, changes by step, ends, and requests, in the text format of Prometheus; no name of a domain. */
void cps_metrics(const struct cps *c, struct buf *out);

/* Somebody says yes, or no, to what change management showed. */
struct cps_approval_wish {
	const char *account, *hash, *who;
	int64_t enrollment, change;
	int64_t not_before_ms;  /* it counts from then on; 0: at once */
	bool deny;
};
/* *ret_missing: how many other people must still agree. ERR_CONFLICT: another hash is shown by now, or it waits for nothing; ERR_DENIED: its policy
 * wants somebody to act at CPS. The journal holds it when this returns 0. */
int cps_approve(struct cps *c, const struct cps_approval_wish *wish, size_t *ret_missing, struct err *err);

#endif
