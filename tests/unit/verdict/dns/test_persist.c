#include "solver/verdict/dns/persist_account.h"
#include "solver/verdict/dns/persist_record.h"
#include "tests/unit/verdict/world.h"

#define FQDN "_validation-persist." NAME
#define GOOD "letsencrypt.org; accounturi=" ACCOUNT
#define FUTURE "1826000000"
#define PAST "1700000000"

static const struct row {
	const char *id, *records; /* with '|' between */
	bool wildcard;
	enum verdict_result result;
	enum problem_type problem;
	const char *detail, *code;
} rows[] = {
	{ "P01", GOOD, false, VERDICT_PASS, PROBLEM_NONE, NULL, NULL },
	{ "P02", "letsencrypt.org; accounturi=https://acme-v02.api.letsencrypt.org/acme/acct/9", false, VERDICT_FAIL, PROBLEM_UNAUTHORIZED,
	  "accounturi mismatch: expected \"" ACCOUNT "\", got \"https://acme-v02.api.letsencrypt.org/acme/acct/9\"", "persist-account" },
	{ "P03", GOOD ";", false, VERDICT_FAIL, PROBLEM_MALFORMED,
	  "Parsing DNS-PERSIST-01 challenge TXT record with issuer-domain-name \"letsencrypt.org\": empty parameter or trailing semicolon provided",
	  "persist-malformed" },
	{ "P04", GOOD "; accountURI=x", false, VERDICT_FAIL, PROBLEM_MALFORMED, "duplicate parameter \"accountURI\"", "persist-malformed" },
	{ "P05", GOOD "; persistUntil=" FUTURE, false, VERDICT_PASS, PROBLEM_NONE, NULL, NULL },
	{ "P05 past", GOOD "; persistuntil=" PAST, false, VERDICT_FAIL, PROBLEM_UNAUTHORIZED,
	  "validation time 2026-11-21T14:20:00Z is after persistUntil 2023-11-14T22:13:20Z", "persist-expired" },
	{ "P05 soon", GOOD "; persistUntil=1795300000", false, VERDICT_PASS, PROBLEM_NONE, NULL, "persist-ends" },
	{ "P06", GOOD, true, VERDICT_FAIL, PROBLEM_UNAUTHORIZED, "policy mismatch: expected \"wildcard\", got \"\"", "persist-policy" },
	{ "P07", GOOD "; policy=WildCard", true, VERDICT_PASS, PROBLEM_NONE, NULL, NULL },
	{ "P07 other", GOOD "; policy=other", false, VERDICT_PASS, PROBLEM_NONE, NULL, NULL },
	{ "P09", "LetsEncrypt.ORG.; accounturi=" ACCOUNT, false, VERDICT_PASS, PROBLEM_NONE, NULL, NULL },
	{ "P10", "ca.example; accounturi=x|" GOOD, false, VERDICT_PASS, PROBLEM_NONE, NULL, NULL },
	{ "P10 alone", "ca.example; accounturi=x", false, VERDICT_FAIL, PROBLEM_UNAUTHORIZED, "No valid TXT record found for DNS-PERSIST-01 challenge", "persist-issuer" },
	{ "P11", "letsencrypt.org", false, VERDICT_FAIL, PROBLEM_MALFORMED, "missing mandatory accounturi parameter", "persist-malformed" },
	{ "P12", GOOD ";|" GOOD, false, VERDICT_PASS, PROBLEM_NONE, NULL, NULL },
	{ "P13", GOOD "; foo=1; foo=2", false, VERDICT_PASS, PROBLEM_NONE, NULL, NULL },
	{ "malformed of others", "ca.example;;", false, VERDICT_FAIL, PROBLEM_UNAUTHORIZED, "No valid TXT record", NULL },
	{ "malformed before refused", GOOD "; policy|letsencrypt.org; accounturi=x", false, VERDICT_FAIL, PROBLEM_MALFORMED, "should be tag=value pair", NULL },
	{ "no TXT", "-", false, VERDICT_FAIL, PROBLEM_UNAUTHORIZED, "No TXT record found for DNS-PERSIST-01 challenge", "txt-missing" },
	{ "NXDOMAIN", "!NXDOMAIN", false, VERDICT_FAIL, PROBLEM_DNS,
	  "Retrieving TXT records for DNS-PERSIST-01 challenge: DNS problem: NXDOMAIN looking up TXT for " FQDN, "txt-missing" },
};

