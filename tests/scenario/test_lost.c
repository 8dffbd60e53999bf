/* A record that was ready and disappeared, and what else happens then: it is withdrawn in the end, whatever came in whatever order. */
#include "tests/scenario/scenario.h"

#define NAME "www.example.org"
#define FQDN "_acme-challenge.www.example.org"
#define TEN_MINUTES (600 * 1000)

/* Ready for a while, then somebody takes the record away. `options` of the provider are in force when it is published again. */
static void lose(struct scenario *s, const char *options)
{
	if (!s->id[0])
		assert_int_equal(present(s, NAME, VALUE), 0);
	run_until(s, s->id, CHALLENGE_READY, 20000);
	run_for(s, 65000);
	reconfigure(s, options);
	memory_take("example.org", FQDN, VALUE);
	run_until(s, s->id, CHALLENGE_PUBLISHING, TEN_MINUTES + 20000);
}

/* The record comes back from elsewhere, as after a zone was loaded anew: it is ours, and nobody else removes it. */
static void comes_back(void)
{
	memory_put("example.org", FQDN, VALUE);
}

static void a_loss_and_a_refusal_withdraw_the_record_that_stands(void **state)
{
	struct scenario *s = *state;

	lose(s, "    refuse: no more\n");
	comes_back();
	run_until(s, s->id, CHALLENGE_FAILED, TEN_MINUTES); /* through the provider as it was before */
	assert_says(reason_of(s, s->id), "no more");
	assert_nothing_left(s);
}

static void a_loss_a_restart_and_a_refusal_withdraw_the_record_that_stands(void **state)
{
	struct scenario *s = *state;

	lose(s, "    pause: 5s\n");
	comes_back();
	restart(s);
	reconfigure(s, "    refuse: no more\n");
	run_for(s, 1000);
	assert_int_equal(state_of(s, s->id), CHALLENGE_WITHDRAWING);
	restart(s);
	reconfigure(s, "");
	run_until(s, s->id, CHALLENGE_FAILED, TEN_MINUTES);
	assert_nothing_left(s);
}

static void a_second_loss_and_a_refusal_withdraw_the_record_that_stands(void **state)
{
	struct scenario *s = *state;

	lose(s, "");
	lose(s, "    refuse: no more\n");
	comes_back();
	run_for(s, 1000);
	reconfigure(s, "");
	run_until(s, s->id, CHALLENGE_FAILED, TEN_MINUTES);
	assert_nothing_left(s);
}

static void a_loss_and_a_release_withdraw_the_record_that_stands(void **state)
{
	struct scenario *s = *state;

	lose(s, "    pause: 5s\n    refuse: no more\n");
	comes_back();
	release(s, s->id);
	run_until(s, s->id, CHALLENGE_GONE, TEN_MINUTES);
	assert_nothing_left(s);
}

static void a_loss_and_a_provider_that_is_taken_out_of_the_configuration_keep_the_record_in_mind(void **state)
{
	struct scenario *s = *state;

	lose(s, "    pause: 5s\n");
	comes_back();
	reconfigure_text(s, "challenge: {deadline: 60s, lifetime: 1h}\nroutes: [{suffix: \"*\", provider: embedded}]\n");
	run_until(s, s->id, CHALLENGE_FAILED, 70000); /* through what was opened before */
	assert_nothing_left(s);
}

/* A server that is replaced answers without the record for a moment. */
static void a_record_that_one_recheck_misses_is_not_lost(void **state)
{
	struct scenario *s = *state;

	assert_int_equal(present(s, NAME, VALUE), 0);
	run_until(s, s->id, CHALLENGE_READY, 20000);
	run_for(s, 59000);
	memory_take("example.org", FQDN, VALUE);
	run_for(s, 4000); /* the first recheck of it comes a minute after ready */
	comes_back();
	run_for(s, TEN_MINUTES);
	assert_int_equal(memory_jobs(), 1);
	assert_int_equal(state_of(s, s->id), CHALLENGE_READY);
}

