#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "solver/base/buf.h"
#include "solver/base/mem.h"
#include "solver/cps/decide.h"

static const struct cps_policy person = { .follow = CPS_FOLLOW_VALIDATION, .unknown_alarm_ms = 1000 };
static const struct cps_policy watcher = { .follow = CPS_FOLLOW_PRODUCTION, .patient = true, .unknown_alarm_ms = 1000 };

/* A change in `state` that shows `sign`. */
static struct cps_change change_of(enum cps_state state, enum cps_sign sign, struct cps_allowed *input)
{
	static const enum cps_input kinds[] = {
		[CPS_SIGN_PRE_WARNINGS] = CPS_INPUT_PRE_WARNINGS, [CPS_SIGN_POST_WARNINGS] = CPS_INPUT_POST_WARNINGS,
		[CPS_SIGN_CHALLENGES] = CPS_INPUT_CHALLENGES, [CPS_SIGN_THIRD_PARTY] = CPS_INPUT_THIRD_PARTY,
		[CPS_SIGN_CHANGE_MANAGEMENT] = CPS_INPUT_CHANGE_MANAGEMENT, [CPS_SIGN_UNKNOWN_INPUT] = CPS_INPUT_UNKNOWN,
	};
	static const enum cps_status phases[] = {
		[CPS_SIGN_EARLY] = CPS_STATUS_EARLY, [CPS_SIGN_ORDERED] = CPS_STATUS_ORDERED, [CPS_SIGN_LATE] = CPS_STATUS_LATE,
		[CPS_SIGN_COMPLETE] = CPS_STATUS_COMPLETE, [CPS_SIGN_UNKNOWN_STATUS] = CPS_STATUS_UNKNOWN,
	};
	struct cps_change c = { .state = state };

	if (sign >= CPS_SIGN_EARLY) {
		c.phase = phases[sign];
		return c;
	}
	*input = (struct cps_allowed){ .kind = kinds[sign], .required = true };
	c.allowed = input;
	c.allowed_count = 1;
	assert_int_equal(cps_sign_of(&c), sign);
	return c;
}

static enum cps_do decide(enum cps_state state, enum cps_sign sign, const struct cps_facts *facts, const struct cps_policy *policy)
{
	struct cps_allowed input;
	struct cps_change c = change_of(state, sign, &input);

	return cps_decide(&c, facts, policy, 0).todo;
}

/* The first letters of what the watcher does about a change that it has read, when nothing else is known: one row a state. */
static const char *const cells[CPS_STATES] = {
	/* pre post challenges third approval unknown-input early ordered late complete unknown-status */
	[CPS_STATE_UNKNOWN] =  "WWNHAHwwwww",
	[CPS_NEW] =            "WWNHAHwwwww",
	[CPS_RUNNING] =        "WWNHAHwwwww",
	[CPS_AWAITING_INPUT] = "WWNHAHwwwww",
	[CPS_SUSPENDED] =      "WWNHAHwwwww",
	[CPS_ERROR] =          "FFFFFFFFFFF",
	[CPS_CANCELLED] =      "CCCCCCCCCCC",
	[CPS_COMPLETED] =      "PPPPPPPPPPP",
};

static char letter(enum cps_do todo)
{
	static const char letters[CPS_DOINGS] = {
		[CPS_WAIT] = 'w', [CPS_READ_NAMES] = 'N', [CPS_READ_WARNINGS] = 'W', [CPS_READ_APPROVAL] = 'A', [CPS_READ_HISTORY] = 'h',
		[CPS_HOLD] = 'H', [CPS_DONE] = 'D', [CPS_READ_PRODUCTION] = 'P', [CPS_FAIL] = 'F', [CPS_CANCEL] = 'C',
	};

	return letters[todo] ? letters[todo] : '?';
}

static void every_state_and_sign_has_its_answer(void **state)
{
	const struct cps_facts nothing = { 0 };
	CLEANUP(buf_done) struct buf table = BUF_INIT(65536);

	(void)state;
	cps_decide_print(&table);
	puts(buf_text(&table));
	for (size_t i = 0; i < CPS_STATES; i++)
		for (size_t s = 0; s < CPS_SIGNS; s++) {
			char got = letter(decide((enum cps_state)i, (enum cps_sign)s, &nothing, &watcher));

			if (got != cells[i][s])
				fail_msg("%s, %s: %c, not %c", cps_state_name((enum cps_state)i), cps_sign_name((enum cps_sign)s), got, cells[i][s]);
		}
}

