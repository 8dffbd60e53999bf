/* The checker: collects evidence from the outside world and has it judged (solver/verdict).
 *
 * Two views of DNS that never mix: the authority's (net/recursor.h, full recursion from the root with validation) and the
 * direct one (net/resolver.h, every address of every authoritative server). HTTP as an authority speaks it (net/http_fetch.h).
 * Everything runs on the loop thread; each run has a limit in time and in memory, and pace.c limits what one server address
 * is asked, for all names together.
 */
#ifndef SOLVER_CHECK_CHECK_H
#define SOLVER_CHECK_CHECK_H

#include "solver/base/err.h"
#include "solver/conf/config.h"
#include "solver/net/loop.h"
#include "solver/net/recursor.h"
#include "solver/net/resolver.h"
#include "solver/verdict/judge.h"

struct checker;
struct check_run;
struct location; /* location.h */

struct checker_parts {
	struct loop *loop;
	struct resolver *resolver;
	struct recursor *recursor;    /* NULL, or off in the configuration: there is no authority's view; verdicts say so */
	const struct config *config;  /* borrowed; checker_reconfigure() replaces it */
};

int checker_open(const struct checker_parts *parts, struct checker **ret, struct err *err);
/* The end, in two steps: checker_stop() before the resolver and the recursor are freed, and nothing new begins; with
 * them gone, checker_close(). NULL is allowed. */
void checker_stop(struct checker *c);
void checker_close(struct checker *c);
int checker_reconfigure(struct checker *c, const struct config *config, struct err *err);
/* Looks through another recursor from now on, and through other resolvers: what is known of zones is forgotten. NULL only before there was one. */
void checker_look_through(struct checker *c, struct recursor *recursor);
/* NULL name: the configured one; or NULL. Valid until the next checker_reconfigure(). */
const struct authority *checker_authority(struct checker *c, const char *name);
/* The one that evidence was collected for. A reload may have taken it away since: while a check with it goes on it is found all the same, then the
 * configured one stands in for it. Never NULL; valid as above. */
const struct authority *checker_authority_of(struct checker *c, const struct evidence *e);

/* Remote checks (solver/mpic): `start` adds what other perspectives see to the evidence of a check that passed here, and calls `done` later;
 * false: there is nobody to ask. After `cancel` neither happens. Copied; NULL: none. */
struct check_others {
	bool (*start)(void *arg, struct evidence *e, void (*done)(void *done_arg), void *done_arg);
	void (*cancel)(void *arg, void *done_arg);
	void *arg;
};
void checker_corroborate(struct checker *c, const struct check_others *others);

/* What is to be collected. */
enum check_part {
	CHECK_IDENTIFIER = 1,  /* the name alone; asks nobody */
	CHECK_VALIDATION = 2,  /* what the challenge type needs, in the authority's view */
	CHECK_SERVERS = 4,     /* every authoritative server directly, UDP (and TCP with CHECK_DETAILS) */
	CHECK_CAA = 8,
	CHECK_DELEGATION = 16, /* delegation from the root down: parent and child NS, glue, lame servers */
	CHECK_DETAILS = 32,    /* TCP, EDNS, 0x20, SOA serials, wrong places (doubled label, apex) */
	CHECK_PERSPECTIVES = 64,
	CHECK_ALL = 127,
};

struct check_want {
	const char *type;       /* "dns-01", "http-01", "tls-alpn-01", "dns-account-01", "dns-persist-01" */
	const char *domain;     /* may be "*.…"; an IP address for http-01 and tls-alpn-01 */
	const char *token, *key_authorization, *value, *account_uri; /* or NULL */
	const char *account_thumbprint; /* of the account's key; or NULL: that of key_authorization, if there is one */
	const char *authority;  /* profile; NULL: the configured one */
	bool quote;             /* sentences may quote what a web server sent: only operators read them */
	unsigned parts;         /* of enum check_part */
	bool poll;              /* addresses come from the recursive resolvers, which is cheaper than full recursion each time */
	int64_t limit_ms;       /* 0: check.limit */
	const struct location *location; /* DNS: what polling found (poll.h), or NULL: */
	const struct query_result *results; /* servers that showed the value a moment ago are not asked again */
	size_t result_count;
};

/* Checks everything given first (ERR_INVALID). `done` comes as net/loop.h says, with evidence and verdict, which are given
 * (free with evidence_free, verdict_free). Borrows `want` for the call. */
typedef void (*check_fn)(struct evidence *e, struct verdict *v, void *arg);
int check_start(struct checker *c, const struct check_want *want, check_fn done, void *arg, struct check_run **ret, struct err *err);
void check_cancel(struct check_run *r);

#endif