static struct verdict *judged(const char *records, bool wildcard, const char *account)
{
	struct evidence *e = world_evidence("dns-persist-01");
	struct verdict *v = verdict_new();
	struct ev_answer *a = world_answer(e, "authority", FQDN, 16);
	char copy[1024], *next = copy, *one;

	e->fqdn = mem_dup(FQDN);
	e->wildcard = wildcard;
	mem_replace(&e->account_uri, account);
	snprintf(copy, sizeof(copy), "%s", records);
	if (!world_outcome(a, records) && strcmp(records, "-") != 0)
		while ((one = strsep(&next, "|")))
			world_record(a, FQDN, 16, one);
	judge_persist(e, world_authority("letsencrypt"), v);
	evidence_free(e);
	return v;
}

static void the_measured_scenarios_come_out_as_the_authority_answered(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct verdict *v = judged(rows[i].records, rows[i].wildcard, ACCOUNT);

		world_expect(rows[i].id, v, rows[i].result, rows[i].problem, rows[i].detail);
		if (rows[i].code && !world_found(v, rows[i].code))
			fail_msg("%s: no finding %s", rows[i].id, rows[i].code);
		verdict_free(v);
	}
}

static void a_record_is_malformed_as_the_authority_says(void **state)
{
	static const char *const bad[][2] = {
		{ "", "empty issuer-domain-name" },
		{ " ; accounturi=x", "empty issuer-domain-name" },
		{ "a b; accounturi=x", "malformed issuer-domain-name \"a b\"" },
		{ "ca.org; x", "malformed parameter \"x\" should be tag=value pair" },
		{ "ca.org; =x", "malformed parameter \"=x\", empty tag" },
		{ "ca.org; accounturi=", "empty value provided for mandatory accounturi" },
		{ "ca.org; accounturi=a b", "malformed value \"a b\" for tag \"accounturi\"" },
		{ "ca.org; foo=\x80; accounturi=x", "malformed value \"\\x80\" for tag \"foo\"" },
		{ "ca.org; accounturi=x; policy=a; POLICY=b", "duplicate parameter \"POLICY\"" },
		{ "ca.org; accounturi=x; persistUntil=", "malformed persistUntil timestamp \"\"" },
		{ "ca.org; accounturi=x; persistUntil=1_0", "malformed persistUntil timestamp \"1_0\"" },
		{ "ca.org; accounturi=x; persistUntil=9223372036854775808", "malformed persistUntil timestamp" },
	};
	struct persist_record r;
	struct err err;

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(bad); i++) {
		assert_int_equal(persist_record_parse((const unsigned char *)bad[i][0], strlen(bad[i][0]), &r, &err), ERR_INVALID);
		if (!strstr(err.text, bad[i][1]))
			fail_msg("\"%s\": %s", bad[i][0], err.text);
		persist_record_done(&r);
	}
}

static void a_value_that_is_made_is_a_value_that_is_read(void **state)
{
	CLEANUP(mem_freep) char *value = persist_value("letsencrypt.org", ACCOUNT, true, 1826000000);
	CLEANUP(mem_freep) char *plain = persist_value("letsencrypt.org", ACCOUNT, false, 0);
	struct persist_record r;

	(void)state;
	assert_string_equal(value, GOOD "; policy=wildcard; persistUntil=1826000000");
	assert_string_equal(plain, GOOD);
	assert_int_equal(persist_record_parse((const unsigned char *)value, strlen(value), &r, NULL), 0);
	assert_string_equal(r.issuer, "letsencrypt.org");
	assert_string_equal(r.account_uri, ACCOUNT);
	assert_true(persist_record_is_wildcard(&r));
	assert_int_equal(r.until_s, 1826000000);
	persist_record_done(&r);
}

#define THUMBPRINT "NzbLsXh8uDCcd-6MNwXF4W_7noWXFZAfHkxZsRGC9Xs"
#define HASH_PREFIX "https://ca.example/hash/"

static void the_digest_is_that_of_the_draft(void **state)
{
	CLEANUP(mem_freep) char *one = persist_digest("example.com", THUMBPRINT, "https://ca.example/acct/123");
	CLEANUP(mem_freep) char *any = persist_digest("*", THUMBPRINT, "https://ca.example/acct/123");

	(void)state;
	assert_string_equal(one, "5SQm7n6tPh2-PlLbCKGnViTXX5z19SCN4cPGQHSk-kw");
	assert_string_equal(any, "NpDnSwUthQK8zCgFdefYxAdAVPnygMLbs9US6oO-5ug");
}

