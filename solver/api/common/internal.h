/* What the files of this folder share. */
#ifndef SOLVER_API_INTERNAL_H
#define SOLVER_API_INTERNAL_H

#include <jansson.h>
#include <utlist.h>

#include "solver/api/api.h"
#include "solver/api/rest/body.h"
#include "solver/api/access/clients.h"
#include "solver/api/access/grants.h"
#include "solver/base/network.h"
#include "solver/api/common/problem.h"
#include "solver/api/access/rate.h"
#include "solver/api/router.h"
#include "solver/net/address.h"
#include "solver/net/http_server.h"

#define JSON_TYPE "application/json"
#define CLIENT_HEADER_MAX 4096

#define DOOR_REST "rest"
#define DOOR_MPIC "mpic"

/* Who asks: a client of the store, or somebody on this host where api.loopback-open allows it. */
struct caller {
	const char *name;              /* NULL: nobody was recognised */
	const struct grants *grants;
	const char *door;              /* "rest", "httpreq", "acme-dns", "cert-manager" */
	char peer[ADDRESS_TEXT_SIZE];  /* behind trusted proxies: whom they speak for */
	bool loopback; /* without a token: may not manage clients */
};

struct callbacks;

struct api {
	struct api_parts parts;
	const struct config *config;
	struct guard *guard;           /* of all servers */
	struct http_claims *claims;
	struct http_tls *tls;          /* of the servers of api.tls-listen, or NULL */
	struct http_server **servers;  /* api.listen first */
	size_t server_count;
	struct client_list *clients;
	struct grants *everything; /* of loopback callers */
	struct networks *proxies;  /* api.trusted-proxies */
	struct rate_table *rates;
	struct audit *audit;
	struct callbacks *callbacks;
	struct call *calls;           /* whose work or exchange is under way */
	struct door_call *door_calls; /* door.c */
	struct accounts *accounts;    /* of acme-dns */
	struct stream *stream_list;   /* events.c */
	uint64_t requests, refused, streams; /* for /metrics */
};

/* ---- replies (reply.c) ---- */
void reply_json(struct http_exchange *x, int status, json_t *takes);
#define PAGE_DEFAULT 50 /* of a page of a list */
#define PAGE_MAX 1000
/* "limit" of a query into *ret, which keeps what it has for NULL; or a problem. */
int limit_read(const char *text, size_t *ret, struct problem *problem);
/* With an ETag; 304 when the caller has that already. */
void reply_json_tagged(struct http_exchange *x, json_t *takes);
void reply_problem(struct api *a, struct http_exchange *x, const struct problem *p);
/* Retry-After, where the status is one that says to come again. */
void reply_retry_after(struct http_exchange *x, int status, int seconds);
/* The code decides the status. */
void reply_err(struct api *a, struct http_exchange *x, const struct err *err);

/* The body is the form of a web page and no JSON; curl calls JSON a form too, which is none then. */
bool body_is_form(struct http_exchange *x);
#define BODY_IS_FORM "the body is a form; send JSON, such as {\"name\": \"value\"}, with Content-Type: application/json"

/* ---- a reply that comes later (call.c) ----
 * Two hold it: the exchange and the work that was started. `x` is NULL once the caller has gone, `api` once the API has ended. */
struct call {
	struct api *api;
	struct http_exchange *x;
	const char *door;    /* for the audit log, with the next */
	char peer[ADDRESS_TEXT_SIZE];
	unsigned holders;
	char *client;
	char *version;       /* client_version() when it asked */
	char id[ID_SIZE];
	bool operator;       /* may read what others must not */
	bool single;         /* answer with the challenge, not with its order */
	bool wait;
	int64_t timeout_ms;
	int status;          /* when the wait is over or there is none */
	struct call *prev, *next;
};

struct call *call_new(struct api *a, struct http_exchange *x, const struct caller *caller);
void call_release(struct call *c);
/* Into the audit log, also when the caller has gone meanwhile: what became of it. `err` NULL or of code 0: it is done. */
void call_audit(struct call *c, const char *action, const char *type, const char *name, const struct err *err);
void call_audit_challenge(struct call *c, const char *action, const struct challenge *challenge, const struct err *err);
/* The API ends: what comes back later finds none. */
void calls_end(struct api *a);

/* ---- json.c; give (free with json_decref) ---- */
json_t *challenge_json(struct engine *e, const struct challenge *c);
json_t *challenge_summary_json(const struct challenge *c); /* without events and verdict */
json_t *order_json(struct engine *e, const struct order *o, bool operator); /* what a callback's receiver said: for operators */
json_t *order_summary_json(struct engine *e, const struct order *o); /* its first names, and how many of it are ready */
json_t *event_json(const struct challenge *c, const struct challenge_event *event);

