/* The watcher of Akamai CPS in virtual time: what it finds, drives, shows and never does. */
#include "tests/scenario/cps_world.h"

#include <stdio.h>

#include "solver/base/mem.h"

static void who_watches_finds_changes_and_drives_only_what_is_managed(void **state)
{
	struct world *w = *state;
	json_t *all;

	fake_cps_reset(&w->far, w->s, 9);
	show_values(w);
	watch(w, "act", 1);
	run_for(w->s, 30 * MINUTE);
	for (size_t i = 0; i < 9; i++)
		assert_int_equal(w->far.enrollments[i].names_acked, i == 7 ? 0 : 1);
	all = inventory_of(w);
	assert_int_equal(json_array_size(json_object_get(all, "enrollments")), 9);
	assert_int_equal(json_integer_value(json_object_get(json_object_get(all, "counts"), "managed")), 8);
	json_decref(all);
}

static void a_certificate_that_cannot_be_read_keeps_no_other_one_waiting(void **state)
{
	struct world *w = *state;

	fake_cps_reset(&w->far, w->s, 3);
	for (size_t i = 0; i < 3; i++) {
		w->far.enrollments[i].pending = false;
		w->far.enrollments[i].production = "a certificate";
	}
	w->far.fault = 403;
	w->far.faults = UINT32_MAX;
	w->far.fault_match = "/10002/deployments";
	watch(w, "read", 1);
	run_for(w->s, 2 * HOUR);
	assert_int_equal(fake_cps_asked(&w->far, "/10003/deployments/production"), 1);
	assert_int_equal(fake_cps_asked(&w->far, "/10004/deployments/production"), 1);
	assert_true(fake_cps_asked(&w->far, "/10002/deployments/production") > 1); /* it is tried again */
}

static void who_only_reads_acknowledges_nothing(void **state)
{
	struct world *w = *state;

	watch(w, "read", 1);
	run_for(w->s, 60 * MINUTE);
	assert_int_equal(w->far.enrollments[0].names_acked, 0);
	assert_int_equal(fake_cps_asked(&w->far, "POST"), 0);
}

static void a_watcher_that_is_off_asks_nothing(void **state)
{
	struct world *w = *state;

	watch(w, "off", 1);
	run_for(w->s, 60 * MINUTE);
	assert_int_equal(w->far.requests, 0);
}

static void a_name_that_is_late_is_waited_for_beyond_the_deadline(void **state)
{
	struct world *w = *state;
	json_t *all;

	fake_dns_fault(NS2, FAULT_LAGS);
	watch(w, "act", 1);
	run_for(w->s, 3 * 60 * MINUTE);
	assert_int_equal(w->far.enrollments[0].names_acked, 0);
	all = inventory_of(w);
	assert_string_equal(json_string_value(json_object_get(json_array_get(json_object_get(all, "enrollments"), 0), "phase")), "waiting");
	json_decref(all);
	fake_dns_fault(NS2, FAULT_NONE);
	run_for(w->s, 3 * 60 * MINUTE);
	assert_int_equal(w->far.enrollments[0].names_acked, 1);
}

static int approve(struct world *w, const char *hash, const char *who, size_t *ret_missing)
{
	const struct cps_approval_wish wish = { .enrollment = FAKE_CPS_ENROLLMENT, .change = 20002, .hash = hash, .who = who };
	struct err err;

	return cps_approve(w->cps, &wish, ret_missing, &err);
}

static void production_waits_for_two_different_people_who_saw_the_same_result(void **state)
{
	struct world *w = *state;
	struct fake_cps_enrollment *e = &w->far.enrollments[0];
	size_t missing = 0;

	e->status = "wait-ack-change-management";
	e->state = "awaiting-input";
	e->input = "change-management-info";
	watch(w, "act", 2);
	run_for(w->s, 5 * MINUTE);
	assert_int_equal(e->changes_acked, 0);
	assert_int_equal(approve(w, "h0", "alice", &missing), ERR_CONFLICT);
	assert_int_equal(approve(w, "h1", "alice", &missing), 0);
	assert_int_equal(missing, 1);
	assert_int_equal(approve(w, "h1", "alice", &missing), 0);
	assert_int_equal(missing, 1); /* the same person twice is one */
	run_for(w->s, 5 * MINUTE);
	assert_int_equal(e->changes_acked, 0);
	e->hash = "h2";
	assert_int_equal(approve(w, "h1", "bob", &missing), 0);
	run_for(w->s, 60 * MINUTE);
	assert_int_equal(e->changes_acked, 0); /* another result by now: nobody has agreed to that */
	assert_int_equal(approve(w, "h2", "bob", &missing), 0);
	assert_int_equal(approve(w, "h2", "carol", &missing), 0);
	run_for(w->s, 5 * MINUTE);
	assert_int_equal(e->changes_acked, 1);
}

