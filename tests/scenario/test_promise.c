/* A promise follows its own record: what the journal refused is not confirmed, whatever else was written. */
#include "tests/scenario/scenario.h"

#define NAME "www.example.org"
#define OTHER "other.example.org"
#define FOR_EVER 1000000

struct heard {
	unsigned count;
	struct err err;
	bool existed;
};

static void on_answer(const struct err *err, void *arg)
{
	struct heard *a = arg;

	a->count++;
	a->err = *err;
}

static void on_submitted(const char *order_id, bool existed, const struct err *err, void *arg)
{
	struct heard *a = arg;

	assert_int_equal(order_id == NULL, err->code != 0);
	a->existed = existed;
	on_answer(err, a);
}

static void ask_release(struct scenario *s, const char *id, struct heard *a)
{
	struct err err;

	*a = (struct heard){ 0 };
	assert_int_equal(engine_release_challenge(s->engine, id, on_answer, a, &err), 0);
	assert_int_equal(a->count, 0);
}

static void ask_submit(struct scenario *s, struct heard *a)
{
	struct challenge_request r = dns01(NAME, VALUE);
	struct err err;

	*a = (struct heard){ 0 };
	assert_int_equal(engine_submit(s->engine, &(struct order_request){ .challenges = &r, .count = 1, .client = "alice" }, on_submitted, a, &err), 0);
}

static void assert_answered(const struct heard *a, int code)
{
	assert_int_equal(a->count, 1);
	assert_int_equal(a->err.code, code);
}

static void make_ready(struct scenario *s, const char *name)
{
	assert_int_equal(present(s, name, VALUE), 0);
	run_until(s, s->id, CHALLENGE_READY, 5000);
}

static void a_withdrawal_that_the_journal_refuses_is_not_confirmed(void **state)
{
	struct scenario *s = *state;
	struct heard a;

	make_ready(s, NAME);
	journal_refuse(s->loop, FOR_EVER);
	ask_release(s, s->id, &a);
	run_for(s, 100);
	assert_answered(&a, ERR_IO);
	assert_says(a.err.text, "the disk is full");
	assert_says(a.err.text, "ask again");
	assert_int_equal(memory_count("example.org", "_acme-challenge." NAME), 1); /* journal first */
}

/* The journal takes "ready" after the challenge was released, and refuses the release. */
static void a_state_that_the_journal_holds_late_starts_nothing_of_the_one_after_it(void **state)
{
	struct scenario *s = *state;
	struct heard a;

	assert_int_equal(present(s, NAME, VALUE), 0);
	run_until(s, s->id, CHALLENGE_PROPAGATING, 5000);
	journal_late(s->loop, 100);
	run_until(s, s->id, CHALLENGE_READY, 5000);
	assert_int_equal(engine_kept_state(s->engine, s->id), CHALLENGE_PROPAGATING);
	journal_late(s->loop, 0);
	journal_refuse(s->loop, FOR_EVER);
	ask_release(s, s->id, &a);
	run_for(s, 500);
	assert_int_equal(engine_kept_state(s->engine, s->id), CHALLENGE_READY);
	assert_int_equal(memory_count("example.org", "_acme-challenge." NAME), 1); /* journal first */
}

static void asking_again_confirms_nothing_while_the_journal_still_refuses(void **state)
{
	struct scenario *s = *state;
	struct heard a;

	make_ready(s, NAME);
	journal_refuse(s->loop, FOR_EVER);
	ask_release(s, s->id, &a);
	run_for(s, 5000);
	assert_answered(&a, ERR_IO);
	ask_release(s, s->id, &a);
	run_for(s, 5000);
	assert_answered(&a, ERR_IO);
	restart(s);
	journal_refuse(s->loop, 0);
	run_for(s, 1000);
	assert_int_equal(state_of(s, s->id), CHALLENGE_READY); /* nobody was told anything else */
	ask_release(s, s->id, &a);
	run_for(s, 1000);
	assert_answered(&a, 0);
	assert_nothing_left(s);
}

