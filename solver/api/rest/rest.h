/* The resources below /v1/ and what they share. */
#ifndef SOLVER_API_REST_H
#define SOLVER_API_REST_H

#include "solver/api/caller/caller.h"
#include "solver/api/common/internal.h"
#include "solver/api/rest/body.h"

/* ---- wait.c ---- */
/* Reads ?wait=ready&timeout=30s into the call. */
int wait_read(struct call *c, struct problem *problem);
/* Answers `c` (one holder: the exchange) now or when the order is ready, failed, or the time is over. */
void wait_answer(struct call *c);

/* ---- routes: each answers `x`, now or later ---- */
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
void cps_ask_read(struct api *a, struct http_exchange *x, const struct caller *caller, const char *id);
void cps_ask_write(struct api *a, struct http_exchange *x, const struct caller *caller, const char *id);
void cps_approve_post(struct api *a, struct http_exchange *x, const struct caller *caller, const char *id);
void cps_inventory_get(struct api *a, struct http_exchange *x, const struct caller *caller, const char *argument);
void cps_validate_post(struct api *a, struct http_exchange *x, const struct caller *caller, const char *id);
void cps_validation_get(struct api *a, struct http_exchange *x, const struct caller *caller, const char *id);
void cps_validations_list(struct api *a, struct http_exchange *x, const struct caller *caller, const char *argument);
void cps_enrollments_list(struct api *a, struct http_exchange *x, const struct caller *caller, const char *argument);
void config_get(struct api *a, struct http_exchange *x, const struct caller *caller, const char *argument);
void health_live(struct api *a, struct http_exchange *x, const struct caller *caller, const char *argument);
void health_ready(struct api *a, struct http_exchange *x, const struct caller *caller, const char *argument);
void metrics_get(struct api *a, struct http_exchange *x, const struct caller *caller, const char *argument);
void status_get(struct api *a, struct http_exchange *x, const struct caller *caller, const char *name);
void openapi_get(struct api *a, struct http_exchange *x, const struct caller *caller, const char *argument);
void acme_dns_accounts_list(struct api *a, struct http_exchange *x, const struct caller *caller, const char *argument);
void acme_dns_accounts_post(struct api *a, struct http_exchange *x, const struct caller *caller, const char *argument);
void acme_dns_accounts_delete(struct api *a, struct http_exchange *x, const struct caller *caller, const char *subdomain);

/* ---- cps.c ---- */
void cps_note_acknowledged(int64_t enrollment, int64_t change, const char *what, void *arg); /* arg: the api */

/* ---- events.c ---- */
/* Ends the streams of clients that were revoked or got another token or other grants. */
void streams_check(struct api *a);
/* What happened to an enrollment, for those who see everything. */
void streams_tell(struct api *a, const struct cps_event *event);

/* ---- clients_api.c ---- */
/* Withdraws the challenges of clients that were revoked while this process did not run. */
void clients_withdraw_revoked(struct api *a);

#endif
