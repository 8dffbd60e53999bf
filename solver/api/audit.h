/* The audit log: who did what to which name from where, with which result. Append-only and hash-chained in the journal: each
 * entry holds the digest of the one before, so a changed, removed or inserted entry shows (`dcvd audit verify`).
 *
 * An entry is one canonical JSON line: {"number","at","door","client","peer","action","type","name","result","detail","previous"};
 * its digest is the base64url SHA-256 of the line. No secret, token, value or key authorization ever stands in it. */
#ifndef SOLVER_API_AUDIT_H
#define SOLVER_API_AUDIT_H

#include "solver/api/internal.h"

struct audit_event {
	const char *door;   /* "rest", "httpreq", "acme-dns", "cert-manager", "cps", "cli" */
	const char *client; /* name, or NULL: nobody was recognised */
	const char *peer;   /* address */
	const char *action; /* "present", "cleanup", "register", "update", "client.add", "cps.acknowledge", … */
	const char *type;   /* challenge type or NULL */
	const char *name;   /* what it was done to, or NULL */
	const char *result; /* "ok", "denied", "failed" */
	const char *detail; /* a sentence, or NULL */
};
void audit_note(struct api *a, const struct audit_event *event);

#endif
