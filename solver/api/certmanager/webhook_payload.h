/* cert-manager's ChallengePayload (webhook.acme.cert-manager.io/v1alpha1), in and out. Pure.
 *
 * Read as Kubernetes reads: keys that are not known are left alone. Written so that cert-manager never meets a 2xx without
 * `response` (it would crash its controller) nor a failure without a message (it would count as success). */
#ifndef SOLVER_API_WEBHOOK_PAYLOAD_H
#define SOLVER_API_WEBHOOK_PAYLOAD_H

#include <jansson.h>
#include <stdbool.h>

#include "solver/api/common/problem.h"
#include "solver/dns/name.h"
#include "solver/engine/engine.h"

#define WEBHOOK_VERSION "v1alpha1"
#define WEBHOOK_PAYLOAD_VERSION "webhook.acme.cert-manager.io/v1alpha1"

struct webhook_payload {
	json_t *document;              /* owns the texts */
	const char *uid;               /* "" when there is none */
	bool cleanup;
	char domain[NAME_SIZE];        /* dnsName */
	char record[NAME_SIZE];        /* resolvedFQDN, "" when there is none */
	struct challenge_request request; /* for dnsName; record_name is the record where that is another name */
};

/* Gives *ret (free with webhook_payload_done). Sentences hold no key. */
int webhook_payload_read(const char *text, size_t length, struct webhook_payload *ret, struct problem *problem);
void webhook_payload_done(struct webhook_payload *p);
/* The answer; a failure needs a message and a code as of HTTP. Give (free with json_decref). */
json_t *webhook_payload_success(const struct webhook_payload *p);
json_t *webhook_payload_failure(const struct webhook_payload *p, int code, const char *message);
/* A metav1.Status: what an API server says when it refuses a request. Gives. */
json_t *webhook_status(int code, const char *message);

#endif
