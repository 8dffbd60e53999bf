/* The front doors: REST (/v1/…, its contract is openapi.json), httpreq and acmeproxy, acme-dns, cert-manager's webhook, Open MPIC,
 * the status page, /metrics, health. Design section 9.
 *
 * It translates JSON into engine requests and back, knows who may ask for which name, and nothing of
 * providers or the journal's form. Everything runs on the loop thread. A key authorization, a token of a
 * client or a secret never stands in a reply or in the log.
 */
#ifndef SOLVER_API_API_H
#define SOLVER_API_API_H

#include "solver/base/err.h"
#include "solver/conf/config.h"
#include "solver/cps/cps.h"
#include "solver/engine/engine.h"
#include "solver/net/http.h"
#include "solver/net/loop.h"
#include "solver/store/store.h"

struct api;

struct api_parts {
	struct loop *loop;
	struct engine *engine;       /* recovered */
	struct store *store;         /* clients and their digests */
	struct http_client *http;    /* callbacks */
	bool (*may_connect)(const char *address); /* of their receivers (http.h) */
	const struct config *config; /* borrowed; api_reconfigure() replaces it */
	struct mpic *mpic;           /* NULL: this service is no perspective */
	struct cps *cps;             /* NULL: /v1/cps answers 501 */
	/* Whether the service can do its work, for /v1/health/ready. NULL: always. */
	int (*ready)(void *arg, struct err *err);
	void *ready_arg;
	/* Of other listeners, for /metrics: ends with NULL, borrowed. NULL: there are none. */
	struct guard *const *guards;
};

/* What is wrong with the options and the files of the listeners and with audit.key, and what is in order but surely not meant: sentences
 * that begin with the option, one a line. Nothing listens. */
void api_check(const struct config *config, struct buf *mistakes, struct buf *warnings);
/* Listens on every address of api.listen. Callbacks that were not delivered before the restart go on.
 * Gives *ret (free with api_stop). A taken port is a sentence that names it and api.listen. */
int api_start(const struct api_parts *parts, struct api **ret, struct err *err);
/* Before engine_close(): waiting callers and streams are cut. NULL is allowed. */
void api_stop(struct api *a);
/* All takes effect at once but what the table of options says is read at the start only. */
void api_reconfigure(struct api *a, const struct config *config);
/* The port of the first address; useful after port 0. */
int api_port(const struct api *a);

/* What it knows of clients and accounts (holder.h); borrowed until the next return to the loop. */
struct holders;
void api_holders(const struct api *a, struct holders *ret);
/* Into the audit log: the first use bound a name. */
void api_note_bound(struct api *a, const struct engine_binding *b);

#define OPERATOR_NAME "operator"
/* Where no client is an operator, writes <state_dir>/operator.token (0600) and makes the client "operator" with the grant "*": at the
 * first start, and where all operators were lost. The command line reads the file. */
int api_bootstrap_operator(struct store *s, const char *state_dir, struct err *err);

#endif
