/* Signed requests to CPS, within the account's limits.
 *
 * One client serves everything that talks to CPS, so one budget is shared. Requests leave in the order they
 * were started. GETs are repeated on 5xx, 429 and 409 with a growing pause; a POST only when CPS
 * certainly did not act on it (429). A refusal because of the clock is repeated once with the clock of the
 * server. Every attempt is signed anew. Secrets and signatures reach no log and no error.
 */
#ifndef SOLVER_CPS_CLIENT_H
#define SOLVER_CPS_CLIENT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "solver/base/err.h"
#include "solver/conf/config.h"
#include "solver/net/http.h"
#include "solver/net/loop.h"

#define CPS_PATH_MAX 2048
#define CPS_REPLY_MAX (16 * 1024 * 1024) /* bytes: a list of all enrollments can be large */

struct cps_client;
struct cps_call;

/* Who goes first when the account's limits make calls wait. */
enum cps_priority { CPS_LOOKS /* at changes */, CPS_ACKNOWLEDGES /* and uploads */, CPS_PEOPLE, CPS_FINDS /* what a change wants */, CPS_LISTS };

struct cps_request {
	const char *method;       /* NULL: GET */
	const char *path;         /* with its query: "/cps/v2/enrollments?contractId=X" */
	const char *accept;       /* "enrollments.v11" for the CPS media type, or one with a '/'; NULL: none */
	const char *content_type; /* the same; NULL: none */
	const char *body;         /* zero-ended, or NULL */
	enum cps_priority priority;
	bool once;                /* one attempt, whatever comes */
};

/* `reply` is the last answer, also behind an error when there was one; NULL when there was none. */
typedef void (*cps_client_fn)(const struct http_reply *reply, const struct err *err, void *arg);

struct cps_client *cps_client_new(struct loop *loop, struct http_client *http, const struct config_cps *config);
void cps_client_free(struct cps_client *c); /* no call may be under way; NULL is allowed */
void cps_client_reconfigure(struct cps_client *c, const struct config_cps *config);
/* Reads the credentials again: environment first, then the .edgerc. */
int cps_client_load(struct cps_client *c, struct err *err);

/* What a call would send: its URL and the value of its Authorization header; gives both (free with free).
 * `timestamp` and `nonce` may be NULL. The credentials must be loaded. */
int cps_client_sign(struct cps_client *c, const struct cps_request *request, const char *timestamp, const char *nonce,
                    char **ret_url, char **ret_authorization, struct err *err);

/* Everything in `request` is copied. `done` comes exactly once, later. */
int cps_call_start(struct cps_client *c, const struct cps_request *request, cps_client_fn done, void *arg,
                   struct cps_call **ret_call, struct err *err);
void cps_call_cancel(struct cps_call *call); /* `done` never comes; the request may have left. NULL is allowed */

#endif
