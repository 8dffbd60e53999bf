#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "solver/base/clock.h"
#include "solver/base/mem.h"
#include "solver/dns/name.h"
#include "solver/verdict/caa/caa_value.h"
#include "solver/verdict/judge.h"

#define CAA 257
#define PREFIX "https://acme-v02.api.letsencrypt.org/acme/acct/"
#define OURS PREFIX "123"

static struct authorities *authorities;

static int load_authorities(void **state)
{
	(void)state;
	return authorities_load(NULL, &authorities, NULL);
}

static int free_authorities(void **state)
{
	(void)state;
	authorities_free(authorities);
	return 0;
}

/* ---- evidence from lines "name record", "name !failure" or "name >alias" ---- */

static struct ev_answer *answer_for(struct evidence *e, const char *name)
{
	struct ev_answer *a = (struct ev_answer *)evidence_authority(e, name, CAA);

	if (a)
		return a;
	a = evidence_add_answer(e);
	a->view = mem_dup("authority");
	a->name = mem_dup(name);
	a->type = CAA;
	a->soa = true;
	return a;
}

static void add_record(struct ev_answer *a, const char *data)
{
	struct ev_record *r = evidence_add_record(a);

	r->owner = mem_dup(a->name);
	r->type = CAA;
	r->data = mem_dup(data);
}

static void add_failure(struct ev_answer *a, const char *failure)
{
	static const struct { const char *name; int rcode; } rcodes[] = {
		{ "SERVFAIL", 2 }, { "NXDOMAIN", 3 }, { "NOTIMP", 4 }, { "REFUSED", 5 },
	};

	for (size_t i = 0; i < ARRAY_LEN(rcodes); i++)
		if (strcmp(rcodes[i].name, failure) == 0)
			a->rcode = rcodes[i].rcode;
	if (strcmp(failure, "truncated") == 0)
		a->truncated = true;
	else if (strcmp(failure, "bogus") == 0)
		mem_replace(&a->security, "bogus");
	else if (a->rcode == 0)
		mem_replace(&a->failure, failure);
}

static void add_line(struct evidence *e, const char *line, size_t length)
{
	char *name = mem_dup_n(line, length), *rest = strchr(name, ' ');
	struct ev_answer *a;

	*rest++ = '\0';
	a = answer_for(e, name);
	if (*rest == '!')
		add_failure(a, rest + 1);
	else if (*rest == '>')
		mem_replace(&a->final_name, rest + 1);
	else
		add_record(a, rest);
	free(name);
}

static struct evidence *evidence_of(const char *identifier, const char *type, const char *zone)
{
	struct evidence *e = evidence_new();

	e->wildcard = strncmp(identifier, "*.", 2) == 0;
	e->identifier = mem_dup(identifier + (e->wildcard ? 2 : 0));
	e->type = mem_dup(type);
	e->authority = mem_dup("letsencrypt");
	e->account_uri = mem_dup(OURS);
	for (const char *n = e->identifier; n; n = name_parent(n))
		answer_for(e, n);
	while (*zone) {
		size_t length = strcspn(zone, "\n");

		add_line(e, zone, length);
		zone += length + (zone[length] == '\n');
	}
	return e;
}

static struct verdict *judged(const struct evidence *e, const char *authority)
{
	struct verdict *v = verdict_new();

	judge_caa(e, authorities_find(authorities, authority), v);
	return v;
}

/* ---- the table ---- */

#define Y VERDICT_PASS, PROBLEM_NONE
#define N VERDICT_FAIL, PROBLEM_CAA
#define D VERDICT_FAIL, PROBLEM_DNS
#define U VERDICT_UNKNOWN, PROBLEM_CAA
#define LE "letsencrypt.org"
#define LONG "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"