static void who_follows_to_validation_only_reads_that_the_names_are_valid(void **state)
{
	static const enum cps_sign past[] = { CPS_SIGN_ORDERED, CPS_SIGN_LATE, CPS_SIGN_COMPLETE };
	const struct cps_facts nothing = { 0 };

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(past); i++)
		assert_int_equal(decide(CPS_RUNNING, past[i], &nothing, &person), CPS_READ_HISTORY);
}

/* Calls `fn` with every combination of what can be known. */
static void each_fact(void (*fn)(enum cps_state state, enum cps_sign sign, const struct cps_facts *facts, const struct cps_policy *policy))
{
	const struct cps_policy *policies[] = { &person, &watcher };
	struct cps_facts f = { 0 };

	for (size_t p = 0; p < 2; p++)
		for (size_t st = 0; st < CPS_STATES; st++)
			for (size_t si = 0; si < CPS_SIGNS; si++)
				for (size_t n = 0; n < CPS_NAMES_COUNT; n++)
					for (size_t o = 0; o < CPS_ORDER_COUNT; o++)
						for (size_t w = 0; w < CPS_WARNED_COUNT; w++)
							for (size_t a = 0; a < CPS_APPROVAL_COUNT; a++)
								for (size_t v = 0; v < 2; v++) {
									f = (struct cps_facts){ .names = (enum cps_names)n, .order = (enum cps_order)o,
										.warned = (enum cps_warned)w, .approval = (enum cps_approval)a, .names_valid = v,
										.fate = CPS_FATE_UNKNOWN };
									fn((enum cps_state)st, (enum cps_sign)si, &f, policies[p]);
								}
}

static bool is_live(enum cps_state state)
{
	return state != CPS_ERROR && state != CPS_CANCELLED && state != CPS_COMPLETED;
}

static void check_acknowledgement(enum cps_state state, enum cps_sign sign, const struct cps_facts *f, const struct cps_policy *policy)
{
	switch (decide(state, sign, f, policy)) {
	case CPS_ACKNOWLEDGE_NAMES:
		assert_true(is_live(state) && sign == CPS_SIGN_CHALLENGES && !f->names_valid);
		assert_int_equal(f->names, CPS_NAMES_OPEN);
		assert_int_equal(f->order, CPS_ORDER_READY);
		break;
	case CPS_ACKNOWLEDGE_WARNINGS:
		assert_true(is_live(state) && (sign == CPS_SIGN_PRE_WARNINGS || sign == CPS_SIGN_POST_WARNINGS));
		assert_int_equal(f->warned, CPS_WARNED_ALLOWED);
		break;
	case CPS_ACKNOWLEDGE_CHANGE:
		assert_true(is_live(state) && sign == CPS_SIGN_CHANGE_MANAGEMENT && policy->follow == CPS_FOLLOW_PRODUCTION);
		assert_int_equal(f->approval, CPS_APPROVAL_GIVEN);
		break;
	default:
		break;
	}
}

static void nothing_is_acknowledged_but_what_is_ready_allowed_or_approved(void **state)
{
	(void)state;
	each_fact(check_acknowledgement);
}

static void check_done(enum cps_state state, enum cps_sign sign, const struct cps_facts *f, const struct cps_policy *policy)
{
	if (decide(state, sign, f, policy) != CPS_DONE)
		return;
	assert_int_equal(f->order, CPS_ORDER_NONE); /* nothing is left published */
	if (state == CPS_COMPLETED)
		return;
	assert_int_equal(policy->follow, CPS_FOLLOW_VALIDATION);
	assert_true(sign == CPS_SIGN_LATE || sign == CPS_SIGN_COMPLETE || sign == CPS_SIGN_CHANGE_MANAGEMENT);
}

static void nothing_unknown_is_done(void **state)
{
	(void)state;
	each_fact(check_done);
}

static void an_unknown_status_waits_and_alarms_when_it_lasts(void **state)
{
	struct cps_facts facts = { .sign_since_ms = 500 };
	struct cps_change c = { .state = CPS_RUNNING };

	(void)state;
	assert_int_equal(cps_decide(&c, &facts, &person, 1499).todo, CPS_WAIT);
	assert_false(cps_decide(&c, &facts, &person, 1499).alarm);
	assert_true(cps_decide(&c, &facts, &person, 1500).alarm);
}

