/* A challenge that a TXT record answers, judged from both views of DNS: what the authority's resolver sees, and what each
 * server shows when it is asked directly. dns-01, dns-account-01 and dns-persist-01 differ in which records match, and in
 * the sentences about records that do not. */
#ifndef SOLVER_VERDICT_TXT_H
#define SOLVER_VERDICT_TXT_H

#include "solver/verdict/data/authority.h"
#include "solver/verdict/data/evidence.h"
#include "solver/verdict/data/verdict.h"

struct txt_case {
	const struct evidence *e;
	const struct authority *a;
	struct verdict *v;
	/* Whether the records of an answer (NOERROR) match. */
	bool (*fits)(const struct txt_case *c, const struct ev_answer *answer);
	/* The authority's sentence (given) about records that do not match, and its error type. */
	char *(*refuse)(const struct txt_case *c, const struct ev_answer *answer, enum problem_type *ret);
	/* Adds the findings of such records. */
	void (*explain)(const struct txt_case *c, const struct ev_answer *answer);
	char *(*fix)(const struct txt_case *c); /* what to publish, where; gives */
	bool anything; /* no value is known: judge only whether the zone answers */
	const char *lead; /* what the authority puts in front of a failed look-up, or NULL */
};

void txt_judge(const struct txt_case *c);
/* Where the record must stand: behind CNAMEs, or the name itself. */
const char *txt_place(const struct evidence *e);
size_t txt_count(const struct ev_answer *answer);
/* The i-th TXT record, or NULL. */
const struct ev_record *txt_at(const struct ev_answer *answer, size_t i);
/* In quotes, cut at `most` bytes; gives. */
char *txt_quote(const struct ev_record *r, size_t most);
bool txt_equals(const struct ev_record *r, const char *expected);

/* ---- servers.c: the direct view ---- */
enum server_state { SERVER_HAS, SERVER_LACKS, SERVER_UNUSABLE };
struct servers {
	size_t has, lacks, unusable;
	size_t otherwise; /* of those that lack it: they show it over TCP or with plain case */
	size_t blamed;    /* of the unusable ones: those whose fault this host saw, and name servers without an address */
	bool chained;     /* the CNAMEs make a loop or are too many: a server that fails on them is not at fault */
	bool failing;     /* the authority gets no answer because of these servers */
	bool slow;        /* the authority's answer comes late */
	int64_t fastest_ms; /* of all answers of the zone's servers; 0 without one */
	const struct ev_answer *first_lack, *first_unusable;
};
void servers_read(const struct txt_case *c, struct servers *ret);
/* Looks, and findings of each server. */
void servers_report(const struct txt_case *c, const struct servers *s);
/* The answer of the same server to the same question in another view or over another transport, or NULL. */
const struct ev_answer *servers_same(const struct txt_case *c, const struct ev_answer *udp, const char *view, int type, const char *transport);
/* The answer is a referral and not an answer. */
bool servers_lame(const struct ev_answer *answer);
/* A lame answer that refers to the very zone that the server should serve. Some resolvers read it as "no such record" (measured with
 * Unbound), so the server counts as lacking the record when other servers show it. */
bool servers_misleads(const struct ev_answer *answer);
#define SERVER_SLOW_MS 1000 /* of an answer */

/* ---- blame.c ---- */
/* Adds the findings about one server. `answer`: the one that a resolver uses, `udp` itself or its repetition over TCP. */
void blame_server(const struct txt_case *c, const struct servers *all, const struct ev_answer *udp, const struct ev_answer *answer,
                  enum server_state state);

#endif
