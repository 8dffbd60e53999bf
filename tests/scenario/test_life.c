/* Who shares what, who lets go when, and how long things stay. */
#include <stdio.h>
#include <stdlib.h>

#include "solver/base/mem.h"
#include "tests/scenario/scenario.h"

#define NAME "www.example.org"
#define FQDN "_acme-challenge.www.example.org"
#define TOKEN "evaGxfADs6pSRb2LAv9IZf17Dt3juxGJ-PCt92wr-oA"
#define KEY_AUTHORIZATION TOKEN ".9jg46WB3rR_AHD-EBXdN7cBkH1WOu0tA3M9fm21mqTI"

static int present_as(struct scenario *s, const char *client, const char *domain, const char *value)
{
	struct challenge_request r = dns01(domain, value);

	return submit_order(s, &(struct order_request){ .challenges = &r, .count = 1, .client = client });
}

static void released_while_queued_publishes_nothing(void **state)
{
	struct scenario *s = *state;

	assert_int_equal(present(s, NAME, VALUE), 0);
	release(s, s->id);
	run_for(s, 5000);
	assert_int_equal(state_of(s, s->id), CHALLENGE_GONE);
	assert_int_equal(memory_jobs(), 0);
}

static void released_while_publishing_is_withdrawn_afterwards(void **state)
{
	struct scenario *s = *state;

	reconfigure(s, "    pause: 3s\n");
	assert_int_equal(present(s, NAME, VALUE), 0);
	run_until(s, s->id, CHALLENGE_PUBLISHING, 100);
	run_for(s, 1000);
	release(s, s->id);
	run_for(s, 2500);
	assert_int_equal(memory_count("example.org", FQDN), 1); /* the job that was under way */
	run_until(s, s->id, CHALLENGE_GONE, 5000);
	assert_nothing_left(s);
}

static void released_in_the_gathering_moment_leaves_nothing(void **state)
{
	struct scenario *s = *state;

	assert_int_equal(present(s, NAME, VALUE), 0);
	run_until(s, s->id, CHALLENGE_PUBLISHING, 100);
	run_for(s, 5);
	release(s, s->id);
	run_until(s, s->id, CHALLENGE_GONE, 1000);
	assert_nothing_left(s);
}

static void a_single_change_does_not_wait_for_others(void **state)
{
	struct scenario *s = *state;
	int64_t before;

	assert_int_equal(present(s, NAME, VALUE), 0);
	run_until(s, s->id, CHALLENGE_PUBLISHING, 100);
	before = loop_now_ms(s->loop);
	run_until(s, s->id, CHALLENGE_PROPAGATING, 1000);
	assert_true(loop_now_ms(s->loop) - before < 20); /* challenge.batch */
}

static void the_names_of_an_order_go_in_one_job(void **state)
{
	struct scenario *s = *state;
	const struct challenge_request list[] = { dns01("a.example.org", VALUE), dns01("b.example.org", VALUE), dns01("c.example.org", VALUE) };

	assert_int_equal(submit(s, list, 3), 0);
	run_until(s, s->id, CHALLENGE_PROPAGATING, 1000);
	assert_int_equal(memory_jobs(), 1);
	assert_int_equal(memory_count("example.org", "_acme-challenge.c.example.org"), 1);
}

static void releasing_twice_changes_nothing(void **state)
{
	struct scenario *s = *state;
	struct err err;
	size_t jobs;

	assert_int_equal(present(s, NAME, VALUE), 0);
	run_until(s, s->id, CHALLENGE_READY, 1000);
	release(s, s->id);
	release(s, s->id);
	run_until(s, s->id, CHALLENGE_GONE, 1000);
	jobs = memory_jobs();
	release(s, s->id);
	run_for(s, 1000);
	assert_int_equal(memory_jobs(), jobs);
	assert_int_equal(engine_release_challenge(s->engine, "ch_unknown", NULL, NULL, &err), ERR_NOT_FOUND);
}

static void presenting_twice_is_one_challenge(void **state)
{
	struct scenario *s = *state;
	char first[ID_SIZE];

	assert_int_equal(present(s, NAME, VALUE), 0);
	assert_false(s->existed);
	memcpy(first, s->id, ID_SIZE);
	assert_int_equal(present(s, "WWW.Example.ORG.", VALUE), 0);
	assert_true(s->existed);
	assert_string_equal(s->id, first);
	run_until(s, s->id, CHALLENGE_READY, 1000);
	assert_int_equal(present(s, NAME, VALUE), 0);
	assert_string_equal(s->id, first);
	assert_int_equal(count_listed(s), 1);
	assert_int_equal(memory_jobs(), 1);
}