static void an_unknown_input_holds_only_when_it_is_required(void **state)
{
	struct cps_allowed input = { .kind = CPS_INPUT_UNKNOWN, .required = true };
	struct cps_change c = { .state = CPS_AWAITING_INPUT, .allowed = &input, .allowed_count = 1, .phase = CPS_STATUS_EARLY };
	const struct cps_facts nothing = { 0 };

	(void)state;
	assert_int_equal(cps_decide(&c, &nothing, &person, 0).todo, CPS_FAIL);
	assert_int_equal(cps_decide(&c, &nothing, &person, 0).code, ERR_UNSUPPORTED);
	assert_int_equal(cps_decide(&c, &nothing, &watcher, 0).todo, CPS_HOLD);
	input.required = false;
	assert_int_equal(cps_decide(&c, &nothing, &person, 0).todo, CPS_WAIT);
}

static void a_change_that_vanished_is_judged_by_its_history(void **state)
{
	static const struct { enum cps_fate fate; unsigned looks; enum cps_do person, watcher; } rows[] = {
		{ CPS_FATE_UNREAD, 0, CPS_READ_HISTORY, CPS_READ_HISTORY }, { CPS_FATE_UNKNOWN, 0, CPS_WAIT, CPS_WAIT },
		{ CPS_FATE_UNKNOWN, CPS_FATE_LOOKS_MAX, CPS_LOSE, CPS_LOSE }, { CPS_FATE_CANCELLED, 0, CPS_CANCEL, CPS_CANCEL },
		{ CPS_FATE_VALIDATED, 0, CPS_DONE, CPS_WAIT }, { CPS_FATE_VALIDATED, CPS_FATE_LOOKS_MAX, CPS_DONE, CPS_READ_PRODUCTION },
		{ CPS_FATE_COMPLETED, 0, CPS_DONE, CPS_READ_PRODUCTION },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct cps_facts f = { .fate = rows[i].fate, .fate_looks = rows[i].looks };

		assert_int_equal(cps_decide(NULL, &f, &person, 0).todo, rows[i].person);
		assert_int_equal(cps_decide(NULL, &f, &watcher, 0).todo, rows[i].watcher);
		f.order = CPS_ORDER_READY;
		assert_int_equal(cps_decide(NULL, &f, &person, 0).todo, CPS_WITHDRAW);
	}
}

static void challenges_that_were_read_long_ago_are_read_again_before_the_acknowledgement(void **state)
{
	struct cps_allowed input;
	struct cps_change c = change_of(CPS_SUSPENDED, CPS_SIGN_CHALLENGES, &input);
	struct cps_facts f = { .names = CPS_NAMES_OPEN, .order = CPS_ORDER_READY, .names_read_ms = 1000 };

	(void)state;
	assert_int_equal(cps_decide(&c, &f, &person, 1000 + CPS_NAMES_FRESH_MS).todo, CPS_ACKNOWLEDGE_NAMES);
	assert_int_equal(cps_decide(&c, &f, &person, 1001 + CPS_NAMES_FRESH_MS).todo, CPS_READ_NAMES);
	f.acknowledgements = CPS_GENERATIONS_MAX + 1;
	assert_int_equal(cps_decide(&c, &f, &person, 1000).todo, CPS_FAIL);
}

/* ---- windows, approvals, programs, the end: each cell */

