/* What this host cannot see proves nothing about a server. */
#include "tests/unit/verdict/world.h"

static const struct world_name both[] = { { NAME, V4, V6 }, { NULL, NULL, NULL } };

static struct verdict *judged_web(const struct world_page *pages, const char *perspective)
{
	struct evidence *e = world_evidence("http-01");
	struct verdict *v;

	e->host = (struct ev_host){ .known = true, .ipv4 = true, .descriptors = true };
	world_attempt(e, world_authority("letsencrypt"), both, pages);
	if (perspective) {
		struct ev_perspective *p = evidence_add_perspective(e);

		p->code = mem_dup("eu-west-1");
		p->rir = mem_dup("RIPE");
		p->check = mem_dup("dcv");
		p->completed = p->passed = true;
		p->address = mem_dup(perspective);
	}
	v = judge(e, world_authority("letsencrypt"));
	evidence_free(e);
	return v;
}

static const struct world_page v4_good[] = {
	{ FIRST, V6, 0, NULL, NULL, "connect-unreachable", NULL, "Network is unreachable", 0, 0 },
	{ FIRST, V4, 200, NULL, KEY, NULL, NULL, NULL, 0, 0 },
	{ 0 },
};

static void an_address_that_this_host_cannot_reach_does_not_pass(void **state)
{
	struct verdict *v = judged_web(v4_good, NULL);

	(void)state;
	world_expect("unreachable AAAA", v, VERDICT_UNKNOWN, PROBLEM_NONE, "This host has no way to the IPv6 address " V6);
	assert_string_equal(v->findings[0].code, "host-family");
	assert_non_null(strstr(v->findings[0].fix, "unknown: accept"));
	assert_true(v->doubted);
	verdict_free(v);
}

static void what_the_other_family_answers_is_looked_at_all_the_same(void **state)
{
	struct verdict *v = judged_web(v4_good, NULL);

	(void)state;
	assert_int_equal(v->result_count, 2);
	assert_true(v->results[0].ok);
	assert_true(v->results[1].silent && query_result_is_unroutable(&v->results[1]));
	verdict_free(v);
}

static void an_address_that_this_host_cannot_reach_does_not_fail(void **state)
{
	static const struct world_page pages[] = {
		{ FIRST, V6, 0, NULL, NULL, "connect-unreachable", NULL, NULL, 0, 0 },
		{ FIRST, V4, 0, NULL, NULL, "connect-refused", NULL, NULL, 0, 0 },
		{ 0 },
	};
	struct verdict *v = judged_web(pages, NULL);

	(void)state;
	world_expect("unreachable AAAA", v, VERDICT_UNKNOWN, PROBLEM_NONE, V6);
	verdict_free(v);
}

static void a_lack_of_descriptors_is_not_the_servers_fault(void **state)
{
	static const struct world_page pages[] = { { FIRST, NULL, 0, NULL, NULL, "local", NULL, "Too many open files", 0, 0 }, { 0 } };
	struct verdict *v = judged_web(pages, NULL);

	(void)state;
	world_expect("no descriptors", v, VERDICT_UNKNOWN, PROBLEM_NONE, "Too many open files");
	verdict_free(v);
}

static void a_perspective_that_has_the_family_vouches_for_it(void **state)
{
	struct verdict *v = judged_web(v4_good, V6);

	(void)state;
	world_expect("vouched", v, VERDICT_PASS, PROBLEM_NONE, NULL);
	verdict_free(v);
}

static void a_perspective_that_was_answered_over_the_other_family_does_not(void **state)
{
	struct verdict *v = judged_web(v4_good, V4);

	(void)state;
	world_expect("not vouched", v, VERDICT_UNKNOWN, PROBLEM_NONE, V6);
	verdict_free(v);
}

/* ---- name servers ---- */

static struct evidence *seen_record(void)
{
	struct evidence *e = world_evidence("dns-01");

	e->fqdn = mem_dup("_acme-challenge." NAME);
	e->written_fqdn = mem_dup(e->fqdn);
	e->written_zone = mem_dup("example.org");
	e->host = (struct ev_host){ .known = true, .ipv4 = true, .descriptors = true };
	return e;
}

static struct ev_answer *says(struct evidence *e, const char *server, const char *address, const char *outcome)
{
	struct ev_answer *a = world_answer(e, server ? "direct" : "authority", e->fqdn, 16);

	if (server) {
		a->server = mem_dup(server);
		a->address = mem_dup(address);
		a->zone = mem_dup(e->written_zone);
		a->transport = mem_dup("udp");
	}
	if (!world_outcome(a, outcome))
		world_record(a, e->fqdn, 16, outcome);
	return a;
}

static struct verdict *judged(struct evidence *e)
{
	struct verdict *v = judge(e, world_authority("letsencrypt"));

	evidence_free(e);
	return v;
}

