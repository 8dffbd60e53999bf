/* Orders that share a challenge: nothing is made twice, and it goes with the last order that holds it. */
#include <stdio.h>

#include "tests/scenario/sharing.h"

#define TOKEN "evaGxfADs6pSRb2LAv9IZf17Dt3juxGJ-PCt92wr-oA"
#define THUMBPRINT "cn-I_WNMClehiVp51i_0VpOENW1upEerA8sEam5hn-s"
#define HOUR_MS (3600 * 1000)

/* ---- nothing is made twice ---- */

static void a_part_of_an_order_asked_for_four_times_makes_nothing_twice(void **state)
{
	struct scenario *s = *state;
	struct two t;

	make_two(s, &t, &plain, &plain);
	for (int i = 0; i < 4; i++) {
		ask_one(s, &plain);
		assert_true(s->existed);
		assert_string_equal(s->order, t.one);
		assert_holds(s, s->order, t.x, NULL);
	}
	assert_string_not_equal(t.one, t.both);
	assert_int_equal(count_listed(s), 2);
	become_ready(s);
	assert_int_equal(memory_jobs(), 1);
}

static void the_same_order_in_another_sequence_is_the_same_order(void **state)
{
	struct scenario *s = *state;
	struct challenge_request turned[] = { dns01(OTHER, VALUE2), dns01(NAME, VALUE) };
	char first[ID_SIZE];

	ask_both(s, &plain);
	keep(s->order, first);
	assert_int_equal(ask(s, &plain, turned, 2), 0);
	assert_true(s->existed);
	assert_string_equal(s->order, first);
}

static void an_order_that_adds_a_name_makes_only_that(void **state)
{
	struct scenario *s = *state;
	char x[ID_SIZE];

	ask_one(s, &plain);
	keep(s->id, x);
	ask_both(s, &plain);
	assert_false(s->existed);
	assert_string_equal(s->id, x);
	assert_int_equal(count_listed(s), 2);
}

static void a_challenge_twice_in_an_order_is_refused_with_its_name(void **state)
{
	struct scenario *s = *state;
	struct challenge_request list[] = { dns01(NAME, VALUE), dns01(OTHER, VALUE), dns01("WWW.example.org.", VALUE) };

	assert_int_equal(submit(s, list, 3), ERR_INVALID);
	assert_says(s->err.text, "challenge 3 (dns-01 www.example.org) is challenge 1 again");
	assert_int_equal(count_listed(s), 0);
	list[2].domain = "*.www.example.org"; /* another identifier at the same name */
	assert_int_equal(submit(s, list, 3), 0);
}

static void the_same_token_with_another_key_is_another_challenge(void **state)
{
	struct scenario *s = *state;
	struct challenge_request one = http01(NAME, TOKEN, TOKEN "." THUMBPRINT), two = http01(NAME, TOKEN, TOKEN "." VALUE);
	struct challenge_request both[] = { one, two };
	char first[ID_SIZE];

	assert_int_equal(submit(s, both, 2), ERR_INVALID);
	assert_int_equal(submit(s, &one, 1), 0);
	keep(s->id, first);
	assert_int_equal(submit(s, &two, 1), 0);
	assert_false(s->existed);
	assert_string_not_equal(s->id, first);
}

static void the_same_value_for_another_account_is_another_challenge(void **state)
{
	struct scenario *s = *state;
	struct challenge_request r = dns01(NAME, VALUE);

	ask_one(s, &plain);
	r.account_uri = "https://ca.example/acct/7";
	assert_int_equal(ask(s, &plain, &r, 1), 0);
	assert_false(s->existed);
}

static void an_order_with_another_label_or_callback_is_another_order_for_the_same_challenge(void **state)
{
	struct scenario *s = *state;
	const struct order_request wishes[] = { plain, { .label = "one" }, { .label = "two" }, { .callback_url = "http://ci.example/" } };
	char x[ID_SIZE], last[ID_SIZE] = "";

	for (size_t i = 0; i < 4; i++) {
		ask_one(s, &wishes[i]);
		assert_string_not_equal(s->order, last);
		assert_true(!i || strcmp(s->id, x) == 0);
		keep(s->order, last);
		keep(s->id, x);
	}
	assert_orders(s, x, 4, 0);
	assert_int_equal(count_listed(s), 1);
}

