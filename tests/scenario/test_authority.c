/* Ready is what the authority would say, and what it could never accept is refused before anything is published. */
#include <stdio.h>
#include <stdlib.h>

#include "solver/base/mem.h"
#include "solver/verdict/judge.h"
#include "tests/scenario/scenario.h"

#define NAME "www.example.org"
#define FQDN "_acme-challenge.www.example.org"
#define ACCOUNT "https://ca.example/acct/1"
#define FOREIGN "0 issue \"other.example\""

static void assert_history_says(struct scenario *s, const char *sentence)
{
	CLEANUP(challenge_done) struct challenge history = { 0 };

	history_of(s, s->id, &history);
	for (size_t i = 0; i < history.event_count; i++)
		if (strstr(history.events[i].text, sentence))
			return;
	for (size_t i = 0; i < history.event_count; i++)
		print_error("%s\n", history.events[i].text);
	fail_msg("no event says \"%s\"", sentence);
}

static void route_all(struct scenario *s, const char *options)
{
	CLEANUP(mem_freep) char *yaml = mem_printf("challenge: {deadline: 10m, lifetime: 1h}\nproviders: {m: {type: memory}}\n"
	                                           "routes: [{suffix: \"*\", provider: m, %s}]\n", options);

	reconfigure_text(s, yaml);
}

/* ---- before anything is published ---- */

static void the_parent_is_asked_about_the_delegation_before_anything_is_published(void **state)
{
	struct scenario *s = *state;
	struct challenge_request r = dns01(NAME, VALUE);

	fake_dns_server("org", "a.org", "192.0.2.9");
	route_all(s, "preflight: refuse");
	assert_int_equal(submit(s, &r, 1), 0);
	while (!fake_dns_asked("192.0.2.9") && memory_jobs() == 0)
		run_for(s, 5);
	assert_true(fake_dns_asked("192.0.2.9") > 0);
	assert_int_equal(memory_jobs(), 0);
}

static void a_name_that_no_authority_accepts_is_refused_at_once(void **state)
{
	struct scenario *s = *state;

	assert_int_equal(present(s, "under_score.example.org", VALUE), ERR_INVALID);
	assert_says(s->err.text, "challenge 1 (dns-01 under_score.example.org): Let's Encrypt would refuse it");
	assert_int_equal(present(s, "*.org", VALUE), ERR_INVALID);
	assert_int_equal(present(s, "a.b.c.d.e.f.g.h.i.example.org", VALUE), ERR_INVALID);
	assert_int_equal(present(s, "host.local", VALUE), ERR_INVALID);
	run_for(s, 1000);
	assert_int_equal(count_listed(s), 0);
}

static void a_route_to_another_authority_has_its_rules(void **state)
{
	struct scenario *s = *state;

	route_all(s, "authority: private");
	assert_int_equal(present(s, "a.b.c.d.e.f.g.h.i.example.org", VALUE), 0);
	run_until(s, s->id, CHALLENGE_READY, 5000);
}

static void a_name_of_our_own_needs_no_public_suffix(void **state)
{
	struct scenario *s = *state;

	assert_int_equal(present(s, "www.dcvd.test", VALUE), 0);
	run_until(s, s->id, CHALLENGE_READY, 1000);
	assert_int_equal(present(s, "under_score.dcvd.test", VALUE), ERR_INVALID); /* but must be a name that can be proved */
}

static void a_record_that_the_caller_named_may_look_as_it_likes(void **state)
{
	struct scenario *s = *state;
	struct challenge_request r = dns01("token.example.org", VALUE);

	r.record_name = "token.example.org";
	fake_dns_value("token.example.org", VALUE);
	assert_int_equal(submit(s, &r, 1), 0);
	run_until(s, s->id, CHALLENGE_READY, 5000);
}

static void what_caa_forbids_is_not_published(void **state)
{
	struct scenario *s = *state;

	fake_dns_caa("example.org", FOREIGN);
	assert_int_equal(present(s, NAME, VALUE), 0);
	run_until(s, s->id, CHALLENGE_FAILED, 2000);
	assert_says(reason_of(s, s->id), "nothing was published: ");
	assert_says(reason_of(s, s->id), "CAA");
	assert_says(engine_challenge(s->engine, s->id)->verdict, "\"stage\":\"caa\"");
	assert_int_equal(memory_jobs(), 0);
}

