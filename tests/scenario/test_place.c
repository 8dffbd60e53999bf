/* Where the record goes: zone cuts that no referral shows, servers that disagree about them, CNAMEs that come from a wildcard, and
 * a route that names the zone. */
#include <stdio.h>
#include <stdlib.h>

#include "solver/base/mem.h"
#include "tests/scenario/scenario.h"

#define NAME "www.example.org"
#define FQDN "_acme-challenge.www.example.org"
#define TARGET "park.other.net"

static void assert_ready_in(struct scenario *s, const char *zone, const char *fqdn)
{
	fake_dns_value(fqdn, VALUE);
	assert_int_equal(present(s, NAME, VALUE), 0);
	run_until(s, s->id, CHALLENGE_READY, 5000);
	assert_true(memory_has(zone, fqdn, VALUE));
	assert_string_equal(engine_challenge(s->engine, s->id)->fqdn, fqdn);
	release(s, s->id);
	run_until(s, s->id, CHALLENGE_GONE, 1000);
	assert_nothing_left(s);
}

static void assert_held(struct scenario *s, const char *zone, const char *sentence)
{
	assert_int_equal(present(s, NAME, VALUE), 0);
	run_until(s, s->id, CHALLENGE_PROPAGATING, 10000);
	assert_true(memory_has(zone, FQDN, VALUE));
	run_for(s, 20000);
	assert_int_equal(state_of(s, s->id), CHALLENGE_PROPAGATING);
	run_until(s, s->id, CHALLENGE_FAILED, 60000);
	assert_says(reason_of(s, s->id), sentence);
	run_for(s, 10000);
	assert_nothing_left(s);
}

/* ---- the route ---- */

static void a_route_names_the_zone_that_its_provider_changes(void **state)
{
	struct scenario *s = *state;

	reconfigure_text(s, "routes: [{suffix: www.example.org, provider: m, zone: www.example.org}]\nproviders: {m: {type: memory}}\n");
	assert_ready_in(s, "www.example.org", FQDN);
}

static void a_record_is_taken_out_of_the_zone_that_it_was_put_in(void **state)
{
	struct scenario *s = *state;

	reconfigure_text(s, "routes: [{provider: m, zone: org}]\nproviders: {m: {type: memory}}\n");
	assert_int_equal(present(s, NAME, VALUE), 0);
	run_until(s, s->id, CHALLENGE_READY, 5000);
	reconfigure_text(s, "routes: [{provider: m}]\nproviders: {m: {type: memory}}\n");
	restart(s);
	release(s, s->id);
	run_until(s, s->id, CHALLENGE_GONE, 1000);
	assert_nothing_left(s);
}

static void a_zone_of_the_route_that_does_not_hold_the_name_is_refused(void **state)
{
	struct scenario *s = *state;

	reconfigure_text(s, "routes: [{provider: m, zone: other.net}]\nproviders: {m: {type: memory}}\n");
	assert_int_equal(present(s, NAME, VALUE), 0);
	run_until(s, s->id, CHALLENGE_FAILED, 1000);
	assert_says(reason_of(s, s->id), "the route of " FQDN " names the zone other.net, which does not hold it");
	assert_int_equal(memory_jobs(), 0);
}

/* ---- what stands in the way ---- */

static void cnames_in_a_circle_are_told_as_such_and_not_as_silence(void **state)
{
	struct scenario *s = *state;

	fake_dns_cname(FQDN, "one.example.org");
	fake_dns_cname("one.example.org", FQDN);
	assert_int_equal(present(s, NAME, VALUE), 0);
	run_until(s, s->id, CHALLENGE_FAILED, 61000);
	assert_says(reason_of(s, s->id), "loop");
	assert_null(strstr(reason_of(s, s->id), "no name server"));
}

static void name_servers_that_this_host_has_no_way_to_are_not_blamed(void **state)
{
	struct scenario *s = *state;

	fake_http_unroutable('.');
	fake_dns_fault(NS1, FAULT_SILENT);
	fake_dns_fault(NS2, FAULT_SILENT);
	assert_int_equal(present(s, NAME, VALUE), 0);
	run_until(s, s->id, CHALLENGE_FAILED, 61000);
	assert_says(reason_of(s, s->id), "this host can ask no name server of zone example.org for " FQDN);
	fake_http_unroutable(0);
}