static void each_hold_counts_as_a_live_challenge(void **state)
{
	struct scenario *s = *state;
	struct challenge_request r = dns01(NAME, VALUE);

	reconfigure_text(s, "challenge:\n  live-max: 100\n");
	for (int i = 0; i < 100; i++) {
		char label[16];

		snprintf(label, sizeof(label), "%d", i);
		assert_int_equal(ask(s, &(struct order_request){ .label = label }, &r, 1), 0);
	}
	assert_int_equal(ask(s, &(struct order_request){ .label = "one more" }, &r, 1), ERR_BUSY);
	ask_one(s, &(struct order_request){ .label = "99" }); /* that is there */
}

/* ---- the last of them ---- */

static void a_challenge_goes_with_the_last_order_that_holds_it(void **state)
{
	struct scenario *s = *state;
	struct two t;

	make_two(s, &t, &plain, &plain);
	become_ready(s);
	release_order(s, t.both);
	assert_int_equal(engine_order_state(s->engine, t.both), ORDER_GONE);
	assert_int_equal(engine_order_state(s->engine, t.one), ORDER_READY);
	assert_true(memory_has("example.org", FQDN, VALUE));
	assert_false(memory_has("example.org", OTHER_FQDN, VALUE2));
	release_order(s, t.both); /* twice is once */
	assert_true(memory_has("example.org", FQDN, VALUE));
	release_order(s, t.one);
	assert_int_equal(engine_order_state(s->engine, t.one), ORDER_GONE);
	assert_nothing_left(s);
}

static void cleaning_up_one_challenge_leaves_it_to_the_order_of_several(void **state)
{
	struct scenario *s = *state;
	struct two t;

	make_two(s, &t, &plain, &plain);
	become_ready(s);
	release(s, t.x);
	run_for(s, 2000);
	release(s, t.x); /* twice is once */
	run_for(s, 2000);
	assert_int_equal(engine_order_state(s->engine, t.one), ORDER_GONE);
	assert_int_equal(engine_order_state(s->engine, t.both), ORDER_READY);
	assert_true(memory_has("example.org", FQDN, VALUE));
	assert_orders(s, t.x, 1, 1);
	release_order(s, t.both);
	assert_nothing_left(s);
}

static void cleaning_up_a_challenge_that_only_an_order_of_several_holds_takes_it_from_there(void **state)
{
	struct scenario *s = *state;

	ask_both(s, &plain);
	become_ready(s);
	release(s, s->id);
	run_for(s, 2000);
	assert_false(memory_has("example.org", FQDN, VALUE));
	assert_true(memory_has("example.org", OTHER_FQDN, VALUE2));
}

static void an_order_that_was_released_and_is_asked_for_again_is_there_once(void **state)
{
	struct scenario *s = *state;
	struct two t;

	make_two(s, &t, &plain, &plain);
	become_ready(s);
	for (int i = 0; i < 5; i++) {
		release(s, t.x);
		run_for(s, 1000);
		ask_one(s, &plain);
		assert_true(s->existed);
		assert_string_equal(s->id, t.x);
		assert_orders(s, t.x, 2, 0);
	}
	assert_string_not_equal(s->order, t.one);
	assert_null(engine_order(s->engine, t.one));
	release_order(s, t.both);
	assert_true(memory_has("example.org", FQDN, VALUE));
	release_order(s, s->order);
	assert_nothing_left(s);
}