static const struct {
	const char *id, *identifier, *type, *zone;
	enum verdict_result result;
	enum problem_type problem;
	const char *code; /* a finding that must be there, or NULL */
} cases[] = {
	/* measured scenarios */
	{ "C01 none", "www.lab.com", "dns-01", "", Y, "caa-absent" },
	{ "C02 ours", "www.lab.com", "dns-01", "www.lab.com 0 issue " LE, Y, "caa-allowed" },
	{ "C03 another", "www.lab.com", "dns-01", "www.lab.com 0 issue ca.example", N, "caa-denied" },
	{ "C04 nobody", "www.lab.com", "dns-01", "www.lab.com 0 issue ;", N, "caa-denied" },
	{ "C05 the closest counts", "www.lab.com", "dns-01", "lab.com 0 issue ;\nwww.lab.com 0 issue " LE, Y, NULL },
	{ "C06 the parent denies", "www.lab.com", "dns-01", "lab.com 0 issue ;", N, NULL },
	{ "C07 issuewild, ordinary name", "www.lab.com", "dns-01", "www.lab.com 0 issuewild ca.example", Y, NULL },
	{ "C08 issuewild nobody", "*.lab.com", "dns-01", "lab.com 0 issuewild ;", N, NULL },
	{ "C09 issuewild overrides", "*.lab.com", "dns-01", "lab.com 0 issue ca.example\nlab.com 0 issuewild " LE, Y, NULL },
	{ "C10 issuewild overrides", "*.lab.com", "dns-01", "lab.com 0 issue " LE "\nlab.com 0 issuewild ca.example", N, NULL },
	{ "C11 unknown, 128", "www.lab.com", "dns-01", "www.lab.com 128 tbs x\nwww.lab.com 0 issue " LE, N, "caa-critical" },
	{ "C12 unknown, 1", "www.lab.com", "dns-01", "www.lab.com 1 tbs x\nwww.lab.com 0 issue " LE, N, "caa-critical" },
	{ "C13 unknown only", "www.lab.com", "dns-01", "www.lab.com 0 tbs x", Y, NULL },
	{ "C14 mixed-case tag", "www.lab.com", "dns-01", "www.lab.com 0 IsSuE ca.example", N, NULL },
	{ "C15 mixed-case issuer", "www.lab.com", "dns-01", "www.lab.com 0 issue LetsEncrypt.Org", N, "caa-issuer-spelling" },
	{ "C16 trailing dot", "www.lab.com", "dns-01", "www.lab.com 0 issue letsencrypt.org.", N, "caa-issuer-spelling" },
	{ "C17 unknown parameter", "www.lab.com", "dns-01", "www.lab.com 0 issue " LE "; foo=bar", Y, NULL },
	{ "C18 no =", "www.lab.com", "dns-01", "www.lab.com 0 issue " LE "; foo", N, "caa-malformed" },
	{ "C19 trailing ;", "www.lab.com", "dns-01", "www.lab.com 0 issue " LE ";", Y, NULL },
	{ "C20 - in a tag", "www.lab.com", "dns-01", "www.lab.com 0 issue " LE "; a-b=c", N, "caa-malformed" },
	{ "C21 method right", "www.lab.com", "dns-01", "www.lab.com 0 issue " LE "; validationmethods=dns-01", Y, NULL },
	{ "C22 method wrong", "www.lab.com", "dns-01", "www.lab.com 0 issue " LE "; validationmethods=http-01", N, "caa-method" },
	{ "C23 two methods", "www.lab.com", "dns-01", "www.lab.com 0 issue " LE "; validationmethods=http-01,dns-01", Y, NULL },
	{ "C24 space in methods", "www.lab.com", "dns-01", "www.lab.com 0 issue " LE "; validationmethods=http-01, dns-01", N, "caa-malformed" },
	{ "C25 methods empty", "www.lab.com", "dns-01", "www.lab.com 0 issue " LE "; validationmethods=", N, "caa-method" },
	{ "C26 account right", "www.lab.com", "dns-01", "www.lab.com 0 issue " LE "; accounturi=" OURS, Y, NULL },
	{ "C27 account wrong", "www.lab.com", "dns-01", "www.lab.com 0 issue " LE "; accounturi=" PREFIX "321", N, "caa-account" },
	{ "C28 account twice", "www.lab.com", "dns-01", "www.lab.com 0 issue " LE "; accounturi=" OURS "; accounturi=" OURS, N, "caa-account" },
	{ "C29 two accounts", "www.lab.com", "dns-01",
	  "www.lab.com 0 issue " LE "; accounturi=" PREFIX "321\nwww.lab.com 0 issue " LE "; accounturi=" OURS, Y, NULL },
	{ "C30 ACCOUNTURI", "www.lab.com", "dns-01", "www.lab.com 0 issue " LE "; ACCOUNTURI=" PREFIX "321", Y, "caa-parameter-case" },
	{ "C31 iodef only", "www.lab.com", "dns-01", "www.lab.com 0 iodef mailto:a@lab.com", Y, NULL },
	{ "C32 issuemail critical", "www.lab.com", "dns-01", "www.lab.com 128 issuemail ;\nwww.lab.com 0 issue " LE, Y, NULL },
	{ "C33 alias denies", "www.lab.com", "dns-01", "www.lab.com >deny.example.org\nwww.lab.com 0 issue ;", N, NULL },
	{ "C34 the alias's parent is not asked", "www.lab.com", "dns-01", "www.lab.com >x.deny.example.org\nexample.org 0 issue ;", Y, NULL },
	{ "C35 SERVFAIL", "www.lab.com", "dns-01", "www.lab.com !SERVFAIL", D, "caa-lookup" },
	{ "C36 SERVFAIL above the set", "www.lab.com", "dns-01", "lab.com !SERVFAIL\nwww.lab.com 0 issue " LE, Y, NULL },
	{ "C37 SERVFAIL above nothing", "www.lab.com", "dns-01", "lab.com !SERVFAIL", D, "caa-lookup" },
	{ "C38 timeout", "www.lab.com", "dns-01", "www.lab.com !timeout", D, "caa-lookup" },
	{ "C39 NOTIMP", "www.lab.com", "dns-01", "www.lab.com !NOTIMP", D, NULL },
	{ "C40 REFUSED", "www.lab.com", "dns-01", "www.lab.com !REFUSED", D, NULL },
	{ "C41 NXDOMAIN", "www.lab.com", "dns-01", "www.lab.com !NXDOMAIN\nlab.com !NXDOMAIN", Y, NULL },
	{ "C43 truncated", "www.lab.com", "dns-01", "www.lab.com !truncated", D, NULL },
	{ "C45 below NXDOMAIN a parent denies", "www.lab.com", "dns-01", "www.lab.com !NXDOMAIN\nlab.com 0 issue ;", N, NULL },
	{ "C46 own parent denies, the target's permits", "www.lab.com", "dns-01", "www.lab.com >x.example.org\nlab.com 0 issue ;", N, NULL },
	{ "H59 http-01 forbidden", "www.lab.com", "http-01", "www.lab.com 0 issue " LE "; validationmethods=dns-01", N, "caa-method" },
	{ "top-level domain gone", "example.gonetld", "http-01", "gonetld !NXDOMAIN", D, NULL },
	{ "top-level domain fails", "www.lab.net", "http-01", "net !SERVFAIL", D, NULL },
	{ "bogus", "www.lab.com", "dns-01", "www.lab.com !bogus", D, NULL },
	{ "not visible", "www.lab.com", "dns-01", "www.lab.com !no-root", VERDICT_UNKNOWN, PROBLEM_DNS, "caa-unseen" },
	/* the cases of an authority's own tests */
	{ "reserved", "reserved.com", "http-01", "reserved.com 0 issue ca.com", N, NULL },
	{ "mixed case", "mixedcase.com", "http-01", "mixedcase.com 0 iSsUe ca.com", N, NULL },
	{ "critical", "critical.com", "http-01", "critical.com 1 issue ca.com", N, NULL },
	{ "critical above", "nx.critical.com", "http-01", "critical.com 1 issue ca.com", N, NULL },
	{ "absent under two labels", "example.co.uk", "http-01", "", Y, NULL },
	{ "present", "present.com", "http-01", "present.com 0 issue " LE, Y, NULL },
	{ "present above", "child.present.com", "http-01", "present.com 0 issue " LE, Y, NULL },
	{ "several critical, one ours", "a.com", "http-01", "a.com 1 issue ca.com\na.com 1 issue " LE, Y, NULL },
	{ "all bits but the critical ones", "a.com", "http-01", "a.com 126 foo bar", Y, NULL },
	{ "critical by mistake, with other bits", "a.com", "http-01", "a.com 9 foo bar", N, "caa-critical" },
	{ "white space and parameters", "a.com", "http-01", "a.com 0 issue   " LE "  ;foo=bar;baz=bar", Y, NULL },
	{ "bad tag", "a.com", "http-01", "a.com 0 issue " LE "; a_b=123", N, NULL },
	{ "bad value", "a.com", "http-01", "a.com 0 issue " LE "; ab=1 2 3", N, NULL },
	{ "account and method", "a.com", "http-01", "a.com 0 issue " LE "; accounturi=" OURS "; validationmethods=http-01", Y, NULL },
	{ "account right, method wrong", "a.com", "http-01", "a.com 0 issue " LE "; accounturi=" OURS "; validationmethods=dns-01", N, NULL },
	{ "account wrong, method right", "a.com", "http-01", "a.com 0 issue " LE "; accounturi=" PREFIX "3; validationmethods=http-01", N, NULL },
	{ "account of the old interface", "a.com", "http-01",
	  "a.com 0 issue " LE "; accounturi=https://acme-v01.api.letsencrypt.org/acme/reg/123", Y, NULL },
	{ "account empty", "a.com", "http-01", "a.com 0 issue " LE "; accounturi=", N, "caa-account" },
	{ "account of another authority", "a.com", "http-01", "a.com 0 issue " LE "; accounturi=https://ca.example/123", N, NULL },
	{ "method twice", "a.com", "http-01", "a.com 0 issue " LE "; validationmethods=http-01; validationmethods=http-01", N, NULL },
	{ "only a comma", "a.com", "http-01", "a.com 0 issue " LE "; validationmethods=,", N, NULL },
	{ "a bad method before ours", "a.com", "http-01", "a.com 0 issue " LE "; validationmethods=a_b,http-01", N, NULL },
	{ "a bad method after ours", "a.com", "http-01", "a.com 0 issue " LE "; validationmethods=http-01,!", Y, NULL },
	{ "a method of nobody", "a.com", "http-01", "a.com 0 issue " LE "; validationmethods=tls-sni-01", N, NULL },
	{ "unsatisfiable, wildcard", "*.a.com", "dns-01", "a.com 0 issue ;", N, NULL },
	{ "issuewild ours", "*.a.com", "dns-01", "a.com 0 issuewild " LE, Y, NULL },
	{ "two issuewild", "*.a.com", "dns-01", "a.com 0 issuewild ca.com\na.com 0 issuewild " LE, Y, NULL },
	{ "unknown with wildcard", "*.a.com", "dns-01", "a.com 0 foo bar", Y, NULL },
	/* more */
	{ "the empty value", "a.com", "http-01", "a.com 0 issue ", N, NULL },
	{ "quotes in the value", "a.com", "http-01", "a.com 0 issue \"" LE "\"", N, "caa-issuer-spelling" },
	{ "trailing ; behind a parameter", "a.com", "http-01", "a.com 0 issue " LE "; a=b;", N, "caa-malformed" },
	{ "an ignored record next to a good one", "a.com", "http-01", "a.com 0 issue " LE "; a_b=c\na.com 0 issue " LE, Y, "caa-record-ignored" },
	{ "VALIDATIONMETHODS", "a.com", "http-01", "a.com 0 issue " LE "; ValidationMethods=dns-01", Y, "caa-parameter-case" },
	{ "a zero byte", "a.com", "http-01", "a.com 0 issue " LE "\\000", N, NULL },
	{ "an empty tag, critical", "a.com", "http-01", "a.com 128  x\na.com 0 issue " LE, N, "caa-critical" },
	{ "a long tag, critical", "a.com", "http-01", "a.com 128 " LONG LONG LONG LONG LONG " x\na.com 0 issue " LE, N, "caa-critical" },
	{ "a record that cannot be read", "a.com", "http-01", "a.com x", Y, NULL },
};