static json_t *row_at(json_t *all, size_t i)
{
	return json_array_get(json_object_get(all, "enrollments"), i);
}

static const char *text_at(json_t *all, size_t i, const char *key)
{
	const char *text = json_string_value(json_object_get(row_at(all, i), key));

	return text ? text : "";
}

static json_int_t needs(json_t *all, const char *need)
{
	return json_integer_value(json_object_get(json_object_get(json_object_get(all, "counts"), "needs"), need));
}

static void what_needs_somebody_comes_first_with_its_step_and_reason(void **state)
{
	struct world *w = *state;
	struct fake_cps_enrollment *far;
	json_t *all;

	fake_cps_reset(&w->far, w->s, 9);
	show_values(w);
	far = w->far.enrollments;
	far[3].status = "wait-ack-change-management", far[3].state = "awaiting-input", far[3].input = "change-management-info";
	far[4].status = "wait-review-pre-verification-safety-checks", far[4].state = "awaiting-input", far[4].input = "pre-verification-warnings";
	far[4].warnings = "Something that no table knows.";
	far[5].state = "error";
	far[6].pending = false;
	watch(w, "act", 1);
	run_for(w->s, 5 * MINUTE);
	all = cps_inventory_json(w->cps, &(struct cps_inventory_query){ .sort = "need" });
	assert_string_equal(text_at(all, 0, "key"), "10005");
	assert_string_equal(text_at(all, 0, "need"), "held");
	assert_string_equal(text_at(all, 0, "step"), "approval");
	assert_string_equal(json_string_value(json_object_get(json_object_get(row_at(all, 0), "hold"), "hash")), "h1");
	assert_string_equal(text_at(all, 1, "key"), "10006");
	assert_string_equal(text_at(all, 1, "step"), "checks");
	assert_true(json_is_object(json_object_get(row_at(all, 1), "warnings")));
	assert_string_equal(text_at(all, 2, "need"), "failing");
	assert_true(json_is_object(json_object_get(row_at(all, 2), "error")));
	assert_int_equal(needs(all, "held"), 2);
	assert_int_equal(needs(all, "failing"), 1);
	assert_int_equal(needs(all, "nothing"), 1);
	assert_int_equal(json_integer_value(json_object_get(all, "matching")), 9);
	json_decref(all);
	all = cps_inventory_json(w->cps, &(struct cps_inventory_query){ .need = "somebody", .search = "no table" });
	assert_int_equal(json_integer_value(json_object_get(all, "matching")), 1); /* by its reason */
	json_decref(all);
}

static void pages_of_any_order_hold_every_enrollment_once(void **state)
{
	static const char *const sorts[] = { "key", "need", "expiry", "name", "renewal", "step" };
	struct world *w = *state;

	fake_cps_reset(&w->far, w->s, 23);
	watch(w, "read", 1);
	run_for(w->s, 2 * MINUTE);
	for (size_t s = 0; s < ARRAY_LEN(sorts); s++) {
		CLEANUP(mem_freep) char *after = NULL;
		size_t seen = 0;

		do {
			json_t *page = cps_inventory_json(w->cps, &(struct cps_inventory_query){ .sort = sorts[s], .after = after, .limit = 5 });

			seen += json_array_size(json_object_get(page, "enrollments"));
			mem_replace(&after, json_string_value(json_object_get(page, "next")));
			json_decref(page);
		} while (after && seen < 100);
		assert_int_equal(seen, 23);
	}
}

static json_t *main_account(json_t *all)
{
	return json_array_get(json_object_get(all, "accounts"), 0);
}