static void a_digest_is_compared_where_the_authority_takes_one(void **state)
{
	CLEANUP(mem_freep) char *ours = persist_digest(NAME, THUMBPRINT, ACCOUNT);
	CLEANUP(mem_freep) char *any = persist_digest("*", THUMBPRINT, ACCOUNT);
	CLEANUP(mem_freep) char *theirs = persist_digest("other.example", THUMBPRINT, ACCOUNT);
	const struct { enum persist_form form; const char *digest, *thumbprint; enum persist_match match; } digests[] = {
		{ PERSIST_HASH, ours, THUMBPRINT, PERSIST_SAME }, { PERSIST_BOTH, any, THUMBPRINT, PERSIST_SAME },
		{ PERSIST_HASH, theirs, THUMBPRINT, PERSIST_UNSEEN }, { PERSIST_HASH, ours, NULL, PERSIST_UNSEEN },
		{ PERSIST_HASH, "cut", THUMBPRINT, PERSIST_MALFORMED }, { PERSIST_URL, ours, THUMBPRINT, PERSIST_OTHER },
	};
	struct authority a = authority_copy(world_authority("letsencrypt"));

	(void)state;
	a.persist_prefix = (char *)HASH_PREFIX;
	for (size_t i = 0; i < sizeof(digests) / sizeof(digests[0]); i++) {
		CLEANUP(mem_freep) char *uri = mem_printf(HASH_PREFIX "sha-256/%s", digests[i].digest);
		struct evidence *e = world_evidence("dns-persist-01");

		a.persist = digests[i].form;
		mem_replace(&e->account_uri, ACCOUNT);
		mem_replace(&e->account_thumbprint, digests[i].thumbprint);
		assert_int_equal(persist_account_match(&a, e, uri), digests[i].match);
		assert_int_equal(persist_account_match(&a, e, HASH_PREFIX "sha-512/x"), a.persist == PERSIST_URL ? PERSIST_OTHER : PERSIST_MALFORMED);
		assert_int_equal(persist_account_match(&a, e, ACCOUNT), a.persist == PERSIST_HASH ? PERSIST_OTHER : PERSIST_SAME);
		evidence_free(e);
	}
}

static void a_digest_that_cannot_be_told_leaves_the_verdict_open_unless_the_rest_is_wrong(void **state)
{
	static const struct { const char *rest; enum verdict_result result; enum problem_type problem; const char *code; } ends[] = {
		{ "", VERDICT_UNKNOWN, PROBLEM_UNAUTHORIZED, "persist-account-unseen" },
		{ "; persistUntil=" PAST, VERDICT_FAIL, PROBLEM_UNAUTHORIZED, "persist-expired" },
	};
	struct authority a = authority_copy(world_authority("letsencrypt"));

	(void)state;
	a.persist = PERSIST_HASH;
	a.persist_prefix = (char *)HASH_PREFIX;
	for (size_t i = 0; i < 2; i++) {
		CLEANUP(mem_freep) char *record = mem_printf("letsencrypt.org; accounturi=" HASH_PREFIX "sha-256/" THUMBPRINT "%s", ends[i].rest);
		struct evidence *e = world_evidence("dns-persist-01");
		struct verdict *v = verdict_new();

		mem_replace(&e->fqdn, FQDN);
		world_record(world_answer(e, "authority", FQDN, 16), FQDN, 16, record);
		judge_persist(e, &a, v);
		world_expect(record, v, ends[i].result, ends[i].problem, NULL);
		assert_true(world_found(v, ends[i].code));
		verdict_free(v);
		evidence_free(e);
	}
}

static void without_an_account_nobody_knows_whether_the_record_is_for_it(void **state)
{
	struct verdict *v = judged(GOOD, false, NULL);

	(void)state;
	world_expect("no account", v, VERDICT_UNKNOWN, PROBLEM_UNAUTHORIZED, NULL);
	assert_true(world_found(v, "persist-account-unseen"));
	verdict_free(v);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_measured_scenarios_come_out_as_the_authority_answered),
		cmocka_unit_test(a_record_is_malformed_as_the_authority_says),
		cmocka_unit_test(a_value_that_is_made_is_a_value_that_is_read),
		cmocka_unit_test(the_digest_is_that_of_the_draft),
		cmocka_unit_test(a_digest_is_compared_where_the_authority_takes_one),
		cmocka_unit_test(a_digest_that_cannot_be_told_leaves_the_verdict_open_unless_the_rest_is_wrong),
		cmocka_unit_test(without_an_account_nobody_knows_whether_the_record_is_for_it),
	};
	int rc = cmocka_run_group_tests(tests, NULL, NULL);

	authorities_free(world_authorities());
	return rc;
}