/* ---- cuts ---- */

static void a_child_zone_on_the_parents_servers_is_found(void **state)
{
	fake_dns_server(FQDN, "ns1.example.org", NS1);
	fake_dns_server(FQDN, "ns2.example.org", NS2);
	assert_ready_in(*state, FQDN, FQDN);
}

static void a_child_zone_is_found_although_another_value_stands_there(void **state)
{
	fake_dns_server(FQDN, "ns1.example.org", NS1);
	fake_dns_server(FQDN, "ns2.example.org", NS2);
	fake_dns_value(FQDN, "a-value-of-somebody-else");
	memory_put(FQDN, FQDN, "a-value-of-somebody-else");
	assert_int_equal(present(*state, NAME, VALUE), 0);
	run_until(*state, ((struct scenario *)*state)->id, CHALLENGE_READY, 5000);
	assert_true(memory_has(FQDN, FQDN, VALUE));
}

static void a_child_zone_is_found_on_a_server_that_denies_without_a_soa(void **state)
{
	fake_dns_server(FQDN, "ns1.example.org", NS1);
	fake_dns_server(FQDN, "ns2.example.org", NS2);
	fake_dns_fault(NS1, FAULT_NO_SOA);
	assert_ready_in(*state, FQDN, FQDN);
}

static void a_child_zone_on_one_of_the_parents_servers_is_asked_there_only(void **state)
{
	fake_dns_server(FQDN, "ns1.example.org", NS1);
	fake_dns_delegate(FQDN);
	assert_ready_in(*state, FQDN, FQDN);
	assert_true(fake_dns_asked(NS2) <= 4); /* where the name is, and where its parent's servers lead */
}

static void a_child_zone_on_the_parents_other_server_is_asked_there_only(void **state)
{
	fake_dns_server(FQDN, "ns2.example.org", NS2);
	fake_dns_delegate(FQDN);
	assert_ready_in(*state, FQDN, FQDN);
}

static void a_child_zone_that_a_parents_server_also_serves_must_show_the_value_there_too(void **state)
{
	fake_dns_server(FQDN, "ns.other.net", "192.0.2.3");
	fake_dns_server(FQDN, "ns2.example.org", NS2); /* as a copy that nobody renews */
	fake_dns_delegate(FQDN);
	fake_dns_fault(NS2, FAULT_LAGS);
	assert_held(*state, FQDN, "ns2.example.org (192.0.2.2)");
}

static void a_parents_server_that_knows_nothing_of_the_cut_holds_ready_back_and_is_named(void **state)
{
	fake_dns_server(FQDN, "ns1.example.org", NS1);
	fake_dns_fault(NS2, FAULT_LAGS); /* the record is in the child */
	assert_held(*state, FQDN, "ns2.example.org (192.0.2.2): answers from the zone example.org");
}

static void a_cut_that_only_a_later_server_shows_is_named(void **state)
{
	fake_dns_server(FQDN, "ns2.example.org", NS2);
	fake_dns_fault(NS2, FAULT_LAGS); /* the record is in the parent */
	assert_held(*state, "example.org", "ns2.example.org (192.0.2.2): answers from the zone " FQDN);
}

static void a_name_server_at_an_address_inside_gets_no_question_and_holds_ready_back(void **state)
{
	fake_dns_server("example.org", "ns3.example.org", "10.0.0.9");
	reconfigure_text(*state, "challenge: {deadline: 60s}\nproviders: {m: {type: memory}}\nroutes: [{suffix: \"*\", provider: m, authority: private}]\n");
	assert_held(*state, "example.org", "10.0.0.9 is no public address");
	assert_int_equal(fake_dns_asked("10.0.0.9"), 0);
}

static void a_server_that_does_not_serve_the_zone_decides_nothing(void **state)
{
	fake_dns_fault(NS1, FAULT_LAME);
	fake_dns_server(FQDN, "ns2.example.org", NS2);
	assert_int_equal(present(*state, NAME, VALUE), 0);
	run_until(*state, ((struct scenario *)*state)->id, CHALLENGE_PROPAGATING, 5000);
	assert_true(memory_has(FQDN, FQDN, VALUE));
}

