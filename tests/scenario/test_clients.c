/* A client goes: what it asked for is withdrawn, or becomes that of another. */
#include "tests/scenario/scenario.h"

#define NAME "www.example.org"
#define FQDN "_acme-challenge.www.example.org"

struct told {
	unsigned times;
	int code;
};

static void on_done(const struct err *err, void *arg)
{
	struct told *t = arg;

	t->times++;
	t->code = err ? err->code : 0;
}

static int present_as(struct scenario *s, const char *client, const char *domain, const char *value)
{
	struct challenge_request r = dns01(domain, value);

	return submit_order(s, &(struct order_request){ .challenges = &r, .count = 1, .client = client });
}

static void all_records_of_a_client_are_withdrawn_and_those_of_others_stay(void **state)
{
	struct scenario *s = *state;
	struct told told = { 0 };
	char bobs[ID_SIZE];

	assert_int_equal(present_as(s, "bob", "bob.example.org", VALUE2), 0);
	run_until(s, s->id, CHALLENGE_READY, 5000);
	memcpy(bobs, s->id, ID_SIZE);
	assert_int_equal(present_as(s, "alice", NAME, VALUE), 0);
	run_until(s, s->id, CHALLENGE_READY, 5000);
	assert_int_equal(present_as(s, "alice", "queued.example.org", VALUE), 0);
	assert_int_equal(engine_release_client(s->engine, "alice", on_done, &told), 2);
	run_for(s, 5000);
	assert_int_equal(told.times, 1);
	assert_int_equal(told.code, 0);
	assert_int_equal(state_of(s, bobs), CHALLENGE_READY);
	assert_int_equal(memory_count(NULL, NULL), 1);
	assert_int_equal(engine_release_client(s->engine, "alice", on_done, &told), 0);
	run_for(s, 1000);
	assert_int_equal(told.times, 2);
}

static void what_is_handed_over_belongs_to_the_other_also_after_a_restart(void **state)
{
	struct scenario *s = *state;
	struct told told = { 0 };

	assert_int_equal(present_as(s, "alice", NAME, VALUE), 0);
	run_until(s, s->id, CHALLENGE_READY, 5000);
	assert_int_equal(engine_hand_over(s->engine, "alice", "bob", on_done, &told), 1);
	run_for(s, 100);
	assert_int_equal(told.times, 1);
	assert_int_equal(told.code, 0);
	restart(s);
	assert_string_equal(engine_challenge(s->engine, s->id)->client, "bob");
	assert_string_equal(engine_order(s->engine, s->order)->client, "bob");
	assert_true(engine_order(s->engine, s->order)->announced);
	assert_int_equal(engine_release_client(s->engine, "alice", NULL, NULL), 0);
	assert_int_equal(present_as(s, "bob", NAME, VALUE), 0); /* it is bob's own by now */
	assert_true(s->existed);
	release(s, s->id);
	run_until(s, s->id, CHALLENGE_GONE, 5000);
	assert_nothing_left(s);
}

static void what_is_on_its_way_is_handed_over_too_and_goes_on(void **state)
{
	struct scenario *s = *state;
	struct told told = { 0 };

	reconfigure(s, "    pause: 3s\n");
	assert_int_equal(present_as(s, "alice", NAME, VALUE), 0);
	run_until(s, s->id, CHALLENGE_PUBLISHING, 1000);
	assert_int_equal(engine_hand_over(s->engine, "alice", "bob", on_done, &told), 1);
	run_until(s, s->id, CHALLENGE_READY, 10000);
	assert_int_equal(present_as(s, "bob", NAME, VALUE), 0);
	assert_true(s->existed);
}

static void a_journal_that_refuses_leaves_everything_with_the_first_client(void **state)
{
	struct scenario *s = *state;
	struct told told = { 0 };

	assert_int_equal(present_as(s, "alice", NAME, VALUE), 0);
	run_until(s, s->id, CHALLENGE_READY, 5000);
	journal_refuse(s->loop, 1);
	engine_hand_over(s->engine, "alice", "bob", on_done, &told);
	run_for(s, 100);
	assert_int_equal(told.times, 1);
	assert_true(told.code < 0);
	assert_string_equal(engine_challenge(s->engine, s->id)->client, "alice");
	assert_int_equal(engine_release_client(s->engine, "alice", on_done, &told), 1);
	run_until(s, s->id, CHALLENGE_GONE, 5000);
	assert_nothing_left(s);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		scenario_test(all_records_of_a_client_are_withdrawn_and_those_of_others_stay),
		scenario_test(what_is_handed_over_belongs_to_the_other_also_after_a_restart),
		scenario_test(what_is_on_its_way_is_handed_over_too_and_goes_on),
		scenario_test(a_journal_that_refuses_leaves_everything_with_the_first_client),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