static void the_order_that_it_was_made_for_may_be_forgotten_first(void **state)
{
	struct scenario *s = *state;
	char x[ID_SIZE], both[ID_SIZE];

	ask_one(s, &plain);
	keep(s->id, x);
	ask_both(s, &plain);
	keep(s->order, both);
	release(s, x);
	run_for(s, 1000);
	ask_one(s, &plain); /* takes the place of the first one */
	restart(s);
	become_ready(s);
	assert_orders(s, x, 2, 0);
	release_order(s, both);
	assert_true(memory_has("example.org", FQDN, VALUE));
	release_order(s, s->order);
	assert_nothing_left(s);
}

static void what_fails_fails_for_each_order(void **state)
{
	struct scenario *s = *state;
	struct two t;

	reconfigure(s, "    refuse: no\n");
	make_two(s, &t, &plain, &plain);
	run_for(s, 20000);
	assert_int_equal(engine_order_state(s->engine, t.both), ORDER_FAILED);
	assert_int_equal(engine_order_state(s->engine, t.one), ORDER_FAILED);
	reconfigure(s, "");
	ask_one(s, &plain);
	assert_false(s->existed); /* one that failed is made anew */
	assert_string_not_equal(s->id, t.x);
	become_ready(s);
}

static void asked_for_again_while_it_is_withdrawn_it_is_made_anew_and_stands(void **state)
{
	struct scenario *s = *state;
	struct two t;

	make_two(s, &t, &plain, &plain);
	become_ready(s);
	release_order(s, t.one);
	engine_release_order(s->engine, t.both, NULL, NULL, NULL);
	ask_one(s, &plain);
	assert_false(s->existed);
	assert_string_not_equal(s->id, t.x);
	run_for(s, 20000);
	assert_int_equal(state_of(s, t.x), CHALLENGE_GONE);
	assert_int_equal(state_of(s, s->id), CHALLENGE_READY);
	assert_true(memory_has("example.org", FQDN, VALUE));
	release_order(s, s->order);
	assert_nothing_left(s);
}

static void a_batch_that_two_orders_share_is_published_once_and_withdrawn_in_parts(void **state)
{
	struct scenario *s = *state;
	struct challenge_request list[100];
	char names[100][32], all[ID_SIZE];

	for (size_t i = 0; i < 100; i++) {
		snprintf(names[i], sizeof(names[i]), "n%zu.example.org", i);
		list[i] = dns01(names[i], VALUE);
	}
	assert_int_equal(submit(s, list, 100), 0);
	keep(s->order, all);
	assert_int_equal(submit(s, list + 40, 20), 0);
	become_ready(s);
	assert_int_equal(memory_jobs(), 1);
	release_order(s, all);
	assert_int_equal(memory_count("example.org", NULL), 20);
	assert_int_equal(engine_order_state(s->engine, s->order), ORDER_READY);
	release_order(s, s->order);
	assert_nothing_left(s);
}

static void on_given(const struct err *err, void *arg)
{
	*(int *)arg = err->code;
}

static void handed_over_both_orders_belong_to_the_new_client(void **state)
{
	struct scenario *s = *state;
	struct two t;
	int code = 1;

	make_two(s, &t, &plain, &plain);
	become_ready(s);
	assert_int_equal(engine_hand_over(s->engine, "alice", "bob", on_given, &code), 2);
	run_for(s, 1000);
	assert_int_equal(code, 0);
	restart(s);
	assert_string_equal(engine_order(s->engine, t.both)->client, "bob");
	assert_string_equal(engine_order(s->engine, t.one)->client, "bob");
	ask_one(s, &(struct order_request){ .client = "bob" });
	assert_true(s->existed);
	assert_string_equal(s->order, t.one);
}

static void two_clients_never_share_a_challenge(void **state)
{
	struct scenario *s = *state;
	char alice[ID_SIZE];

	ask_one(s, &plain);
	keep(s->id, alice);
	ask_both(s, &(struct order_request){ .client = "bob" });
	assert_string_not_equal(s->id, alice);
	become_ready(s);
	release(s, alice);
	run_for(s, 2000);
	assert_int_equal(state_of(s, alice), CHALLENGE_GONE);
	assert_true(memory_has("example.org", FQDN, VALUE)); /* bob's record is the same one */
	release_order(s, s->order);
	assert_nothing_left(s);
}