static void presented_again_after_its_release_it_is_a_new_challenge(void **state)
{
	struct scenario *s = *state;
	char first[ID_SIZE];

	assert_int_equal(present(s, NAME, VALUE), 0);
	run_until(s, s->id, CHALLENGE_READY, 1000);
	memcpy(first, s->id, ID_SIZE);
	release(s, s->id);
	assert_int_equal(present(s, NAME, VALUE), 0);
	assert_false(s->existed);
	run_until(s, s->id, CHALLENGE_READY, 20000);
	run_until(s, first, CHALLENGE_GONE, 1000);
	assert_true(memory_has("example.org", FQDN, VALUE));
	release(s, s->id);
	run_until(s, s->id, CHALLENGE_GONE, 1000);
	assert_nothing_left(s);
}

static void apex_and_wildcard_share_a_name_and_withdrawing_one_keeps_the_other(void **state)
{
	struct scenario *s = *state;
	char apex[ID_SIZE];

	assert_int_equal(present(s, "example.org", VALUE), 0);
	memcpy(apex, s->id, ID_SIZE);
	assert_int_equal(present(s, "*.example.org", VALUE2), 0);
	run_until(s, apex, CHALLENGE_READY, 1000);
	run_until(s, s->id, CHALLENGE_READY, 1000);
	release(s, apex);
	run_until(s, apex, CHALLENGE_GONE, 1000);
	assert_false(memory_has("example.org", "_acme-challenge.example.org", VALUE));
	assert_true(memory_has("example.org", "_acme-challenge.example.org", VALUE2));
}

static void a_strangers_value_at_the_same_name_survives(void **state)
{
	struct scenario *s = *state;

	memory_put("example.org", FQDN, "somebody-else");
	fake_dns_value(FQDN, "somebody-else");
	assert_int_equal(present(s, NAME, VALUE), 0);
	run_until(s, s->id, CHALLENGE_READY, 1000);
	release(s, s->id);
	run_until(s, s->id, CHALLENGE_GONE, 1000);
	assert_true(memory_has("example.org", FQDN, "somebody-else"));
	assert_int_equal(memory_count(NULL, NULL), 1);
}

static void the_record_stays_until_the_last_of_two_clients_lets_go(void **state)
{
	struct scenario *s = *state;
	char alice[ID_SIZE];

	assert_int_equal(present_as(s, "alice", NAME, VALUE), 0);
	memcpy(alice, s->id, ID_SIZE);
	assert_int_equal(present_as(s, "bob", NAME, VALUE), 0);
	assert_false(s->existed);
	run_until(s, alice, CHALLENGE_READY, 1000);
	run_until(s, s->id, CHALLENGE_READY, 1000);
	release(s, alice);
	run_until(s, alice, CHALLENGE_GONE, 1000);
	assert_true(memory_has("example.org", FQDN, VALUE));
	release(s, s->id);
	run_until(s, s->id, CHALLENGE_GONE, 1000);
	assert_nothing_left(s);
}

/* Bob's wish kept alice's record from being removed; bob is refused then, and nobody else would remove it. */
static void a_record_that_was_kept_for_one_who_is_refused_is_withdrawn(void **state)
{
	struct scenario *s = *state;
	char alice[ID_SIZE];

	assert_int_equal(present_as(s, "alice", NAME, VALUE), 0);
	run_until(s, s->id, CHALLENGE_READY, 1000);
	memcpy(alice, s->id, ID_SIZE);
	reconfigure(s, "    refuse: no\n");
	assert_int_equal(present_as(s, "bob", NAME, VALUE), 0);
	run_until(s, s->id, CHALLENGE_PUBLISHING, 1000);
	release(s, alice);
	run_for(s, 1000);
	assert_int_equal(state_of(s, alice), CHALLENGE_GONE);
	reconfigure(s, "");
	run_until(s, s->id, CHALLENGE_FAILED, 10000);
	assert_nothing_left(s);
}

static void a_hundred_names_of_one_zone_are_one_job(void **state)
{
	struct scenario *s = *state;
	struct challenge_request list[100];
	char names[100][32];
	struct err err;

	for (size_t i = 0; i < 100; i++) {
		snprintf(names[i], sizeof(names[i]), "n%zu.example.org", i);
		list[i] = dns01(names[i], VALUE);
	}
	assert_int_equal(submit(s, list, 100), 0);
	run_for(s, 5000); /* each name asks each server two or three times, and no server is asked more than 100 times a second */
	assert_int_equal(engine_order_state(s->engine, s->order), ORDER_READY);
	assert_int_equal(memory_jobs(), 1);
	assert_int_equal(memory_count("example.org", NULL), 100);
	assert_int_equal(engine_release_order(s->engine, s->order, NULL, NULL, &err), 0);
	run_for(s, 2000);
	assert_int_equal(engine_order_state(s->engine, s->order), ORDER_GONE);
	assert_int_equal(memory_jobs(), 2);
	assert_nothing_left(s);
}

static void a_challenge_is_withdrawn_when_its_lifetime_is_over(void **state)
{
	struct scenario *s = *state;

	assert_int_equal(present(s, NAME, VALUE), 0);
	run_for(s, 3590 * 1000);
	assert_int_equal(state_of(s, s->id), CHALLENGE_READY);
	run_until(s, s->id, CHALLENGE_GONE, 11000);
	assert_nothing_left(s);
}

