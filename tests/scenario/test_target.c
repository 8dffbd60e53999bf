/* A CNAME is no grant: what is written where it leads, for whom, and what becomes of it when the answer changes. */
#include <stdio.h>

#include "tests/scenario/journal.h"
#include "tests/scenario/scenario.h"

#define NAME "www.example.org"
#define FQDN "_acme-challenge.www.example.org"
#define BANK "_acme-challenge.bank.other.net"
#define TEN_MINUTES (600 * 1000)

#define DELEGATION(how) "routes: [{provider: m}, {suffix: dlg.other.net, provider: m, delegation: " how "}]\nproviders: {m: {type: memory}}\n"

static void lead_to(const char *target)
{
	fake_dns_cname(FQDN, target);
	fake_dns_value(target, VALUE);
}

static void assert_refused(struct scenario *s, const char *sentence)
{
	assert_int_equal(present(s, NAME, VALUE), 0);
	run_until(s, s->id, CHALLENGE_FAILED, 5000);
	assert_says(reason_of(s, s->id), sentence);
	assert_int_equal(memory_jobs(), 0);
}

static void assert_written(struct scenario *s, const char *target)
{
	assert_int_equal(present(s, NAME, VALUE), 0);
	run_until(s, s->id, CHALLENGE_READY, 5000);
	assert_true(memory_has("other.net", target, VALUE));
	release(s, s->id);
	run_until(s, s->id, CHALLENGE_GONE, 1000);
	assert_nothing_left(s);
}

static void assert_withdrawn(struct scenario *s)
{
	run_until(s, s->id, CHALLENGE_FAILED, TEN_MINUTES + 20000);
	assert_says(reason_of(s, s->id), "not granted");
	assert_nothing_left(s);
}

/* ---- outside of delegation zones ---- */

static void a_cname_to_a_name_that_is_not_granted_is_not_written(void **state)
{
	struct scenario *s = *state;

	s->granted = NAME;
	lead_to(BANK);
	assert_refused(s, FQDN " is a CNAME to " BANK ", which stands for bank.other.net, and that is not granted to client");
}

static void the_end_of_a_chain_decides(void **state)
{
	struct scenario *s = *state;

	s->granted = NAME;
	fake_dns_cname(FQDN, FQDN ".example.org");
	fake_dns_cname(FQDN ".example.org", BANK);
	assert_refused(s, "is a CNAME to " BANK);
}

static void a_cname_within_the_own_grants_is_written(void **state)
{
	struct scenario *s = *state;

	s->granted = NAME " bank.other.net";
	lead_to(BANK);
	assert_written(s, BANK);
}

static void a_record_name_is_no_grant_either(void **state)
{
	struct scenario *s = *state;
	struct challenge_request r = dns01(NAME, VALUE);

	s->granted = NAME;
	r.record_name = BANK;
	assert_int_equal(submit(s, &r, 1), 0);
	run_until(s, s->id, CHALLENGE_FAILED, 5000);
	assert_says(reason_of(s, s->id), BANK " stands for bank.other.net, which is not granted");
	assert_int_equal(memory_jobs(), 0);
}

static void a_name_of_the_own_dns_server_is_asked_for_like_any_other(void **state)
{
	struct scenario *s = *state;
	struct challenge_request r = dns01(NAME, VALUE);

	reconfigure_text(s, "dns: {zones: [dcvd.test]}\nroutes: [{suffix: dcvd.test, provider: embedded}]\n");
	s->granted = NAME;
	r.record_name = "_acme-challenge.bank.dcvd.test";
	assert_int_equal(submit(s, &r, 1), 0);
	run_until(s, s->id, CHALLENGE_FAILED, 5000);
	assert_says(reason_of(s, s->id), "stands for bank.dcvd.test, which is not granted");
}

/* ---- when the answer changes ---- */

static void a_cname_that_changes_before_its_end_is_known_is_judged_by_its_new_end(void **state)
{
	struct scenario *s = *state;

	s->granted = NAME " own.other.net";
	fake_dns_fault("192.0.2.3", FAULT_SILENT);
	fake_dns_cname(FQDN, "own.other.net");
	assert_int_equal(present(s, NAME, VALUE), 0);
	run_for(s, 10000);
	assert_int_equal(state_of(s, s->id), CHALLENGE_QUEUED);
	fake_dns_cname(FQDN, BANK);
	fake_dns_fault("192.0.2.3", FAULT_NONE);
	run_until(s, s->id, CHALLENGE_FAILED, 60000);
	assert_says(reason_of(s, s->id), "stands for bank.other.net, and that is not granted");
	assert_int_equal(memory_jobs(), 0);
}

