/* A challenge that a TXT record answers, judged from both views of DNS: what the authority's resolver sees, and what each
 * server shows when it is asked directly. dns-01, dns-account-01 and dns-persist-01 differ in what fits, and in what is
 * said of records that do not. */
#ifndef SOLVER_VERDICT_TXT_H
#define SOLVER_VERDICT_TXT_H

#include "solver/verdict/data/authority.h"
#include "solver/verdict/data/evidence.h"
#include "solver/verdict/data/verdict.h"

struct txt_case {
	const struct evidence *e;
	const struct authority *a;
	struct verdict *v;
	/* Whether the records of an answer (NOERROR) are what is wanted. */
	bool (*fits)(const struct txt_case *c, const struct ev_answer *answer);
	/* Of records that do not fit: the authority's sentence (given) and its type. */
	char *(*refuse)(const struct txt_case *c, const struct ev_answer *answer, enum problem_type *ret);
	/* Adds the findings of such records. */
	void (*explain)(const struct txt_case *c, const struct ev_answer *answer);
	char *(*mend)(const struct txt_case *c); /* what to publish, where; gives */
	bool anything; /* there is nothing to compare with: only whether the zone answers */
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
	size_t otherwise; /* of those that lack it: they show it when they are asked in another way */
	size_t blamed;    /* of the unusable ones: that this host could hear, and name servers without an address */
	bool chained;     /* the CNAMEs go in a circle or too far: a server that stumbles over them is sound */
	bool failing;     /* the authority gets no answer, and that is their doing */
	bool slow;        /* the authority's answer comes late */
	int64_t fastest_ms; /* of all answers of the zone's servers; 0 without one */
	const struct ev_answer *first_lack, *first_unusable;
};
void servers_read(const struct txt_case *c, struct servers *ret);
/* Looks, and findings of each server. */
void servers_report(const struct txt_case *c, const struct servers *s);
/* What the same server answered otherwise to the same question, or NULL. */
const struct ev_answer *servers_same(const struct txt_case *c, const struct ev_answer *udp, const char *view, int type, const char *transport);
/* It refers elsewhere instead of answering. */
bool servers_lame(const struct ev_answer *answer);
/* A lame one that refers to the very zone that it should serve: some resolvers take that for "no such record" (measured with Unbound), so
 * it counts as lacking the record where others show it. */
bool servers_misleads(const struct ev_answer *answer);
#define SERVER_SLOW_MS 1000 /* of an answer */

/* ---- blame.c ---- */
/* Findings of one server, by what it was heard to say. `answer`: what a resolver has of `udp` in the end. */
void blame_server(const struct txt_case *c, const struct servers *all, const struct ev_answer *udp, const struct ev_answer *answer,
                  enum server_state state);

#endif
