#include "tests/unit/verdict/world.h"
#include "solver/crypto/crypto.h"

#define FQDN "_acme-challenge." NAME
#define VALUE "LPJNul-wow4m6DsqxbninhsWHlwfp0JecwQzYpOLmCQ"
#define OTHER "AAAANul-wow4m6DsqxbninhsWHlwfp0JecwQzYpOLmCQ"
#define FOREIGN "BBBBNul-wow4m6DsqxbninhsWHlwfp0JecwQzYpOLmA"
#define HEX "2cf24dba5fb0a30e26e83b2ac5b9e29e1b161e5c1fa7425e73043362938b9824"

struct server_says {
	const char *says; /* "!rcode", "!failure", "-" for NODATA, or values with '|' between */
	const char *flags; /* of "noaa", "case", "tc", "nosoa", "slow", "lame", "tcp" (over TCP it fails) */
};

static const struct row {
	const char *id;
	const char *authority; /* as above; NULL: not asked */
	struct server_says servers[4];
	enum verdict_result result;
	enum problem_type problem;
	const char *detail, *code;
} rows[] = {
	{ "D01", VALUE, { { VALUE }, { VALUE } }, VERDICT_PASS, PROBLEM_NONE, "all 2 name server addresses", NULL },
	{ "D02", "!NXDOMAIN", { { "!NXDOMAIN" } }, VERDICT_FAIL, PROBLEM_DNS,
	  "DNS problem: NXDOMAIN looking up TXT for " FQDN " - check that a DNS record exists for this domain", "txt-missing" },
	{ "D03", "-", { { "-" } }, VERDICT_FAIL, PROBLEM_UNAUTHORIZED, "No TXT record found at " FQDN, "txt-missing" },
	{ "D04", OTHER, { { OTHER } }, VERDICT_FAIL, PROBLEM_UNAUTHORIZED, "Incorrect TXT record \"" OTHER "\" found at " FQDN, "value-unknown" },
	{ "D05", OTHER "|" VALUE, { { OTHER "|" VALUE } }, VERDICT_PASS, PROBLEM_NONE, NULL, NULL },
	{ "D07", "LPJNul|-wow4m6DsqxbninhsWHlwfp0JecwQzYpOLmCQ", { { NULL } }, VERDICT_FAIL, PROBLEM_UNAUTHORIZED,
	  "Incorrect TXT record \"LPJNul\" (and 1 more) found at", NULL },
	{ "D08", " " VALUE, { { NULL } }, VERDICT_FAIL, PROBLEM_UNAUTHORIZED, "Incorrect TXT record \" " VALUE "\"", "value-spaced" },
	{ "D09", VALUE " ", { { NULL } }, VERDICT_FAIL, PROBLEM_UNAUTHORIZED, NULL, "value-spaced" },
	{ "D10", "\"" VALUE "\"", { { NULL } }, VERDICT_FAIL, PROBLEM_UNAUTHORIZED, "Incorrect TXT record \"\\\"" VALUE "\\\"\"", "value-quoted" },
	{ "D11", KEY, { { NULL } }, VERDICT_FAIL, PROBLEM_UNAUTHORIZED, NULL, "value-key-authorization" },
	{ "D12", VALUE "=", { { NULL } }, VERDICT_FAIL, PROBLEM_UNAUTHORIZED, NULL, "value-padded" },
	{ "D13", "LPJNul+wow4m6DsqxbninhsWHlwfp0JecwQzYpOLmCQ", { { NULL } }, VERDICT_FAIL, PROBLEM_UNAUTHORIZED, NULL, "value-base64" },
	{ "D14", HEX, { { NULL } }, VERDICT_FAIL, PROBLEM_UNAUTHORIZED, NULL, "value-hex" },
	{ "another order's", FOREIGN, { { NULL } }, VERDICT_FAIL, PROBLEM_UNAUTHORIZED, NULL, "value-other" },
	{ "D23", "!SERVFAIL", { { "!REFUSED" }, { "!REFUSED" } }, VERDICT_FAIL, PROBLEM_DNS,
	  "DNS problem: SERVFAIL looking up TXT for " FQDN " - the domain's nameservers may be malfunctioning", "server-refuses" },
	{ "D25", "!timeout", { { "!timeout" }, { "!timeout" } }, VERDICT_FAIL, PROBLEM_DNS, "DNS problem: query timed out looking up TXT for " FQDN,
	  "server-silent" },
	{ "D26", VALUE, { { "!timeout" }, { VALUE } }, VERDICT_PASS, PROBLEM_NONE, NULL, "server-silent" },
	{ "D27", VALUE, { { "-" }, { VALUE } }, VERDICT_FLAKY, PROBLEM_UNAUTHORIZED, "1 of 2 name server addresses", "server-lacks" },
	{ "D27 drawn badly", "!NXDOMAIN", { { "!NXDOMAIN" }, { VALUE } }, VERDICT_FLAKY, PROBLEM_DNS, "1 of 2 name server addresses", "server-lacks" },
	{ "D27 old value", VALUE, { { OTHER }, { VALUE } }, VERDICT_FLAKY, PROBLEM_UNAUTHORIZED, "Incorrect TXT record", "server-lacks" },
	{ "D28", VALUE, { { VALUE, "case" } }, VERDICT_PASS, PROBLEM_NONE, NULL, "case-not-kept" },
	{ "D29", "-", { { VALUE } }, VERDICT_FAIL, PROBLEM_UNAUTHORIZED, "No TXT record found", NULL },
	{ "D30", VALUE, { { "-", "tc tcp-ok" } }, VERDICT_PASS, PROBLEM_NONE, NULL, NULL },
	{ "D31", "!SERVFAIL", { { "-", "tc tcp" } }, VERDICT_FAIL, PROBLEM_DNS, "SERVFAIL", "no-tcp" },
	{ "D34", VALUE, { { "!FORMERR" } }, VERDICT_PASS, PROBLEM_NONE, NULL, "server-formerr" },
	{ "D37", VALUE, { { VALUE, "noaa" } }, VERDICT_PASS, PROBLEM_NONE, NULL, "not-authoritative" },
	{ "D46", VALUE, { { "!SERVFAIL" }, { VALUE } }, VERDICT_PASS, PROBLEM_NONE, NULL, "server-refuses" },
	{ "lame", VALUE, { { "-", "lame" }, { VALUE } }, VERDICT_PASS, PROBLEM_NONE, NULL, "server-lame" },
	{ "slow", VALUE, { { VALUE, "slow" } }, VERDICT_FLAKY, PROBLEM_DNS, NULL, "server-slow" },
	{ "no TCP", VALUE, { { VALUE, "tcp" } }, VERDICT_PASS, PROBLEM_NONE, NULL, "no-tcp" },
	{ "NODATA without SOA", "-", { { "-", "nosoa" } }, VERDICT_FAIL, PROBLEM_UNAUTHORIZED, NULL, "nodata-without-soa" },
	{ "only the authority was asked", VALUE, { { NULL } }, VERDICT_PASS, PROBLEM_NONE, NULL, NULL },
	{ "no root, all good", "!no-root", { { VALUE } }, VERDICT_UNKNOWN, PROBLEM_NONE, "not visible from here", NULL },
	{ "no root, none good", "!no-root", { { "-" } }, VERDICT_UNKNOWN, PROBLEM_NONE, "No TXT record found", "txt-missing" },
	{ "no root, one good", "!no-root", { { VALUE }, { "!NXDOMAIN" } }, VERDICT_FLAKY, PROBLEM_DNS, NULL, NULL },
	{ "no root, silent", "!no-root", { { "!timeout" } }, VERDICT_UNKNOWN, PROBLEM_NONE, "query timed out", "server-silent" },
	{ "not asked, all good", NULL, { { VALUE } }, VERDICT_UNKNOWN, PROBLEM_NONE, NULL, NULL },
	{ "not asked, lame", NULL, { { "-", "lame" } }, VERDICT_FAIL, PROBLEM_DNS, "SERVFAIL", "server-lame" },
};

