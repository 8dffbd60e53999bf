/* CAA: the tree is climbed from the name to its top-level domain, the closest set decides (RFC 8659 section 3). */
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "solver/base/buf.h"
#include "solver/base/mem.h"
#include "solver/dns/name.h"
#include "solver/verdict/caa/caa_set.h"
#include "solver/verdict/caa/caa.h"
#include "solver/verdict/network/lookup.h"

#define RECORDS_SHOWN 8
#define SENTENCE_MAX 4000
#define NXDOMAIN 3

enum climb {
	CLIMB_SET,     /* a set was found */
	CLIMB_NONE,    /* there is none up to the top */
	CLIMB_ERROR,   /* a lookup failed before one was found: there might be one */
	CLIMB_BLIND,   /* the failure is ours */
	CLIMB_UNASKED, /* a name was not asked about */
};

enum { SERVFAIL = 2 };

struct found {
	enum climb end;
	const char *name;               /* where it ended */
	const struct ev_answer *answer; /* of that name */
};

struct inquiry {
	const struct evidence *e;
	const struct authority *a;
	struct verdict *v;
};

/* NXDOMAIN is an empty set, but a top-level domain that does not exist is a failure. */
static bool answer_worked(const struct ev_answer *answer, bool dnssec)
{
	struct ev_answer nothing = *answer;

	if (answer->truncated)
		return false;
	if (answer->rcode == NXDOMAIN && strchr(answer->name, '.'))
		nothing.rcode = 0;
	return lookup_worked(&nothing, dnssec);
}

static struct found climb(const struct inquiry *q, const char *name)
{
	for (; name; name = name_parent(name)) {
		const struct ev_answer *answer = evidence_authority(q->e, name, TYPE_CAA);

		if (!answer)
			return (struct found){ CLIMB_UNASKED, name, NULL };
		if (lookup_blind(answer))
			return (struct found){ CLIMB_BLIND, name, answer };
		if (!answer_worked(answer, q->a->dnssec))
			return (struct found){ CLIMB_ERROR, name, answer };
		if (caa_is_present(answer))
			return (struct found){ CLIMB_SET, name, answer };
	}
	return (struct found){ CLIMB_NONE, NULL, NULL };
}

static const char *star(const struct evidence *e)
{
	return e->wildcard ? "*." : "";
}

static char *sentence(const struct evidence *e, const char *problem)
{
	return mem_printf("While processing CAA for %s%s: %s", star(e), e->identifier, problem);
}

static void find(const struct inquiry *q, enum finding_severity severity, const char *code, char *text, char *fix)
{
	verdict_add_finding(q->v, severity, STAGE_CAA, code, text, fix);
}

/* Takes `seen`; what an earlier stage saw is kept. */
static void pass(const struct inquiry *q, char *seen)
{
	if (q->v->detail && q->v->stage != STAGE_IDENTIFIER) {
		free(seen);
		seen = NULL;
	}
	verdict_decide(q->v, VERDICT_PASS, STAGE_CAA, PROBLEM_NONE, seen);
}

/* ---- a lookup that failed ---- */

static char *error_fix(const char *name)
{
	if (!strchr(name, '.'))
		return mem_printf("Try again in a few minutes: the servers of the top-level domain %s do not answer as they should", name);
	return mem_printf("Make every name server of %s answer a CAA query with NOERROR (an empty answer is fine), over UDP and TCP", name);
}

static char *error_problem(const struct inquiry *q, const struct found *f)
{
	if (f->answer->truncated && lookup_worked(f->answer, q->a->dnssec))
		return mem_printf("DNS problem: server failure at resolver looking up CAA for %s", f->name);
	return lookup_problem(f->answer, q->a->dnssec);
}

/* Faults in the look-up of the challenge name or of the addresses are reported by those stages, DNSSEC faults by dnssec.c. */
static bool is_told_elsewhere(const struct inquiry *q, const struct found *f)
{
	const struct ev_answer *first = evidence_authority(q->e, q->e->fqdn ? q->e->fqdn : q->e->identifier, q->e->fqdn ? TYPE_TXT : TYPE_A);
	bool bogus = f->answer->security && strcmp(f->answer->security, "bogus") == 0;

	return bogus || (first && (first->failure || first->rcode == SERVFAIL) && q->v->result == VERDICT_FAIL);
}