static void a_withdrawal_is_confirmed_when_there_is_room_again(void **state)
{
	struct scenario *s = *state;
	struct heard first, second;

	make_ready(s, NAME);
	journal_refuse(s->loop, FOR_EVER);
	ask_release(s, s->id, &first);
	run_for(s, 1500);
	ask_release(s, s->id, &second);
	journal_refuse(s->loop, 0);
	run_for(s, 2000);
	assert_answered(&first, ERR_IO);
	assert_answered(&second, 0);
	assert_int_equal(state_of(s, s->id), CHALLENGE_GONE);
	assert_nothing_left(s);
}

static void an_order_is_confirmed_only_when_all_of_it_is_written(void **state)
{
	struct scenario *s = *state;
	struct challenge_request list[] = { dns01(NAME, VALUE), dns01(OTHER, VALUE2) };
	struct heard a = { 0 };
	struct err err;

	assert_int_equal(submit(s, list, 2), 0);
	run_for(s, 5000);
	assert_int_equal(engine_order_state(s->engine, s->order), ORDER_READY);
	journal_refuse(s->loop, 1);
	assert_int_equal(engine_release_order(s->engine, s->order, on_answer, &a, &err), 0);
	run_for(s, 10);
	assert_answered(&a, ERR_IO);
	a = (struct heard){ 0 };
	assert_int_equal(engine_release_order(s->engine, s->order, on_answer, &a, &err), 0);
	run_for(s, 2000);
	assert_answered(&a, 0);
	assert_nothing_left(s);
}

static void who_asks_for_the_same_while_it_is_being_written_hears_the_same_refusal(void **state)
{
	struct scenario *s = *state;
	struct heard first, second;

	journal_refuse(s->loop, 1);
	ask_submit(s, &first);
	ask_submit(s, &second);
	run_for(s, 1000);
	assert_answered(&first, ERR_IO);
	assert_answered(&second, ERR_IO);
	assert_int_equal(count_listed(s), 0);
}

static void who_asks_for_the_same_while_it_is_being_written_gets_the_same_order(void **state)
{
	struct scenario *s = *state;
	struct heard first, second;

	ask_submit(s, &first);
	ask_submit(s, &second);
	run_for(s, 1000);
	assert_answered(&first, 0);
	assert_answered(&second, 0);
	assert_true(second.existed);
	assert_int_equal(count_listed(s), 1);
}

static void keep_id(const struct challenge *c, void *arg)
{
	memcpy(arg, c->id, ID_SIZE);
}

static void ask_submit_and_release(struct scenario *s, struct heard *submitted, struct heard *released)
{
	ask_submit(s, submitted);
	engine_list(s->engine, NULL, NULL, 1, keep_id, s->id);
	ask_release(s, s->id, released);
}

static void what_is_withdrawn_while_it_is_being_written_is_never_begun(void **state)
{
	struct scenario *s = *state;
	struct heard submitted, released;

	ask_submit_and_release(s, &submitted, &released);
	run_for(s, 5000);
	assert_answered(&submitted, 0);
	assert_answered(&released, 0);
	assert_int_equal(state_of(s, s->id), CHALLENGE_GONE);
	assert_int_equal(memory_jobs(), 0);
}

static void what_is_withdrawn_and_then_refused_was_never_there(void **state)
{
	struct scenario *s = *state;
	struct heard submitted, released;

	journal_refuse(s->loop, 1);
	ask_submit_and_release(s, &submitted, &released);
	run_for(s, 5000);
	assert_answered(&submitted, ERR_IO);
	assert_answered(&released, 0);
	assert_int_equal(count_listed(s), 0);
	restart(s);
	assert_int_equal(count_listed(s), 0);
}

static void an_order_whose_last_step_is_not_written_is_not_ready(void **state)
{
	struct scenario *s = *state;

	assert_int_equal(present(s, NAME, VALUE), 0);
	run_until(s, s->id, CHALLENGE_PROPAGATING, 5000);
	journal_refuse(s->loop, FOR_EVER);
	run_for(s, 5000);
	assert_int_equal(engine_order_state(s->engine, s->order), ORDER_PENDING);
	journal_refuse(s->loop, 0);
	run_for(s, 5000);
	assert_int_equal(engine_order_state(s->engine, s->order), ORDER_READY);
}