static void a_cname_that_changes_after_that_moves_nothing(void **state)
{
	struct scenario *s = *state;

	reconfigure(s, "    pause: 5s\n");
	s->granted = NAME " own.other.net";
	lead_to("own.other.net");
	assert_int_equal(present(s, NAME, VALUE), 0);
	run_until(s, s->id, CHALLENGE_PUBLISHING, 1000);
	fake_dns_cname(FQDN, BANK);
	run_for(s, 10000);
	assert_true(memory_has("other.net", "own.other.net", VALUE));
	assert_int_equal(memory_count(NULL, BANK), 0);
	release(s, s->id);
	run_until(s, s->id, CHALLENGE_GONE, 10000);
	assert_nothing_left(s);
}

static void a_grant_that_ends_before_the_write_stops_it(void **state)
{
	struct scenario *s = *state;

	reconfigure(s, "    fail-first: 3\n");
	s->granted = NAME " bank.other.net";
	lead_to(BANK);
	assert_int_equal(present(s, NAME, VALUE), 0);
	run_until(s, s->id, CHALLENGE_PUBLISHING, 1000);
	s->granted = NAME;
	assert_withdrawn(s);
}

static void a_lost_record_is_not_put_where_nothing_is_granted_any_more(void **state)
{
	struct scenario *s = *state;

	s->granted = NAME " bank.other.net";
	lead_to(BANK);
	assert_int_equal(present(s, NAME, VALUE), 0);
	run_until(s, s->id, CHALLENGE_READY, 5000);
	s->granted = NAME;
	run_for(s, 65000);
	memory_take("other.net", BANK, VALUE);
	assert_withdrawn(s);
}

static void after_a_restart_it_is_asked_again(void **state)
{
	struct scenario *s = *state;

	reconfigure(s, "    fail-first: 1000\n");
	lead_to(BANK);
	assert_int_equal(present(s, NAME, VALUE), 0);
	run_until(s, s->id, CHALLENGE_PUBLISHING, 1000);
	s->granted = NAME;
	reconfigure(s, "");
	restart(s);
	assert_withdrawn(s);
}

static void what_stands_where_it_may_not_is_named_and_still_withdrawn(void **state)
{
	struct scenario *s = *state;
	struct err why;

	lead_to(BANK);
	assert_int_equal(present(s, NAME, VALUE), 0);
	run_until(s, s->id, CHALLENGE_READY, 5000);
	assert_int_equal(engine_permits(s->engine, engine_challenge(s->engine, s->id), &why), 0);
	s->granted = NAME;
	restart(s);
	assert_int_equal(engine_permits(s->engine, engine_challenge(s->engine, s->id), &why), ERR_DENIED);
	assert_says(why.text, "a CNAME is no grant");
	assert_int_equal(state_of(s, s->id), CHALLENGE_READY);
	release(s, s->id);
	run_until(s, s->id, CHALLENGE_GONE, 1000);
	assert_nothing_left(s);
}

/* ---- in a delegation zone ---- */

static void a_name_of_a_delegation_zone_is_written_for_its_identifier(void **state)
{
	struct scenario *s = *state;

	reconfigure_text(s, DELEGATION("on"));
	s->granted = NAME;
	lead_to(NAME ".dlg.other.net");
	assert_written(s, NAME ".dlg.other.net");
}

static void the_digest_of_the_identifier_is_a_name_of_its_own(void **state)
{
	struct scenario *s = *state;
	char digest[TARGET_DIGEST_SIZE], target[NAME_SIZE];

	reconfigure_text(s, DELEGATION("on"));
	s->granted = NAME;
	target_digest(NAME, digest);
	snprintf(target, sizeof(target), "%s.dlg.other.net", digest);
	lead_to(target);
	assert_written(s, target);
}

static void the_name_of_another_identifier_is_not_written(void **state)
{
	struct scenario *s = *state;

	reconfigure_text(s, DELEGATION("on"));
	lead_to("bank.test.dlg.other.net");
	assert_refused(s, "belongs to bank.test, not to " NAME);
}

static void a_longer_route_inside_changes_nothing(void **state)
{
	struct scenario *s = *state;

	reconfigure_text(s, "routes: [{provider: m}, {suffix: dlg.other.net, provider: m, delegation: on}, {suffix: test.dlg.other.net, provider: m}]\n"
	                    "providers: {m: {type: memory}}\n");
	lead_to("bank.test.dlg.other.net");
	assert_refused(s, "belongs to bank.test, not to " NAME);
}

static void the_longest_delegation_zone_decides(void **state)
{
	struct scenario *s = *state;

	reconfigure_text(s, "routes: [{provider: m}, {suffix: other.net, provider: m, delegation: on}, {suffix: dlg.other.net, provider: m, delegation: on}]\n"
	                    "providers: {m: {type: memory}}\n");
	lead_to(NAME ".dlg.other.net");
	assert_written(s, NAME ".dlg.other.net");
}

