/* From evidence to a verdict: pure, total, the same answer for the same evidence.
 *
 * Stages are judged in the authority's order: identifier, lookup, validation, CAA, perspectives, budget. Each stage is
 * a file of its own. What was not collected is not judged (and says so as a note), so a part can be judged alone.
 */
#ifndef SOLVER_VERDICT_JUDGE_H
#define SOLVER_VERDICT_JUDGE_H

#include "solver/verdict/data/authority.h"
#include "solver/verdict/data/evidence.h"
#include "solver/verdict/data/verdict.h"

/* Everything; gives. */
struct verdict *judge(const struct evidence *e, const struct authority *a);

/* ---- one stage each; they add findings and decide (verdict_decide) ---- */
void judge_calendar(const struct evidence *e, const struct authority *a, struct verdict *v);    /* calendar.c */
void judge_identifier(const struct evidence *e, const struct authority *a, struct verdict *v);  /* identifier.c */
void judge_dns(const struct evidence *e, const struct authority *a, struct verdict *v);         /* dns.c: dns-01, dns-account-01 */
void judge_cuts(const struct evidence *e, const struct authority *a, struct verdict *v);        /* cuts.c: findings only */
void judge_persist(const struct evidence *e, const struct authority *a, struct verdict *v);     /* persist.c: dns-persist-01 */
void judge_delegation(const struct evidence *e, const struct authority *a, struct verdict *v);  /* delegation.c: findings only */
void judge_dnssec(const struct evidence *e, const struct authority *a, struct verdict *v);      /* dnssec.c: findings only */
void judge_http(const struct evidence *e, const struct authority *a, struct verdict *v);        /* http.c */
void judge_tls_alpn(const struct evidence *e, const struct authority *a, struct verdict *v);    /* tls_alpn.c */
void judge_caa(const struct evidence *e, const struct authority *a, struct verdict *v);         /* caa.c */
void judge_host(const struct evidence *e, const struct authority *a, struct verdict *v);         /* host.c: what this host cannot see */
void judge_perspectives(const struct evidence *e, const struct authority *a, struct verdict *v); /* perspectives.c */
void judge_budget(const struct evidence *e, const struct authority *a, struct verdict *v);      /* budget.c */

/* Whether the name alone would be refused (what the engine asks before it publishes anything). 0, or ERR_INVALID with the
 * authority's sentence. */
int identifier_check(const char *identifier, bool wildcard, const char *type, const struct authority *a, struct err *err);

/* ---- what the collector must ask next for http-01: the authority's own steps (http_walk.c) ----
 * A walk is one attempt of the authority; which address it draws first depends on its resolver's rotation, so there is one walk
 * for each: walk i takes the i-th address of each family (modulo their number). Where name servers disagree about the addresses there
 * are more walks, for each pair of what they say of A and AAAA (views.h), numbered from HTTP_DRAWS_MAX on. */
#define HTTP_DRAWS_MAX 16 /* addresses that are tried as the first one */
#define HTTP_WALKS_MAX 32
enum http_want {
	HTTP_RESOLVE, /* the addresses of `host`: authority's answers for A and AAAA */
	HTTP_FETCH,   /* `url` at `address` */
	HTTP_OVER,    /* the walk is over; judge_http() says what came of it */
};
struct http_next {
	enum http_want want;
	char host[254];
	char url[8192];
	char address[64];
	bool fallback;
	int64_t left_ms; /* of the attempt: a request that takes longer fails */
};
/* How many walks the evidence asks for; 0 until the addresses of the identifier are known. It grows when a redirect leads to a
 * host with more addresses: ask again after each walk. */
size_t http_walks(const struct evidence *e, const struct authority *a);
/* The numbers of all walks that the evidence asks for, those for other views included; returns how many. Their order may change. */
size_t http_walk_numbers(const struct evidence *e, const struct authority *a, size_t ret[HTTP_WALKS_MAX]);
void http_walk_next(const struct evidence *e, const struct authority *a, size_t walk, struct http_next *ret);
/* `address` is in a special-purpose registry (IANA IPv4 and IPv6), or is no address, and no allowed network holds it. Nothing connects to
 * such an address on behalf of a name, whatever the profile of the authority says. */
bool address_is_reserved(const char *address);
bool address_may_connect(const char *address); /* the contrary, for http.h */
/* Networks that count as public: for a private authority, and for tests. NULL-ended "127.0.0.0/8"; set at the start and at each reload, copied. */
void address_allow(const char *const *networks);
/* The networks of the registries without those that are allowed and without `except` (NULL-ended addresses and networks, or NULL): for a
 * resolver that must send nothing there. */
void address_each_reserved(const char *const *except, void (*fn)(const char *network, void *arg), void *arg);

/* ---- labels and values ---- */
/* "_" base32 of 10 bytes of SHA-256(account URI) "._acme-challenge." name (draft-ietf-acme-dns-account-label). */
int name_account_challenge(const char *name, const char *account_uri, char ret_fqdn[254], struct err *err);
/* What accounturi must say for the account at this authority; NULL when it is a digest and no thumbprint was given. Gives. */
char *persist_account_text(const struct authority *a, const char *domain, const char *account_uri, const char *thumbprint);
/* "issuer; accounturi=…; policy=wildcard; persistUntil=…" (draft-ietf-acme-dns-persist). Gives (free with free). */
char *persist_value(const char *issuer, const char *account_uri, bool wildcard, int64_t until_s);

#endif
