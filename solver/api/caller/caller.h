/* Who sends a request, whether they may do that, and the reply that comes later. */
#ifndef SOLVER_API_CALLER_H
#define SOLVER_API_CALLER_H

#include "solver/api/access/clients.h"
#include "solver/api/access/grants.h"
#include "solver/api/access/rate.h"
#include "solver/api/common/internal.h"

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
	char order_id[ID_SIZE]; /* of a challenge: the order that this call made or found for it; "": none in particular */
	bool operator;       /* may read what others must not */
	bool single;         /* answer with the challenge, not with its order */
	bool wait;
	int64_t timeout_ms;
	int status;          /* when the wait is over or there is none */
	struct call *prev, *next;
};

struct call *call_new(struct api *a, struct http_exchange *x, const struct caller *caller);
void call_release(struct call *c);
/* Writes the result of the action into the audit log, also when the caller has left meanwhile. `err` NULL or of code 0: success. */
void call_audit(struct call *c, const char *action, const char *type, const char *name, const struct err *err);
void call_audit_challenge(struct call *c, const char *action, const struct challenge *challenge, const struct err *err);
/* The API ends: detach all calls, so that results that arrive later do not touch it. */
void calls_end(struct api *a);

/* ---- auth.c ---- */
enum { TRUST_CLIENT, TRUST_FRONT_PROXY }; /* which CA file, of http_certificate.trusted[] */
/* The address that a request comes from; behind trusted proxies that of their client. */
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
/* Only operators may publish values that no authority can have asked for. */
int caller_may_raw(const struct caller *caller, bool raw, struct err *err);
/* Counts the request as `count` changes. When the rate does not allow all of them, counts none and sets a problem: 429 with the time to wait, or
 * 422 when the rate never allows so many at once. */
int caller_take_rate(struct api *a, const struct caller *caller, size_t count, struct problem *problem);
/* Gives back `count` changes: a request that was refused afterwards counts as one. */
void caller_give_rate(struct api *a, const struct caller *caller, size_t count);

/* ---- record.c ---- */
/* Whether the caller may prove the domain, and write the record name where one is given. 0, or ERR_DENIED or ERR_INVALID. In a
 * delegation zone the rule of engine/target.h counts; where CNAMEs lead, the engine asks. */
int caller_may_write(const struct api *a, const struct caller *caller, const struct challenge_request *c, struct err *err);

/* ---- client_version.c ---- */
/* The client is revoked and was not made again: its streams, waits and callbacks must end. */
bool client_is_revoked(const struct api *a, const char *name);
/* What client_changed() compares: gives (free with free), NULL for callers that are no client of the store. */
char *client_version(const struct api *a, const char *name);
/* The client got another token since that version, or was revoked: it must not get replies. */
bool client_ended(const struct api *a, const char *name, const char *version);
/* The client got another token or other grants since that version, or was revoked: its streams must end. */
bool client_changed(const struct api *a, const char *name, const char *version);

#endif