static void a_server_that_was_heard_over_ipv4_is_heard_and_nothing_is_said(void **state)
{
	struct evidence *e = seen_record();
	struct verdict *v;

	(void)state;
	says(e, NULL, NULL, KEY);
	says(e, "ns1.example.org", "192.0.3.1", KEY);
	says(e, "ns1.example.org", "2620:9::1", "!unroutable");
	v = judged(e);
	world_expect("dual-stack server", v, VERDICT_PASS, PROBLEM_NONE, NULL);
	assert_false(world_found(v, "server-unroutable"));
	assert_false(world_found(v, "host-family"));
	verdict_free(v);
}

static void a_server_that_has_only_ipv6_is_not_known_to_an_ipv4_host(void **state)
{
	struct evidence *e = seen_record();
	struct verdict *v;

	(void)state;
	says(e, NULL, NULL, KEY);
	says(e, "ns1.example.org", "192.0.3.1", KEY);
	says(e, "ns2.example.org", "2620:9::1", "!unroutable");
	v = judged(e);
	world_expect("IPv6 server", v, VERDICT_UNKNOWN, PROBLEM_NONE, "ns2.example.org");
	verdict_free(v);
}

static void a_failed_lookup_is_the_servers_when_all_of_them_were_heard_to_fail(void **state)
{
	struct evidence *e = seen_record();
	struct verdict *v;

	(void)state;
	says(e, NULL, NULL, "!SERVFAIL");
	says(e, "ns1.example.org", "192.0.3.1", "!SERVFAIL");
	v = judged(e);
	world_expect("all fail", v, VERDICT_FAIL, PROBLEM_DNS, "SERVFAIL");
	verdict_free(v);
}

static void a_failed_lookup_may_be_the_hosts_when_servers_could_not_be_asked(void **state)
{
	struct evidence *e = seen_record();
	struct verdict *v;

	(void)state;
	says(e, NULL, NULL, "!SERVFAIL");
	says(e, "ns1.example.org", "2620:9::1", "!unroutable");
	v = judged(e);
	world_expect("nobody asked", v, VERDICT_UNKNOWN, PROBLEM_NONE, "no IPv6");
	verdict_free(v);
}

/* ---- what does not depend on a family ---- */

/* The server of the zone above sends everybody to `host` for the challenge name. */
static void refers(struct evidence *e, const char *host, const char *glue)
{
	struct ev_answer *a = says(e, "ns1.example.org", "192.0.3.1", "!NOERROR");
	struct ev_record *r = evidence_add_authority(a);

	a->authoritative = a->soa = false;
	*r = (struct ev_record){ .owner = mem_dup(e->fqdn), .type = 2, .data = mem_dup(host) };
	if (glue) {
		r = evidence_add_authority(a);
		*r = (struct ev_record){ .owner = mem_dup(host), .type = strchr(glue, ':') ? 28 : 1, .data = mem_dup(glue) };
	}
	mem_replace(&e->written_zone, e->fqdn);
}

static void look_up(struct evidence *e, const char *host, const char *outcome)
{
	world_outcome(world_answer(e, "authority", host, 1), outcome);
	world_outcome(world_answer(e, "authority", host, 28), outcome);
}

static void a_delegated_server_that_refuses_is_at_fault_whatever_families_this_host_has(void **state)
{
	struct evidence *e = seen_record();
	struct verdict *v;

	(void)state;
	says(e, NULL, NULL, "!SERVFAIL");
	refers(e, "ns.lame.example.org", "192.0.3.4");
	says(e, "ns.lame.example.org", "192.0.3.4", "!REFUSED");
	v = judged(e);
	world_expect("lame delegation", v, VERDICT_FAIL, PROBLEM_DNS, "SERVFAIL");
	assert_false(world_found(v, "host-family"));
	verdict_free(v);
}

static void a_delegated_server_without_any_address_is_at_fault_whatever_families_this_host_has(void **state)
{
	struct evidence *e = seen_record();
	struct verdict *v;

	(void)state;
	says(e, NULL, NULL, "!SERVFAIL");
	refers(e, "ns.nowhere.test", NULL);
	look_up(e, "ns.nowhere.test", "!NXDOMAIN");
	v = judged(e);
	world_expect("no address", v, VERDICT_FAIL, PROBLEM_DNS, "SERVFAIL");
	assert_string_equal(v->findings[0].code, "ns-without-address");
	assert_non_null(strstr(v->findings[0].text, "ns.nowhere.test"));
	verdict_free(v);
}