/* ---- auth.c ---- */
enum { TRUST_CLIENT, TRUST_FRONT_PROXY }; /* which CA file, of http_certificate.trusted[] */
/* Where a request comes from, behind trusted proxies. */
void peer_find(const struct api *a, struct http_exchange *x, char ret_peer[ADDRESS_TEXT_SIZE]);
/* By bearer token, Basic, token in the path, client certificate, front proxy or loopback; and whether that client may use
 * this door from there and now. 0, or a problem with 401, 403 or 429, which is in the audit log by then; *ret has door and
 * peer in any case. */
int caller_find(struct api *a, struct http_exchange *x, const char *door, struct caller *ret, struct problem *problem);
/* The same where the request itself says whether it only withdraws. */
int caller_find_for(struct api *a, struct http_exchange *x, const char *door, bool withdraws, struct caller *ret, struct problem *problem);
/* Whether the head of the request says who sends it; nothing is noted. */
bool caller_is_known(struct api *a, struct http_exchange *x);
bool caller_sees(const struct caller *caller, const char *client);
/* Borrowed; ERR_NOT_FOUND also for what belongs to somebody else. */
int caller_challenge(struct api *a, const struct caller *caller, const char *id, const struct challenge **ret, struct problem *problem);
int caller_order(struct api *a, const struct caller *caller, const char *id, const struct order **ret, struct problem *problem);
/* Only operators pass over what an authority can have asked for. */
int caller_may_raw(const struct caller *caller, bool raw, struct err *err);
/* The request counts as so many changes. All are counted or none: then a problem with 429 and the time to wait, or with 422 where the rate never
 * allows so many at once. */
int caller_take_rate(struct api *a, const struct caller *caller, size_t count, struct problem *problem);
/* What was refused afterwards counts as one. */
void caller_give_rate(struct api *a, const struct caller *caller, size_t count);
/* Every name of the order is granted. */
int caller_may_submit(struct api *a, const struct caller *caller, const struct order_body *body, struct problem *problem);

/* ---- wait.c ---- */
/* Reads ?wait=ready&timeout=30s into the call. */
int wait_read(struct call *c, struct problem *problem);
/* Answers `c` (one holder: the exchange) now or when the order is ready, failed, or the time is over. */
void wait_answer(struct call *c);

