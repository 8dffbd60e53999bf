#include "tests/unit/verdict/world.h"

#define ZONE "example.org"
#define FQDN "_acme-challenge." NAME

/* A referral of the parent, with the names given and glue as "name=address" behind a '|'. */
static void refer(struct evidence *e, const char *names, const char *glue)
{
	struct ev_answer *a = world_answer(e, "direct", ZONE, 2);
	char copy[256], *next = copy, *one;
	struct ev_record *r;

	a->zone = mem_dup("org");
	a->server = mem_dup("a0.org");
	a->address = mem_dup("199.19.56.1");
	a->authoritative = false;
	snprintf(copy, sizeof(copy), "%s", names);
	while (*names && (one = strsep(&next, " "))) {
		r = evidence_add_authority(a);
		*r = (struct ev_record){ mem_dup(ZONE), 2, 60, mem_dup(one), 0 };
	}
	snprintf(copy, sizeof(copy), "%s", glue ? glue : "");
	next = copy;
	while (glue && (one = strsep(&next, " "))) {
		char *address = strchr(one, '=');

		*address++ = '\0';
		r = evidence_add_authority(a);
		*r = (struct ev_record){ mem_dup(one), 1, 60, mem_dup(address), 0 };
	}
}

static struct ev_answer *says(struct evidence *e, const char *server, int type, const char *data)
{
	struct ev_answer *a = world_answer(e, "direct", ZONE, type);
	char copy[256], *next = copy, *one;

	a->zone = mem_dup(ZONE);
	a->server = mem_dup(server);
	a->address = mem_dup("198.41.0.1");
	if (!data || world_outcome(a, data))
		return a;
	snprintf(copy, sizeof(copy), "%s", data);
	if (type != 2)
		world_record(a, ZONE, type, data);
	else
		while ((one = strsep(&next, " ")))
			world_record(a, ZONE, 2, one);
	return a;
}

static void over(struct ev_answer *a, const char *transport)
{
	mem_replace(&a->transport, transport);
}

static struct verdict *judged(struct evidence *e)
{
	struct verdict *v = verdict_new();

	judge_delegation(e, world_authority("letsencrypt"), v);
	judge_dnssec(e, world_authority("letsencrypt"), v);
	evidence_free(e);
	return v;
}

static void expect_only(struct verdict *v, const char *code)
{
	for (size_t i = 0; i < v->finding_count; i++)
		if (!code || strcmp(v->findings[i].code, code) != 0)
			fail_msg("%s: %s", v->findings[i].code, v->findings[i].text);
	assert_int_equal(v->finding_count, code ? 1 : 0);
	assert_null(v->detail); /* findings only */
	verdict_free(v);
}

static void sets_that_differ_are_told(void **state)
{
	struct evidence *e = world_evidence("dns-01");

	(void)state;
	refer(e, "ns1.example.net ns2.example.net", NULL);
	says(e, "ns1.example.net", 2, "ns1.example.net ns3.example.net");
	expect_only(judged(e), "ns-differs");
	e = world_evidence("dns-01");
	refer(e, "ns1.example.net ns2.example.net", NULL);
	says(e, "ns1.example.net", 2, "ns2.example.net ns1.example.net");
	expect_only(judged(e), NULL);
}

static void a_zone_that_the_parent_does_not_know_is_told(void **state)
{
	struct evidence *e = world_evidence("dns-01");

	(void)state;
	refer(e, "", NULL);
	e->answers[0].authoritative = true;
	expect_only(judged(e), "not-delegated");
	e = world_evidence("dns-01");
	refer(e, "", NULL); /* without authority: it says nothing about what the parent knows */
	expect_only(judged(e), NULL);
}

static void glue_that_is_missing_or_wrong_is_told(void **state)
{
	struct evidence *e = world_evidence("dns-01");

	(void)state;
	refer(e, "ns1.example.org", NULL);
	expect_only(judged(e), "glue-missing");
	e = world_evidence("dns-01");
	refer(e, "ns1.example.org", "ns1.example.org=" V4);
	world_addresses(e, "ns1.example.org", 1, V4B);
	expect_only(judged(e), "glue-wrong");
	e = world_evidence("dns-01");
	refer(e, "ns1.example.org", "ns1.example.org=" V4);
	world_addresses(e, "ns1.example.org", 1, V4B " " V4);
	expect_only(judged(e), NULL);
}

static void lame_servers_are_told_once(void **state)
{
	struct evidence *e = world_evidence("dns-01");

	(void)state;
	refer(e, "ns1.example.net ns2.example.net", NULL);
	over(says(e, "ns1.example.net", 2, "!REFUSED"), "udp");
	over(says(e, "ns1.example.net", 6, "!REFUSED"), "udp");
	over(says(e, "ns1.example.net", 6, "!REFUSED"), "tcp");
	says(e, "ns2.example.net", 2, "!timeout");
	expect_only(judged(e), "server-lame");
}

