/* What all front doors but REST share: a protocol in which one call presents (or cleans up) and its answer is the result.
 *
 * A door translates its request into an order_request, hands it in here, and hears once what came of it. Grants are checked here,
 * for every door alike, on the identifier that stands behind the name to be written: "_acme-challenge.www.example.org"
 * needs a grant for www.example.org, a name without such a label needs a grant for itself. */
#ifndef SOLVER_API_DOOR_H
#define SOLVER_API_DOOR_H

#include "solver/api/caller/caller.h"

/* Clients give up at 30 s (lego, goacmedns) or 34 s (aggregated API server): the answer comes before. */
#define DOOR_LIMIT_MS 25000

enum door_wait {
	DOOR_QUICK,    /* until the provider has taken the write */
	DOOR_VERIFIED, /* until all checks say ready; a record that the provider took but that is not ready in time is no error, and dcvd keeps checking it */
};

struct door_result {
	int code;           /* 0, or why nothing was done (ERR_DENIED, ERR_INVALID, ERR_RATE, …) */
	bool ready;         /* verified by the checks */
	const char *text;   /* a sentence, stable between tries (no ids, no times, no values) */
	const char *order_id; /* or NULL */
};
typedef void (*door_fn)(const struct door_result *result, void *arg);

/* `done` comes once, maybe before this returns; not at all when the exchange is gone first (the work goes on).
 * Presenting what stands already succeeds. */
void door_present(struct api *a, const struct caller *caller, const struct order_request *request, enum door_wait wait, int64_t limit_ms,
                  door_fn done, void *arg);
/* Releases the challenges that this caller presented with that name and value (or token). If there are none, that is success. */
void door_cleanup(struct api *a, const struct caller *caller, const struct challenge_request *request, door_fn done, void *arg);
/* `done` will not come. */
void door_forget(struct api *a, void *arg);
/* For api_stop(): no `done` comes any more. */
void doors_end(struct api *a);

/* The identifier that a record name belongs to: "_acme-challenge.", "_<label>._acme-challenge." and "_validation-persist."
 * are taken off; any other name stands for itself. */
void door_identifier(const char *record_name, char ret_identifier[254]);

/* ---- door_reply.c ---- */
/* {"error": text} as acmeproxy and acme-dns answer. */
void door_reply_error(struct api *a, struct http_exchange *x, int status, const char *text);
void door_reply_later(struct api *a, struct http_exchange *x, int status, const char *text, int retry_after_s); /* 429, 503: when to come again; 0: soon */

#endif