/* ---- routes: each answers `x`, now or later ---- */
typedef void (*route_fn)(struct api *a, struct http_exchange *x, const struct caller *caller, const char *argument);
void challenges_post(struct api *a, struct http_exchange *x, const struct caller *caller, const char *argument);
void challenges_list(struct api *a, struct http_exchange *x, const struct caller *caller, const char *argument);
void challenges_get(struct api *a, struct http_exchange *x, const struct caller *caller, const char *id);
void challenges_delete(struct api *a, struct http_exchange *x, const struct caller *caller, const char *id);
void challenges_forget(struct api *a, struct http_exchange *x, const struct caller *caller, const char *id);
void challenges_outcome(struct api *a, struct http_exchange *x, const struct caller *caller, const char *id);
void orders_post(struct api *a, struct http_exchange *x, const struct caller *caller, const char *argument);
void orders_list(struct api *a, struct http_exchange *x, const struct caller *caller, const char *argument);
void orders_get(struct api *a, struct http_exchange *x, const struct caller *caller, const char *id);
void orders_delete(struct api *a, struct http_exchange *x, const struct caller *caller, const char *id);
void callbacks_get(struct api *a, struct http_exchange *x, const struct caller *caller, const char *argument);
void events_get(struct api *a, struct http_exchange *x, const struct caller *caller, const char *argument);
void checks_post(struct api *a, struct http_exchange *x, const struct caller *caller, const char *argument);
void clients_post(struct api *a, struct http_exchange *x, const struct caller *caller, const char *argument);
void clients_list(struct api *a, struct http_exchange *x, const struct caller *caller, const char *argument);
void clients_get(struct api *a, struct http_exchange *x, const struct caller *caller, const char *name);
void clients_patch(struct api *a, struct http_exchange *x, const struct caller *caller, const char *name);
void clients_delete(struct api *a, struct http_exchange *x, const struct caller *caller, const char *name);
void clients_rotate(struct api *a, struct http_exchange *x, const struct caller *caller, const char *name);
void delegations_list(struct api *a, struct http_exchange *x, const struct caller *caller, const char *argument);
void delegations_post(struct api *a, struct http_exchange *x, const struct caller *caller, const char *argument);
void delegations_delete(struct api *a, struct http_exchange *x, const struct caller *caller, const char *name);
void cps_create_post(struct api *a, struct http_exchange *x, const struct caller *caller, const char *argument);
void cps_update_patch(struct api *a, struct http_exchange *x, const struct caller *caller, const char *id);
void cps_delete(struct api *a, struct http_exchange *x, const struct caller *caller, const char *id);
void cps_cancel_post(struct api *a, struct http_exchange *x, const struct caller *caller, const char *id);
void cps_schedule_put(struct api *a, struct http_exchange *x, const struct caller *caller, const char *id);
void cps_ack_post(struct api *a, struct http_exchange *x, const struct caller *caller, const char *id);
void cps_warnings_get(struct api *a, struct http_exchange *x, const struct caller *caller, const char *id);
void cps_approve_post(struct api *a, struct http_exchange *x, const struct caller *caller, const char *id);
void cps_inventory_get(struct api *a, struct http_exchange *x, const struct caller *caller, const char *argument);
void cps_validate_post(struct api *a, struct http_exchange *x, const struct caller *caller, const char *id);
void cps_validation_get(struct api *a, struct http_exchange *x, const struct caller *caller, const char *id);
void cps_validations_list(struct api *a, struct http_exchange *x, const struct caller *caller, const char *argument);
void cps_enrollments_list(struct api *a, struct http_exchange *x, const struct caller *caller, const char *argument);
void cps_enrollment_get(struct api *a, struct http_exchange *x, const struct caller *caller, const char *id);
void audit_head_get(struct api *a, struct http_exchange *x, const struct caller *caller, const char *argument);
void audit_list(struct api *a, struct http_exchange *x, const struct caller *caller, const char *argument);
void cps_note_acknowledged(int64_t enrollment, int64_t change, const char *what, void *arg); /* arg: the api */
void health_live(struct api *a, struct http_exchange *x, const struct caller *caller, const char *argument);
void health_ready(struct api *a, struct http_exchange *x, const struct caller *caller, const char *argument);
void metrics_get(struct api *a, struct http_exchange *x, const struct caller *caller, const char *argument);
void status_get(struct api *a, struct http_exchange *x, const struct caller *caller, const char *name);
void cps_certificate_get(struct api *a, struct http_exchange *x, const struct caller *caller, const char *id);
void mpic_post(struct api *a, struct http_exchange *x, const struct caller *nobody, const char *argument);
void dcv_post(struct api *a, struct http_exchange *x, const struct caller *nobody, const char *argument);
void caa_post(struct api *a, struct http_exchange *x, const struct caller *nobody, const char *argument);
void openapi_get(struct api *a, struct http_exchange *x, const struct caller *caller, const char *argument);

/* ---- events.c ---- */
/* Ends the streams of those whose token or grants are others than they were, or are revoked. */
void streams_check(struct api *a);

/* ---- clients_api.c ---- */
/* Revoked, and not made new since: what it started says no more to anybody. */
bool client_is_revoked(const struct api *a, const char *name);
/* What client_changed() compares: gives (free with free), NULL for callers that are no client of the store. */
char *client_version(const struct api *a, const char *name);
/* Its token is another than at that version, or it is revoked: it is told nothing any more. */
bool client_ended(const struct api *a, const char *name, const char *version);
/* Its token or its grants are others than at that version, or it is revoked: what was opened with the old ones ends. */
bool client_changed(const struct api *a, const char *name, const char *version);
/* Withdraws what revoked clients left: those that were revoked while this process did not run. */
void clients_withdraw_revoked(struct api *a);

/* ---- listeners.c ---- */
int listeners_open(struct api *a, struct err *err);
void listeners_reconfigure(struct api *a);
void listeners_close(struct api *a);

/* routes.c: the handler of the HTTP server; `arg` is the api. */
void api_handle(struct http_exchange *x, void *arg);
bool api_knows(struct http_exchange *x, void *arg); /* its `knows` */

/* ---- callbacks.c ---- */
struct callbacks *callbacks_new(struct api *a);
void callbacks_free(struct callbacks *c);
void callbacks_resume(struct callbacks *c); /* those of before the restart */
/* ---- callback_rules.c ---- */
/* The callback of an order: its URL can be read (else 422), and the configuration lets this caller have it called with this secret. */
int callback_check(const struct api *a, const struct caller *caller, const struct order_request *r, struct problem *problem);
bool callback_is_allowed(const struct api *a, const char *secret, const char *url); /* still, for somebody */

/* "v1=" + hex of HMAC-SHA256 over timestamp + "." + body; gives (free with free). */
char *callback_signature(const char *secret, const char *timestamp, const char *body);

#endif
