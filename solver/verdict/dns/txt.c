#include "solver/verdict/dns/txt.h"

#include <stdlib.h>
#include <string.h>

#include "solver/base/mem.h"
#include "solver/verdict/data/body.h"
#include "solver/verdict/network/chain.h"
#include "solver/verdict/network/lookup.h"

enum { NOERROR = 0, NXDOMAIN = 3 };

/* ---- the authority's view ---- */

enum seen { SEEN_RIGHT, SEEN_WRONG, SEEN_ERROR, SEEN_NOTHING };

struct authority_view {
	enum seen seen;
	enum verdict_stage stage;
	enum problem_type problem;
	char *detail;
};

static size_t cnames(const struct ev_answer *answer)
{
	size_t n = 0;

	for (size_t i = 0; i < answer->record_count; i++)
		n += answer->records[i].type == TYPE_CNAME;
	return n;
}

static char *lookup_sentence(const struct txt_case *c, const struct ev_answer *answer)
{
	CLEANUP(mem_freep) char *problem = lookup_problem(answer, c->a->dnssec);

	return mem_printf("%s%s", c->lead ? c->lead : "", problem);
}

/* The answer of a resolver whose look-up failed. */
static char *lookup_failed(const struct txt_case *c, const struct ev_answer *answer, const char *failure)
{
	struct ev_answer like = { .view = answer->view, .name = answer->name, .type = answer->type, .rcode = 2, .failure = (char *)failure };

	return lookup_sentence(c, &like);
}

static struct authority_view failed(enum seen seen, enum verdict_stage stage, enum problem_type problem, char *detail)
{
	return (struct authority_view){ seen, stage, problem, detail };
}

/* What the authority says when this answer is the one it gets. */
static struct authority_view read_answer(const struct txt_case *c, const struct ev_answer *answer)
{
	struct ev_answer nothing = *answer;
	enum problem_type problem = PROBLEM_UNAUTHORIZED;
	char *detail;

	if (answer->rcode == NXDOMAIN && c->anything)
		nothing.rcode = NOERROR;
	if (!lookup_worked(&nothing, c->a->dnssec))
		return failed(answer->rcode == NXDOMAIN ? SEEN_WRONG : SEEN_ERROR, STAGE_LOOKUP, PROBLEM_DNS, lookup_sentence(c, answer));
	if (cnames(answer) > (size_t)c->a->cname_max)
		return failed(SEEN_ERROR, STAGE_LOOKUP, PROBLEM_DNS, lookup_failed(c, answer, NULL));
	if (answer->elapsed_ms > c->a->query_ms * c->a->query_tries)
		return failed(SEEN_ERROR, STAGE_LOOKUP, PROBLEM_DNS, lookup_failed(c, answer, "timeout"));
	if (c->anything || c->fits(c, answer))
		return failed(SEEN_RIGHT, STAGE_VALIDATION, PROBLEM_NONE, NULL);
	detail = c->refuse(c, answer, &problem);
	return failed(SEEN_WRONG, STAGE_VALIDATION, problem, detail);
}

static struct authority_view authority_view_of(const struct txt_case *c)
{
	const struct ev_answer *answer = evidence_authority(c->e, c->e->fqdn, TYPE_TXT);

	if (!answer || lookup_blind(answer) || c->e->own_zone)
		return failed(SEEN_NOTHING, STAGE_LOOKUP, PROBLEM_NONE, NULL);
	return read_answer(c, answer);
}

/* ---- findings ---- */

static void find(const struct txt_case *c, enum verdict_stage stage, const char *code, char *text, char *fix)
{
	verdict_add_finding(c->v, FINDING_ERROR, stage, code, text, fix);
}

/* NULL when another finding names the cause and the fix: that of a server, of DNSSEC, or of the CNAMEs. */
static char *lookup_fix(const struct txt_case *c, const struct ev_answer *answer, const struct servers *direct, bool chain)
{
	bool bogus = answer->security && strcmp(answer->security, "bogus") == 0;

	if (answer->rcode == NXDOMAIN)
		return c->fix(c);
	if (bogus || chain || direct->blamed || direct->fastest_ms > SERVER_SLOW_MS)
		return NULL;
	return mem_printf("Make the name servers of %s answer, over UDP and TCP, within a second", txt_place(c->e));
}

