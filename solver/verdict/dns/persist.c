/* dns-persist-01: a standing TXT record that names authority and account. */
#include <stdlib.h>
#include <string.h>

#include "solver/base/buf.h"
#include "solver/base/clock.h"
#include "solver/base/mem.h"
#include "solver/verdict/dns/dns.h"
#include "solver/verdict/data/body.h"
#include "solver/verdict/network/lookup.h"
#include "solver/verdict/dns/persist_account.h"
#include "solver/verdict/dns/persist_record.h"
#include "solver/verdict/dns/txt.h"

#define SENTENCE_MAX 8192
#define SOON_MS (30LL * 24 * 3600 * 1000)

/* What one record comes to. */
enum fit { FIT_GOOD, FIT_FOREIGN, FIT_MALFORMED, FIT_REFUSED, FIT_UNSEEN };

struct reading {
	enum fit fit;
	const char *code, *fix; /* static */
	char *why;               /* given; NULL when good or foreign */
	char issuer[254];
	int64_t until_ms;        /* 0: for ever */
};

static bool issuer_is_ours(const struct authority *a, const char *issuer)
{
	for (char **i = a->issuers; i && *i; i++)
		if (strcmp(*i, issuer) == 0)
			return true;
	return !a->issuers || !*a->issuers; /* a private authority without a name takes any */
}

static int64_t asked_at(const struct txt_case *c, const struct ev_answer *answer)
{
	return answer->at_ms ? answer->at_ms : c->e->at_ms;
}

static const char *moment(int64_t ms, char text[CLOCK_TEXT_SIZE])
{
	clock_text(ms, text);
	if (strlen(text) > 5)
		memcpy(text + strlen(text) - 5, "Z", 2); /* as the authority writes it: without milliseconds */
	return text;
}

/* Takes `why`. */
static void refused(struct reading *r, const char *code, char *why, const char *fix)
{
	free(r->why);
	r->fit = FIT_REFUSED;
	r->code = code;
	r->why = why;
	r->fix = fix;
}

static void check_account(const struct txt_case *c, const struct persist_record *p, struct reading *r)
{
	const char *account = c->e->account_uri ? c->e->account_uri : "";
	CLEANUP(mem_freep) char *wanted = body_quote(account, strlen(account));
	CLEANUP(mem_freep) char *got = body_quote(p->account_uri, strlen(p->account_uri));
	enum persist_match match = persist_account_match(c->a, c->e, p->account_uri);

	if (match == PERSIST_OTHER) {
		refused(r, "persist-account", mem_printf("accounturi mismatch: expected %s, got %s", wanted, got),
		        "Write the URI of the account that makes the orders, exactly as the authority gave it");
	} else if (match == PERSIST_MALFORMED) {
		refused(r, "persist-malformed", mem_printf("accounturi %s is no sha-256 digest", got), "Correct the record");
		r->fit = FIT_MALFORMED;
	} else if (match == PERSIST_UNSEEN) {
		refused(r, "persist-account-unseen",
		        c->e->account_uri ? mem_printf("accounturi %s is a digest, and whether it is that of the account cannot be told here", got) :
		                            mem_printf("it is for the account %s, and which account will ask is not known here", got),
		        c->e->account_uri ? "Give the thumbprint of the account's key to the check" : "Give the account's URL to the check");
		r->fit = FIT_UNSEEN;
	}
}

static void check_rest(const struct txt_case *c, const struct ev_answer *answer, const struct persist_record *p, struct reading *r)
{
	CLEANUP(mem_freep) char *policy = body_quote(p->policy ? p->policy : "", strlen(p->policy ? p->policy : ""));
	int64_t now = asked_at(c, answer);
	char at[CLOCK_TEXT_SIZE], until[CLOCK_TEXT_SIZE];

	if (c->e->wildcard && !persist_record_is_wildcard(p)) {
		refused(r, "persist-policy", mem_printf("policy mismatch: expected \"wildcard\", got %s", policy), "Add \"; policy=wildcard\" to the record");
	} else if (p->has_until && now / 1000 >= p->until_s && (now / 1000 > p->until_s || now % 1000)) {
		moment(now, at);
		moment(p->until_s * (p->until_s > -62135596800 ? 1000 : 0), until);
		refused(r, "persist-expired", mem_printf("validation time %s is after persistUntil %s", at, until),
		        "Publish the record again with a later persistUntil");
	} else if (p->has_until && p->until_s < INT64_MAX / 1000) {
		r->until_ms = p->until_s * 1000;
	}
}