static bool has_finding(const struct verdict *v, const char *code)
{
	for (size_t i = 0; i < v->finding_count; i++)
		if (strcmp(v->findings[i].code, code) == 0)
			return true;
	return false;
}

static void every_set_is_judged_as_the_authority_does(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		struct evidence *e = evidence_of(cases[i].identifier, cases[i].type, cases[i].zone);
		struct verdict *v = judged(e, "letsencrypt");

		if (v->result != cases[i].result || v->problem != cases[i].problem || v->stage != STAGE_CAA)
			fail_msg("%s: %s, %s", cases[i].id, verdict_result_name(v->result), v->detail);
		if (cases[i].code && !has_finding(v, cases[i].code))
			fail_msg("%s: no finding %s: %s", cases[i].id, cases[i].code, v->detail);
		verdict_free(v);
		evidence_free(e);
	}
}

static const struct finding *error_of(const struct verdict *v)
{
	for (size_t i = 0; i < v->finding_count; i++)
		if (v->findings[i].severity == FINDING_ERROR)
			return &v->findings[i];
	fail_msg("no error among %zu findings", v->finding_count);
	return NULL;
}

static void expect(const char *identifier, const char *zone, const char *detail, const char *text, const char *fix)
{
	struct evidence *e = evidence_of(identifier, "dns-01", zone);
	struct verdict *v = judged(e, "letsencrypt");

	assert_string_equal(v->detail, detail);
	assert_string_equal(error_of(v)->text, text);
	assert_string_equal(error_of(v)->fix, fix);
	verdict_free(v);
	evidence_free(e);
}