/* CNAMEs that lead in a circle, or too far. */
static bool explain_chain(const struct txt_case *c)
{
	struct chain chain;
	CLEANUP(mem_freep) char *text = NULL;

	chain_read(c->e, &chain);
	text = chain_text(&chain);
	if (chain.loop)
		find(c, STAGE_LOOKUP, "cname-loop", mem_printf("the CNAMEs lead in a circle: %s", text),
		     mem_printf("Break the loop: %s; let one of them lead to the TXT record, or write that at %s itself", text, c->e->fqdn));
	else if (chain_is_broken(&chain, c->a->cname_max))
		find(c, STAGE_LOOKUP, "cname-long", mem_printf("%zu CNAMEs follow each other, an authority follows %lld: %s", chain.count - 1,
		     (long long)c->a->cname_max, text),
		     mem_printf("Lead %s to %s with fewer CNAMEs", c->e->fqdn, chain.names[chain.count - 1]));
	return chain_is_broken(&chain, c->a->cname_max);
}

static void explain_lookup(const struct txt_case *c, const struct ev_answer *answer, const struct authority_view *s, const struct servers *direct)
{
	bool chain = s->seen == SEEN_ERROR && explain_chain(c);

	find(c, STAGE_LOOKUP, answer->rcode == NXDOMAIN ? "txt-missing" : "lookup-failed", mem_dup(s->detail), lookup_fix(c, answer, direct, chain));
	if (answer->rcode != NXDOMAIN && s->seen == SEEN_ERROR && direct->has && !direct->lacks && !chain)
		find(c, STAGE_LOOKUP, "only-direct",
		     mem_printf("the servers show the record when they are asked directly, but the way to it from the root fails%s%s",
		                answer->why ? ": " : "", answer->why ? answer->why : ""), NULL);
}

/* When some server shows the record, if only over TCP, the record exists and the servers are at fault. */
static void explain(const struct txt_case *c, const struct ev_answer *answer, const struct authority_view *s, const struct servers *direct)
{
	if (s->seen == SEEN_WRONG && (direct->otherwise || (direct->has && direct->lacks)))
		return;
	if (s->stage == STAGE_LOOKUP)
		explain_lookup(c, answer, s, direct);
	else if (!txt_count(answer))
		find(c, STAGE_VALIDATION, "txt-missing", mem_printf("%s exists, but has no TXT record", answer->name), c->fix(c));
	else
		c->explain(c, answer);
}

/* ---- together ---- */

static char *servers_sentence(const struct servers *s, const char *detail)
{
	const struct ev_answer *a = s->first_lack;

	return mem_printf("%zu of %zu name server addresses do not show it (first %s, %s)%s%s", s->lacks, s->lacks + s->has,
	                  a->server ? a->server : "-", a->address ? a->address : "-", detail ? ": " : "", detail ? detail : "");
}

static char *passed_sentence(const struct txt_case *c, const struct servers *s)
{
	const char *what = c->anything ? "answers; there was no value to compare with" : "shows the expected record";

	if (s->has == 1)
		return mem_printf("%s %s, also at the one name server address that answers", txt_place(c->e), what);
	if (s->has)
		return mem_printf("%s %s, also at all %zu name server addresses that answer", txt_place(c->e), what, s->has);
	return mem_printf("%s %s", txt_place(c->e), what);
}

static void decide_flaky(const struct txt_case *c, const struct servers *s)
{
	struct authority_view lack = read_answer(c, s->first_lack);

	verdict_decide(c->v, VERDICT_FLAKY, lack.stage, lack.problem, servers_sentence(s, lack.detail));
	free(lack.detail);
}

/* The perspectives share one time limit, and each makes its own look-up. When no server answers within a second, a resolver that has not
 * measured them yet retries for about ten seconds; the exact time varies. */
static bool is_slow(const struct txt_case *c, const struct servers *s)
{
	const struct ev_answer *answer = evidence_authority(c->e, c->e->fqdn, TYPE_TXT);

	return (c->a->flaky_ms > 0 && answer->elapsed_ms > c->a->flaky_ms) || s->fastest_ms > SERVER_SLOW_MS;
}

static void decide_slow(const struct txt_case *c, const struct servers *s)
{
	const struct ev_answer *answer = evidence_authority(c->e, c->e->fqdn, TYPE_TXT);

	verdict_add_finding(c->v, FINDING_ERROR, STAGE_LOOKUP, "lookup-slow",
	                    mem_printf("looking up TXT for %s took %lld ms: an authority may give up before", answer->name, (long long)answer->elapsed_ms),
	                    s->blamed || s->fastest_ms > SERVER_SLOW_MS ? NULL :
	                    mem_printf("Make the name servers of %s answer within half a second", c->e->written_zone ? c->e->written_zone : "the zone"));
	verdict_decide(c->v, VERDICT_FLAKY, STAGE_LOOKUP, PROBLEM_DNS, lookup_failed(c, answer, "timeout"));
}

