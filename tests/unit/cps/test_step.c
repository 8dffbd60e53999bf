/* Where a change is: what CPS wants to be told counts before the name of its status. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "solver/base/mem.h"
#include "solver/cps/step.h"

static enum cps_step step_of(char *status, enum cps_input input)
{
	struct cps_allowed allowed = { .kind = input };
	const struct cps_change c = { .status = status, .allowed = &allowed, .allowed_count = input != CPS_INPUT_UNKNOWN };

	return cps_step_of(&c);
}

static void an_input_says_where_a_change_is(void **state)
{
	(void)state;
	assert_int_equal(step_of("x", CPS_INPUT_PRE_WARNINGS), CPS_STEP_CHECKS);
	assert_int_equal(step_of("x", CPS_INPUT_CHALLENGES), CPS_STEP_VALIDATION);
	assert_int_equal(step_of("x", CPS_INPUT_THIRD_PARTY), CPS_STEP_VALIDATION);
	assert_int_equal(step_of("x", CPS_INPUT_POST_WARNINGS), CPS_STEP_ISSUANCE);
	assert_int_equal(step_of("deploy-cert-to-staging", CPS_INPUT_CHANGE_MANAGEMENT), CPS_STEP_APPROVAL);
}

static void without_an_input_the_status_says_it_and_an_unknown_one_says_nothing(void **state)
{
	static const struct { char *status; enum cps_step step; } known[] = {
		{ "generate-csr", CPS_STEP_CHECKS }, { "coordinate-domain-validation", CPS_STEP_VALIDATION }, { "check-for-cert", CPS_STEP_ISSUANCE },
		{ "live-check-action", CPS_STEP_STAGING }, { "wait-ack-change-management", CPS_STEP_APPROVAL }, { "complete", CPS_STEP_PRODUCTION },
		{ "a-status-of-tomorrow", CPS_STEP_UNKNOWN }, { "", CPS_STEP_UNKNOWN },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(known); i++)
		assert_int_equal(step_of(known[i].status, CPS_INPUT_UNKNOWN), known[i].step);
	assert_null(cps_step_name(CPS_STEP_UNKNOWN));
	assert_string_equal(cps_step_name(CPS_STEP_STAGING), "staging");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(an_input_says_where_a_change_is),
		cmocka_unit_test(without_an_input_the_status_says_it_and_an_unknown_one_says_nothing),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