static void a_route_may_publish_in_spite_of_caa(void **state)
{
	struct scenario *s = *state;

	fake_dns_caa("example.org", FOREIGN);
	route_all(s, "preflight: warn");
	assert_int_equal(present(s, NAME, VALUE), 0);
	run_until(s, s->id, CHALLENGE_READY, 5000);
	assert_history_says(s, "the authority would refuse it, but the route only warns (preflight: warn): ");
	route_all(s, "preflight: off");
	assert_int_equal(present(s, "off.example.org", VALUE), 0);
	run_until(s, s->id, CHALLENGE_READY, 5000);
}

static void servers_that_fail_for_the_moment_are_waited_for(void **state)
{
	struct scenario *s = *state;

	fake_dns_fault(NS1, FAULT_SERVFAIL);
	fake_dns_fault(NS2, FAULT_SERVFAIL);
	assert_int_equal(present(s, NAME, VALUE), 0);
	run_for(s, 20000);
	assert_int_equal(state_of(s, s->id), CHALLENGE_QUEUED);
	assert_history_says(s, "nothing is published yet: ");
	assert_int_equal(memory_jobs(), 0);
	fake_dns_fault(NS1, FAULT_NONE);
	fake_dns_fault(NS2, FAULT_NONE);
	run_until(s, s->id, CHALLENGE_READY, 39000);
}

static void more_names_than_checks_at_once_are_all_ready(void **state)
{
	struct scenario *s = *state;
	static char names[300][32];
	struct challenge_request list[300];

	for (int i = 0; i < 300; i++) {
		snprintf(names[i], sizeof(names[i]), "n%d.example.org", i);
		list[i] = dns01(names[i], VALUE);
	}
	assert_int_equal(submit(s, list, 300), 0);
	run_for(s, 50000);
	assert_int_equal(engine_order_state(s->engine, s->order), ORDER_READY);
}

static void released_during_the_preflight_it_is_gone_at_once(void **state)
{
	struct scenario *s = *state;

	assert_int_equal(present(s, NAME, VALUE), 0);
	run_for(s, 3);
	assert_int_equal(state_of(s, s->id), CHALLENGE_QUEUED);
	release(s, s->id);
	run_until(s, s->id, CHALLENGE_GONE, 10);
	run_for(s, 5000);
	assert_int_equal(memory_jobs(), 0);
}

/* ---- ready ---- */

static void what_the_authority_would_refuse_is_held_back_and_says_why(void **state)
{
	struct scenario *s = *state;

	fake_dns_fault(NS2, FAULT_LAGS);
	assert_int_equal(present(s, NAME, VALUE), 0);
	run_until(s, s->id, CHALLENGE_PROPAGATING, 1000);
	fake_dns_caa("example.org", FOREIGN);
	fake_dns_fault(NS2, FAULT_NONE);
	run_for(s, 10000);
	assert_int_equal(state_of(s, s->id), CHALLENGE_PROPAGATING);
	assert_history_says(s, "not ready yet: ");
	fake_dns_caa(NULL, NULL);
	run_until(s, s->id, CHALLENGE_READY, 20000);
}

static void at_the_deadline_the_verdict_is_the_reason(void **state)
{
	struct scenario *s = *state;

	assert_int_equal(present(s, NAME, VALUE), 0);
	run_until(s, s->id, CHALLENGE_PUBLISHING, 1000);
	fake_dns_caa("example.org", FOREIGN);
	run_until(s, s->id, CHALLENGE_FAILED, 61000);
	assert_says(reason_of(s, s->id), "deadline passed after 60 s: ");
	assert_says(reason_of(s, s->id), "CAA");
	assert_nothing_left(s);
}

static void what_cannot_be_seen_from_here_is_held_back(void **state)
{
	struct scenario *s = *state;

	fake_recursor_blind(true);
	assert_int_equal(present(s, NAME, VALUE), 0);
	run_for(s, 30000);
	assert_int_equal(state_of(s, s->id), CHALLENGE_PROPAGATING);
	assert_history_says(s, "not visible from here");
	fake_recursor_blind(false);
	run_until(s, s->id, CHALLENGE_READY, 29000);
}

