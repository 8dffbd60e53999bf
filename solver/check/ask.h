/* One question of a check; what ask.c and web.c share. */
#ifndef SOLVER_CHECK_ASK_H
#define SOLVER_CHECK_ASK_H

#include "solver/check/run.h"
#include "solver/dns/name.h"
#include "solver/net/http_fetch.h"
#include "solver/net/tls_alpn.h"

struct ask {
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
	size_t walk;
	bool fallback;
	struct http_fetch *http; /* under way */
	bool certificate;        /* TLS-ALPN */
	struct tls_alpn_call *tls; /* under way */
	UT_hash_handle hh;
};

/* Takes the key; NULL when it was asked before. */
struct ask *ask_new(struct check_run *r, char *key);
/* Silence of a web server or a TLS host, at the time limit. */
void ask_give_up_web(struct ask *a);
/* Ends its connection, if there is one. */
void ask_cancel_web(struct ask *a);

#endif