/* ---- wildcards ---- */

static void a_wildcards_cname_is_no_delegation(void **state)
{
	fake_dns_cname("*.www.example.org", TARGET);
	assert_ready_in(*state, "example.org", FQDN);
}

static void a_wildcards_cname_far_above_is_no_delegation(void **state)
{
	struct challenge_request r = dns01("a.b.example.org", VALUE);

	fake_dns_cname("*.example.org", TARGET);
	assert_int_equal(submit(*state, &r, 1), 0);
	run_until(*state, ((struct scenario *)*state)->id, CHALLENGE_READY, 5000);
	assert_true(memory_has("example.org", "_acme-challenge.a.b.example.org", VALUE));
}

static void a_cname_beside_a_wildcard_is_followed(void **state)
{
	fake_dns_cname("*.www.example.org", TARGET);
	fake_dns_cname(FQDN, "keeper.other.net");
	assert_ready_in(*state, "other.net", "keeper.other.net");
}

static void a_cname_beside_a_wildcard_that_leads_the_same_way_is_followed(void **state)
{
	fake_dns_cname("*.www.example.org", TARGET);
	fake_dns_cname(FQDN, TARGET);
	assert_ready_in(*state, "other.net", TARGET);
}

static void the_target_of_a_cname_that_a_wildcard_covers_is_where_the_record_stands(void **state)
{
	fake_dns_cname(FQDN, "www.keeper.other.net");
	fake_dns_cname("*.keeper.other.net", "nobody.example.org");
	assert_ready_in(*state, "other.net", "www.keeper.other.net");
}

static void a_name_that_is_no_alias_is_asked_for_no_wildcard(void **state)
{
	assert_ready_in(*state, "example.org", FQDN);
	assert_true(fake_dns_asked(NS1) <= 3); /* the place, the polling, the check that decides */
}

static void a_cname_to_where_no_route_leads_is_told_with_both_ways_out(void **state)
{
	struct scenario *s = *state;

	reconfigure_text(s, "routes: [{suffix: example.org, provider: m}]\nproviders: {m: {type: memory}}\n");
	fake_dns_cname(FQDN, "left-behind.other.net");
	assert_int_equal(present(s, NAME, VALUE), 0);
	run_until(s, s->id, CHALLENGE_FAILED, 1000);
	assert_says(reason_of(s, s->id), FQDN " is a CNAME to left-behind.other.net, and no route of the configuration serves dns-01 there");
	assert_says(reason_of(s, s->id), "or remove the CNAME");
}

static void a_wildcard_at_a_name_without_a_route_is_told(void **state)
{
	struct scenario *s = *state;

	reconfigure_text(s, "routes: [{suffix: other.net, provider: m}]\nproviders: {m: {type: memory}}\n");
	fake_dns_cname("*.deep.example.org", TARGET);
	assert_int_equal(present(s, "deep.example.org", VALUE), 0);
	run_until(s, s->id, CHALLENGE_FAILED, 1000);
	assert_says(reason_of(s, s->id), "or a CNAME of its own there (that to " TARGET " comes from a wildcard)");
}

static void a_cname_into_a_zone_that_refuses_is_told_with_both_ways_out(void **state)
{
	struct scenario *s = *state;

	fake_dns_cname(FQDN, "left-behind.other.net");
	fake_dns_fault("192.0.2.3", FAULT_SERVFAIL);
	reconfigure(s, "");
	assert_int_equal(present(s, NAME, VALUE), 0);
	run_until(s, s->id, CHALLENGE_FAILED, 70000);
	assert_says(reason_of(s, s->id), "answers SERVFAIL for left-behind.other.net");
	assert_says(reason_of(s, s->id), "or remove the CNAME at " FQDN);
}

/* ---- what a check says ---- */

static void keep_verdict(const char *json, const struct err *err, void *arg)
{
	(void)err;
	mem_replace(arg, json);
}

/* Gives (free with free). */
static char *checked(struct scenario *s)
{
	struct check_request r = { .type = CHALLENGE_DNS01, .domain = NAME, .value = VALUE };
	char *json = NULL;
	struct err err;

	assert_int_equal(engine_check(s->engine, &r, keep_verdict, &json, &err), 0);
	run_for(s, 30000);
	assert_non_null(json);
	return json;
}