static void and_what_to_do_about_it_is_said(void **state)
{
	struct scenario *s = *state;

	fake_recursor_blind(true);
	assert_int_equal(present(s, NAME, VALUE), 0);
	run_for(s, 10000);
	assert_history_says(s, "say \"unknown: accept\" in its route");
}

static void a_route_may_accept_what_cannot_be_seen_from_here(void **state)
{
	struct scenario *s = *state;

	fake_recursor_blind(true);
	route_all(s, "unknown: accept");
	assert_int_equal(present(s, NAME, VALUE), 0);
	run_until(s, s->id, CHALLENGE_READY, 5000);
	assert_history_says(s, "accepted, although not all of it can be known from here: ");
}

static void a_record_for_one_account_is_that_of_the_caller_who_said_none(void **state)
{
	struct scenario *s = *state;

	fake_dns_caa("example.org", "0 issue \"letsencrypt.org; accounturi=https://acme-v02.api.letsencrypt.org/acme/acct/1\"");
	assert_int_equal(present(s, NAME, VALUE), 0);
	run_until(s, s->id, CHALLENGE_READY, 5000);
	assert_history_says(s, "accepted, although not all of it can be known from here: ");
}

static void but_not_that_of_akamai(void **state)
{
	struct scenario *s = *state;
	const struct challenge_request one = dns01(NAME, VALUE);

	fake_dns_caa("example.org", "0 issue \"letsencrypt.org; accounturi=https://acme-v02.api.letsencrypt.org/acme/acct/1\"");
	assert_int_equal(submit_order(s, &(struct order_request){ .challenges = &one, .count = 1, .client = "cps" }), 0);
	run_for(s, 20000);
	assert_int_equal(state_of(s, s->id), CHALLENGE_PROPAGATING);
}

static void a_record_that_the_caller_named_is_ready_when_every_server_shows_it(void **state)
{
	struct scenario *s = *state;
	struct challenge_request r = dns01("example.org", VALUE);

	r.record_name = "Token.Auth.example.org.";
	fake_dns_value("token.auth.example.org", VALUE);
	assert_int_equal(submit(s, &r, 1), 0);
	run_until(s, s->id, CHALLENGE_READY, 5000);
	assert_string_equal(engine_challenge(s->engine, s->id)->fqdn, "token.auth.example.org");
	assert_true(memory_has("example.org", "token.auth.example.org", VALUE));
	restart(s);
	release(s, s->id);
	run_until(s, s->id, CHALLENGE_GONE, 5000);
	assert_nothing_left(s);
}

/* ---- after ready ---- */

static void a_value_that_vanishes_is_noticed_and_published_again(void **state)
{
	struct scenario *s = *state;

	assert_int_equal(present(s, NAME, VALUE), 0);
	run_until(s, s->id, CHALLENGE_READY, 5000);
	memory_take("example.org", FQDN, VALUE);
	run_until(s, s->id, CHALLENGE_PUBLISHING, 75000);
	assert_history_says(s, "it was ready, and is not there any more: ns1.example.org");
	run_until(s, s->id, CHALLENGE_READY, 5000);
	assert_true(memory_has("example.org", FQDN, VALUE));
	release(s, s->id);
	run_until(s, s->id, CHALLENGE_GONE, 5000);
	assert_nothing_left(s);
}

static void a_server_that_is_silent_for_a_while_is_no_loss(void **state)
{
	struct scenario *s = *state;

	assert_int_equal(present(s, NAME, VALUE), 0);
	run_until(s, s->id, CHALLENGE_READY, 5000);
	fake_dns_fault(NS2, FAULT_SILENT);
	run_for(s, 20 * 60000);
	assert_int_equal(state_of(s, s->id), CHALLENGE_READY);
	fake_dns_fault(NS2, FAULT_LAGS);
	run_for(s, 3 * 60000);
	assert_int_not_equal(state_of(s, s->id), CHALLENGE_READY);
}