static void on_bound(const struct err *err, void *arg)
{
	int *ret = arg;

	*ret = err->code ? err->code : 1;
}

static int bind(struct scenario *s, const char *name, const char *identifier)
{
	struct err err;
	int told = 0, code = engine_bind(s->engine, name, identifier, "operator", on_bound, &told, &err);

	run_for(s, 10);
	return code < 0 ? code : told;
}

/* ---- the advice, tried as it stands there ---- */

/* The part of the reason between the two texts. */
static bool between(const char *reason, const char *before, const char *after, char *ret, size_t size)
{
	const char *start = strstr(reason, before), *end = start ? strstr(start + strlen(before), after) : NULL;

	if (!end)
		return false;
	start += strlen(before);
	snprintf(ret, size, "%.*s", (int)(end - start), start);
	return true;
}

static void follow_the_advice(struct scenario *s, const char *reason)
{
	char route[256], names[2 * NAME_SIZE], yaml[1024];
	char *space;

	assert_true(between(reason, "add the route {", "}", route, sizeof(route)));
	snprintf(yaml, sizeof(yaml), "routes: [{provider: m}, {%s}]\nproviders: {m: {type: memory}}\n", route);
	reconfigure_text(s, yaml);
	if (!between(reason, "run \"dcvd delegate bind ", "\"", names, sizeof(names)))
		return;
	space = strchr(names, ' ');
	assert_non_null(space);
	*space = '\0';
	assert_int_equal(bind(s, names, space + 1), 1);
}

static void the_advice_of_a_refusal_is_enough(struct scenario *s, const char *target)
{
	/* Without a provider the route leads to the embedded DNS server, which does not serve the zone. */
	reconfigure_text(s, "routes: [{provider: m}]\nproviders: {m: {type: memory}}\n");
	s->granted = NAME;
	lead_to(target);
	assert_refused(s, "a CNAME is no grant");
	follow_the_advice(s, reason_of(s, s->id));
	assert_written(s, target);
}

static void the_advice_is_enough_for_a_name_by_its_form(void **state)
{
	the_advice_of_a_refusal_is_enough(*state, NAME ".dlg.other.net");
}

static void the_advice_is_enough_for_a_name_by_its_form_with_the_label_of_a_challenge(void **state)
{
	the_advice_of_a_refusal_is_enough(*state, "_acme-challenge." NAME ".dlg.other.net");
}

static void the_advice_is_enough_for_a_name_by_its_digest(void **state)
{
	char digest[TARGET_DIGEST_SIZE], target[NAME_SIZE];

	target_digest(NAME, digest);
	snprintf(target, sizeof(target), "%s.dlg.other.net", digest);
	the_advice_of_a_refusal_is_enough(*state, target);
}

static void the_advice_is_enough_for_any_other_name(void **state)
{
	the_advice_of_a_refusal_is_enough(*state, "site7.dlg.other.net");
}

static void an_operators_binding_survives_a_restart(void **state)
{
	struct scenario *s = *state;

	reconfigure_text(s, DELEGATION("on"));
	s->granted = NAME;
	lead_to("site7.dlg.other.net");
	assert_refused(s, "run \"dcvd delegate bind site7.dlg.other.net " NAME "\"");
	assert_int_equal(bind(s, "site7.other.net", NAME), ERR_INVALID);
	assert_int_equal(bind(s, "Site7.dlg.other.net.", "WWW.example.org"), 1);
	assert_int_equal(bind(s, "site7.dlg.other.net", NAME), 1);
	assert_int_equal(bind(s, "site7.dlg.other.net", "bank.test"), ERR_EXISTS);
	restart(s);
	assert_string_equal(engine_bound(s->engine, "site7.dlg.other.net"), NAME);
	assert_written(s, "site7.dlg.other.net");
}

static void a_name_that_is_anothers_by_its_form_is_not_bound(void **state)
{
	struct scenario *s = *state;

	reconfigure_text(s, DELEGATION("on"));
	assert_int_equal(bind(s, "bank.test.dlg.other.net", NAME), ERR_CONFLICT);
	assert_null(engine_bound(s->engine, "bank.test.dlg.other.net"));
	assert_true(engine_delegates(s->engine, "bank.test.dlg.other.net", "bank.test"));
	assert_false(engine_delegates(s->engine, "bank.test.dlg.other.net", NAME));
	lead_to("bank.test.dlg.other.net");
	assert_refused(s, "belongs to bank.test, not to " NAME);
}

/* The zone that held the name goes: in the next one the name has a form. */
static void a_binding_against_the_form_offers_the_name_to_nobody_else(void **state)
{
	struct scenario *s = *state;

	reconfigure_text(s, "routes: [{provider: m}, {suffix: test.dlg.other.net, provider: m, delegation: on}]\nproviders: {m: {type: memory}}\n");
	assert_int_equal(bind(s, "bank.test.dlg.other.net", NAME), 1);
	reconfigure_text(s, DELEGATION("on"));
	assert_false(engine_delegates(s->engine, "bank.test.dlg.other.net", "bank.test"));
	assert_true(engine_delegates(s->engine, "bank.test.dlg.other.net", NAME));
}

