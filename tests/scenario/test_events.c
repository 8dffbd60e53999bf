/* Who listens: what is told, to whom, and when. */
#include "tests/scenario/scenario.h"

#define NAME "www.example.org"
#define OTHER "other.example.org"

struct ear {
	struct scenario *s;
	struct engine_listener *listener;
	unsigned calls;
	bool leaves;             /* at the first call */
	char id[ID_SIZE];        /* of the challenge of the last event */
	enum challenge_state state;
};

static void hear(const struct challenge *c, const struct challenge_event *event, void *arg)
{
	struct ear *ear = arg;

	ear->calls++;
	memcpy(ear->id, c->id, ID_SIZE);
	ear->state = event->state;
	if (ear->leaves)
		engine_unlisten(ear->listener);
}

static void listen_to(struct scenario *s, struct ear *ear, const char *id)
{
	ear->s = s;
	ear->listener = engine_listen(s->engine, id, hear, ear);
}

static void an_order_and_a_challenge_are_heard_of_alone(void **state)
{
	struct scenario *s = *state;
	struct ear all = { 0 }, order = { 0 }, challenge = { 0 };
	char first[ID_SIZE];

	listen_to(s, &all, NULL);
	assert_int_equal(present(s, NAME, VALUE), 0);
	memcpy(first, s->id, ID_SIZE);
	listen_to(s, &order, s->order);
	listen_to(s, &challenge, s->id);
	run_until(s, first, CHALLENGE_READY, 10000);
	run_for(s, 0);
	assert_int_equal(order.calls, challenge.calls);
	assert_int_equal(order.state, CHALLENGE_READY);
	assert_int_equal(present(s, OTHER, VALUE2), 0);
	run_until(s, s->id, CHALLENGE_READY, 10000);
	run_for(s, 0);
	assert_string_equal(order.id, first);
	assert_string_equal(challenge.id, first);
	assert_string_equal(all.id, s->id);
	assert_true(all.calls > order.calls);
}

static void a_listener_may_leave_inside_its_own_call(void **state)
{
	struct scenario *s = *state;
	struct ear first = { .leaves = true }, second = { .leaves = true };

	listen_to(s, &first, NULL);
	listen_to(s, &second, NULL);
	assert_int_equal(present(s, NAME, VALUE), 0);
	run_until(s, s->id, CHALLENGE_READY, 10000);
	assert_int_equal(first.calls, 1);
	assert_int_equal(second.calls, 1);
}

/* A call inside a call: who is called finds the engine in the middle of its work. */
static void nothing_is_told_inside_a_call_of_the_engine(void **state)
{
	struct scenario *s = *state;
	struct ear ear = { 0 };
	unsigned before;

	assert_int_equal(present(s, NAME, VALUE), 0);
	run_until(s, s->id, CHALLENGE_READY, 10000);
	run_for(s, 0);
	listen_to(s, &ear, s->id);
	release(s, s->id); /* the journal has it: it is told from the loop */
	before = ear.calls;
	run_for(s, 0);
	assert_int_equal(before, 0);
	assert_true(ear.calls > 0);
}

static void what_happened_before_is_not_told(void **state)
{
	struct scenario *s = *state;
	struct ear early = { 0 }, late = { 0 };

	listen_to(s, &early, NULL);
	assert_int_equal(present(s, NAME, VALUE), 0);
	run_until(s, s->id, CHALLENGE_READY, 10000);
	run_for(s, 0);
	early.calls = 0;
	release(s, s->id);
	listen_to(s, &late, s->id); /* the event is on its way to the other */
	run_until(s, s->id, CHALLENGE_GONE, 10000);
	run_for(s, 0);
	assert_int_equal(late.calls, early.calls - 1);
}

static void an_event_that_was_not_told_before_the_end_is_dropped(void **state)
{
	struct scenario *s = *state;
	struct ear ear = { 0 };

	listen_to(s, &ear, NULL);
	assert_int_equal(present(s, NAME, VALUE), 0);
	run_until(s, s->id, CHALLENGE_READY, 10000);
	run_for(s, 0);
	ear.calls = 0;
	release(s, s->id);
	restart(s);
	run_for(s, 1000);
	assert_int_equal(ear.calls, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		scenario_test(an_order_and_a_challenge_are_heard_of_alone),
		scenario_test(a_listener_may_leave_inside_its_own_call),
		scenario_test(nothing_is_told_inside_a_call_of_the_engine),
		scenario_test(what_happened_before_is_not_told),
		scenario_test(an_event_that_was_not_told_before_the_end_is_dropped),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