static void what_is_ready_is_looked_at_seldom(void **state)
{
	struct scenario *s = *state;
	unsigned asked;

	assert_int_equal(present(s, NAME, VALUE), 0);
	run_until(s, s->id, CHALLENGE_READY, 5000);
	asked = fake_dns_asked(NS2);
	run_for(s, 50 * 60000);
	assert_in_range(fake_dns_asked(NS2), asked + 3, asked + 12);
}

/* ---- what failures cost ---- */

static void after_a_failure_the_next_attempt_waits_until_the_caches_have_forgotten(void **state)
{
	struct scenario *s = *state;
	struct err err;
	int64_t wait_ms;

	route_all(s, "preflight: refuse");
	assert_int_equal(present(s, NAME, VALUE), 0);
	run_until(s, s->id, CHALLENGE_READY, 5000);
	assert_int_equal(engine_budget_allows(s->engine, s->order, &wait_ms, &err), 0);
	assert_int_equal(engine_outcome(s->engine, s->id, false, "dns: NXDOMAIN", NULL, NULL, &err), 0);
	run_for(s, 10);
	assert_history_says(s, "the authority found it invalid: dns: NXDOMAIN");
	assert_int_equal(engine_budget_allows(s->engine, s->order, &wait_ms, &err), ERR_RATE);
	assert_in_range(wait_ms, 59000, 60000);
	assert_says(err.text, NAME);
	restart(s);
	assert_int_equal(present(s, NAME, VALUE2), 0);
	run_for(s, 50000);
	assert_int_equal(state_of(s, s->id), CHALLENGE_PROPAGATING);
	assert_history_says(s, "an earlier attempt failed");
	run_until(s, s->id, CHALLENGE_READY, 15000);
	assert_int_equal(engine_outcome(s->engine, s->id, true, NULL, NULL, NULL, &err), 0);
	assert_int_equal(engine_budget_allows(s->engine, s->order, &wait_ms, &err), 0);
	assert_int_equal(engine_outcome(s->engine, "ch_none", true, NULL, NULL, NULL, &err), ERR_NOT_FOUND);
}

static void another_name_and_another_account_have_their_own_failures(void **state)
{
	struct scenario *s = *state;
	struct challenge_request other = dns01(NAME, VALUE2);
	struct err err;
	int64_t wait_ms;

	assert_int_equal(present(s, NAME, VALUE), 0);
	assert_int_equal(engine_outcome(s->engine, s->id, false, NULL, NULL, NULL, &err), 0);
	assert_int_equal(present(s, "b.example.org", VALUE), 0);
	assert_int_equal(engine_budget_allows(s->engine, s->order, &wait_ms, &err), 0);
	other.account_uri = ACCOUNT;
	assert_int_equal(submit(s, &other, 1), 0);
	assert_int_equal(engine_budget_allows(s->engine, s->order, &wait_ms, &err), 0);
	run_for(s, 5000);
}

/* ---- the other DNS types ---- */

static void an_account_has_a_name_of_its_own(void **state)
{
	struct scenario *s = *state;
	struct challenge_request r = { .type = CHALLENGE_DNS_ACCOUNT01, .domain = NAME, .value = VALUE };
	char fqdn[NAME_SIZE];

	assert_int_equal(submit(s, &r, 1), ERR_INVALID);
	assert_says(s->err.text, "account");
	r.account_uri = ACCOUNT;
	assert_int_equal(name_account_challenge(NAME, ACCOUNT, fqdn, NULL), 0);
	fake_dns_value(fqdn, VALUE);
	assert_int_equal(submit(s, &r, 1), 0);
	run_until(s, s->id, CHALLENGE_READY, 5000);
	assert_string_equal(engine_challenge(s->engine, s->id)->fqdn, fqdn);
	assert_true(memory_has("example.org", fqdn, VALUE));
	release(s, s->id);
	run_until(s, s->id, CHALLENGE_GONE, 1000);
	assert_nothing_left(s);
}