static void a_binding_that_is_removed_counts_no_more(void **state)
{
	struct scenario *s = *state;
	struct err err;
	int told = 0;

	reconfigure_text(s, DELEGATION("on"));
	lead_to("site7.dlg.other.net");
	assert_int_equal(bind(s, "site7.dlg.other.net", NAME), 1);
	assert_int_equal(engine_unbind(s->engine, "site7.dlg.other.net", on_bound, &told, &err), 0);
	run_for(s, 10);
	assert_int_equal(told, 1);
	assert_int_equal(engine_unbind(s->engine, "site7.dlg.other.net", on_bound, &told, &err), ERR_NOT_FOUND);
	restart(s);
	assert_refused(s, "does not belong to " NAME);
}

static void a_binding_that_the_journal_refuses_is_none(void **state)
{
	struct scenario *s = *state;

	reconfigure_text(s, DELEGATION("on"));
	journal_refuse(s->loop, 1);
	assert_true(bind(s, "site7.dlg.other.net", NAME) < 0);
	assert_null(engine_bound(s->engine, "site7.dlg.other.net"));
}

static void the_first_use_binds_where_the_zone_says_so(void **state)
{
	struct scenario *s = *state;

	reconfigure_text(s, DELEGATION("first-use"));
	lead_to("site7.dlg.other.net");
	assert_written(s, "site7.dlg.other.net");
	assert_string_equal(engine_bound(s->engine, "site7.dlg.other.net"), NAME);
	restart(s);
	assert_string_equal(engine_bound(s->engine, "site7.dlg.other.net"), NAME);
	fake_dns_cname("_acme-challenge.example.org", "site7.dlg.other.net");
	assert_int_equal(present(s, "example.org", VALUE), 0);
	run_until(s, s->id, CHALLENGE_FAILED, 5000);
	assert_says(reason_of(s, s->id), "belongs to " NAME ", not to example.org");
}

static void a_first_use_that_the_journal_refuses_binds_when_it_is_written(void **state)
{
	struct scenario *s = *state;

	reconfigure_text(s, DELEGATION("first-use"));
	lead_to("site7.dlg.other.net");
	assert_int_equal(present(s, NAME, VALUE), 0);
	journal_refuse(s->loop, 1);
	run_until(s, s->id, CHALLENGE_READY, 10000);
	restart(s);
	assert_string_equal(engine_bound(s->engine, "site7.dlg.other.net"), NAME);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		scenario_test(a_cname_to_a_name_that_is_not_granted_is_not_written),
		scenario_test(the_end_of_a_chain_decides),
		scenario_test(a_cname_within_the_own_grants_is_written),
		scenario_test(a_record_name_is_no_grant_either),
		scenario_test(a_name_of_the_own_dns_server_is_asked_for_like_any_other),
		scenario_test(a_cname_that_changes_before_its_end_is_known_is_judged_by_its_new_end),
		scenario_test(a_cname_that_changes_after_that_moves_nothing),
		scenario_test(a_grant_that_ends_before_the_write_stops_it),
		scenario_test(a_lost_record_is_not_put_where_nothing_is_granted_any_more),
		scenario_test(after_a_restart_it_is_asked_again),
		scenario_test(what_stands_where_it_may_not_is_named_and_still_withdrawn),
		scenario_test(a_name_of_a_delegation_zone_is_written_for_its_identifier),
		scenario_test(the_digest_of_the_identifier_is_a_name_of_its_own),
		scenario_test(the_name_of_another_identifier_is_not_written),
		scenario_test(a_longer_route_inside_changes_nothing),
		scenario_test(the_longest_delegation_zone_decides),
		scenario_test(the_advice_is_enough_for_a_name_by_its_form),
		scenario_test(the_advice_is_enough_for_a_name_by_its_form_with_the_label_of_a_challenge),
		scenario_test(the_advice_is_enough_for_a_name_by_its_digest),
		scenario_test(the_advice_is_enough_for_any_other_name),
		scenario_test(an_operators_binding_survives_a_restart),
		scenario_test(a_name_that_is_anothers_by_its_form_is_not_bound),
		scenario_test(a_binding_against_the_form_offers_the_name_to_nobody_else),
		scenario_test(a_binding_that_is_removed_counts_no_more),
		scenario_test(a_binding_that_the_journal_refuses_is_none),
		scenario_test(the_first_use_binds_where_the_zone_says_so),
		scenario_test(a_first_use_that_the_journal_refuses_binds_when_it_is_written),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