static void a_finished_challenge_leaves_the_list_after_its_retention(void **state)
{
	struct scenario *s = *state;

	assert_int_equal(present(s, NAME, VALUE), 0);
	run_until(s, s->id, CHALLENGE_READY, 1000);
	release(s, s->id);
	run_for(s, 590 * 1000);
	assert_int_equal(count_listed(s), 1);
	run_for(s, 20 * 1000);
	assert_int_equal(count_listed(s), 0);
	assert_null(engine_challenge(s->engine, s->id));
	assert_null(engine_order(s->engine, s->order));
	restart(s);
	assert_int_equal(count_listed(s), 0);
}

/* ---- places ---- */

static void a_cname_loop_is_refused(void **state)
{
	struct scenario *s = *state;

	fake_dns_cname(FQDN, "a.other.net");
	fake_dns_cname("a.other.net", "b.example.org");
	fake_dns_cname("b.example.org", "a.other.net");
	assert_int_equal(present(s, NAME, VALUE), 0);
	run_until(s, s->id, CHALLENGE_FAILED, 5000);
	assert_says(reason_of(s, s->id), "deep or loop");
	assert_int_equal(memory_jobs(), 0);
}

static void a_cname_is_followed_to_another_zone(void **state)
{
	struct scenario *s = *state;

	fake_dns_cname(FQDN, "www-example-org.acme.other.net");
	fake_dns_value("www-example-org.acme.other.net", VALUE);
	assert_int_equal(present(s, NAME, VALUE), 0);
	run_until(s, s->id, CHALLENGE_READY, 2000);
	assert_true(memory_has("other.net", "www-example-org.acme.other.net", VALUE));
	assert_int_equal(memory_count(NULL, FQDN), 0);
	release(s, s->id);
	run_until(s, s->id, CHALLENGE_GONE, 1000);
	assert_nothing_left(s);
}

static void a_cname_into_our_own_zone_is_answered_by_ourselves(void **state)
{
	struct scenario *s = *state;

	fake_dns_cname(FQDN, "abc.dcvd.test");
	fake_dns_value("abc.dcvd.test", VALUE);
	assert_int_equal(present(s, NAME, VALUE), 0);
	run_until(s, s->id, CHALLENGE_READY, 2000);
	assert_int_equal(answers_count(s->answers), 1);
	release(s, s->id);
	run_until(s, s->id, CHALLENGE_GONE, 1000);
	assert_nothing_left(s);
}

/* ---- http-01 ---- */

static void one_address_that_does_not_answer_right_holds_back_ready(void **state)
{
	struct scenario *s = *state;
	struct challenge_request r = http01(NAME, TOKEN, KEY_AUTHORIZATION);

	fake_http_odd(WEB2, 404, "not here");
	assert_int_equal(submit(s, &r, 1), 0);
	run_until(s, s->id, CHALLENGE_FAILED, 61000);
	assert_says(reason_of(s, s->id), WEB2);
	assert_says(reason_of(s, s->id), "404");
	assert_nothing_left(s);
}

static void a_token_is_ready_when_every_address_serves_it_and_is_gone_after_its_release(void **state)
{
	struct scenario *s = *state;
	struct challenge_request r = http01(NAME, TOKEN, KEY_AUTHORIZATION);

	assert_int_equal(submit(s, &r, 1), 0);
	run_until(s, s->id, CHALLENGE_READY, 1000);
	release(s, s->id);
	run_until(s, s->id, CHALLENGE_GONE, 1000);
	assert_nothing_left(s);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		scenario_test(released_while_queued_publishes_nothing),
		scenario_test(released_while_publishing_is_withdrawn_afterwards),
		scenario_test(released_in_the_gathering_moment_leaves_nothing),
		scenario_test(a_single_change_does_not_wait_for_others),
		scenario_test(the_names_of_an_order_go_in_one_job),
		scenario_test(releasing_twice_changes_nothing),
		scenario_test(presenting_twice_is_one_challenge),
		scenario_test(presented_again_after_its_release_it_is_a_new_challenge),
		scenario_test(apex_and_wildcard_share_a_name_and_withdrawing_one_keeps_the_other),
		scenario_test(a_strangers_value_at_the_same_name_survives),
		scenario_test(the_record_stays_until_the_last_of_two_clients_lets_go),
		scenario_test(a_record_that_was_kept_for_one_who_is_refused_is_withdrawn),
		scenario_test(a_hundred_names_of_one_zone_are_one_job),
		scenario_test(a_challenge_is_withdrawn_when_its_lifetime_is_over),
		scenario_test(a_finished_challenge_leaves_the_list_after_its_retention),
		scenario_test(a_cname_loop_is_refused),
		scenario_test(a_cname_is_followed_to_another_zone),
		scenario_test(a_cname_into_our_own_zone_is_answered_by_ourselves),
		scenario_test(one_address_that_does_not_answer_right_holds_back_ready),
		scenario_test(a_token_is_ready_when_every_address_serves_it_and_is_gone_after_its_release),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
