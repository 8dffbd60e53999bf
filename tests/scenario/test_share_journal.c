/* Orders that share a challenge, and the journal: over restarts, when it refuses one of them, and killed at each commit. */
#include <stdio.h>

#include "tests/scenario/sharing.h"

struct heard {
	unsigned count;
	struct err err;
	char order[ID_SIZE];
};

static void on_submitted(const char *order_id, bool existed, const struct err *err, void *arg)
{
	struct heard *h = arg;

	(void)existed;
	h->count++;
	h->err = *err;
	snprintf(h->order, sizeof(h->order), "%s", order_id ? order_id : "");
}

static void on_released(const struct err *err, void *arg)
{
	struct heard *h = arg;

	h->count++;
	h->err = *err;
}

/* Asks for [x] or [x, y] and does not wait. */
static void ask_soon(struct scenario *s, size_t count, struct heard *h)
{
	struct challenge_request list[] = { dns01(NAME, VALUE), dns01(OTHER, VALUE2) };
	struct err err;

	*h = (struct heard){ 0 };
	assert_int_equal(engine_submit(s->engine, &(struct order_request){ .challenges = list, .count = count, .client = "alice" }, on_submitted, h, &err), 0);
}

static void release_soon(struct scenario *s, const char *id, struct heard *h)
{
	struct err err;

	*h = (struct heard){ 0 };
	assert_int_equal(engine_release_order(s->engine, id, on_released, h, &err), 0);
}

static void sharing_survives_a_restart(void **state)
{
	struct scenario *s = *state;
	struct two t;

	make_two(s, &t, &plain, &plain);
	restart(s);
	become_ready(s);
	assert_orders(s, t.x, 2, 0);
	ask_one(s, &plain);
	assert_string_equal(s->order, t.one);
	release_order(s, t.both);
	restart(s);
	run_for(s, 5000);
	assert_int_equal(engine_order_state(s->engine, t.both), ORDER_GONE);
	assert_int_equal(engine_order_state(s->engine, t.one), ORDER_READY);
	assert_true(memory_has("example.org", FQDN, VALUE));
	release_order(s, t.one);
	assert_nothing_left(s);
}

static void an_order_keeps_its_sequence_over_a_restart(void **state)
{
	struct scenario *s = *state;
	char x[ID_SIZE], y[ID_SIZE];
	struct challenge_request last = dns01(OTHER, VALUE2);

	assert_int_equal(ask(s, &plain, &last, 1), 0);
	keep(s->id, y);
	ask_both(s, &plain);
	keep(s->id, x);
	assert_holds(s, s->order, x, y);
	restart(s);
	assert_holds(s, s->order, x, y);
}

static void released_while_another_order_for_it_is_being_written_it_stays(void **state)
{
	struct scenario *s = *state;
	struct heard one, released;
	char both[ID_SIZE], x[ID_SIZE];

	ask_both(s, &plain);
	keep(s->order, both);
	keep(s->id, x);
	become_ready(s);
	ask_soon(s, 1, &one);
	release_soon(s, both, &released);
	run_for(s, 5000);
	assert_int_equal(one.err.code, 0);
	assert_int_equal(released.count, 1);
	assert_int_equal(released.err.code, 0);
	assert_int_equal(state_of(s, x), CHALLENGE_READY);
	assert_int_equal(memory_count(NULL, NULL), 1);
	restart(s);
	run_for(s, 5000);
	assert_int_equal(memory_count(NULL, NULL), 1);
	release_order(s, one.order);
	assert_nothing_left(s);
}

static void it_goes_when_the_only_order_left_is_refused_by_the_journal(void **state)
{
	struct scenario *s = *state;
	struct heard one, released;
	char both[ID_SIZE];

	ask_both(s, &plain);
	keep(s->order, both);
	become_ready(s);
	journal_refuse(s->loop, 1);
	ask_soon(s, 1, &one);
	release_soon(s, both, &released);
	run_for(s, 5000);
	assert_int_equal(one.err.code, ERR_IO);
	assert_int_equal(released.err.code, 0);
	assert_nothing_left(s);
}

static void it_goes_after_a_restart_when_no_order_is_left_that_holds_it(void **state)
{
	struct scenario *s = *state;
	struct heard one, released;
	char both[ID_SIZE];

	ask_both(s, &plain);
	keep(s->order, both);
	become_ready(s);
	journal_refuse(s->loop, 1);
	ask_soon(s, 1, &one);
	journal_die_after(s->loop, 3); /* the release of y, that the order let go, and the answer */
	release_soon(s, both, &released);
	run_for(s, 500);
	assert_int_equal(one.err.code, ERR_IO);
	assert_int_equal(released.err.code, 0);
	assert_true(memory_has("example.org", FQDN, VALUE));
	restart(s);
	journal_refuse(s->loop, 0);
	run_for(s, 10000);
	assert_nothing_left(s);
}

static void it_stays_when_the_order_that_it_was_made_for_is_refused_by_the_journal(void **state)
{
	struct scenario *s = *state;
	struct heard both, one;

	fake_dns_value(FQDN, VALUE);
	journal_refuse(s->loop, 1);
	ask_soon(s, 2, &both);
	ask_soon(s, 1, &one);
	run_for(s, 5000);
	assert_int_equal(both.err.code, ERR_IO);
	assert_int_equal(one.err.code, 0);
	assert_int_equal(count_listed(s), 1);
	assert_int_equal(engine_order_state(s->engine, one.order), ORDER_READY);
	restart(s);
	run_for(s, 5000);
	assert_int_equal(count_listed(s), 1);
	assert_int_equal(engine_order_state(s->engine, one.order), ORDER_READY);
	release_order(s, one.order);
	assert_nothing_left(s);
}