static void the_sentences_name_the_set_the_records_and_what_to_add(void **state)
{
	(void)state;
	expect("www.lab.com", "lab.com 0 issue ca.example\nlab.com 0 iodef mailto:a@lab.com",
	       "While processing CAA for www.lab.com: CAA record for lab.com prevents issuance",
	       "The CAA records at lab.com deny a certificate for www.lab.com with dns-01: 0 issue \"ca.example\" allows only ca.example; "
	       "0 iodef \"mailto:a@lab.com\" says nothing about this certificate.",
	       "Add the CAA record: lab.com. CAA 0 issue \"letsencrypt.org\"");
	expect("*.lab.com", "lab.com 0 issuewild ;",
	       "While processing CAA for *.lab.com: CAA record for lab.com prevents issuance",
	       "The CAA records at lab.com deny a certificate for *.lab.com with dns-01: 0 issuewild \";\" allows no authority.",
	       "Add the CAA record: lab.com. CAA 0 issuewild \"letsencrypt.org\"");
	expect("www.lab.com", "www.lab.com >t.example.org\nwww.lab.com 0 issue LetsEncrypt.org",
	       "While processing CAA for www.lab.com: CAA record for www.lab.com prevents issuance",
	       "The CAA records at t.example.org (to which www.lab.com is an alias) deny a certificate for www.lab.com with dns-01: 0 issue "
	       "\"LetsEncrypt.org\" names the issuer LetsEncrypt.org, which is not letsencrypt.org: every byte counts, upper and lower "
	       "case too.",
	       "Change the CAA record at t.example.org from 0 issue \"LetsEncrypt.org\" to: t.example.org. CAA 0 issue \"letsencrypt.org\"");
}

