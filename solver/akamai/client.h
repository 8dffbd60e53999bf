/* Signed requests of an account to Akamai, within its limits.
 *
 * One client serves everything that talks to CPS for an account, so one budget is shared. What waits for it leaves by priority, and in
 * the order of the start among equals; a few requests a minute are kept for acknowledgements and people. GETs are repeated on 5xx, 429 and 409 with a growing pause; a POST only when CPS
 * certainly did not act on it (429). A refusal because of the clock is repeated once with the clock of the
 * server. Every attempt is signed anew. Secrets and signatures reach no log and no error.
 */
#ifndef SOLVER_AKAMAI_CLIENT_H
#define SOLVER_AKAMAI_CLIENT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "solver/base/err.h"
#include "solver/net/http.h"
#include "solver/net/loop.h"

#define AKAMAI_PATH_MAX 2048
#define AKAMAI_REPLY_MAX (64 * 1024 * 1024) /* bytes: a list of all enrollments can be large */

struct akamai_client;
struct akamai_call;

/* Texts are borrowed for as long as the client has them. */
struct akamai_account {
	const char *edgerc, *section;
	bool file_first;         /* the file was named by hand: the environment does not count */
	const char *account_key; /* the account that is switched to, instead of that of the credentials; or NULL */
	const char *base_url;    /* NULL: https:// and the host of the credentials */
	const char *ca_file;     /* or NULL */
	int64_t per_minute, burst;
	int64_t pause_ms;        /* before the first repetition */
};

/* Who goes first when the account's limits make calls wait: acknowledgements and uploads, people, what a change that was just found
 * wants, looks at changes, lists. */
enum akamai_priority { AKAMAI_POLLS, AKAMAI_ACKNOWLEDGES, AKAMAI_PEOPLE, AKAMAI_FINDS, AKAMAI_LISTS };

struct akamai_request {
	const char *method;       /* NULL: GET */
	const char *path;         /* with its query: "/cps/v2/enrollments?contractId=X" */
	const char *accept;       /* "enrollments.v11" for the CPS media type, or one with a '/'; NULL: none */
	const char *content_type; /* the same; NULL: none */
	const char *body;         /* zero-ended, or NULL */
	enum akamai_priority priority;
	bool once;                /* one attempt, whatever comes */
};

/* `reply` is the last answer, also behind an error when there was one; NULL when there was none. */
typedef void (*akamai_client_fn)(const struct http_reply *reply, const struct err *err, void *arg);

struct akamai_client *akamai_client_new(struct loop *loop, struct http_client *http, const struct akamai_account *account);
void akamai_client_free(struct akamai_client *c); /* no call may be under way; NULL is allowed */
void akamai_client_reconfigure(struct akamai_client *c, const struct akamai_account *account);
/* Reads the credentials again: the environment when all of it is set, then the .edgerc. */
int akamai_client_load(struct akamai_client *c, struct err *err);

/* What a call would send: its URL and the value of its Authorization header; gives both (free with free).
 * `timestamp` and `nonce` may be NULL. The credentials must be loaded. */
int akamai_client_sign(struct akamai_client *c, const struct akamai_request *request, const char *timestamp, const char *nonce,
                    char **ret_url, char **ret_authorization, struct err *err);

/* Everything in `request` is copied. `done` comes exactly once, later. */
int akamai_call_start(struct akamai_client *c, const struct akamai_request *request, akamai_client_fn done, void *arg,
                   struct akamai_call **ret_call, struct err *err);
/* How it goes with the account, for people. Borrowed until the next call ends. */
struct akamai_standing {
	size_t used, per_minute; /* requests of the last minute, and how many there may be */
	size_t waiting;          /* calls that wait for the budget */
	int64_t closed_ms;       /* the account asked to slow down: nothing leaves for so long; 0: it is open */
	const char *trouble;     /* the last call got no answer, or one that says that the service fails; NULL: it answered */
	int64_t trouble_since_ms;/* since when, on the wall clock */
};
void akamai_client_standing(const struct akamai_client *c, struct akamai_standing *ret);
/* Why it is being repeated, in a sentence; NULL: it is not. Borrowed. NULL is allowed. */
const char *akamai_call_trouble(const struct akamai_call *call);
#define AKAMAI_STATUS_MAX 600
/* Counted since the start of the process. */
struct akamai_numbers {
	uint64_t answers[AKAMAI_STATUS_MAX]; /* by status; 0: requests without an answer */
	int64_t waited_ms;                   /* of all that left, for the budget */
};
/* Borrowed. */
const struct akamai_numbers *akamai_client_numbers(const struct akamai_client *c);
void akamai_call_cancel(struct akamai_call *call); /* `done` never comes; the request may have left. NULL is allowed */

#endif