static bool flag(const struct server_says *s, const char *name)
{
	CLEANUP(mem_freep) char *all = mem_printf(" %s ", s->flags ? s->flags : "");
	CLEANUP(mem_freep) char *one = mem_printf(" %s ", name);

	return strstr(all, one) != NULL;
}

static void put_values(struct ev_answer *a, const char *says)
{
	char copy[512], *next = copy, *one;

	if (strcmp(says, "!FORMERR") == 0)
		a->rcode = 1;
	else if (!world_outcome(a, says) && strcmp(says, "-") != 0) {
		snprintf(copy, sizeof(copy), "%s", says);
		while ((one = strsep(&next, "|")))
			world_record(a, a->name, 16, one);
	}
}

static void put_server(struct evidence *e, const char *fqdn, size_t i, const struct server_says *s)
{
	struct ev_answer *a = world_answer(e, "direct", fqdn, 16);

	a->server = mem_printf("ns%zu.example.org", i + 1);
	a->address = mem_printf("198.41.0.%zu", i + 1);
	a->zone = mem_dup("example.org");
	a->transport = mem_dup("udp");
	put_values(a, s->says);
	a->authoritative = !flag(s, "noaa") && !flag(s, "lame");
	a->case_kept = !flag(s, "case");
	a->truncated = flag(s, "tc");
	a->soa = !flag(s, "nosoa") && !flag(s, "lame");
	a->elapsed_ms = flag(s, "slow") ? 1500 : 3;
	if (flag(s, "lame")) {
		struct ev_record *r = evidence_add_authority(a);

		*r = (struct ev_record){ mem_dup("org"), 2, 60, mem_dup("a0.org"), 0 };
	}
	if (flag(s, "tcp") || flag(s, "tcp-ok")) {
		a = world_answer(e, "direct", fqdn, 16);
		a->address = mem_printf("198.41.0.%zu", i + 1);
		a->transport = mem_dup("tcp");
		put_values(a, flag(s, "tcp") ? "!refused" : VALUE);
	}
}