static void a_failed_lookup_has_the_authoritys_sentence(void **state)
{
	struct evidence *e = evidence_of("www.lab.com", "dns-01", "lab.com !SERVFAIL");
	struct verdict *v = judged(e, "letsencrypt");

	(void)state;
	assert_string_equal(v->detail, "While processing CAA for www.lab.com: DNS problem: SERVFAIL looking up CAA for lab.com - the "
	                               "domain's nameservers may be malfunctioning");
	verdict_free(v);
	evidence_free(e);
}

static void an_account_that_is_not_known_leaves_the_verdict_open(void **state)
{
	struct evidence *e = evidence_of("a.com", "dns-01", "a.com 0 issue " LE "; accounturi=" PREFIX "321");
	struct verdict *v;

	(void)state;
	mem_replace(&e->account_uri, NULL);
	v = judged(e, "letsencrypt");
	assert_int_equal(v->result, VERDICT_UNKNOWN);
	assert_true(has_finding(v, "caa-account-unknown"));
	verdict_free(v);
	evidence_free(e);
}

static void an_account_of_another_authority_denies_whoever_we_are(void **state)
{
	struct evidence *e = evidence_of("a.com", "dns-01", "a.com 0 issue " LE "; accounturi=https://ca.example/1");
	struct verdict *v;

	(void)state;
	mem_replace(&e->account_uri, NULL);
	v = judged(e, "letsencrypt");
	assert_int_equal(v->result, VERDICT_FAIL);
	verdict_free(v);
	evidence_free(e);
}

static void each_authority_looks_for_its_own_issuers(void **state)
{
	static const struct { const char *authority, *issuer; enum verdict_result result; } rows[] = {
		{ "google", "pki.goog", VERDICT_PASS },     { "google", LE, VERDICT_FAIL },
		{ "zerossl", "sectigo.com", VERDICT_PASS }, { "zerossl", "zerossl.com", VERDICT_FAIL },
		{ "digicert", "geotrust.com", VERDICT_PASS }, { "buypass", "buypass.no", VERDICT_PASS },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		char *zone = mem_printf("a.com 0 issue %s", rows[i].issuer);
		struct evidence *e = evidence_of("a.com", "dns-01", zone);
		struct verdict *v = judged(e, rows[i].authority);

		assert_int_equal(v->result, rows[i].result);
		verdict_free(v);
		evidence_free(e);
		free(zone);
	}
}