static void a_window_is_set_before_the_change_goes_on_and_a_refusal_holds_it(void **state)
{
	/* what is done when a window is wanted, and when it is refused: by what the change shows */
	static const struct { enum cps_do wanted, refused; } rows[CPS_SIGNS] = {
		[CPS_SIGN_PRE_WARNINGS] = { CPS_READ_WARNINGS, CPS_READ_WARNINGS }, [CPS_SIGN_POST_WARNINGS] = { CPS_SCHEDULE, CPS_HOLD },
		[CPS_SIGN_CHALLENGES] = { CPS_SCHEDULE, CPS_HOLD }, [CPS_SIGN_THIRD_PARTY] = { CPS_HOLD, CPS_HOLD },
		[CPS_SIGN_CHANGE_MANAGEMENT] = { CPS_SCHEDULE, CPS_HOLD }, [CPS_SIGN_UNKNOWN_INPUT] = { CPS_HOLD, CPS_HOLD },
		[CPS_SIGN_EARLY] = { CPS_WAIT, CPS_WAIT }, [CPS_SIGN_ORDERED] = { CPS_SCHEDULE, CPS_WAIT },
		[CPS_SIGN_LATE] = { CPS_WAIT, CPS_WAIT }, [CPS_SIGN_COMPLETE] = { CPS_WAIT, CPS_WAIT },
		[CPS_SIGN_UNKNOWN_STATUS] = { CPS_WAIT, CPS_WAIT },
	};

	(void)state;
	for (size_t st = CPS_STATE_UNKNOWN; st <= CPS_SUSPENDED; st++)
		for (size_t s = 0; s < CPS_SIGNS; s++) {
			struct cps_facts wanted = { .schedule = CPS_SCHEDULE_WANTED }, refused = { .schedule = CPS_SCHEDULE_REFUSED };
			struct cps_facts is_set = { .schedule = CPS_SCHEDULE_SET }, nothing = { 0 };

			assert_int_equal(decide((enum cps_state)st, (enum cps_sign)s, &wanted, &watcher), rows[s].wanted);
			assert_int_equal(decide((enum cps_state)st, (enum cps_sign)s, &refused, &watcher), rows[s].refused);
			assert_int_equal(decide((enum cps_state)st, (enum cps_sign)s, &is_set, &watcher),
			                 decide((enum cps_state)st, (enum cps_sign)s, &nothing, &watcher));
		}
	for (size_t st = CPS_ERROR; st < CPS_STATES; st++)
		for (size_t s = 0; s < CPS_SIGNS; s++) {
			struct cps_facts wanted = { .schedule = CPS_SCHEDULE_WANTED };

			assert_int_not_equal(decide((enum cps_state)st, (enum cps_sign)s, &wanted, &watcher), CPS_SCHEDULE);
		}
}

static void only_an_approval_and_a_program_that_passed_lead_to_production(void **state)
{
	/* rows: approval; columns: the program before deployment is none, due, passed, failed */
	static const enum cps_do wanted[CPS_APPROVAL_COUNT][CPS_PROGRAM_COUNT] = {
		[CPS_APPROVAL_UNREAD] = { CPS_READ_APPROVAL, CPS_READ_APPROVAL, CPS_READ_APPROVAL, CPS_READ_APPROVAL },
		[CPS_APPROVAL_WAITING] = { CPS_HOLD, CPS_HOLD, CPS_HOLD, CPS_HOLD },
		[CPS_APPROVAL_LATER] = { CPS_HOLD, CPS_HOLD, CPS_HOLD, CPS_HOLD },
		[CPS_APPROVAL_GIVEN] = { CPS_ACKNOWLEDGE_CHANGE, CPS_RUN_BEFORE, CPS_ACKNOWLEDGE_CHANGE, CPS_HOLD },
		[CPS_APPROVAL_DENIED] = { CPS_DENY_CHANGE, CPS_DENY_CHANGE, CPS_DENY_CHANGE, CPS_DENY_CHANGE },
		[CPS_APPROVAL_ERRORS] = { CPS_HOLD, CPS_HOLD, CPS_HOLD, CPS_HOLD },
		[CPS_APPROVAL_ACKNOWLEDGED] = { CPS_WAIT, CPS_WAIT, CPS_WAIT, CPS_WAIT },
	};

	(void)state;
	for (size_t a = 0; a < CPS_APPROVAL_COUNT; a++)
		for (size_t p = 0; p < CPS_PROGRAM_COUNT; p++) {
			const struct cps_facts f = { .approval = (enum cps_approval)a, .before = (enum cps_program)p };

			assert_int_equal(decide(CPS_AWAITING_INPUT, CPS_SIGN_CHANGE_MANAGEMENT, &f, &watcher), wanted[a][p]);
		}
}