static void assert_advised_at_the_name_itself(struct scenario *s)
{
	CLEANUP(mem_freep) char *json = checked(s);

	assert_says(json, "Add a TXT record " FQDN " in the zone example.org with the value " VALUE);
	assert_null(strstr(json, "Add a TXT record " TARGET));
	assert_null(strstr(json, "\"result\":\"pass\""));
}

static void a_check_advises_the_name_that_a_wildcard_covers(void **state)
{
	fake_dns_cname("*.www.example.org", TARGET);
	assert_advised_at_the_name_itself(*state);
	fake_recursor_blind(true);
	assert_advised_at_the_name_itself(*state);
}

static void a_check_sees_the_value_that_a_wildcard_leads_to(void **state)
{
	fake_dns_cname("*.www.example.org", TARGET);
	fake_dns_value(TARGET, VALUE);
	memory_put("other.net", TARGET, VALUE);
	for (int blind = 0; blind < 2; blind++) {
		CLEANUP(mem_freep) char *json = NULL;

		fake_recursor_blind(blind);
		json = checked(*state);
		assert_null(strstr(json, "\"result\":\"fail\""));
		assert_says(json, blind ? "\"result\":\"unknown\"" : "\"result\":\"pass\"");
	}
}

static void a_check_names_both_ways_out_of_a_foreign_cname(void **state)
{
	CLEANUP(mem_freep) char *json = NULL;

	reconfigure_text(*state, "check: {allow-addresses: [192.0.2.0/24]}\nroutes: [{suffix: example.org, provider: m}]\nproviders: {m: {type: memory}}\n");
	fake_dns_cname(FQDN, "left-behind.other.net");
	json = checked(*state);
	assert_says(json, "Add a TXT record left-behind.other.net in the zone other.net");
	assert_says(json, "or remove the CNAME at " FQDN " and add the record there");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		scenario_test(a_route_names_the_zone_that_its_provider_changes),
		scenario_test(a_record_is_taken_out_of_the_zone_that_it_was_put_in),
		scenario_test(cnames_in_a_circle_are_told_as_such_and_not_as_silence),
		scenario_test(name_servers_that_this_host_has_no_way_to_are_not_blamed),
		scenario_test(a_zone_of_the_route_that_does_not_hold_the_name_is_refused),
		scenario_test(a_child_zone_on_the_parents_servers_is_found),
		scenario_test(a_child_zone_is_found_although_another_value_stands_there),
		scenario_test(a_child_zone_is_found_on_a_server_that_denies_without_a_soa),
		scenario_test(a_child_zone_on_one_of_the_parents_servers_is_asked_there_only),
		scenario_test(a_child_zone_on_the_parents_other_server_is_asked_there_only),
		scenario_test(a_child_zone_that_a_parents_server_also_serves_must_show_the_value_there_too),
		scenario_test(a_parents_server_that_knows_nothing_of_the_cut_holds_ready_back_and_is_named),
		scenario_test(a_cut_that_only_a_later_server_shows_is_named),
		scenario_test(a_name_server_at_an_address_inside_gets_no_question_and_holds_ready_back),
		scenario_test(a_server_that_does_not_serve_the_zone_decides_nothing),
		scenario_test(a_wildcards_cname_is_no_delegation),
		scenario_test(a_wildcards_cname_far_above_is_no_delegation),
		scenario_test(a_cname_beside_a_wildcard_is_followed),
		scenario_test(a_cname_beside_a_wildcard_that_leads_the_same_way_is_followed),
		scenario_test(the_target_of_a_cname_that_a_wildcard_covers_is_where_the_record_stands),
		scenario_test(a_name_that_is_no_alias_is_asked_for_no_wildcard),
		scenario_test(a_cname_to_where_no_route_leads_is_told_with_both_ways_out),
		scenario_test(a_wildcard_at_a_name_without_a_route_is_told),
		scenario_test(a_cname_into_a_zone_that_refuses_is_told_with_both_ways_out),
		scenario_test(a_check_advises_the_name_that_a_wildcard_covers),
		scenario_test(a_check_sees_the_value_that_a_wildcard_leads_to),
		scenario_test(a_check_names_both_ways_out_of_a_foreign_cname),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