static void judge_error(const struct inquiry *q, const struct found *f)
{
	CLEANUP(mem_freep) char *problem = error_problem(q, f);

	find(q, FINDING_ERROR, "caa-lookup",
	     mem_printf("The CAA records of %s cannot be looked up, and an authority takes that as a refusal: %s", f->name, problem),
	     is_told_elsewhere(q, f) ? NULL : error_fix(f->name));
	verdict_decide(q->v, VERDICT_FAIL, STAGE_CAA, PROBLEM_DNS, sentence(q->e, problem));
}

static void judge_unseen(const struct inquiry *q, const struct found *f)
{
	const char *why = f->end == CLIMB_BLIND ? "no root server answers here" : "they were not asked for";

	find(q, FINDING_WARNING, "caa-unseen", mem_printf("The CAA records of %s are not known: %s.", f->name, why), NULL);
	verdict_decide(q->v, VERDICT_UNKNOWN, STAGE_CAA, PROBLEM_DNS,
	               mem_printf("The CAA records of %s are not visible from here", f->name));
}

/* ---- a set ---- */

static void list_records(const struct caa_set *s, struct buf *out)
{
	for (size_t i = 0; i < s->count && i < RECORDS_SHOWN; i++)
		buf_printf(out, "%s %s %s", i ? ";" : "", s->records[i].shown, s->records[i].why);
	if (s->count > RECORDS_SHOWN)
		buf_printf(out, "; and %zu more", s->count - RECORDS_SHOWN);
}

/* "at example.org", or where an alias led to. */
static char *place(const struct found *f)
{
	const char *final = f->answer->final_name;

	if (final && *final && strcasecmp(final, f->name) != 0)
		return mem_printf("%s (to which %s is an alias)", final, f->name);
	return mem_dup(f->name);
}

static const char *owner(const struct found *f)
{
	const char *final = f->answer->final_name;

	return final && *final ? final : f->name;
}

static char *set_text(const struct inquiry *q, const struct found *f, const struct caa_set *s, const char *decision)
{
	struct buf text = BUF_INIT(SENTENCE_MAX);
	char *where = place(f), *out;

	buf_printf(&text, "The CAA records at %s %s for %s%s with %s:", where, decision, star(q->e), q->e->identifier, q->e->type);
	list_records(s, &text);
	buf_add_char(&text, '.');
	out = mem_dup(buf_text(&text));
	buf_done(&text);
	free(where);
	return out;
}

/* The record that explains best why the set denies. */
static const struct caa_record *cause(const struct caa_set *s)
{
	const struct caa_record *first = &s->records[0];

	for (size_t i = 1; i < s->count; i++)
		if (s->records[i].reading < first->reading)
			first = &s->records[i];
	return first;
}

static const char *cause_code(enum caa_reading reading)
{
	static const char *const codes[] = {
		[CAA_CRITICAL] = "caa-critical", [CAA_SPELLING] = "caa-issuer-spelling", [CAA_MALFORMED] = "caa-malformed",
		[CAA_METHOD] = "caa-method", [CAA_ACCOUNT] = "caa-account", [CAA_ACCOUNT_UNSEEN] = "caa-account-unknown", [CAA_PARAMETER_UNSURE] = "caa-parameter-unsure",
		[CAA_OTHER_ISSUER] = "caa-denied", [CAA_NOBODY] = "caa-denied", [CAA_IRRELEVANT] = "caa-denied",
		[CAA_ALLOWS] = "caa-denied",
	};

	return codes[reading];
}