static void an_authority_without_caa_and_an_address_are_not_judged(void **state)
{
	struct evidence *e = evidence_of("a.com", "dns-01", "a.com 0 issue ;");
	struct verdict *v = judged(e, "pebble");

	(void)state;
	assert_int_equal(v->finding_count, 0);
	assert_null(v->detail);
	verdict_free(v);
	e->ip = true;
	v = judged(e, "letsencrypt");
	assert_null(v->detail);
	verdict_free(v);
	evidence_free(e);
}

static void assert_read(const char *authority, const char *day, const char *type, const char *parameter, enum verdict_result result, const char *code)
{
	CLEANUP(mem_freep) char *moment = mem_printf("%sT00:00:00Z", day);
	const struct authority *a = authorities_find(authorities, authority);
	CLEANUP(mem_freep) char *zone = mem_printf("www.lab.com 0 issue %s; %s", a->issuers[0], parameter);
	struct evidence *e = evidence_of("www.lab.com", type, zone);
	struct verdict *v = verdict_new();
	int64_t at_ms;

	assert_int_equal(clock_parse(moment, &at_ms), 0);
	judge_caa(e, authority_at(a, at_ms), v);
	if (v->result != result || strcmp(v->findings[0].code, code) != 0)
		fail_msg("%s %s %s %s: %s, %s", authority, day, type, parameter, verdict_result_name(v->result), v->findings[0].text);
	verdict_free(v);
	evidence_free(e);
}

static void parameters_that_an_authority_may_still_ignore_leave_the_verdict_open(void **state)
{
	static const char *const others[] = { "sectigo", "zerossl", "digicert", "ssl.com", "certainly", "actalis", "amazon", "globalsign" };

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(others); i++) {
		assert_read(others[i], "2027-03-14", "dns-01", "validationmethods=http-01", VERDICT_UNKNOWN, "caa-parameter-unsure");
		assert_read(others[i], "2027-03-14", "dns-01", "accounturi=https://other.example/1", VERDICT_UNKNOWN, "caa-parameter-unsure");
		assert_read(others[i], "2027-03-14", "dns-01", "validationmethods=dns-01", VERDICT_PASS, "caa-allowed");
		assert_read(others[i], "2027-03-15", "dns-01", "validationmethods=http-01", VERDICT_FAIL, "caa-method");
		assert_read(others[i], "2027-03-15", "dns-01", "accounturi=https://other.example/1", VERDICT_FAIL, "caa-account");
	}
	assert_read("letsencrypt", "2026-11-25", "dns-01", "validationmethods=http-01", VERDICT_FAIL, "caa-method");
	assert_read("google", "2026-11-25", "dns-01", "validationmethods=http-01", VERDICT_FAIL, "caa-method");
}

static void the_labels_of_the_baseline_requirements_stand_for_methods(void **state)
{
	static const char *const labels[][2] = { { "http-01", "ca-tbr-19" }, { "dns-01", "ca-tbr-7" }, { "tls-alpn-01", "ca-tbr-20" },
	                                         { "dns-account-01", "ca-tbr-21" }, { "dns-persist-01", "ca-tbr-22" } };

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(labels); i++) {
		CLEANUP(mem_freep) char *one = mem_printf("validationmethods=%s", labels[i][1]);
		CLEANUP(mem_freep) char *both = mem_printf("validationmethods=%s,%s", labels[i][1], labels[i][0]);

		assert_read("letsencrypt", "2026-11-25", labels[i][0], one, VERDICT_FAIL, "caa-method");
		assert_read("letsencrypt", "2027-03-15", labels[i][0], one, VERDICT_UNKNOWN, "caa-parameter-unsure");
		assert_read("google", "2026-11-25", labels[i][0], one, VERDICT_UNKNOWN, "caa-parameter-unsure");
		assert_read("letsencrypt", "2026-11-25", labels[i][0], both, VERDICT_PASS, "caa-allowed");
	}
	assert_read("google", "2026-11-25", "dns-01", "validationmethods=ca-tbr-77", VERDICT_FAIL, "caa-method");
	assert_read("google", "2026-11-25", "dns-01", "validationmethods=xca-tbr-7", VERDICT_FAIL, "caa-method");
	assert_read("google", "2026-11-25", "dns-01", "validationmethods=CA-TBR-7", VERDICT_UNKNOWN, "caa-parameter-unsure");
	assert_read("google", "2026-11-25", "dns-01", "validationmethods=ca-tbr-77,ca-tbr-7", VERDICT_UNKNOWN, "caa-parameter-unsure");
}