static void read_record(const struct txt_case *c, const struct ev_answer *answer, const struct ev_record *record, struct reading *r)
{
	CLEANUP(mem_freep) unsigned char *bytes = NULL;
	struct persist_record p;
	struct err err;
	size_t length;

	memset(r, 0, sizeof(*r));
	r->fit = FIT_FOREIGN;
	if (evidence_unescape(record->data, &bytes, &length) < 0)
		return;
	if (persist_record_parse(bytes, length, &p, &err) < 0) {
		if (*p.issuer && issuer_is_ours(c->a, p.issuer)) {
			refused(r, "persist-malformed", mem_dup(err.text), "Correct the record");
			r->fit = FIT_MALFORMED;
		}
	} else if (issuer_is_ours(c->a, p.issuer)) {
		r->fit = FIT_GOOD;
		check_account(c, &p, r);
		if (r->fit == FIT_GOOD || r->fit == FIT_UNSEEN)
			check_rest(c, answer, &p, r);
	}
	memcpy(r->issuer, p.issuer, sizeof(r->issuer));
	persist_record_done(&p);
}

static bool has(const struct txt_case *c, const struct ev_answer *answer, enum fit fit)
{
	struct reading r;

	for (size_t i = 0; txt_at(answer, i); i++) {
		read_record(c, answer, txt_at(answer, i), &r);
		free(r.why);
		if (r.fit == fit)
			return true;
	}
	return false;
}

static bool fits(const struct txt_case *c, const struct ev_answer *answer)
{
	return has(c, answer, FIT_GOOD);
}

static void add_reasons(const struct txt_case *c, const struct ev_answer *answer, enum fit fit, struct buf *out)
{
	struct reading r;

	for (size_t i = 0; txt_at(answer, i); i++) {
		read_record(c, answer, txt_at(answer, i), &r);
		if (r.fit == fit && out->length + strlen(r.why) + 400 < out->max)
			buf_printf(out, "%s%s DNS-PERSIST-01 challenge TXT record with issuer-domain-name \"%s\": %s", out->length ? "; " : "",
			           fit == FIT_MALFORMED ? "Parsing" : "Checking", r.issuer, r.why);
		free(r.why);
	}
}

static char *refuse(const struct txt_case *c, const struct ev_answer *answer, enum problem_type *ret)
{
	struct buf out = BUF_INIT(SENTENCE_MAX);

	*ret = PROBLEM_UNAUTHORIZED;
	if (!txt_count(answer))
		return mem_dup("No TXT record found for DNS-PERSIST-01 challenge");
	add_reasons(c, answer, FIT_MALFORMED, &out);
	if (out.length)
		*ret = PROBLEM_MALFORMED;
	else
		add_reasons(c, answer, FIT_REFUSED, &out);
	if (!out.length)
		buf_add_text(&out, "No valid TXT record found for DNS-PERSIST-01 challenge");
	return buf_take(&out);
}

/* ---- findings ---- */

static char *fix(const struct txt_case *c)
{
	const char *issuer = c->a->issuers && c->a->issuers[0] ? c->a->issuers[0] : "ISSUER";
	const char *account = c->e->account_uri ? c->e->account_uri : "ACCOUNT-URI";
	CLEANUP(mem_freep) char *text = persist_account_text(c->a, c->e->identifier, account, c->e->account_uri ? c->e->account_thumbprint : NULL);
	CLEANUP(mem_freep) char *value = persist_value(issuer, text ? text : "DIGEST", c->e->wildcard, 0);

	return mem_printf("Add a TXT record %s with the value \"%s\"", txt_place(c->e), value);
}