static void an_outcome_that_the_journal_refuses_is_not_counted(void **state)
{
	struct scenario *s = *state;
	struct heard a = { 0 };
	struct err err;
	int64_t wait_ms;

	make_ready(s, NAME);
	journal_refuse(s->loop, 1);
	assert_int_equal(engine_outcome(s->engine, s->id, false, NULL, on_answer, &a, &err), 0);
	run_for(s, 1000);
	assert_answered(&a, ERR_IO);
	assert_int_equal(engine_budget_allows(s->engine, s->order, &wait_ms, &err), 0);
	a = (struct heard){ 0 };
	assert_int_equal(engine_outcome(s->engine, s->id, false, NULL, on_answer, &a, &err), 0);
	run_for(s, 1000);
	assert_answered(&a, 0);
	assert_int_equal(engine_budget_allows(s->engine, s->order, &wait_ms, &err), ERR_RATE);
}

static void count_stored(const struct challenge *c, void *arg)
{
	(void)c;
	(*(unsigned *)arg)++;
}

static void what_is_forgotten_leaves_the_journal_also_when_that_is_full_at_that_moment(void **state)
{
	struct scenario *s = *state;
	unsigned stored = 0;
	const struct store_visitor visitor = { .challenge = count_stored, .arg = &stored };
	struct err err;

	make_ready(s, NAME);
	release(s, s->id);
	run_until(s, s->id, CHALLENGE_GONE, 1000);
	journal_refuse(s->loop, 3);
	run_for(s, 11 * 60 * 1000);
	assert_int_equal(count_listed(s), 0);
	assert_int_equal(store_load(s->store, &visitor, &err), 0);
	assert_int_equal(stored, 0);
}

static void the_result_of_a_callback_is_kept_when_there_is_room_again(void **state)
{
	struct scenario *s = *state;

	make_ready(s, NAME);
	journal_refuse(s->loop, 2);
	assert_int_equal(engine_order_announced(s->engine, s->order, "{\"attempts\":1}", true), 0);
	run_for(s, 5000);
	restart(s);
	assert_true(engine_order(s->engine, s->order)->announced);
	assert_string_equal(engine_order(s->engine, s->order)->callback_result, "{\"attempts\":1}");
}

/* The callers of front doors free what they hold there. */
static void who_waits_for_the_journal_is_answered_when_dcvd_ends(void **state)
{
	struct scenario *s = *state;
	struct heard first, same, existing;

	make_ready(s, OTHER);
	ask_submit(s, &first);
	ask_submit(s, &same);
	existing = (struct heard){ 0 };
	assert_int_equal(engine_submit(s->engine, &(struct order_request){ .challenges = (struct challenge_request[]){ dns01(OTHER, VALUE) }, .count = 1,
	                                                                   .client = "alice" }, on_submitted, &existing, &s->err), 0);
	restart(s);
	assert_answered(&first, ERR_CANCELLED);
	assert_answered(&same, ERR_CANCELLED);
	assert_answered(&existing, ERR_CANCELLED);
	assert_int_equal(count_listed(s), 2); /* the journal had taken it */
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		scenario_test(a_withdrawal_that_the_journal_refuses_is_not_confirmed),
		scenario_test(a_state_that_the_journal_holds_late_starts_nothing_of_the_one_after_it),
		scenario_test(asking_again_confirms_nothing_while_the_journal_still_refuses),
		scenario_test(a_withdrawal_is_confirmed_when_there_is_room_again),
		scenario_test(an_order_is_confirmed_only_when_all_of_it_is_written),
		scenario_test(who_asks_for_the_same_while_it_is_being_written_hears_the_same_refusal),
		scenario_test(who_asks_for_the_same_while_it_is_being_written_gets_the_same_order),
		scenario_test(what_is_withdrawn_while_it_is_being_written_is_never_begun),
		scenario_test(what_is_withdrawn_and_then_refused_was_never_there),
		scenario_test(an_order_whose_last_step_is_not_written_is_not_ready),
		scenario_test(an_outcome_that_the_journal_refuses_is_not_counted),
		scenario_test(what_is_forgotten_leaves_the_journal_also_when_that_is_full_at_that_moment),
		scenario_test(the_result_of_a_callback_is_kept_when_there_is_room_again),
		scenario_test(who_waits_for_the_journal_is_answered_when_dcvd_ends),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