static void what_was_not_asked_is_said(void **state)
{
	struct evidence *e = evidence_of("a.com", "dns-01", "");
	struct verdict *v;

	(void)state;
	mem_replace(&e->answers[1].name, "org");
	v = judged(e, "letsencrypt");
	assert_int_equal(v->result, VERDICT_UNKNOWN);
	verdict_free(v);
	mem_replace(&e->answers[0].name, "b.com");
	v = judged(e, "letsencrypt");
	assert_null(v->detail);
	assert_true(has_finding(v, "caa-not-checked"));
	verdict_free(v);
	evidence_free(e);
}

static void a_thousand_records_before_the_denial_are_read(void **state)
{
	struct evidence *e = evidence_of("a.com", "dns-01", "");
	struct verdict *v;

	(void)state;
	for (int i = 0; i < 1000; i++)
		add_record(&e->answers[0], "0 tbs x");
	add_record(&e->answers[0], "0 issue ;");
	v = judged(e, "letsencrypt");
	assert_int_equal(v->result, VERDICT_FAIL);
	assert_non_null(strstr(error_of(v)->text, "; and 993 more."));
	verdict_free(v);
	evidence_free(e);
}

/* ---- servers ---- */

static struct ev_answer *add_server(struct evidence *e, const char *name, const char *address, const char *data)
{
	struct ev_answer *a = evidence_add_answer(e);

	a->view = mem_dup("direct");
	a->name = mem_dup(name);
	a->type = CAA;
	a->server = mem_dup("ns1.lab.com");
	a->address = mem_dup(address);
	a->zone = mem_dup("lab.com");
	a->transport = mem_dup("udp");
	a->authoritative = a->soa = true;
	if (data)
		add_record(a, data);
	return a;
}

static enum verdict_result result_with_server(const char *zone, const char *data, bool authoritative)
{
	struct evidence *e = evidence_of("www.lab.com", "dns-01", zone);
	enum verdict_result result;
	struct verdict *v;

	add_server(e, "www.lab.com", "192.0.2.1", data)->authoritative = authoritative;
	v = judged(e, "letsencrypt");
	result = v->result;
	verdict_free(v);
	evidence_free(e);
	return result;
}

static void a_server_whose_set_decides_otherwise_makes_it_a_matter_of_luck(void **state)
{
	(void)state;
	assert_int_equal(result_with_server("www.lab.com 0 issue " LE, "0 issue ;", true), VERDICT_FLAKY);
	assert_int_equal(result_with_server("www.lab.com 0 issue ;", "0 issue " LE, true), VERDICT_FLAKY);
	assert_int_equal(result_with_server("www.lab.com 0 issue ;", NULL, true), VERDICT_FLAKY);
	assert_int_equal(result_with_server("", "0 issue ;", true), VERDICT_FLAKY);
	assert_int_equal(result_with_server("www.lab.com 0 issue " LE, NULL, true), VERDICT_PASS);
	assert_int_equal(result_with_server("lab.com 0 issue ;\nwww.lab.com 0 issue " LE, NULL, true), VERDICT_FLAKY);
	assert_int_equal(result_with_server("www.lab.com 0 issue " LE, "0 issue ;", false), VERDICT_PASS);
}

static void a_server_with_a_set_of_its_own_above_the_name_counts_too(void **state)
{
	struct evidence *e = evidence_of("www.lab.com", "dns-01", "");
	struct verdict *v;

	(void)state;
	add_server(e, "www.lab.com", "192.0.2.1", NULL);
	add_server(e, "lab.com", "192.0.2.1", "0 issue ;");
	v = judged(e, "letsencrypt");
	assert_int_equal(v->result, VERDICT_FLAKY);
	verdict_free(v);
	evidence_free(e);
}