static void an_account_that_does_not_answer_is_told_with_the_time_since_when(void **state)
{
	struct world *w = *state;
	json_t *all;

	watch(w, "act", 1);
	run_for(w->s, MINUTE);
	all = inventory_of(w);
	assert_true(json_is_null(json_object_get(main_account(all), "trouble")));
	assert_true(json_integer_value(json_object_get(main_account(all), "used")) > 0);
	json_decref(all);
	w->far.fault = 503;
	w->far.faults = 1000;
	run_for(w->s, 30 * MINUTE);
	all = inventory_of(w);
	assert_true(strstr(json_string_value(json_object_get(main_account(all), "trouble")), "503") != NULL);
	assert_true(json_is_string(json_object_get(main_account(all), "trouble_since")));
	json_decref(all);
	w->far.faults = 0;
	run_for(w->s, 30 * MINUTE);
	all = inventory_of(w);
	assert_true(json_is_null(json_object_get(main_account(all), "trouble")));
	json_decref(all);
}

static void answers_to_the_tokens_of_before_are_not_acknowledged_for_new_ones(void **state)
{
	struct world *w = *state;

	fake_dns_fault(NS2, FAULT_LAGS);
	watch(w, "act", 1);
	run_for(w->s, 10 * MINUTE);
	w->far.enrollments[0].value = VALUE2;
	fake_dns_fault(NS2, FAULT_NONE); /* every server shows the answer to the old token */
	run_for(w->s, 30 * MINUTE);
	assert_int_equal(w->far.enrollments[0].names_acked, 0);
	fake_dns_value("_acme-challenge.www.example.org", VALUE2);
	run_for(w->s, 30 * MINUTE);
	assert_int_equal(w->far.enrollments[0].names_acked, 1);
}

static unsigned most_within(const struct fake_cps *c, int64_t ms)
{
	unsigned most = 0;

	for (unsigned from = 0, to = 0; to < c->requests; to++) {
		while (c->times[to] - c->times[from] >= ms)
			from++;
		most = to - from + 1 > most ? to - from + 1 : most;
	}
	return most;
}

static void many_changes_at_once_keep_the_limits_and_are_acknowledged_one_after_the_other(void **state)
{
	struct world *w = *state;
	int64_t begin_ms, first_ms = 0;
	unsigned acked;

	fake_cps_reset(&w->far, w->s, 60);
	show_values(w);
	watch(w, "act", 1);
	begin_ms = loop_now_ms(w->s->loop);
	do {
		run_for(w->s, 1000);
		acked = 0;
		for (size_t i = 0; i < 60; i++)
			acked += w->far.enrollments[i].names_acked;
		if (acked && !first_ms)
			first_ms = loop_now_ms(w->s->loop) - begin_ms;
	} while (acked < 59 && loop_now_ms(w->s->loop) - begin_ms < 60 * MINUTE);
	assert_int_equal(acked, 59); /* one is only monitored */
	print_message("60 changes found at once: the first acknowledged after %lld s, the last after %lld s, %u requests\n",
	              (long long)first_ms / 1000, (long long)(loop_now_ms(w->s->loop) - begin_ms) / 1000, w->far.requests);
	assert_true(first_ms <= MINUTE);
	assert_true(loop_now_ms(w->s->loop) - begin_ms <= 15 * MINUTE);
	assert_true(most_within(&w->far, MINUTE) <= 35);
	assert_true(most_within(&w->far, 2000) <= 20);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cps_test(who_watches_finds_changes_and_drives_only_what_is_managed),
		cps_test(a_certificate_that_cannot_be_read_keeps_no_other_one_waiting),
		cps_test(who_only_reads_acknowledges_nothing),
		cps_test(a_watcher_that_is_off_asks_nothing),
		cps_test(a_name_that_is_late_is_waited_for_beyond_the_deadline),
		cps_test(production_waits_for_two_different_people_who_saw_the_same_result),
		cps_test(what_needs_somebody_comes_first_with_its_step_and_reason),
		cps_test(pages_of_any_order_hold_every_enrollment_once),
		cps_test(an_account_that_does_not_answer_is_told_with_the_time_since_when),
		cps_test(answers_to_the_tokens_of_before_are_not_acknowledged_for_new_ones),
		cps_test(many_changes_at_once_keep_the_limits_and_are_acknowledged_one_after_the_other),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