static void no_server_is_lame_without_proof(void **state)
{
	static const struct { const char *names, *udp, *tcp; int ns; } unproven[] = {
		{ "ns1.example.net", "!REFUSED", "!timeout", 0 },      /* silence over TCP proves nothing */
		{ "ns1.example.net", "!REFUSED", NULL, 0 },            /* it was asked over UDP only */
		{ "ns1.example.net", "!SERVFAIL", "!SERVFAIL", 0 },    /* it may serve it tomorrow */
		{ "ns2.example.net", "!REFUSED", "!REFUSED", 0 },      /* nobody says that it should */
		{ "ns1.example.net", "!REFUSED", "!REFUSED", 1 },      /* it answers other questions */
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(unproven); i++) {
		struct evidence *e = world_evidence("dns-01");

		refer(e, unproven[i].names, NULL);
		over(says(e, "ns1.example.net", 6, unproven[i].udp), "udp");
		if (unproven[i].tcp)
			over(says(e, "ns1.example.net", 6, unproven[i].tcp), "tcp");
		if (unproven[i].ns)
			over(says(e, "ns1.example.net", 2, "ns1.example.net"), "udp");
		expect_only(judged(e), NULL);
	}
}

static void serials_that_differ_are_told(void **state)
{
	struct evidence *e = world_evidence("dns-01");

	(void)state;
	says(e, "ns1.example.net", 6, "ns1.example.net hostmaster.example.org 2026112101 3600 600 86400 60");
	says(e, "ns2.example.net", 6, "ns1.example.net hostmaster.example.org 2026112100 3600 600 86400 60");
	expect_only(judged(e), "serial-differs");
}

static struct evidence *chained(const char *provider)
{
	struct evidence *e = world_evidence("dns-01");
	struct ev_answer *a = world_answer(e, "authority", FQDN, 16);

	e->fqdn = mem_dup(FQDN);
	e->written_fqdn = mem_dup("x.acme.example.net");
	e->written_zone = mem_dup("acme.example.net");
	e->provider_known = true;
	e->provider = mem_dup(provider);
	world_record(a, FQDN, 5, "x.acme.example.net");
	return e;
}

static void the_chain_and_who_controls_its_end_are_told(void **state)
{
	struct verdict *v = judged(chained(NULL));

	(void)state;
	assert_true(world_found(v, "chain"));
	assert_true(world_found(v, "no-provider"));
	assert_string_equal(v->findings[0].text, FQDN " is a CNAME to x.acme.example.net: the record must stand at x.acme.example.net in the zone acme.example.net");
	verdict_free(v);
	v = judged(chained("dns-main"));
	assert_true(world_found(v, "provider"));
	assert_false(world_found(v, "no-provider"));
	verdict_free(v);
}

static struct evidence *validated(const char *security, const char *why)
{
	struct evidence *e = world_evidence("dns-01");
	struct ev_answer *a = world_answer(e, "authority", FQDN, 16);

	e->fqdn = mem_dup(FQDN);
	mem_replace(&a->security, security);
	a->why = mem_dup(why);
	return e;
}

static void what_is_bogus_is_told_with_its_mend(void **state)
{
	static const char *const cases[][2] = { { "signature expired", "Sign the zone again" }, { "DNSSEC: DNSKEY Missing", "DS record" },
		{ "no NSEC3 closest encloser", "denial" }, { "no signatures", "Sign the zone" }, { "something", "Correct" } };

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		struct verdict *v = judged(validated("bogus", cases[i][0]));

		assert_int_equal(v->finding_count, 1);
		assert_string_equal(v->findings[0].code, "dnssec-bogus");
		assert_int_equal(v->findings[0].severity, FINDING_ERROR);
		assert_non_null(strstr(v->findings[0].fix, cases[i][1]));
		verdict_free(v);
	}
	expect_only(judged(validated("secure", NULL)), "dnssec");
}

static void a_signature_that_ends_soon_is_a_warning(void **state)
{
	static const struct { const char *times; const char *code; } cases[] = {
		{ "20261122142000 20261023142000", "signature-ends" }, /* a day of thirty */
		{ "20261121150000 20261023142000", "signature-ends" },
		{ "20261120142000 20261023142000", "signature-ended" },
		{ "20261201142000 20261023142000", NULL },
		{ "20261122142000 20261120142000", NULL },             /* signed as it is asked */
		{ "20261122002000 20261120142000", NULL },
		{ "1795300000 1792000000", "signature-ends" },
		{ "x y", NULL }, { "", NULL },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		struct evidence *e = validated(NULL, NULL);
		CLEANUP(mem_freep) char *data = mem_printf("TXT 13 4 300 %s 12345 example.org. AAAA", cases[i].times);

		world_record(&e->answers[0], FQDN, 46, data);
		expect_only(judged(e), cases[i].code);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(sets_that_differ_are_told),
		cmocka_unit_test(a_zone_that_the_parent_does_not_know_is_told),
		cmocka_unit_test(glue_that_is_missing_or_wrong_is_told),
		cmocka_unit_test(lame_servers_are_told_once),
		cmocka_unit_test(no_server_is_lame_without_proof),
		cmocka_unit_test(serials_that_differ_are_told),
		cmocka_unit_test(the_chain_and_who_controls_its_end_are_told),
		cmocka_unit_test(what_is_bogus_is_told_with_its_mend),
		cmocka_unit_test(a_signature_that_ends_soon_is_a_warning),
	};
	int rc = cmocka_run_group_tests(tests, NULL, NULL);

	authorities_free(world_authorities());
	return rc;
}