static char *cause_fix(const struct inquiry *q, const struct found *f, const struct caa_set *s, const struct caa_record *r)
{
	const char *at = owner(f);

	if (r->reading == CAA_CRITICAL)
		return mem_printf("Remove the CAA record %s at %s, or clear its critical flag", r->shown, at);
	if (r->reading == CAA_ACCOUNT_UNSEEN)
		return mem_printf("Say which account will ask (its URI), or remove accounturi from the CAA record %s at %s", r->shown, at);
	if (r->reading == CAA_ACCOUNT && q->e->account_uri)
		return mem_printf("Add the CAA record: %s. CAA 0 %s \"%s; accounturi=%s\"", at, s->tag, q->a->issuers[0], q->e->account_uri);
	if (r->better)
		return mem_printf("Change the CAA record at %s from %s to: %s. CAA %s", at, r->shown, at, r->better);
	return mem_printf("Add the CAA record: %s. CAA 0 %s \"%s\"", at, s->tag, q->a->issuers[0]);
}

static void judge_denial(const struct inquiry *q, const struct found *f, const struct caa_set *s)
{
	const struct caa_record *r = cause(s);
	CLEANUP(mem_freep) char *problem = mem_printf("CAA record for %s prevents issuance", f->name);
	bool maybe = s->decision == CAA_MAYBE;

	find(q, maybe ? FINDING_WARNING : FINDING_ERROR, cause_code(r->reading),
	     set_text(q, f, s, maybe ? "may deny a certificate" : "deny a certificate"), cause_fix(q, f, s, r));
	verdict_decide(q->v, maybe ? VERDICT_UNKNOWN : VERDICT_FAIL, STAGE_CAA, PROBLEM_CAA, sentence(q->e, problem));
}

/* Records that are written wrongly in a set that allows all the same. */
static void warn_of_records(const struct inquiry *q, const struct found *f, const struct caa_set *s)
{
	for (size_t i = 0; i < s->count; i++) {
		const struct caa_record *r = &s->records[i];

		if (r->ignored)
			find(q, FINDING_WARNING, "caa-parameter-case",
			     mem_printf("The CAA record %s at %s restricts nothing: the parameter %s is ignored because it is not in lower "
			                "case, so every account of %s may issue.", r->shown, owner(f), r->ignored, q->a->title),
			     mem_printf("Write the parameter %s of the CAA record at %s in lower case", r->ignored, owner(f)));
		else if (r->reading == CAA_MALFORMED || r->reading == CAA_SPELLING)
			find(q, FINDING_WARNING, "caa-record-ignored",
			     mem_printf("The CAA record %s at %s %s.", r->shown, owner(f), r->why), NULL);
	}
}

static void judge_permission(const struct inquiry *q, const struct found *f, const struct caa_set *s)
{
	CLEANUP(mem_freep) char *text = set_text(q, f, s, "allow a certificate");

	find(q, FINDING_NOTE, "caa-allowed", mem_dup(text), NULL);
	warn_of_records(q, f, s);
	pass(q, mem_dup(text));
}

static void judge_absence(const struct inquiry *q)
{
	char *text = mem_printf("No CAA record from %s up to its top-level domain: any authority may issue.", q->e->identifier);

	find(q, FINDING_NOTE, "caa-absent", mem_dup(text), NULL);
	pass(q, text);
}

/* ---- servers that differ ---- */

/* The decision if every query went to this server; CAA_MAYBE when its answers do not tell. */
static enum caa_decision decision_at(const struct inquiry *q, const struct found *f)
{
	enum caa_decision decision;
	struct caa_set set;

	if (f->end == CLIMB_NONE)
		return CAA_YES;
	if (f->end == CLIMB_ERROR)
		return CAA_NO;
	if (f->end != CLIMB_SET)
		return CAA_MAYBE;
	caa_set_read(f->answer, q->e, q->a, &set);
	decision = set.decision;
	caa_set_done(&set);
	return decision;
}

/* An answer that decides by itself: of the name's own zone, and not through an alias that leads elsewhere. */
static bool server_decides(const struct ev_answer *d, const char *name)
{
	if (strcmp(d->view, "direct") != 0 || d->type != TYPE_CAA || strcasecmp(d->name, name) != 0)
		return false;
	if (d->failure || d->truncated || !d->authoritative || (d->rcode != 0 && d->rcode != NXDOMAIN))
		return false;
	return caa_is_present(d) || !d->final_name || strcasecmp(d->final_name, name) == 0;
}