static void refused_both_leave_nothing(void **state)
{
	struct scenario *s = *state;
	struct heard both, one;

	journal_refuse(s->loop, 2);
	ask_soon(s, 2, &both);
	ask_soon(s, 1, &one);
	run_for(s, 5000);
	assert_int_equal(both.err.code, ERR_IO);
	assert_int_equal(one.err.code, ERR_IO);
	assert_int_equal(count_listed(s), 0);
	assert_null(engine_order(s->engine, one.order));
}

static void keep_order(const struct order *o, bool holds, void *arg)
{
	(void)holds;
	keep(o->id, arg);
}

static void released_before_it_was_written_an_order_takes_only_what_is_its_own(void **state)
{
	struct scenario *s = *state;
	struct heard both, released;
	char last[ID_SIZE], x[ID_SIZE];

	ask_one(s, &plain);
	keep(s->id, x);
	become_ready(s);
	ask_soon(s, 2, &both);
	engine_each_order(s->engine, x, keep_order, last);
	release_soon(s, last, &released);
	run_for(s, 5000);
	assert_int_equal(both.err.code, 0);
	assert_int_equal(released.err.code, 0);
	assert_int_equal(engine_order_state(s->engine, last), ORDER_GONE);
	assert_orders(s, x, 1, 1);
	restart(s);
	assert_orders(s, x, 1, 1);
	assert_int_equal(memory_count(NULL, NULL), 1);
}

static void a_release_that_the_journal_refuses_is_not_confirmed(void **state)
{
	struct scenario *s = *state;
	struct heard released;
	struct two t;

	make_two(s, &t, &plain, &plain);
	become_ready(s);
	journal_refuse(s->loop, 1);
	release_soon(s, t.one, &released);
	run_for(s, 500);
	assert_int_equal(released.count, 1);
	assert_int_equal(released.err.code, ERR_IO);
	run_for(s, 2000); /* it is repeated */
	restart(s);
	assert_int_equal(engine_order_state(s->engine, t.one), ORDER_GONE);
}

/* What a person does, step by step; each step waits for the answer of the one before. Ends when the journal takes nothing any more. */
struct life {
	struct heard both, one, gone_both, gone_one;
};

static bool answered(struct scenario *s, struct heard *h)
{
	run_for(s, 3000);
	return h->count && !h->err.code;
}

static void live(struct scenario *s, struct life *l)
{
	ask_soon(s, 2, &l->both);
	if (!answered(s, &l->both))
		return;
	ask_soon(s, 1, &l->one);
	if (!answered(s, &l->one))
		return;
	release_soon(s, l->both.order, &l->gone_both);
	if (!answered(s, &l->gone_both))
		return;
	release_soon(s, l->one.order, &l->gone_one);
	answered(s, &l->gone_one);
}

static bool is_promised(const struct heard *asked, const struct heard *released)
{
	return asked->count && !asked->err.code && !released->count;
}

/* No more than `commits` reach the disk; then the process is killed and starts again. */
static void killed_after(struct scenario *s, unsigned commits)
{
	struct life l = { 0 };

	journal_die_after(s->loop, commits);
	live(s, &l);
	restart(s);
	journal_refuse(s->loop, 0);
	run_for(s, 20000);
	if (is_promised(&l.both, &l.gone_both))
		assert_int_equal(engine_order_state(s->engine, l.both.order), ORDER_READY);
	if (is_promised(&l.one, &l.gone_one))
		assert_int_equal(engine_order_state(s->engine, l.one.order), ORDER_READY);
	if (l.gone_both.count && !l.gone_both.err.code)
		assert_false(memory_has("example.org", OTHER_FQDN, VALUE2));
	if (engine_order(s->engine, l.both.order))
		release_order(s, l.both.order);
	if (engine_order(s->engine, l.one.order))
		release_order(s, l.one.order);
	assert_nothing_left(s);
}

static void killed_at_any_commit_nothing_is_lost_and_nothing_is_left(void **state)
{
	for (unsigned commits = 0; commits < 24; commits++) {
		fake_dns_value(FQDN, VALUE);
		fake_dns_value(OTHER_FQDN, VALUE2);
		killed_after(*state, commits);
		scenario_end(state);
		scenario_begin(state);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		scenario_test(sharing_survives_a_restart),
		scenario_test(an_order_keeps_its_sequence_over_a_restart),
		scenario_test(released_while_another_order_for_it_is_being_written_it_stays),
		scenario_test(it_goes_when_the_only_order_left_is_refused_by_the_journal),
		scenario_test(it_goes_after_a_restart_when_no_order_is_left_that_holds_it),
		scenario_test(it_stays_when_the_order_that_it_was_made_for_is_refused_by_the_journal),
		scenario_test(refused_both_leave_nothing),
		scenario_test(released_before_it_was_written_an_order_takes_only_what_is_its_own),
		scenario_test(a_release_that_the_journal_refuses_is_not_confirmed),
		scenario_test(killed_at_any_commit_nothing_is_lost_and_nothing_is_left),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
