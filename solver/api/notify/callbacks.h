/* Signed callbacks when an order is done: how they are delivered, and which are allowed. */
#ifndef SOLVER_API_CALLBACKS_H
#define SOLVER_API_CALLBACKS_H

#include "solver/api/common/internal.h"

/* ---- callbacks.c ---- */
struct callbacks *callbacks_new(struct api *a);
void callbacks_free(struct callbacks *c);
void callbacks_resume(struct callbacks *c); /* those of before the restart */
/* ---- callback_rules.c ---- */
/* The callback of an order: its URL can be read (else 422), and the configuration lets this caller have it called with this secret. */
int callback_check(const struct api *a, const struct caller *caller, const struct order_request *r, struct problem *problem);
bool callback_is_allowed(const struct api *a, const char *secret, const char *url); /* still, for somebody */

struct callback_message { const char *url, *secret, *body; };
/* Posts a signed CloudEvent. ERR_NOT_FOUND: there is no such secret any more; ERR_DENIED: the configuration does not allow it any more. */
int callback_post(struct api *a, const struct callback_message *message, void (*done)(const struct http_reply *reply, const struct err *err, void *arg),
                  void *arg, struct http_call **ret_call, struct err *err);
/* "v1=" + hex of HMAC-SHA256 over timestamp + "." + body; gives (free with free). */
char *callback_signature(const char *secret, const char *timestamp, const char *body);

#endif
