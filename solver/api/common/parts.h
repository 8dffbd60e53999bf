/* What the API is given by whoever starts it. */
#ifndef SOLVER_API_PARTS_H
#define SOLVER_API_PARTS_H

#include "solver/base/err.h"
#include "solver/conf/config.h"
#include "solver/cps/cps.h"
#include "solver/engine/engine.h"
#include "solver/net/http.h"
#include "solver/net/loop.h"
#include "solver/store/store.h"

struct api;
struct config_difference;

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
	/* Reads the configuration of the service again and tells how it differs from what runs, later. NULL: it has none. */
	int (*compare)(void *arg, void (*done)(const struct config_difference *list, const struct err *err, void *done_arg), void *done_arg, struct err *err);
	void *arg; /* of both */
	/* Of other listeners, for /metrics: ends with NULL, borrowed. NULL: there are none. */
	struct guard *const *guards;
};

#endif