static bool differs(const struct inquiry *q, const struct ev_answer *d, enum caa_decision decision)
{
	const char *parent = name_parent(d->name);
	struct found f = { CLIMB_SET, d->name, d };
	enum caa_decision there;

	if (!caa_is_present(d))
		f = parent ? climb(q, parent) : (struct found){ CLIMB_NONE, NULL, NULL };
	there = decision_at(q, &f);
	return there != CAA_MAYBE && there != decision;
}

/* The first server whose set leads to another decision than the resolver's sample, or NULL. */
static const struct ev_answer *dissenter(const struct inquiry *q, const char *name, enum caa_decision decision)
{
	for (size_t i = 0; i < q->e->answer_count; i++)
		if (server_decides(&q->e->answers[i], name) && differs(q, &q->e->answers[i], decision))
			return &q->e->answers[i];
	return NULL;
}

static bool judge_dissent(const struct inquiry *q, const char *name, enum caa_decision decision)
{
	const struct ev_answer *d = decision == CAA_MAYBE ? NULL : dissenter(q, name, decision);
	CLEANUP(mem_freep) char *problem = mem_printf("CAA record for %s prevents issuance", name);

	if (!d)
		return false;
	find(q, FINDING_ERROR, "caa-servers-differ",
	     mem_printf("The name servers give different CAA records for %s: what %s (%s) says %s, what others say %s.", name,
	                d->server ? d->server : "one", d->address ? d->address : "?", decision == CAA_YES ? "denies" : "allows",
	                decision == CAA_YES ? "allows" : "denies"),
	     mem_printf("Make all name servers of %s serve the same zone", d->zone ? d->zone : name));
	verdict_decide(q->v, VERDICT_FLAKY, STAGE_CAA, PROBLEM_CAA, sentence(q->e, problem));
	return true;
}

/* At the identifier and above it up to the name whose set counts; NULL: up to the top. */
static bool judge_dissents(const struct inquiry *q, const char *last, enum caa_decision decision)
{
	for (const char *name = q->e->identifier; name; name = name_parent(name)) {
		if (judge_dissent(q, name, decision))
			return true;
		if (last && strcasecmp(name, last) == 0)
			break;
	}
	return false;
}

/* Some resolvers made SERVFAIL of such an answer (Unbound 1.18). */
static void warn_of_no_soa(const struct inquiry *q)
{
	for (size_t i = 0; i < q->e->answer_count; i++) {
		const struct ev_answer *d = &q->e->answers[i];

		if (strcmp(d->view, "direct") != 0 || d->type != TYPE_CAA || d->failure || d->rcode != 0 || d->soa || d->record_count)
			continue;
		if (!d->authoritative)
			continue;
		find(q, FINDING_WARNING, "caa-no-soa",
		     mem_printf("%s answers that %s has no CAA record without the zone's SOA, which some resolvers take for a failure.",
		                d->server ? d->server : "A name server", d->name),
		     mem_printf("Make the name servers of %s send the SOA with empty answers", d->zone ? d->zone : d->name));
		return;
	}
}

static void judge_set(const struct inquiry *q, const struct found *f)
{
	struct caa_set set;

	caa_set_read(f->answer, q->e, q->a, &set);
	if (!judge_dissents(q, f->name, set.decision)) {
		if (set.decision == CAA_YES)
			judge_permission(q, f, &set);
		else
			judge_denial(q, f, &set);
	}
	caa_set_done(&set);
}

void judge_caa(const struct evidence *e, const struct authority *a, struct verdict *v)
{
	const struct inquiry q = { e, a, v };
	struct found f;

	if (!a->caa || !a->issuers[0] || e->ip)
		return;
	if (!evidence_authority(e, e->identifier, TYPE_CAA)) {
		find(&q, FINDING_NOTE, "caa-not-checked", mem_dup("The CAA records were not looked at."), NULL);
		return;
	}
	f = climb(&q, e->identifier);
	if (f.end == CLIMB_SET)
		judge_set(&q, &f);
	else if (f.end == CLIMB_ERROR)
		judge_error(&q, &f);
	else if (f.end != CLIMB_NONE)
		judge_unseen(&q, &f);
	else if (!judge_dissents(&q, NULL, CAA_YES))
		judge_absence(&q);
	warn_of_no_soa(&q);
}