/* The corrected record; permissions that go beyond this order are kept. */
static char *fix_of(const struct txt_case *c, const struct reading *r, const char *shown)
{
	bool wildcard = c->e->wildcard || strstr(shown, "policy=wildcard");
	CLEANUP(mem_freep) char *value = persist_value(r->issuer, c->e->account_uri ? c->e->account_uri : "ACCOUNT-URI", wildcard, 0);

	if (r->fit != FIT_MALFORMED)
		return mem_printf("%s: TXT record %s", r->fix, txt_place(c->e));
	return mem_printf("%s: TXT record %s with the value \"%s\"", r->fix, txt_place(c->e), value);
}

static void explain(const struct txt_case *c, const struct ev_answer *answer)
{
	bool ours = false;

	for (size_t i = 0; txt_at(answer, i); i++) {
		CLEANUP(mem_freep) char *shown = txt_quote(txt_at(answer, i), 200);
		struct reading r;

		read_record(c, answer, txt_at(answer, i), &r);
		ours = ours || r.fit != FIT_FOREIGN;
		if (r.why)
			verdict_add_finding(c->v, FINDING_ERROR, STAGE_VALIDATION, r.code, mem_printf("%s at %s: %s", shown, answer->name, r.why),
			                    fix_of(c, &r, shown));
		free(r.why);
	}
	if (!ours)
		verdict_add_finding(c->v, FINDING_ERROR, STAGE_VALIDATION, "persist-issuer",
		                    mem_printf("no record at %s is for %s", answer->name, c->a->title ? c->a->title : "this authority"), fix(c));
}

/* People forget standing records, so warn a month before one ends. */
static void warn(const struct txt_case *c, const struct ev_answer *answer)
{
	int64_t now = asked_at(c, answer);

	if (!c->e->account_uri)
		verdict_add_finding(c->v, FINDING_WARNING, STAGE_VALIDATION, "account-unknown", mem_dup("no account URI was given: that of the record was not compared"), NULL);
	for (size_t i = 0; txt_at(answer, i); i++) {
		char until[CLOCK_TEXT_SIZE];
		struct reading r;

		read_record(c, answer, txt_at(answer, i), &r);
		if (r.fit == FIT_GOOD && r.until_ms && r.until_ms - now < SOON_MS)
			verdict_add_finding(c->v, FINDING_WARNING, STAGE_VALIDATION, "persist-ends",
			                    mem_printf("the record at %s ends at %s", answer->name, moment(r.until_ms, until)),
			                    mem_dup("Publish the record again with a later persistUntil"));
		free(r.why);
	}
}

/* Conclude nothing from a digest that cannot be computed here, or that may belong to an earlier key of the account. */
static void explain_unseen(const struct txt_case *c, const struct ev_answer *answer)
{
	for (size_t i = 0; txt_at(answer, i); i++) {
		struct reading r;

		read_record(c, answer, txt_at(answer, i), &r);
		if (r.fit == FIT_UNSEEN)
			verdict_add_finding(c->v, FINDING_WARNING, STAGE_VALIDATION, r.code, mem_printf("At %s: %s.", answer->name, r.why), mem_dup(r.fix));
		free(r.why);
	}
	verdict_decide(c->v, VERDICT_UNKNOWN, STAGE_VALIDATION, PROBLEM_UNAUTHORIZED,
	               mem_printf("Whether the record at %s names the account is not visible from here", answer->name));
}

void judge_persist(const struct evidence *e, const struct authority *a, struct verdict *v)
{
	struct txt_case c = { e, a, v, fits, refuse, explain, fix, false, "Retrieving TXT records for DNS-PERSIST-01 challenge: " };
	const struct ev_answer *answer = e->fqdn ? evidence_authority(e, e->fqdn, TYPE_TXT) : NULL;

	if (answer && !fits(&c, answer) && has(&c, answer, FIT_UNSEEN)) {
		explain_unseen(&c, answer);
		return;
	}
	txt_judge(&c);
	if (answer && fits(&c, answer))
		warn(&c, answer);
}

char *persist_value(const char *issuer, const char *account_uri, bool wildcard, int64_t until_s)
{
	CLEANUP(mem_freep) char *until = until_s ? mem_printf("; persistUntil=%lld", (long long)until_s) : mem_dup("");

	return mem_printf("%s; accounturi=%s%s%s", issuer, account_uri, wildcard ? "; policy=wildcard" : "", until);
}