static struct evidence *evidence_of(const struct row *row)
{
	struct evidence *e = world_evidence("dns-01");

	mem_replace(&e->expected, VALUE);
	e->fqdn = mem_dup(FQDN);
	if (row->authority)
		put_values(world_answer(e, "authority", FQDN, 16), row->authority);
	for (size_t i = 0; i < 4 && row->servers[i].says; i++)
		put_server(e, FQDN, i, &row->servers[i]);
	return e;
}

static void the_measured_scenarios_come_out_as_the_authority_answered(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct evidence *e = evidence_of(&rows[i]);
		struct verdict *v = verdict_new();

		judge_dns(e, world_authority("letsencrypt"), v);
		world_expect(rows[i].id, v, rows[i].result, rows[i].problem, rows[i].detail);
		if (rows[i].code && !world_found(v, rows[i].code))
			fail_msg("%s: no finding %s", rows[i].id, rows[i].code);
		verdict_free(v);
		evidence_free(e);
	}
}

static struct verdict *judged(struct evidence *e)
{
	struct verdict *v = verdict_new();

	judge_dns(e, world_authority("letsencrypt"), v);
	evidence_free(e);
	return v;
}

/* The advice of the first finding that has one. */
static const char *advice(const struct verdict *v)
{
	for (size_t i = 0; i < v->finding_count; i++)
		if (v->findings[i].severity == FINDING_ERROR && v->findings[i].fix)
			return v->findings[i].fix;
	return "";
}

static void expect_advice(struct verdict *v, const char *text)
{
	if (!strstr(advice(v), text))
		fail_msg("\"%s\" instead of \"%s\"", advice(v), text);
	for (size_t i = 0; i < v->finding_count; i++)
		if (v->findings[i].fix && strstr(v->findings[i].fix, "take it out"))
			fail_msg("advised without proof: %s", v->findings[i].fix);
	verdict_free(v);
}

static struct ev_answer *asked_otherwise(struct evidence *e, const char *view, int type, const char *says)
{
	struct ev_answer *a = world_answer(e, view, type == 6 ? "example.org" : FQDN, type);

	a->address = mem_dup("198.41.0.1");
	a->zone = mem_dup("example.org");
	a->transport = mem_dup("udp");
	a->authoritative = true;
	if (type == 6)
		world_record(a, a->name, type, says);
	else
		put_values(a, says);
	return a;
}

