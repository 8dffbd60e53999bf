/* Akamai CPS in virtual time: what is acknowledged, what is waited for, and what a restart takes up again. */
#include "tests/scenario/cps_world.h"

static void a_change_is_acknowledged_once_and_followed(void **state)
{
	struct world *w = *state;
	char id[ID_SIZE];

	w->far.enrollments[0].validates = w->far.enrollments[0].history_valid = true;
	start_validation(w, id);
	run_for(w->s, 30 * MINUTE);
	assert_state(w, id, "done");
	assert_int_equal(w->far.enrollments[0].names_acked, 1);
	assert_nothing_left(w->s);
}

static void nothing_is_acknowledged_while_a_server_does_not_show_the_answer(void **state)
{
	struct world *w = *state;
	char id[ID_SIZE];

	fake_dns_fault(NS2, FAULT_LAGS);
	start_validation(w, id);
	run_for(w->s, 50 * 1000);
	assert_state(w, id, "running");
	assert_int_equal(w->far.enrollments[0].names_acked, 0);
}

static void an_unknown_status_is_waited_for(void **state)
{
	struct world *w = *state;
	char id[ID_SIZE];

	w->far.enrollments[0].status = "a-status-of-tomorrow";
	w->far.enrollments[0].input = NULL;
	w->far.enrollments[0].state = "running";
	start_validation(w, id);
	run_for(w->s, 50 * MINUTE);
	assert_state(w, id, "running");
	assert_int_equal(w->far.enrollments[0].names_acked, 0);
}

static void vanish(struct world *w, const char *history, bool valid, const char *wanted)
{
	char id[ID_SIZE];

	start_validation(w, id);
	run_for(w->s, 5 * MINUTE);
	assert_state(w, id, "running");
	w->far.enrollments[0].pending = false;
	w->far.enrollments[0].history = history;
	w->far.enrollments[0].history_valid = valid;
	run_for(w->s, 20 * MINUTE);
	assert_state(w, id, wanted);
	assert_nothing_left(w->s);
}

static void a_change_that_vanished_and_was_cancelled_is_no_success(void **state)
{
	vanish(*state, "cancelled", false, "cancelled");
}

static void a_change_that_vanished_and_was_completed_is_done(void **state)
{
	vanish(*state, "completed", false, "done");
}

static void a_change_that_vanished_with_every_name_valid_is_done(void **state)
{
	vanish(*state, "incomplete", true, "done");
}

static void a_change_that_vanished_without_a_trace_is_unknown(void **state)
{
	vanish(*state, "incomplete", false, "unknown");
}

static size_t count_validations(struct world *w)
{
	json_t *list = cps_validations_json(w->cps);
	size_t count = json_array_size(list);

	json_decref(list);
	return count;
}

static void a_restart_goes_on_by_itself_and_acknowledges_nothing_twice(void **state)
{
	struct world *w = *state;
	char id[ID_SIZE];

	start_validation(w, id);
	run_for(w->s, 2 * MINUTE);
	assert_int_equal(w->far.enrollments[0].names_acked, 1);
	restart_all(w);
	run_for(w->s, 10 * MINUTE);
	assert_int_equal(w->far.enrollments[0].names_acked, 1);
	w->far.enrollments[0].name_status = "Valid";
	w->far.enrollments[0].status = "deploy-cert-to-production";
	w->far.enrollments[0].state = "running";
	w->far.enrollments[0].input = NULL;
	w->far.enrollments[0].history_valid = true;
	run_for(w->s, 10 * MINUTE);
	assert_nothing_left(w->s);
	restart_all(w);
	assert_int_equal(count_validations(w), 0);
}

static void an_acknowledgement_whose_answer_was_lost_is_not_repeated(void **state)
{
	struct world *w = *state;
	char id[ID_SIZE];

	w->far.lose_posts = true;
	start_validation(w, id);
	run_for(w->s, 30 * MINUTE);
	assert_int_equal(w->far.enrollments[0].names_acked, 1);
	assert_state(w, id, "running");
}

static void an_acknowledgement_that_was_refused_is_repeated(void **state)
{
	struct world *w = *state;
	char id[ID_SIZE];

	w->far.fault = 409;
	w->far.faults = 2;
	w->far.fault_match = "POST";
	w->far.enrollments[0].validates = w->far.enrollments[0].history_valid = true;
	start_validation(w, id);
	run_for(w->s, 30 * MINUTE);
	assert_state(w, id, "done");
	assert_int_equal(w->far.enrollments[0].names_acked, 1);
}

static void warnings_that_are_not_listed_are_never_acknowledged(void **state)
{
	struct world *w = *state;
	char id[ID_SIZE];

	w->far.enrollments[0].input = "pre-verification-warnings";
	w->far.enrollments[0].warnings = "Something that nobody has seen before.";
	start_validation(w, id);
	run_for(w->s, 30 * MINUTE);
	assert_state(w, id, "failed");
	assert_int_equal(w->far.enrollments[0].warnings_acked, 0);
}

static void on_list(json_t *result, const struct err *err, void *arg)
{
	*(int *)arg = err->code < 0 ? err->code : (int)json_array_size(json_object_get(result, "enrollments"));
}

static void a_list_finds_out_the_contracts_and_goes_on_without_them(void **state)
{
	struct world *w = *state;
	struct err err;
	int listed = 0;

	assert_int_equal(cps_ask(w->cps, "list", NULL, on_list, &listed, &err), 0);
	run_for(w->s, MINUTE);
	assert_int_equal(listed, 1);
	assert_int_equal(fake_cps_asked(&w->far, "enrollments?contractId="), 0); /* nobody lists contracts here: 404 */
}

static void a_drive_that_lasts_costs_few_requests(void **state)
{
	struct world *w = *state;
	char id[ID_SIZE];

	w->far.enrollments[0].validates = w->far.enrollments[0].history_valid = true;
	start_validation(w, id);
	run_for(w->s, 30 * MINUTE);
	assert_state(w, id, "done");
	assert_true(w->far.requests <= 30);
}

/* ---- the watcher */

static void nothing_is_acknowledged_before_the_journal_knows_of_it(void **state)
{
	struct world *w = *state;
	char id[ID_SIZE];

	start_validation(w, id);
	journal_refuse_settings(true);
	run_for(w->s, 5 * MINUTE);
	assert_int_equal(w->far.enrollments[0].names_acked, 0);
	assert_state(w, id, "running");
	journal_refuse_settings(false);
	run_for(w->s, 5 * MINUTE);
	assert_int_equal(w->far.enrollments[0].names_acked, 1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cps_test(a_change_is_acknowledged_once_and_followed),
		cps_test(nothing_is_acknowledged_while_a_server_does_not_show_the_answer),
		cps_test(an_unknown_status_is_waited_for),
		cps_test(nothing_is_acknowledged_before_the_journal_knows_of_it),
		cps_test(a_list_finds_out_the_contracts_and_goes_on_without_them),
		cps_test(a_drive_that_lasts_costs_few_requests),
		cps_test(a_change_that_vanished_and_was_cancelled_is_no_success),
		cps_test(a_change_that_vanished_and_was_completed_is_done),
		cps_test(a_change_that_vanished_with_every_name_valid_is_done),
		cps_test(a_change_that_vanished_without_a_trace_is_unknown),
		cps_test(a_restart_goes_on_by_itself_and_acknowledges_nothing_twice),
		cps_test(an_acknowledgement_whose_answer_was_lost_is_not_repeated),
		cps_test(an_acknowledgement_that_was_refused_is_repeated),
		cps_test(warnings_that_are_not_listed_are_never_acknowledged),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