static void a_delegated_server_whose_address_could_not_be_looked_up_may_be_out_of_this_hosts_reach(void **state)
{
	struct evidence *e = seen_record();
	struct verdict *v;

	(void)state;
	says(e, NULL, NULL, "!SERVFAIL");
	refers(e, "ns.elsewhere.test", NULL);
	look_up(e, "ns.elsewhere.test", "!SERVFAIL");
	v = judged(e);
	world_expect("address not known", v, VERDICT_UNKNOWN, PROBLEM_NONE, "no IPv6");
	assert_false(world_found(v, "ns-without-address"));
	verdict_free(v);
}

static void a_delegated_server_of_the_other_family_may_answer_everybody_else(void **state)
{
	struct evidence *e = seen_record();
	struct verdict *v;

	(void)state;
	says(e, NULL, NULL, "!SERVFAIL");
	refers(e, "ns.six.example.org", "2620:9::6");
	says(e, "ns.six.example.org", "2620:9::6", "!unroutable");
	v = judged(e);
	world_expect("IPv6 only", v, VERDICT_UNKNOWN, PROBLEM_NONE, "no IPv6");
	verdict_free(v);
}

static void cnames_in_a_circle_are_wrong_for_every_host_and_no_servers_fault(void **state)
{
	struct evidence *e = seen_record();
	struct ev_answer *a;
	struct verdict *v;

	(void)state;
	says(e, NULL, NULL, "!SERVFAIL");
	a = says(e, "ns1.example.org", "192.0.3.1", "!SERVFAIL");
	world_record(a, e->fqdn, 5, "one.example.org");
	world_record(a, "one.example.org", 5, e->fqdn);
	says(e, "ns2.example.org", "192.0.3.2", "!SERVFAIL");
	v = judged(e);
	world_expect("loop", v, VERDICT_FAIL, PROBLEM_DNS, "SERVFAIL");
	assert_true(world_found(v, "cname-loop"));
	assert_false(world_found(v, "server-refuses"));
	assert_false(world_found(v, "host-family"));
	verdict_free(v);
}

static void a_host_that_can_ask_nobody_says_why(void **state)
{
	struct evidence *e = seen_record();
	struct ev_answer *a = says(e, NULL, NULL, "!no-root");
	struct verdict *v;

	(void)state;
	a->why = mem_dup("no root name server answers");
	e->unlocated = mem_dup("no DNS answer from the recursive resolvers");
	v = judged(e);
	world_expect("no DNS", v, VERDICT_UNKNOWN, PROBLEM_NONE, "no root name server answers; no DNS answer from the recursive resolvers");
	assert_string_equal(v->findings[0].code, "not-visible");
	assert_non_null(strstr(v->findings[0].fix, "port 53"));
	verdict_free(v);
}

static void evidence_without_the_hosts_abilities_is_judged_as_before(void **state)
{
	struct evidence *e = seen_record(), *read;
	json_t *json;
	struct err err;
	struct verdict *v;

	(void)state;
	e->host.known = false;
	says(e, NULL, NULL, "!SERVFAIL");
	json = evidence_to_json(e);
	evidence_free(e);
	json_object_del(json, "host");
	assert_int_equal(evidence_from_json(json, &read, &err), 0);
	json_decref(json);
	v = judged(read);
	world_expect("old evidence", v, VERDICT_FAIL, PROBLEM_DNS, "SERVFAIL");
	verdict_free(v);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(an_address_that_this_host_cannot_reach_does_not_pass),
		cmocka_unit_test(what_the_other_family_answers_is_looked_at_all_the_same),
		cmocka_unit_test(an_address_that_this_host_cannot_reach_does_not_fail),
		cmocka_unit_test(a_lack_of_descriptors_is_not_the_servers_fault),
		cmocka_unit_test(a_perspective_that_has_the_family_vouches_for_it),
		cmocka_unit_test(a_perspective_that_was_answered_over_the_other_family_does_not),
		cmocka_unit_test(a_server_that_was_heard_over_ipv4_is_heard_and_nothing_is_said),
		cmocka_unit_test(a_server_that_has_only_ipv6_is_not_known_to_an_ipv4_host),
		cmocka_unit_test(a_failed_lookup_is_the_servers_when_all_of_them_were_heard_to_fail),
		cmocka_unit_test(a_failed_lookup_may_be_the_hosts_when_servers_could_not_be_asked),
		cmocka_unit_test(a_delegated_server_that_refuses_is_at_fault_whatever_families_this_host_has),
		cmocka_unit_test(a_delegated_server_without_any_address_is_at_fault_whatever_families_this_host_has),
		cmocka_unit_test(a_delegated_server_whose_address_could_not_be_looked_up_may_be_out_of_this_hosts_reach),
		cmocka_unit_test(a_delegated_server_of_the_other_family_may_answer_everybody_else),
		cmocka_unit_test(cnames_in_a_circle_are_wrong_for_every_host_and_no_servers_fault),
		cmocka_unit_test(a_host_that_can_ask_nobody_says_why),
		cmocka_unit_test(evidence_without_the_hosts_abilities_is_judged_as_before),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