static void a_server_that_drops_txt_is_told_from_a_silent_one(void **state)
{
	struct evidence *e = evidence_of(&(struct row){ "D25", "!timeout", { { "!timeout" } } });

	(void)state;
	expect_advice(judged(e), "Make ns1.example.org (198.41.0.1) answer: check whether it runs");
	e = evidence_of(&(struct row){ "D25", "!timeout", { { "!timeout" } } });
	asked_otherwise(e, "direct", 6, "ns1.example.org h.example.org 7 1 1 1 1");
	expect_advice(judged(e), "Let TXT queries reach ns1.example.org (198.41.0.1)");
}

static void what_a_server_does_not_bear_is_named(void **state)
{
	struct evidence *e = evidence_of(&(struct row){ "D34", "!timeout", { { "!timeout" } } });
	struct ev_answer *a;

	(void)state;
	asked_otherwise(e, "no-edns", 16, VALUE);
	expect_advice(judged(e), "understand EDNS");
	e = evidence_of(&(struct row){ "D29", "-", { { "-" } } });
	asked_otherwise(e, "plain-case", 16, VALUE);
	expect_advice(judged(e), "names in mixed case");
	e = evidence_of(&(struct row){ "D31", "!SERVFAIL", { { "!refused" } } });
	a = asked_otherwise(e, "no-edns", 16, "!timeout");
	a->truncated = true;
	expect_advice(judged(e), "answer over TCP, port 53");
}

static void a_refusal_of_one_question_is_no_lame_delegation(void **state)
{
	struct evidence *e = evidence_of(&(struct row){ "D23", "!SERVFAIL", { { "!REFUSED" } } });

	(void)state;
	asked_otherwise(e, "direct", 6, "ns1.example.org h.example.org 7 1 1 1 1");
	expect_advice(judged(e), "answer TXT queries for " FQDN);
}

static void servers_of_the_parent_are_not_judged_as_those_of_the_child(void **state)
{
	struct evidence *e = evidence_of(&(struct row){ "D21", "!SERVFAIL", { { "-", "lame" } } });

	(void)state;
	e->written_zone = mem_dup(FQDN);
	e->written_fqdn = mem_dup(FQDN);
	put_server(e, FQDN, 1, &(struct server_says){ "!REFUSED", NULL });
	mem_replace(&e->answers[e->answer_count - 1].zone, FQDN);
	expect_advice(judged(e), "ns2.example.org (198.41.0.2)");
}

static void a_server_that_refers_to_its_own_zone_may_mislead_an_authority(void **state)
{
	struct evidence *e = evidence_of(&(struct row){ "D21", VALUE, { { VALUE }, { "-", "lame" } } });
	struct verdict *v;

	(void)state;
	for (size_t i = 0; i < e->answer_count; i++)
		if (e->answers[i].authority_count)
			mem_replace(&e->answers[i].authority[0].owner, "example.org");
	v = judged(e);
	assert_int_equal(v->result, VERDICT_FLAKY);
	verdict_free(v);
}

static void a_loop_of_cnames_is_shown(void **state)
{
	struct evidence *e = evidence_of(&(struct row){ "D17", "!SERVFAIL", { { NULL } } });

	(void)state;
	world_record(asked_otherwise(e, "direct", 16, "-"), FQDN, 5, "one.example.org");
	world_record(asked_otherwise(e, "direct", 16, "-"), "one.example.org", 5, FQDN);
	expect_advice(judged(e), "Break the loop: " FQDN " is a CNAME to one.example.org, one.example.org is a CNAME to " FQDN);
}

static void a_server_that_lacks_the_record_is_told_by_its_serial(void **state)
{
	static const struct { const char *first, *second, *advice; } serials[] = {
		{ "m h 6 1 1 1 1", "m h 7 1 1 1 1", "it has the serial number 6, others have 7" },
		{ "m h 7 1 1 1 1", "m h 7 1 1 1 1", "raise the serial number" },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(serials); i++) {
		struct evidence *e = evidence_of(&(struct row){ "D27", VALUE, { { "-" }, { VALUE } } });

		asked_otherwise(e, "direct", 6, serials[i].first);
		mem_replace(&asked_otherwise(e, "direct", 6, serials[i].second)->address, "198.41.0.2");
		expect_advice(judged(e), serials[i].advice);
	}
}

