/* What all front doors share: the API itself, a caller, replies. */
#ifndef SOLVER_API_INTERNAL_H
#define SOLVER_API_INTERNAL_H

#include <jansson.h>

#include "solver/api/common/parts.h"
#include "solver/api/common/problem.h"
#include "solver/base/network.h"
#include "solver/net/address.h"
#include "solver/net/http_server.h"

#define JSON_TYPE "application/json"
#define CLIENT_HEADER_MAX 4096

#define DOOR_REST "rest"
#define DOOR_MPIC "mpic"
#define DOOR_HTTPREQ "httpreq"
#define DOOR_ACME_DNS "acme-dns"

/* Who asks: a client of the store, or somebody on this host where api.loopback-open allows it. */
struct caller {
	const char *name;              /* NULL: unknown */
	const struct grants *grants;
	const char *door;              /* "rest", "httpreq", "acme-dns", "cert-manager" */
	char peer[ADDRESS_TEXT_SIZE];  /* behind trusted proxies: whom they speak for */
	bool loopback; /* without a token: may not manage clients */
	const char *what; /* of a route that shares its function with others */
};

struct callbacks;
struct cps_notices;

struct api {
	struct api_parts parts;
	const struct config *config;
	struct http_listeners *listeners;
	struct http_claims *claims;
	struct client_list *clients;
	struct grants *everything; /* of loopback callers */
	struct networks *proxies;  /* api.trusted-proxies */
	struct rate_table *rates;
	struct audit *audit;
	struct callbacks *callbacks;
	struct cps_notices *cps_notices;
	struct call *calls;           /* whose work or exchange is under way */
	struct door_call *door_calls; /* door.c */
	struct accounts *accounts;    /* of acme-dns */
	struct stream *stream_list;   /* events.c */
	bool comparing;               /* config.c: the file is being read */
	uint64_t requests, refused, streams; /* for /metrics */
};

/* ---- replies (reply.c) ---- */
void reply_json(struct http_exchange *x, int status, json_t *takes);
#define PAGE_DEFAULT 50 /* of a page of a list */
#define PAGE_MAX 1000
/* "limit" of a query into *ret, which keeps what it has for NULL; or a problem. */
int limit_read(const char *text, size_t *ret, struct problem *problem);
/* With an ETag; 304 when the caller has that already. */
void reply_json_tagged(struct http_exchange *x, json_t *takes);
void reply_problem(struct api *a, struct http_exchange *x, const struct problem *p);
/* Retry-After, where the status is one that says to come again. */
void reply_retry_after(struct http_exchange *x, int status, int seconds);
/* The code decides the status. */
void reply_err(struct api *a, struct http_exchange *x, const struct err *err);

/* The body is a form of a web page. A body that is JSON is no form, even when curl labels it as one. */
bool body_is_form(struct http_exchange *x);
#define BODY_IS_FORM "the body is a form; send JSON, such as {\"name\": \"value\"}, with Content-Type: application/json"

/* ---- json.c; give (free with json_decref) ---- */
/* `order_id`: the order that the reader asked about; NULL or "": the first one that holds the challenge. */
json_t *challenge_json(struct engine *e, const struct challenge *c, const char *order_id, const struct challenge *history);
json_t *challenge_summary_json(struct engine *e, const struct challenge *c, const char *order_id); /* without events and verdict */
json_t *order_json(struct engine *e, const struct order *o, bool operator); /* what a callback's receiver said: for operators */
json_t *order_summary_json(struct engine *e, const struct order *o); /* its first names, and how many of it are ready */
json_t *event_json(const struct challenge *c, const char *order_id, const struct challenge_event *event);

#endif