/* A server that gives no answer cannot mislead the authority, which asks the next one. A server that answers without the record can. */
static void decide_seen(const struct txt_case *c, struct authority_view *view, const struct servers *s)
{
	if (view->seen == SEEN_ERROR || (view->seen == SEEN_WRONG && !(s->has && s->lacks)))
		verdict_decide(c->v, VERDICT_FAIL, view->stage, view->problem, mem_dup(view->detail));
	else if (s->lacks)
		decide_flaky(c, s);
	else if (is_slow(c, s))
		decide_slow(c, s);
	else
		verdict_decide(c->v, VERDICT_PASS, STAGE_VALIDATION, PROBLEM_NONE, passed_sentence(c, s));
}

static void decide_direct_failure(const struct txt_case *c, const struct servers *s)
{
	const struct ev_answer *answer = s->first_lack ? s->first_lack : s->first_unusable;
	const struct ev_answer *seen = evidence_authority(c->e, c->e->fqdn, TYPE_TXT);
	struct authority_view view = read_answer(c, answer);

	if (view.seen != SEEN_ERROR && !s->first_lack) { /* lame, or cut off without TCP */
		free(view.detail);
		view = failed(SEEN_ERROR, STAGE_LOOKUP, PROBLEM_DNS, lookup_failed(c, answer, NULL));
	}
	explain(c, answer, &view, s);
	if (c->e->own_zone || !seen || !lookup_blind(seen))
		verdict_decide(c->v, VERDICT_FAIL, view.stage, view.problem, mem_dup(view.detail));
	else /* a resolver that lies, or a network that blocks DNS, would give the same picture */
		verdict_decide(c->v, VERDICT_UNKNOWN, STAGE_LOOKUP, PROBLEM_NONE,
		               mem_printf("The name servers do not show it (%s), but how the authority comes to them is not visible from here",
		                          view.detail));
	free(view.detail);
}

static void decide_direct(const struct txt_case *c, const struct servers *s)
{
	if (s->has && s->lacks)
		decide_flaky(c, s);
	else if (!s->has)
		decide_direct_failure(c, s);
	else if (c->e->own_zone)
		verdict_decide(c->v, VERDICT_PASS, STAGE_VALIDATION, PROBLEM_NONE, passed_sentence(c, s));
	else
		verdict_decide(c->v, VERDICT_UNKNOWN, STAGE_LOOKUP, PROBLEM_NONE,
		               mem_printf("The name servers show it (%zu addresses), but how the authority comes to them is not visible from here",
		                          s->has));
}

/* The look-up from the root cannot be made from here, and no perspective made it. */
static void decide_unseen(const struct txt_case *c, const struct ev_answer *answer)
{
	const char *why = answer->why ? answer->why : answer->failure, *unlocated = c->e->unlocated;
	char *text = mem_printf("What %s shows is not visible from here: %s%s%s", c->e->fqdn, why, unlocated ? "; " : "", unlocated ? unlocated : "");

	find(c, STAGE_LOOKUP, "not-visible", mem_dup(text), strcmp(answer->failure, "local") == 0 ? NULL : lookup_blind_fix());
	verdict_decide(c->v, VERDICT_UNKNOWN, STAGE_LOOKUP, PROBLEM_NONE, text);
}

void txt_judge(const struct txt_case *c)
{
	const struct ev_answer *seen = c->e->fqdn ? evidence_authority(c->e, c->e->fqdn, TYPE_TXT) : NULL;
	struct authority_view view;
	struct servers s;

	if (!c->e->fqdn)
		return;
	view = authority_view_of(c);
	servers_read(c, &s);
	s.failing = view.seen == SEEN_ERROR || (view.seen == SEEN_NOTHING && !s.has && !s.lacks);
	s.slow = view.seen == SEEN_RIGHT && is_slow(c, &s);
	if (view.seen == SEEN_WRONG || view.seen == SEEN_ERROR)
		explain(c, seen, &view, &s);
	servers_report(c, &s);
	if (view.seen != SEEN_NOTHING)
		decide_seen(c, &view, &s);
	else if (s.has + s.lacks + s.unusable)
		decide_direct(c, &s);
	else if (seen && lookup_blind(seen) && !c->e->own_zone)
		decide_unseen(c, seen);
	else
		verdict_add_finding(c->v, FINDING_NOTE, STAGE_LOOKUP, "not-collected",
		                    mem_printf("%s was not looked up, so nothing is said about it", c->e->fqdn), NULL);
	free(view.detail);
}