static void a_bogus_answer_is_told_with_its_reason(void **state)
{
	struct evidence *e = evidence_of(&(struct row){ "D39", VALUE, { { VALUE } } });
	struct ev_answer *a = &e->answers[0];
	struct verdict *v;

	(void)state;
	mem_replace(&a->security, "bogus");
	a->rcode = 2;
	a->why = mem_dup("DNSSEC: Signature Expired");
	v = judged(e);
	world_expect("D39", v, VERDICT_FAIL, PROBLEM_DNS, "DNS problem: looking up TXT for " FQDN ": DNSSEC: Signature Expired");
	assert_true(world_found(v, "only-direct"));
	verdict_free(v);
}

static void a_chain_of_twelve_cnames_is_too_long(void **state)
{
	(void)state;
	for (size_t hops = 11; hops <= 12; hops++) {
		struct evidence *e = evidence_of(&(struct row){ "D16", VALUE, { { NULL } } });
		struct verdict *v;

		for (size_t i = 0; i < hops; i++)
			world_record(&e->answers[0], "a.example.org", 5, "b.example.org");
		v = judged(e);
		world_expect("D16", v, hops == 11 ? VERDICT_PASS : VERDICT_FAIL, hops == 11 ? PROBLEM_NONE : PROBLEM_DNS, NULL);
		verdict_free(v);
	}
}

static void a_record_in_a_wrong_place_is_found_there(void **state)
{
	static const char *const places[][2] = { { FQDN "." NAME, "doubled-label" }, { FQDN ".example.org", "doubled-label" },
		{ NAME, "record-at-name" }, { "_acme-challenge.example.org", "wrong-place" } };

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(places); i++) {
		struct evidence *e = evidence_of(&(struct row){ "D43", "!NXDOMAIN", { { NULL } } });
		struct verdict *v;

		world_record(world_answer(e, "authority", places[i][0], 16), places[i][0], 16, VALUE);
		v = judged(e);
		world_expect("D43", v, VERDICT_FAIL, PROBLEM_DNS, "NXDOMAIN");
		assert_string_equal(v->findings[0].code, places[i][1]);
		verdict_free(v);
	}
}

static void a_zone_of_our_own_passes_without_the_authority(void **state)
{
	struct evidence *e = evidence_of(&(struct row){ "own", NULL, { { VALUE } } });
	struct verdict *v;

	(void)state;
	e->own_zone = true;
	v = judged(e);
	world_expect("own", v, VERDICT_PASS, PROBLEM_NONE, NULL);
	verdict_free(v);
	e = evidence_of(&(struct row){ "own", NULL, { { "-" } } });
	e->own_zone = true;
	v = judged(e);
	world_expect("own, empty", v, VERDICT_FAIL, PROBLEM_UNAUTHORIZED, "No TXT record found");
	verdict_free(v);
}

static void servers_are_judged_where_the_record_must_stand(void **state)
{
	struct evidence *e = evidence_of(&(struct row){ "D15", VALUE, { { "-" } } });
	struct verdict *v;

	(void)state;
	e->written_fqdn = mem_dup("token.provider.example.net");
	put_server(e, e->written_fqdn, 0, &(struct server_says){ VALUE, NULL });
	v = judged(e);
	world_expect("D15", v, VERDICT_PASS, PROBLEM_NONE, "token.provider.example.net");
	assert_int_equal(v->result_count, 1);
	assert_true(v->results[0].ok);
	verdict_free(v);
}

static void without_a_value_the_zone_only_has_to_answer(void **state)
{
	static const char *const fine[] = { "!NXDOMAIN", "-", OTHER };

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(fine) + 1; i++) {
		struct evidence *e = evidence_of(&(struct row){ "lookup", i < ARRAY_LEN(fine) ? fine[i] : "!SERVFAIL", { { "!NXDOMAIN" } } });
		struct verdict *v;

		free(e->expected);
		e->expected = NULL;
		v = judged(e);
		world_expect("lookup", v, i < ARRAY_LEN(fine) ? VERDICT_PASS : VERDICT_FAIL, i < ARRAY_LEN(fine) ? PROBLEM_NONE : PROBLEM_DNS, NULL);
		verdict_free(v);
	}
}

