/* One query of a check: to a DNS server, or a request to a web server. */
#ifndef SOLVER_CHECK_QUERY_H
#define SOLVER_CHECK_QUERY_H

#include "solver/check/run.h"
#include "solver/dns/name.h"
#include "solver/net/http_fetch.h"
#include "solver/net/tls_alpn.h"

struct query {
	struct check_run *run;
	char *key;
	bool waiting;            /* no answer, and it still counts */
	bool abandoned;          /* its reply will come, and is not waited for */
	int64_t started_ms;
	char *name;              /* DNS */
	char asked[NAME_SIZE];   /* in the case it was asked */
	int type;
	char *server, *address, *zone; /* of one server; address too of the web */
	bool tcp;
	const char *view;        /* of one server: the evidence's (run.h) */
	char *url;               /* HTTP */
	size_t attempt;
	bool fallback;
	struct http_fetch *http; /* under way */
	bool certificate;        /* TLS-ALPN */
	struct tls_alpn_call *tls; /* under way */
	UT_hash_handle hh;
};

/* Takes the key; NULL when it was sent before. */
struct query *query_new(struct check_run *r, char *key);
/* A place for its answer in the evidence, with what is known before the answer; NULL when there is none. */
struct ev_answer *query_answer(struct query *q, const char *view);
/* It ended without a reply. */
void query_over(struct query *q);
void queries_free(struct check_run *r);
/* Silence of a web server or a TLS host, at the time limit. */
void query_give_up_web(struct query *q);
/* Ends its connection, if there is one. */
void query_cancel_web(struct query *q);
/* The key of a query to one server; gives. */
char *query_key(bool tcp, int type, const char *address, const char *zone, const char *name);

#endif