/* ---- deadlines and ends of their own ---- */

static void each_order_fails_at_its_own_deadline(void **state)
{
	struct scenario *s = *state;
	struct two t;

	fake_dns_fault(NS2, FAULT_LAGS);
	make_two(s, &t, &(struct order_request){ .deadline_ms = 60000 }, &(struct order_request){ .deadline_ms = 300000 });
	run_for(s, 61000);
	assert_int_equal(engine_order_state(s->engine, t.both), ORDER_FAILED);
	assert_says(engine_order(s->engine, t.both)->share->reason, "deadline of the order passed after 60 s: www.example.org: ");
	assert_int_equal(engine_order_state(s->engine, t.one), ORDER_PENDING);
	run_for(s, 250000);
	assert_int_equal(engine_order_state(s->engine, t.one), ORDER_FAILED);
	run_for(s, 20000);
	assert_int_equal(state_of(s, t.x), CHALLENGE_FAILED);
	assert_nothing_left(s);
}

static void a_later_order_with_less_time_fails_first(void **state)
{
	struct scenario *s = *state;
	struct two t;

	fake_dns_fault(NS2, FAULT_LAGS);
	make_two(s, &t, &(struct order_request){ .deadline_ms = 300000 }, &(struct order_request){ .deadline_ms = 60000 });
	run_for(s, 61000);
	assert_int_equal(engine_order_state(s->engine, t.one), ORDER_FAILED);
	assert_int_equal(engine_order_state(s->engine, t.both), ORDER_PENDING);
	fake_dns_fault(NS2, FAULT_NONE);
	run_for(s, 60000);
	assert_int_equal(engine_order_state(s->engine, t.both), ORDER_READY);
	assert_int_equal(engine_order_state(s->engine, t.one), ORDER_FAILED); /* who asked was told so */
	ask_one(s, &plain);
	assert_string_not_equal(s->order, t.one);
	assert_string_equal(s->id, t.x);
	assert_int_equal(engine_order_state(s->engine, s->order), ORDER_READY);
}

static void the_deadline_of_an_order_survives_a_restart(void **state)
{
	struct scenario *s = *state;
	struct two t;

	fake_dns_fault(NS2, FAULT_LAGS);
	make_two(s, &t, &(struct order_request){ .deadline_ms = 60000 }, &(struct order_request){ .deadline_ms = 300000 });
	run_for(s, 30000);
	restart(s);
	run_for(s, 31000);
	assert_int_equal(engine_order_state(s->engine, t.both), ORDER_FAILED);
	assert_int_equal(engine_order_state(s->engine, t.one), ORDER_PENDING);
	restart(s);
	assert_int_equal(engine_order_state(s->engine, t.both), ORDER_FAILED);
}

static void a_loss_after_it_was_ready_fails_no_order_at_its_first_deadline(void **state)
{
	struct scenario *s = *state;
	struct two t;

	make_two(s, &t, &(struct order_request){ .deadline_ms = 800000 }, &(struct order_request){ .deadline_ms = 2000000 });
	become_ready(s);
	run_for(s, 65000);
	reconfigure(s, "    pause: 300s\n");
	memory_take("example.org", FQDN, VALUE);
	run_until(s, t.x, CHALLENGE_PUBLISHING, 620000);
	run_for(s, 200000);
	assert_int_equal(engine_order_state(s->engine, t.both), ORDER_PENDING);
	run_for(s, 120000);
	assert_int_equal(engine_order_state(s->engine, t.both), ORDER_READY);
}

static void each_order_lets_go_at_the_end_of_its_own_lifetime(void **state)
{
	struct scenario *s = *state;
	struct two t;

	make_two(s, &t, &(struct order_request){ .lifetime_ms = HOUR_MS }, &(struct order_request){ .lifetime_ms = 2 * HOUR_MS });
	become_ready(s);
	run_for(s, HOUR_MS);
	assert_int_equal(engine_order_state(s->engine, t.both), ORDER_GONE);
	assert_int_equal(engine_order_state(s->engine, t.one), ORDER_READY);
	assert_int_equal(memory_count(NULL, NULL), 1);
	restart(s);
	assert_int_equal(engine_order_state(s->engine, t.both), ORDER_GONE);
	run_for(s, HOUR_MS);
	assert_nothing_left(s);
}