static void an_answer_slower_than_all_tries_is_a_timeout(void **state)
{
	struct evidence *e = evidence_of(&(struct row){ "D36", VALUE, { { VALUE } } });
	struct verdict *v;

	(void)state;
	e->answers[0].elapsed_ms = 12001;
	v = judged(e);
	world_expect("D36", v, VERDICT_FAIL, PROBLEM_DNS, "query timed out");
	verdict_free(v);
}

static void a_long_wrong_value_is_cut(void **state)
{
	char value[151];
	struct evidence *e;
	struct verdict *v;

	(void)state;
	memset(value, 'x', 150);
	value[150] = '\0';
	e = evidence_of(&(struct row){ "long", value, { { NULL } } });
	v = judged(e);
	value[100] = '\0';
	assert_non_null(strstr(v->detail, value));
	assert_non_null(strstr(v->detail, "xx...\" found at"));
	assert_null(strstr(v->detail, "xxxxx" "xxxxx" "xxxxx" "xxxxx" "xxxxx" "xxxxx" "xxxxx" "xxxxx" "xxxxx" "xxxxx"
	                   "xxxxx" "xxxxx" "xxxxx" "xxxxx" "xxxxx" "xxxxx" "xxxxx" "xxxxx" "xxxxx" "xxxxx" "x"));
	verdict_free(v);
}

/* The value of the draft's own example. */
static void the_account_label_is_a_part_of_the_digest_of_the_account(void **state)
{
	char fqdn[254], name[250];
	struct err err;

	(void)state;
	assert_int_equal(name_account_challenge("example.org", "https://example.com/acme/acct/ExampleAccount", fqdn, &err), 0);
	assert_string_equal(fqdn, "_ujmmovf2vn55tgye._acme-challenge.example.org");
	assert_int_equal(name_account_challenge("example.org", "", fqdn, &err), ERR_INVALID);
	assert_int_equal(name_account_challenge("example.org", NULL, fqdn, &err), ERR_INVALID);
	memset(name, 'a', sizeof(name));
	name[220] = '\0';
	assert_int_equal(name_account_challenge(name, "https://example.com/acme/acct/1", fqdn, &err), ERR_TOO_LARGE);
	name[219] = '\0';
	assert_int_equal(name_account_challenge(name, "https://example.com/acme/acct/1", fqdn, &err), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_measured_scenarios_come_out_as_the_authority_answered),
		cmocka_unit_test(a_server_that_drops_txt_is_told_from_a_silent_one),
		cmocka_unit_test(what_a_server_does_not_bear_is_named),
		cmocka_unit_test(a_server_that_refers_to_its_own_zone_may_mislead_an_authority),
		cmocka_unit_test(a_refusal_of_one_question_is_no_lame_delegation),
		cmocka_unit_test(servers_of_the_parent_are_not_judged_as_those_of_the_child),
		cmocka_unit_test(a_loop_of_cnames_is_shown),
		cmocka_unit_test(a_server_that_lacks_the_record_is_told_by_its_serial),
		cmocka_unit_test(a_bogus_answer_is_told_with_its_reason),
		cmocka_unit_test(a_chain_of_twelve_cnames_is_too_long),
		cmocka_unit_test(a_record_in_a_wrong_place_is_found_there),
		cmocka_unit_test(a_zone_of_our_own_passes_without_the_authority),
		cmocka_unit_test(servers_are_judged_where_the_record_must_stand),
		cmocka_unit_test(without_a_value_the_zone_only_has_to_answer),
		cmocka_unit_test(an_answer_slower_than_all_tries_is_a_timeout),
		cmocka_unit_test(a_long_wrong_value_is_cut),
		cmocka_unit_test(the_account_label_is_a_part_of_the_digest_of_the_account),
	};
	int rc = cmocka_run_group_tests(tests, NULL, NULL);

	authorities_free(world_authorities());
	return rc;
}