static void a_complete_change_is_done_only_when_production_and_the_edge_show_it(void **state)
{
	/* columns: the edge is not asked, unread, other, unreachable, same */
	static const enum cps_do ending[CPS_DEPLOYED_COUNT][CPS_EDGE_COUNT] = {
		[CPS_DEPLOYED_UNREAD] = { CPS_READ_PRODUCTION, CPS_READ_PRODUCTION, CPS_READ_PRODUCTION, CPS_READ_PRODUCTION, CPS_READ_PRODUCTION },
		[CPS_DEPLOYED_OTHER] = { CPS_WAIT_FOR_PRODUCTION, CPS_WAIT_FOR_PRODUCTION, CPS_WAIT_FOR_PRODUCTION, CPS_WAIT_FOR_PRODUCTION,
		                         CPS_WAIT_FOR_PRODUCTION },
		[CPS_DEPLOYED_UNKNOWN] = { CPS_DONE, CPS_LOOK_AT_EDGE, CPS_WAIT_FOR_PRODUCTION, CPS_WAIT_FOR_PRODUCTION, CPS_DONE },
		[CPS_DEPLOYED_SAME] = { CPS_DONE, CPS_LOOK_AT_EDGE, CPS_WAIT_FOR_PRODUCTION, CPS_WAIT_FOR_PRODUCTION, CPS_DONE },
	};

	(void)state;
	for (size_t d = 0; d < CPS_DEPLOYED_COUNT; d++)
		for (size_t e = 0; e < CPS_EDGE_COUNT; e++)
			for (size_t p = 0; p < CPS_PROGRAM_COUNT; p++) {
				struct cps_facts f = { .deployed = (enum cps_deployed)d, .edge = (enum cps_edge)e, .after = (enum cps_program)p };
				enum cps_do wanted = ending[d][e] == CPS_DONE && p == CPS_PROGRAM_DUE ? CPS_RUN_AFTER : ending[d][e];

				assert_int_equal(decide(CPS_COMPLETED, CPS_SIGN_COMPLETE, &f, &watcher), wanted);
				f.fate = CPS_FATE_COMPLETED;
				assert_int_equal(cps_decide(NULL, &f, &watcher, 0).todo, wanted);
				assert_int_equal(cps_decide(NULL, &f, &person, 0).todo, CPS_DONE); /* who follows to validation looks at nothing else */
				f.end_looks = CPS_END_LOOKS_MAX;
				assert_int_equal(decide(CPS_COMPLETED, CPS_SIGN_COMPLETE, &f, &watcher), wanted == CPS_WAIT_FOR_PRODUCTION ? CPS_FAIL : wanted);
			}
}

static struct cps_domain domain(const char *status, const char *challenge)
{
	static struct cps_challenge pending[2];
	struct cps_challenge *one = &pending[*challenge == 'p' ? 0 : 1];

	*one = (struct cps_challenge){ .status = (char *)challenge };
	return (struct cps_domain){ .domain = (char *)"a.test", .status = (char *)status, .error = (char *)"", .validation_status = (char *)"",
	                            .challenges = one, .challenge_count = 1 };
}

static void names_amount_to_what_the_least_of_them_needs(void **state)
{
	struct cps_domain d[2] = { domain("Valid", "valid"), domain("Awaiting user", "pending") };
	struct cps_domains names = { d, 2 };

	(void)state;
	assert_int_equal(cps_names_of(&names, 0), CPS_NAMES_OPEN);
	d[1].expires_ms = 1000;
	assert_int_equal(cps_names_of(&names, 0), CPS_NAMES_OPEN); /* no clock is trusted yet */
	assert_int_equal(cps_names_of(&names, 1000), CPS_NAMES_SPENT);
	d[1] = domain("Preparing", "pending");
	assert_int_equal(cps_names_of(&names, 0), CPS_NAMES_PREPARING);
	d[1] = domain("Pending", "processing");
	assert_int_equal(cps_names_of(&names, 0), CPS_NAMES_CLOSED);
	d[1] = domain("an unknown word", "neither");
	assert_int_equal(cps_names_of(&names, 0), CPS_NAMES_CLOSED);
	d[1] = domain("Error", "pending");
	assert_int_equal(cps_names_of(&names, 0), CPS_NAMES_SPENT);
	d[1] = d[0];
	assert_int_equal(cps_names_of(&names, 0), CPS_NAMES_VALID);
	names.count = 0;
	assert_int_equal(cps_names_of(&names, 0), CPS_NAMES_NONE);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_state_and_sign_has_its_answer),
		cmocka_unit_test(who_follows_to_validation_only_reads_that_the_names_are_valid),
		cmocka_unit_test(nothing_is_acknowledged_but_what_is_ready_allowed_or_approved),
		cmocka_unit_test(nothing_unknown_is_done),
		cmocka_unit_test(an_unknown_status_waits_and_alarms_when_it_lasts),
		cmocka_unit_test(an_unknown_input_holds_only_when_it_is_required),
		cmocka_unit_test(a_change_that_vanished_is_judged_by_its_history),
		cmocka_unit_test(a_window_is_set_before_the_change_goes_on_and_a_refusal_holds_it),
		cmocka_unit_test(only_an_approval_and_a_program_that_passed_lead_to_production),
		cmocka_unit_test(a_complete_change_is_done_only_when_production_and_the_edge_show_it),
		cmocka_unit_test(challenges_that_were_read_long_ago_are_read_again_before_the_acknowledgement),
		cmocka_unit_test(names_amount_to_what_the_least_of_them_needs),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