/* As long as it had the first time, however long it was ready and however often it is lost. */
static void after_a_loss_it_has_the_time_that_it_had_at_first(void **state)
{
	struct scenario *s = *state;

	lose(s, "");
	lose(s, "");
	restart(s);
	lose(s, "    fail-first: 1000000\n");
	run_for(s, 59000);
	assert_int_equal(state_of(s, s->id), CHALLENGE_PUBLISHING);
	run_for(s, 2000);
	assert_int_equal(state_of(s, s->id), CHALLENGE_WITHDRAWING);
	assert_says(reason_of(s, s->id), "deadline passed after 60 s");
	reconfigure(s, "");
	run_until(s, s->id, CHALLENGE_FAILED, TEN_MINUTES);
	assert_nothing_left(s);
}

static void a_batch_that_is_refused_withdraws_what_stood_and_only_that(void **state)
{
	struct scenario *s = *state;
	char lost[ID_SIZE];

	lose(s, "    pause: 1s\n    refuse: no more\n");
	comes_back();
	memcpy(lost, s->id, ID_SIZE);
	assert_int_equal(present(s, "other.example.org", VALUE2), 0);
	run_until(s, s->id, CHALLENGE_FAILED, 20000); /* it never stood: nobody is asked to remove it */
	assert_int_equal(state_of(s, lost), CHALLENGE_WITHDRAWING);
	reconfigure(s, "");
	run_until(s, lost, CHALLENGE_FAILED, TEN_MINUTES);
	assert_nothing_left(s);
}

/* The refusal comes when nobody waits for it any more: it says all the same that nothing was published. */
static void a_refusal_after_the_release_leaves_nothing_to_withdraw(void **state)
{
	struct scenario *s = *state;

	reconfigure(s, "    pause: 5s\n    refuse: never\n");
	assert_int_equal(present(s, NAME, VALUE), 0);
	run_until(s, s->id, CHALLENGE_PUBLISHING, 1000);
	run_for(s, 1000);
	release(s, s->id);
	run_until(s, s->id, CHALLENGE_GONE, 10000);
	assert_nothing_left(s);
}

/* The first reply was lost: whether the record stands is unknown, and the refusal of the second call does not tell. */
static void a_refusal_after_a_lost_reply_withdraws_what_may_stand(void **state)
{
	struct scenario *s = *state;

	reconfigure(s, "    lose-first: 1\n    retry-after: 5s\n");
	assert_int_equal(present(s, NAME, VALUE), 0);
	run_for(s, 2000);
	assert_int_equal(state_of(s, s->id), CHALLENGE_PUBLISHING);
	assert_int_equal(memory_count(NULL, NULL), 1);
	reconfigure(s, "    refuse: no more\n");
	run_until(s, s->id, CHALLENGE_FAILED, TEN_MINUTES);
	assert_nothing_left(s);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		scenario_test(a_loss_and_a_refusal_withdraw_the_record_that_stands),
		scenario_test(a_loss_a_restart_and_a_refusal_withdraw_the_record_that_stands),
		scenario_test(a_second_loss_and_a_refusal_withdraw_the_record_that_stands),
		scenario_test(a_loss_and_a_release_withdraw_the_record_that_stands),
		scenario_test(a_loss_and_a_provider_that_is_taken_out_of_the_configuration_keep_the_record_in_mind),
		scenario_test(a_record_that_one_recheck_misses_is_not_lost),
		scenario_test(after_a_loss_it_has_the_time_that_it_had_at_first),
		scenario_test(a_batch_that_is_refused_withdraws_what_stood_and_only_that),
		scenario_test(a_refusal_after_the_release_leaves_nothing_to_withdraw),
		scenario_test(a_refusal_after_a_lost_reply_withdraws_what_may_stand),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