static void released_by_the_order_that_lives_longest_it_goes_at_the_end_of_the_other(void **state)
{
	struct scenario *s = *state;
	struct two t;

	make_two(s, &t, &(struct order_request){ .lifetime_ms = HOUR_MS }, &(struct order_request){ .lifetime_ms = 2 * HOUR_MS });
	become_ready(s);
	release_order(s, t.one);
	assert_int_equal(memory_count(NULL, NULL), 2);
	run_for(s, HOUR_MS);
	assert_nothing_left(s);
}

/* ---- events ---- */

struct ear {
	unsigned calls, ends;
};

static void hear(const struct challenge *c, const struct challenge_event *event, void *arg)
{
	struct ear *ear = arg;

	(void)c;
	ear->calls++;
	ear->ends += strstr(event->text, "deadline of the order passed") != NULL;
}

static void who_listens_to_an_order_hears_of_its_challenges_and_of_its_own_end(void **state)
{
	struct scenario *s = *state;
	struct ear both = { 0 }, one = { 0 };
	struct two t;

	fake_dns_fault(NS2, FAULT_LAGS);
	make_two(s, &t, &(struct order_request){ .deadline_ms = 60000 }, &(struct order_request){ .deadline_ms = 300000 });
	engine_listen(s->engine, t.both, hear, &both);
	engine_listen(s->engine, t.one, hear, &one);
	run_for(s, 30000);
	assert_true(one.calls > 0);
	assert_true(both.calls > one.calls);
	run_for(s, 31000);
	assert_int_equal(both.ends, 1);
	assert_int_equal(one.ends, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		scenario_test(a_part_of_an_order_asked_for_four_times_makes_nothing_twice),
		scenario_test(the_same_order_in_another_sequence_is_the_same_order),
		scenario_test(an_order_that_adds_a_name_makes_only_that),
		scenario_test(a_challenge_twice_in_an_order_is_refused_with_its_name),
		scenario_test(the_same_token_with_another_key_is_another_challenge),
		scenario_test(the_same_value_for_another_account_is_another_challenge),
		scenario_test(an_order_with_another_label_or_callback_is_another_order_for_the_same_challenge),
		scenario_test(each_hold_counts_as_a_live_challenge),
		scenario_test(a_challenge_goes_with_the_last_order_that_holds_it),
		scenario_test(cleaning_up_one_challenge_leaves_it_to_the_order_of_several),
		scenario_test(cleaning_up_a_challenge_that_only_an_order_of_several_holds_takes_it_from_there),
		scenario_test(an_order_that_was_released_and_is_asked_for_again_is_there_once),
		scenario_test(the_order_that_it_was_made_for_may_be_forgotten_first),
		scenario_test(what_fails_fails_for_each_order),
		scenario_test(asked_for_again_while_it_is_withdrawn_it_is_made_anew_and_stands),
		scenario_test(a_batch_that_two_orders_share_is_published_once_and_withdrawn_in_parts),
		scenario_test(handed_over_both_orders_belong_to_the_new_client),
		scenario_test(two_clients_never_share_a_challenge),
		scenario_test(each_order_fails_at_its_own_deadline),
		scenario_test(a_later_order_with_less_time_fails_first),
		scenario_test(the_deadline_of_an_order_survives_a_restart),
		scenario_test(a_loss_after_it_was_ready_fails_no_order_at_its_first_deadline),
		scenario_test(each_order_lets_go_at_the_end_of_its_own_lifetime),
		scenario_test(released_by_the_order_that_lives_longest_it_goes_at_the_end_of_the_other),
		scenario_test(who_listens_to_an_order_hears_of_its_challenges_and_of_its_own_end),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
