/* Every cell of the transition table, legal or refused, against the table of the design. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "solver/base/mem.h"
#include "solver/challenge/challenge.h"

static const char *const action_names[] = {
	[DO_NOTHING] = "nothing", [DO_PUBLISH] = "publish",   [DO_PROBE] = "probe",
	[DO_ANNOUNCE] = "announce", [DO_WITHDRAW] = "withdraw", [DO_FORGET] = "forget",
};

/* One line a legal cell, in the order of the table. */
static const char expected[] =
	"queued start -> publishing, publish\n"
	"queued failed -> failed, forget\n"
	"queued deadline -> failed, forget\n"
	"queued released -> gone, forget\n"
	"publishing published -> propagating, probe\n"
	"publishing failed -> withdrawing, withdraw\n"
	"publishing deadline -> withdrawing, withdraw\n"
	"publishing released -> withdrawing, withdraw\n"
	"propagating seen -> ready, announce\n"
	"propagating failed -> withdrawing, withdraw\n"
	"propagating deadline -> withdrawing, withdraw\n"
	"propagating released -> withdrawing, withdraw\n"
	"ready lost -> publishing, publish\n"
	"ready released -> withdrawing, withdraw\n"
	"withdrawing released -> withdrawing, nothing\n"
	"withdrawing withdrawn -> gone, forget\n"
	"gone released -> gone, nothing\n"
	"failed released -> failed, nothing\n";

static void refuses_a_state_or_an_input_that_does_not_exist(void **state)
{
	enum challenge_state to = CHALLENGE_QUEUED;
	enum challenge_action todo = DO_NOTHING;

	(void)state;
	assert_false(challenge_step(CHALLENGE_STATES, INPUT_START, false, &to, &todo));
	assert_false(challenge_step(CHALLENGE_QUEUED, CHALLENGE_INPUTS, false, &to, &todo));
}

static void leaves_the_outputs_alone_when_it_refuses(void **state)
{
	enum challenge_state to = CHALLENGE_READY;
	enum challenge_action todo = DO_ANNOUNCE;

	(void)state;
	assert_false(challenge_step(CHALLENGE_QUEUED, INPUT_SEEN, false, &to, &todo));
	assert_int_equal(to, CHALLENGE_READY);
	assert_int_equal(todo, DO_ANNOUNCE);
}

static void every_cell_is_as_designed(void **state)
{
	char printed[4096] = "";
	size_t length = 0;

	(void)state;
	for (int from = 0; from < CHALLENGE_STATES; from++)
		for (int input = 0; input < CHALLENGE_INPUTS; input++) {
			enum challenge_state to;
			enum challenge_action todo;

			if (!challenge_step(from, input, false, &to, &todo))
				continue;
			assert_in_range(todo, 0, ARRAY_LEN(action_names) - 1);
			length += (size_t)snprintf(printed + length, sizeof(printed) - length, "%s %s -> %s, %s\n",
			                           challenge_state_name(from), challenge_input_name(input),
			                           challenge_state_name(to), action_names[todo]);
			assert_true(length < sizeof(printed));
		}
	assert_string_equal(printed, expected);
}

static void a_failure_matters_only_when_the_record_is_withdrawn(void **state)
{
	(void)state;
	for (int from = 0; from < CHALLENGE_STATES; from++)
		for (int input = 0; input < CHALLENGE_INPUTS; input++) {
			enum challenge_state fresh = 0, failed = 0;
			enum challenge_action fresh_todo = 0, failed_todo = 0;
			bool legal = challenge_step(from, input, false, &fresh, &fresh_todo);

			assert_int_equal(challenge_step(from, input, true, &failed, &failed_todo), legal);
			assert_int_equal(fresh_todo, failed_todo);
			if (from == CHALLENGE_WITHDRAWING && input == INPUT_WITHDRAWN)
				assert_int_equal(failed, CHALLENGE_FAILED);
			else
				assert_int_equal(failed, fresh);
		}
}

static void what_may_have_left_is_withdrawn_before_it_is_over(void **state)
{
	(void)state;
	for (int from = CHALLENGE_PUBLISHING; from <= CHALLENGE_READY; from++)
		for (int input = 0; input < CHALLENGE_INPUTS; input++) {
			enum challenge_state to;
			enum challenge_action todo;

			if (challenge_step(from, input, false, &to, &todo))
				assert_false(challenge_is_over(to));
		}
}

static void releasing_is_legal_everywhere_and_ends_every_life(void **state)
{
	(void)state;
	for (int from = 0; from < CHALLENGE_STATES; from++) {
		enum challenge_state to, again;
		enum challenge_action todo;

		assert_true(challenge_step(from, INPUT_RELEASED, false, &to, &todo));
		assert_true(to == CHALLENGE_WITHDRAWING || challenge_is_over(to));
		assert_true(challenge_step(to, INPUT_RELEASED, false, &again, &todo));
		assert_int_equal(again, to);
		assert_int_equal(todo, DO_NOTHING);
	}
}

static void only_gone_and_failed_are_over(void **state)
{
	(void)state;
	for (int from = 0; from < CHALLENGE_STATES; from++)
		assert_int_equal(challenge_is_over(from), from == CHALLENGE_GONE || from == CHALLENGE_FAILED);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(refuses_a_state_or_an_input_that_does_not_exist),
		cmocka_unit_test(leaves_the_outputs_alone_when_it_refuses),
		cmocka_unit_test(every_cell_is_as_designed),
		cmocka_unit_test(a_failure_matters_only_when_the_record_is_withdrawn),
		cmocka_unit_test(what_may_have_left_is_withdrawn_before_it_is_over),
		cmocka_unit_test(releasing_is_legal_everywhere_and_ends_every_life),
		cmocka_unit_test(only_gone_and_failed_are_over),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