static void an_empty_answer_without_soa_is_a_warning(void **state)
{
	struct evidence *e = evidence_of("www.lab.com", "dns-01", "");
	struct verdict *v;

	(void)state;
	add_server(e, "www.lab.com", "192.0.2.1", NULL)->soa = false;
	v = judged(e, "letsencrypt");
	assert_int_equal(v->result, VERDICT_PASS);
	assert_true(has_finding(v, "caa-no-soa"));
	verdict_free(v);
	evidence_free(e);
}

/* ---- the grammar ---- */

static const struct {
	const char *value, *issuer, *parameters, *fault; /* parameters: "tag=value|tag=value|" */
} values[] = {
	{ "", "", "", NULL },
	{ ";", "", "", NULL },
	{ " ; ", "", "", NULL },
	{ LE, LE, "", NULL },
	{ LE ";", LE, "", NULL },
	{ "  " LE "\t;foo=bar;baz=bar", LE, "foo=bar|baz=bar|", NULL },
	{ "\t" LE " ;foo=bar;baz=bar", LE, "foo=bar|baz=bar|", NULL },
	{ LE "; foo=; baz =\tbar", LE, "foo=|baz=bar|", NULL },
	{ LE "; foo=\t; baz =\tbar", LE, "foo=|baz=bar|", NULL },
	{ LE "; foo=b1,b2,b3\t; baz =\t\ta=b\t", LE, "foo=b1,b2,b3|baz=a=b|", NULL },
	{ LE "; foo=b1,b2,b3\t; baz =\t\ta = b\t", LE, NULL, "space" },
	{ LE "; foo=b1,b2,b3\t; baz=a=\tb", LE, NULL, "space" },
	{ LE "; foo=b1,b2,b3\t; baz =\t\ta;b\t", LE, NULL, "no \"=\"" },
	{ LE "; 1=2; baz=a-b", LE, "1=2|baz=a-b|", NULL },
	{ LE "; a_b=123", LE, NULL, "letters and digits" },
	{ LE "; ab=1 2 3", LE, NULL, "space" },
	{ LE "; 1=2; a-b=c", LE, NULL, "letters and digits" },
	{ LE "; foo=a\xe2\x98\x95" "b", LE, NULL, "space" },
	{ LE "; foo=b1,b2,b3 baz=a", LE, NULL, "space" },
	{ LE "; =x", LE, "=x|", NULL },
	{ ";;", "", NULL, "no \"=\"" },
};

static void the_grammar_of_values_is_the_authoritys(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(values); i++) {
		char text[400] = "";
		struct caa_value v;

		caa_value_parse((const unsigned char *)values[i].value, strlen(values[i].value), &v);
		for (size_t j = 0; j < v.count; j++)
			snprintf(text + strlen(text), sizeof(text) - strlen(text), "%s=%s|", v.parameters[j].tag, v.parameters[j].value);
		assert_string_equal(v.issuer, values[i].issuer);
		if (values[i].parameters)
			assert_string_equal(text, values[i].parameters);
		if (!values[i].fault != !v.fault || (v.fault && !strstr(v.fault, values[i].fault)))
			fail_msg("\"%s\": %s", values[i].value, v.fault ? v.fault : "no fault");
		caa_value_done(&v);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_set_is_judged_as_the_authority_does),
		cmocka_unit_test(the_sentences_name_the_set_the_records_and_what_to_add),
		cmocka_unit_test(a_failed_lookup_has_the_authoritys_sentence),
		cmocka_unit_test(an_account_that_is_not_known_leaves_the_verdict_open),
		cmocka_unit_test(an_account_of_another_authority_denies_whoever_we_are),
		cmocka_unit_test(each_authority_looks_for_its_own_issuers),
		cmocka_unit_test(an_authority_without_caa_and_an_address_are_not_judged),
		cmocka_unit_test(parameters_that_an_authority_may_still_ignore_leave_the_verdict_open),
		cmocka_unit_test(the_labels_of_the_baseline_requirements_stand_for_methods),
		cmocka_unit_test(what_was_not_asked_is_said),
		cmocka_unit_test(a_thousand_records_before_the_denial_are_read),
		cmocka_unit_test(a_server_whose_set_decides_otherwise_makes_it_a_matter_of_luck),
		cmocka_unit_test(a_server_with_a_set_of_its_own_above_the_name_counts_too),
		cmocka_unit_test(an_empty_answer_without_soa_is_a_warning),
		cmocka_unit_test(the_grammar_of_values_is_the_authoritys),
	};

	return cmocka_run_group_tests(tests, load_authorities, free_authorities);
}
