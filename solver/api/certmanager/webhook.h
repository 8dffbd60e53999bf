/* The cert-manager door: a webhook solver as an aggregated API server (reference: cert-manager's
 * webhook.acme.cert-manager.io/v1alpha1). On when `cert-manager.group` is set. */
#ifndef SOLVER_API_WEBHOOK_H
#define SOLVER_API_WEBHOOK_H

#include "solver/api/common/internal.h"
#include "solver/api/certmanager/webhook_payload.h"

#define DOOR_CERT_MANAGER "cert-manager"

/* Answers what an aggregated API server is asked (/apis, /openapi, /version, /livez, /readyz, /healthz); false: not ours, or the
 * door is shut. */
bool webhook_handle(struct api *a, struct http_exchange *x);

/* webhook_discovery.c: the discovery documents. */
void webhook_get(struct api *a, struct http_exchange *x);

#endif
