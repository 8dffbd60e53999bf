#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "solver/base/mem.h"
#include "solver/cps/approval.h"
#include "solver/cps/judge.h"

#define DAY (24LL * 3600 * 1000)
#define NOW (20000 * DAY)

static struct cps_item item(void)
{
	return (struct cps_item){ .key = (char *)"10002", .account = (char *)"", .contract = (char *)"C-1", .cn = (char *)"www.example.org",
	                          .validation_type = (char *)"dv", .ra = (char *)"lets-encrypt", .last_error = (char *)"", .id = 10002,
	                          .expiry_ms = NOW + 60 * DAY, .seen_ms = NOW };
}

/* ---- renewals */

static void a_renewal_is_due_within_a_day_of_its_time_and_asked_for_once_a_day(void **state)
{
	const struct config_cps_policy policy = { .renew_before_ms = 30 * DAY };
	struct cps_item i = item();

	(void)state;
	assert_false(cps_renewal_is_due(NULL, &i, NOW));
	assert_false(cps_renewal_is_due(&policy, &i, i.expiry_ms - 30 * DAY - 1));
	assert_true(cps_renewal_is_due(&policy, &i, i.expiry_ms - 29 * DAY));
	i.renewal_asked_ms = i.expiry_ms - 29 * DAY;
	assert_false(cps_renewal_is_due(&policy, &i, i.expiry_ms - 28 * DAY - 1));
	assert_true(cps_renewal_is_due(&policy, &i, i.expiry_ms - 28 * DAY));
	i.change = 1; /* CPS is at it */
	assert_false(cps_renewal_is_due(&policy, &i, i.expiry_ms - 28 * DAY));
}

static void nothing_is_due_whose_end_is_not_known_or_that_was_not_seen_since_the_start(void **state)
{
	const struct config_cps_policy policy = { .renew_before_ms = 30 * DAY };
	struct cps_item unknown = item(), unseen = item();

	(void)state;
	unknown.expiry_ms = 0;
	unseen.seen_ms = 0;
	assert_false(cps_renewal_is_due(&policy, &unknown, NOW + 50 * DAY));
	assert_false(cps_renewal_is_due(&policy, &unseen, NOW + 50 * DAY));
}

static void a_thousand_renewals_of_one_day_are_spread_over_it(void **state)
{
	const struct config_cps_policy policy = { .renew_before_ms = 30 * DAY };
	struct cps_item i = item();
	int hours[24] = { 0 };

	(void)state;
	for (i.id = 10000; i.id < 11000; i.id++)
		for (int hour = 0; hour < 24; hour++)
			if (cps_renewal_is_due(&policy, &i, i.expiry_ms - 30 * DAY + (hour + 1) * DAY / 24)) {
				hours[hour]++;
				break;
			}
	for (int hour = 0; hour < 24; hour++)
		assert_in_range(hours[hour], 25, 60);
}

/* ---- classes */

static void without_its_contract_a_class_is_known_only_where_all_agree(void **state)
{
	struct config_cps_class classes[] = {
		{ .cn = (char *)"*.test.example.org", .kind = CPS_CLASS_IGNORED },
		{ .contract = (char *)"C-1", .validation = (char *)"dv", .kind = CPS_CLASS_MANAGED },
		{ .contract = (char *)"C-2", .kind = CPS_CLASS_MONITORED },
	};
	struct config_cps cps = { .classes = classes, .class_count = 3 };
	struct cps_item i = item();
	int kind;

	(void)state;
	assert_true(cps_class_known(&cps, &i, &kind));
	assert_int_equal(kind, CPS_CLASS_MANAGED);
	i.contract = (char *)"";
	assert_false(cps_class_known(&cps, &i, &kind));
	cps.class_count = 2;
	assert_false(cps_class_known(&cps, &i, &kind)); /* of another contract it is monitored */
	classes[1].contract = NULL;
	assert_true(cps_class_known(&cps, &i, &kind));
	assert_int_equal(kind, CPS_CLASS_MANAGED);
	i.cn = (char *)"a.test.example.org";
	assert_true(cps_class_known(&cps, &i, &kind));
	assert_int_equal(kind, CPS_CLASS_IGNORED);
}

/* ---- approvals */

static void what_people_said_counts_for_one_change_and_one_hash(void **state)
{
	const struct cps_approval_rule rule = { .asks = true, .wanted = 2, .after_ms = DAY };
	struct cps_hold hold = { .hash = (char *)"h1", .deadline_ms = NOW + 10 * DAY };
	struct cps_approvals a = { 0 };

	(void)state;
	assert_int_equal(cps_approvals_judge(&a, 7, &hold, &rule, NOW), CPS_APPROVAL_WAITING);
	cps_approvals_add(&a, 7, "h1", "alice", NOW, NOW + DAY, false);
	cps_approvals_add(&a, 7, "h1", "alice", NOW, 0, false);
	assert_int_equal(cps_approvals_count(&a), 1);
	cps_approvals_add(&a, 7, "h1", "bob", NOW, 0, false);
	assert_int_equal(cps_approvals_judge(&a, 7, &hold, &rule, NOW), CPS_APPROVAL_LATER); /* the later time counts */
	assert_int_equal(cps_approvals_judge(&a, 7, &hold, &rule, 0), CPS_APPROVAL_LATER);   /* no clock is trusted */
	assert_int_equal(cps_approvals_judge(&a, 7, &hold, &rule, NOW + DAY), CPS_APPROVAL_GIVEN);
	assert_int_equal(cps_approvals_wake(&a, &hold, &rule), NOW + DAY);
	assert_int_equal(cps_approvals_judge(&a, 8, &hold, &rule, NOW + DAY), CPS_APPROVAL_WAITING);
	hold.hash = (char *)"h2";
	assert_int_equal(cps_approvals_judge(&a, 7, &hold, &rule, NOW + DAY), CPS_APPROVAL_WAITING);
	assert_int_equal(cps_approvals_judge(&a, 7, &hold, &rule, NOW + 9 * DAY), CPS_APPROVAL_GIVEN); /* approve-after */
	hold.error_count = 1;
	assert_int_equal(cps_approvals_judge(&a, 7, &hold, &rule, NOW + 9 * DAY), CPS_APPROVAL_ERRORS);
	cps_approvals_add(&a, 7, "h2", "carol", NOW, 0, true);
	hold.error_count = 0;
	assert_int_equal(cps_approvals_count(&a), 1); /* what was said of h1 is gone */
	assert_int_equal(cps_approvals_judge(&a, 7, &hold, &rule, NOW), CPS_APPROVAL_DENIED);
	cps_approvals_done(&a);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_renewal_is_due_within_a_day_of_its_time_and_asked_for_once_a_day),
		cmocka_unit_test(nothing_is_due_whose_end_is_not_known_or_that_was_not_seen_since_the_start),
		cmocka_unit_test(a_thousand_renewals_of_one_day_are_spread_over_it),
		cmocka_unit_test(without_its_contract_a_class_is_known_only_where_all_agree),
		cmocka_unit_test(what_people_said_counts_for_one_change_and_one_hash),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