static void a_standing_record_names_issuer_and_account_and_stays(void **state)
{
	struct scenario *s = *state;
	struct challenge_request r = { .type = CHALLENGE_DNS_PERSIST01, .domain = "*.example.org", .account_uri = ACCOUNT };
	struct order_request order = { .challenges = &r, .count = 1, .client = "alice", .lifetime_ms = LIFETIME_FOREVER };
	const char *value = "letsencrypt.org; accounturi=" ACCOUNT "; policy=wildcard";

	fake_dns_value("_validation-persist.example.org", value);
	assert_int_equal(submit_order(s, &order), 0);
	assert_string_equal(engine_challenge(s->engine, s->id)->value, value);
	run_until(s, s->id, CHALLENGE_READY, 5000);
	assert_int_equal(engine_challenge(s->engine, s->id)->expires_ms, 0);
	restart(s);
	run_for(s, INT64_C(40) * 24 * 3600000);
	assert_int_equal(state_of(s, s->id), CHALLENGE_READY);
	release(s, s->id);
	run_until(s, s->id, CHALLENGE_GONE, 5000);
	assert_nothing_left(s);
}

static void a_standing_record_ends_by_itself_when_nobody_says_otherwise(void **state)
{
	struct scenario *s = *state;
	struct challenge_request r = { .type = CHALLENGE_DNS_PERSIST01, .domain = "example.org", .account_uri = ACCOUNT };

	assert_int_equal(submit(s, &r, 1), 0);
	assert_says(engine_challenge(s->engine, s->id)->value, "; persistUntil=");
	run_for(s, 100);
}

static void only_a_standing_record_stays_for_ever_and_only_servers_answer_tls(void **state)
{
	struct scenario *s = *state;
	struct challenge_request r = dns01(NAME, VALUE);
	struct order_request order = { .challenges = &r, .count = 1, .client = "alice", .lifetime_ms = LIFETIME_FOREVER };

	assert_int_equal(submit_order(s, &order), ERR_INVALID);
	assert_says(s->err.text, "dns-persist-01");
	r = (struct challenge_request){ .type = CHALLENGE_DNS_PERSIST01, .domain = NAME, .account_uri = "https://ca.example/a;b" };
	assert_int_equal(submit(s, &r, 1), ERR_INVALID);
	r = (struct challenge_request){ .type = CHALLENGE_TLS_ALPN01, .domain = NAME };
	assert_int_equal(submit(s, &r, 1), ERR_UNSUPPORTED);
	assert_says(s->err.text, "only the web server itself");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		scenario_test(the_parent_is_asked_about_the_delegation_before_anything_is_published),
		scenario_test(a_name_that_no_authority_accepts_is_refused_at_once),
		scenario_test(a_route_to_another_authority_has_its_rules),
		scenario_test(a_name_of_our_own_needs_no_public_suffix),
		scenario_test(a_record_that_the_caller_named_may_look_as_it_likes),
		scenario_test(what_caa_forbids_is_not_published),
		scenario_test(a_route_may_publish_in_spite_of_caa),
		scenario_test(servers_that_fail_for_the_moment_are_waited_for),
		scenario_test(more_names_than_checks_at_once_are_all_ready),
		scenario_test(released_during_the_preflight_it_is_gone_at_once),
		scenario_test(what_the_authority_would_refuse_is_held_back_and_says_why),
		scenario_test(at_the_deadline_the_verdict_is_the_reason),
		scenario_test(what_cannot_be_seen_from_here_is_held_back),
		scenario_test(and_what_to_do_about_it_is_said),
		scenario_test(a_route_may_accept_what_cannot_be_seen_from_here),
		scenario_test(a_record_for_one_account_is_that_of_the_caller_who_said_none),
		scenario_test(but_not_that_of_akamai),
		scenario_test(a_record_that_the_caller_named_is_ready_when_every_server_shows_it),
		scenario_test(a_value_that_vanishes_is_noticed_and_published_again),
		scenario_test(a_server_that_is_silent_for_a_while_is_no_loss),
		scenario_test(what_is_ready_is_looked_at_seldom),
		scenario_test(after_a_failure_the_next_attempt_waits_until_the_caches_have_forgotten),
		scenario_test(another_name_and_another_account_have_their_own_failures),
		scenario_test(an_account_has_a_name_of_its_own),
		scenario_test(a_standing_record_names_issuer_and_account_and_stays),
		scenario_test(a_standing_record_ends_by_itself_when_nobody_says_otherwise),
		scenario_test(only_a_standing_record_stays_for_ever_and_only_servers_answer_tls),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
