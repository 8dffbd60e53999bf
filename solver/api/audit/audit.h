/* The audit log: who did what to which name from where, with which result. Append-only and hash-chained in the journal: each
 * entry holds the digest of the one before, so a changed, removed or inserted entry shows (`dcvd audit verify`).
 *
 * An entry is one canonical JSON line: {"number","at","door","client","peer","action","type","name","result","detail","previous"};
 * its digest is the base64url SHA-256 of the line. No secret, token, value or key authorization ever stands in it. */
#ifndef SOLVER_API_AUDIT_H
#define SOLVER_API_AUDIT_H

#include "solver/api/common/internal.h"
#include "solver/base/buf.h"

struct audit_event {
	const char *door;   /* "rest", "httpreq", "acme-dns", "cert-manager", "cps", "cli" */
	const char *client; /* name, or NULL: the caller is unknown */
	const char *peer;   /* address */
	const char *action; /* "present", "cleanup", "register", "update", "client.add", "cps.acknowledge", … */
	const char *type;   /* challenge type or NULL */
	const char *name;   /* what it was done to, or NULL */
	const char *result; /* "ok", "denied", "failed" */
	const char *detail; /* a sentence, or NULL */
};
/* The texts are copied, and freed. */
void audit_event_copy(struct audit_event *to, const struct audit_event *from);
void audit_event_done(struct audit_event *e);

/* Writes it soon, in order, and counts it for /metrics. For repeated refusals only their number is written once a minute (refusals.h), so that
 * a stranger cannot fill the disk. */
void audit_note(struct api *a, const struct audit_event *event);

void audit_caller(struct api *a, const struct caller *caller, const char *action, const char *type, const char *name,
                  const char *result, const char *detail);
void audit_challenge(struct api *a, const struct caller *caller, const char *action, const struct challenge *c, const char *result,
                     const char *detail);

/* The last durable entry. */
struct audit_chain;
const struct audit_chain *audit_head(const struct api *a);
/* Retention (audit.keep) removes now what is old, and from then on once a day. */
void audit_retain(struct api *a);

struct audit;
struct audit *audit_new(struct api *a); /* gives (free with audit_free) */
void audit_free(struct audit *l);       /* after everything noted is durable */
/* dcvd_audit_…; dcvd_door_results_total: a caller who is no operator sees its own rows. */
void audit_metrics(const struct api *a, const struct caller *caller, struct buf *out);

/* ---- audit_api.c: REST ---- */
void audit_head_get(struct api *a, struct http_exchange *x, const struct caller *caller, const char *argument);
void audit_list(struct api *a, struct http_exchange *x, const struct caller *caller, const char *argument);

#endif
