/* Policies of Akamai CPS in virtual time: windows, approvals, programs, renewals, what is deployed, alarms, classes, accounts. */
#include "tests/scenario/scenario.h"

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "solver/base/buf.h"
#include "solver/base/clock.h"
#include "solver/base/mem.h"
#include "tests/scenario/cps_world.h"
#include "tests/scenario/fake_child.h"

#define PROGRAM "/usr/bin/check-staging"

static struct fake_cps_enrollment *one(struct world *w)
{
	return &w->far.enrollments[0];
}

/* Change management waits; what follows the acknowledgement is complete at once. */
static void hold_change(struct world *w)
{
	one(w)->status = "wait-ack-change-management";
	one(w)->state = "awaiting-input";
	one(w)->input = "change-management-info";
	one(w)->deploys = one(w)->history_valid = true;
	one(w)->history = "completed";
	one(w)->made = one(w)->production = NEW_CERTIFICATE;
}

static int approve_at(struct world *w, const char *hash, const char *who, int64_t not_before_ms, bool deny)
{
	const struct cps_approval_wish wish = { .enrollment = FAKE_CPS_ENROLLMENT, .change = 20002, .hash = hash, .who = who,
	                                        .not_before_ms = not_before_ms, .deny = deny };
	size_t missing = 0;
	struct err err;
	int code = cps_approve(w->cps, &wish, &missing, &err);

	return code < 0 ? code : (int)missing;
}

static int approve(struct world *w, const char *who)
{
	return approve_at(w, "h1", who, 0, false);
}

static char *member(struct world *w, const char *key)
{
	json_t *all = inventory_of(w);
	const char *text = json_string_value(json_object_get(json_array_get(json_object_get(all, "enrollments"), 0), key));
	char *copy = mem_dup(text ? text : "");

	json_decref(all);
	return copy;
}

static void assert_member(struct world *w, const char *key, const char *part)
{
	CLEANUP(mem_freep) char *text = member(w, key);

	if (*part ? !strstr(text, part) : *text != '\0')
		fail_msg("%s is \"%s\", not \"%s\"", key, text, part);
}

/* ---- windows: the scenario begins on Saturday, 2026-11-21, 13:00 UTC */

static void a_renewal_goes_to_production_in_the_next_window(void **state)
{
	struct world *w = *state;

	watch_with(w, "act", "windows: [\"Mon-Thu 08:00-16:00 Europe/Berlin\"]", "");
	run_for(w->s, 30 * MINUTE);
	assert_int_equal(one(w)->scheduled, 1);
	assert_string_equal(one(w)->schedule, "2026-11-23T07:00:00Z");
	assert_int_equal(one(w)->names_acked, 1); /* after the window was set */
	restart_all(w);
	run_for(w->s, DAY);
	assert_int_equal(one(w)->scheduled, 1); /* once, also over a restart */
}

static void a_window_that_went_by_is_set_anew_but_not_one_that_a_person_set(void **state)
{
	struct world *w = *state;

	watch_with(w, "act", "windows: [\"Mon-Thu 08:00-16:00\"]", "");
	run_for(w->s, 47 * HOUR); /* Monday, in the window: the authority takes its time */
	assert_int_equal(one(w)->scheduled, 1);
	run_for(w->s, 12 * HOUR);
	assert_int_equal(one(w)->scheduled, 2);
	assert_string_equal(one(w)->schedule, "2026-11-24T08:00:00Z");
	one(w)->not_before = "2026-11-28T00:00:00Z";
	run_for(w->s, 5 * DAY);
	assert_int_equal(one(w)->scheduled, 2);
}

static void a_new_enrollment_has_no_window(void **state)
{
	struct world *w = *state;

	one(w)->change_type = "new-certificate";
	watch_with(w, "act", "windows: [\"Mon-Thu 08:00-16:00\"]", "");
	run_for(w->s, 30 * MINUTE);
	assert_int_equal(one(w)->scheduled, 0);
	assert_int_equal(one(w)->names_acked, 1);
}

static void a_window_that_cps_refuses_holds_the_change_until_somebody_sets_a_time(void **state)
{
	struct world *w = *state;

	one(w)->schedule_status = 400;
	watch_with(w, "act", "windows: [\"Mon-Thu 08:00-16:00\"]", "");
	run_for(w->s, 2 * HOUR);
	assert_int_equal(one(w)->names_acked, 0);
	assert_member(w, "alarm_kind", "window-refused");
	one(w)->not_before = "2026-11-28T00:00:00Z";
	run_for(w->s, HOUR);
	assert_int_equal(one(w)->names_acked, 1);
	assert_member(w, "alarm_kind", "");
}

/* ---- approvals */

static void an_approval_survives_a_restart(void **state)
{
	struct world *w = *state;

	hold_change(w);
	watch_with(w, "act", "change-management: approve, approvals: 2", "");
	run_for(w->s, 5 * MINUTE);
	assert_int_equal(approve(w, "alice"), 1);
	restart_all(w);
	run_for(w->s, 5 * MINUTE);
	assert_int_equal(one(w)->changes_acked, 0);
	assert_int_equal(approve(w, "alice"), 1); /* the same person as before the restart */
	assert_int_equal(approve(w, "bob"), 0);
	run_for(w->s, 5 * MINUTE);
	assert_int_equal(one(w)->changes_acked, 1);
}

static void an_approval_counts_from_its_time_on(void **state)
{
	struct world *w = *state;
	int64_t at;

	hold_change(w);
	watch_with(w, "act", "change-management: approve", "");
	run_for(w->s, 5 * MINUTE);
	at = loop_wall_ms(w->s->loop) + 10 * HOUR + 7 * MINUTE;
	assert_int_equal(approve_at(w, "h1", "alice", at, false), 0);
	restart_all(w);
	run_for(w->s, 10 * HOUR);
	assert_int_equal(one(w)->changes_acked, 0);
	assert_member(w, "waits_for", "approved for");
	assert_member(w, "alarm_kind", ""); /* nobody is needed */
	run_for(w->s, 8 * MINUTE);
	assert_int_equal(one(w)->changes_acked, 1);
}

static void another_result_makes_an_approval_for_later_void(void **state)
{
	struct world *w = *state;

	hold_change(w);
	watch_with(w, "act", "change-management: approve", "");
	run_for(w->s, 5 * MINUTE);
	assert_int_equal(approve_at(w, "h1", "alice", loop_wall_ms(w->s->loop) + HOUR, false), 0);
	one(w)->hash = "h2";
	run_for(w->s, 3 * HOUR);
	assert_int_equal(one(w)->changes_acked, 0);
	assert_int_equal(approve(w, "alice"), ERR_CONFLICT);
	assert_int_equal(approve_at(w, "h2", "alice", 0, false), 0);
	run_for(w->s, 5 * MINUTE);
	assert_int_equal(one(w)->changes_acked, 1);
}

static void one_who_says_no_denies_the_change(void **state)
{
	struct world *w = *state;

	hold_change(w);
	watch_with(w, "act", "change-management: approve, approvals: 2", "");
	run_for(w->s, 5 * MINUTE);
	assert_int_equal(approve(w, "alice"), 1);
	assert_int_equal(approve_at(w, "h1", "bob", 0, true), 0);
	run_for(w->s, 30 * MINUTE);
	assert_int_equal(one(w)->changes_acked, 0);
	assert_int_equal(one(w)->changes_denied, 1);
}

static void a_policy_that_holds_is_never_passed(void **state)
{
	struct world *w = *state;

	hold_change(w);
	one(w)->deadline = "2026-11-21T15:00:00Z";
	watch_with(w, "act", "change-management: hold, approve-after: 1h", "");
	run_for(w->s, 5 * MINUTE);
	assert_int_equal(approve(w, "alice"), ERR_DENIED);
	assert_member(w, "alarm_kind", "held-change");
	assert_member(w, "alarm", "2026-11-21T15:00:00");
	run_for(w->s, 5 * HOUR);
	assert_int_equal(one(w)->changes_acked, 0);
}

static void before_its_deadline_a_change_needs_nobody_where_the_policy_says_so(void **state)
{
	struct world *w = *state;

	char deadline[CLOCK_TEXT_SIZE];

	hold_change(w);
	one(w)->deadline = clock_text(loop_wall_ms(w->s->loop) + 10 * HOUR, deadline);
	watch_with(w, "act", "change-management: approve, approve-after: 2h", "");
	run_for(w->s, 8 * HOUR - MINUTE);
	assert_int_equal(one(w)->changes_acked, 0);
	run_for(w->s, 5 * MINUTE);
	assert_int_equal(one(w)->changes_acked, 1);
}

/* ---- programs */

static void only_a_program_that_passes_lets_a_change_to_production(void **state)
{
	struct world *w = *state;

	hold_change(w);
	fake_child_exits(1);
	watch_with(w, "act", "change-management: acknowledge, before-deployment: [" PROGRAM ", --staging], after-deployment: [/bin/after]", "");
	run_for(w->s, 10 * MINUTE);
	assert_int_equal(fake_child_started(PROGRAM), 1);
	assert_true(strstr(fake_child_environment(), "DCVD_ENROLLMENT=10002 ") && strstr(fake_child_environment(), "DCVD_CN=www.example.org ") &&
	            strstr(fake_child_environment(), "DCVD_CHANGE=20002 ") && strstr(fake_child_environment(), "DCVD_HASH=h1 "));
	assert_int_equal(one(w)->changes_acked, 0);
	assert_member(w, "alarm", "the program that runs before deployment failed");
	assert_member(w, "waits_for", "no, says the program");
	fake_child_exits(0);
	run_for(w->s, 30 * MINUTE);
	assert_int_equal(one(w)->changes_acked, 1);
	assert_int_equal(fake_child_started(PROGRAM), 1);
	assert_int_equal(fake_child_started("/bin/after"), 1);
}

static void a_program_that_runs_when_the_service_stops_harms_nothing(void **state)
{
	struct world *w = *state;

	hold_change(w);
	fake_child_exits(0);
	watch_with(w, "act", "change-management: acknowledge, before-deployment: [" PROGRAM "]", "");
	for (int i = 0; i < 60000 && !fake_child_started(PROGRAM); i++)
		run_for(w->s, 100);
	assert_int_equal(fake_child_started(PROGRAM), 1);
	restart_all(w);
	run_for(w->s, 5 * MINUTE);
	assert_int_equal(one(w)->changes_acked, 1);
}

/* ---- what is deployed */

static void finish(struct world *w, const char *made, const char *production)
{
	one(w)->state = "completed";
	one(w)->status = "complete";
	one(w)->input = NULL;
	one(w)->history = "completed";
	one(w)->history_valid = true;
	one(w)->made = made;
	one(w)->production = production;
}

struct told { char types[32][24]; unsigned count; };

static void on_event(const struct cps_event *event, void *arg)
{
	struct told *t = arg;

	if (t->count < 32)
		snprintf(t->types[t->count++], sizeof(t->types[0]), "%s%s%s", event->type, event->kind ? ":" : "", event->kind ? event->kind : "");
}

static bool was_told(const struct told *t, const char *type)
{
	for (unsigned i = 0; i < t->count; i++)
		if (strcmp(t->types[i], type) == 0)
			return true;
	return false;
}

static void a_change_is_done_when_production_shows_its_certificate(void **state)
{
	struct world *w = *state;
	struct told told = { 0 };

	cps_on_event(w->cps, on_event, &told);
	finish(w, NEW_CERTIFICATE, OLD_CERTIFICATE);
	watch_with(w, "act", "follow: production", "");
	run_for(w->s, HOUR);
	assert_false(was_told(&told, "done"));
	assert_true(was_told(&told, "alarm:not-deployed"));
	one(w)->production = NEW_CERTIFICATE;
	one(w)->pending = false;
	run_for(w->s, 30 * MINUTE);
	assert_true(was_told(&told, "done"));
	assert_true(was_told(&told, "alarm-over:not-deployed"));
	assert_member(w, "expiry", "2126-");
}

static void a_certificate_that_never_comes_to_production_is_a_failure(void **state)
{
	struct world *w = *state;

	finish(w, NEW_CERTIFICATE, OLD_CERTIFICATE);
	watch_with(w, "act", "follow: production", "");
	run_for(w->s, 30 * MINUTE);
	one(w)->pending = false;
	run_for(w->s, 5 * HOUR);
	assert_member(w, "last_error", "is not the one that its history names");
	assert_member(w, "alarm_kind", "failed");
}

static void the_edge_must_show_what_is_in_production(void **state)
{
	struct world *w = *state;
	struct told told = { 0 };

	cps_on_event(w->cps, on_event, &told);
	finish(w, NEW_CERTIFICATE, NEW_CERTIFICATE);
	one(w)->edge = OLD_CERTIFICATE;
	watch_with(w, "act", "verify-edge: www.example.org.edgekey.net", "");
	run_for(w->s, 20 * MINUTE);
	assert_false(was_told(&told, "done"));
	one(w)->edge = NULL; /* nobody answers: that proves nothing */
	run_for(w->s, 20 * MINUTE);
	assert_false(was_told(&told, "done"));
	one(w)->edge = NEW_CERTIFICATE;
	run_for(w->s, 20 * MINUTE);
	assert_true(was_told(&told, "done"));
}

/* ---- renewals */

static void a_renewal_that_cps_does_not_begin_is_asked_for_once(void **state)
{
	struct world *w = *state;
	struct told told = { 0 };

	cps_on_event(w->cps, on_event, &told);
	one(w)->pending = false;
	one(w)->production = OLD_CERTIFICATE;
	one(w)->expiry = "2026-12-31T13:00:00Z"; /* in 40 days */
	watch_with(w, "act", "renew-before: 30d", "");
	run_for(w->s, 9 * DAY);
	assert_int_equal(one(w)->renewals, 0);
	run_for(w->s, 3 * DAY);
	assert_int_equal(one(w)->renewals, 1);
	assert_true(was_told(&told, "renewal"));
	assert_int_equal(one(w)->names_acked, 1); /* and its change is driven */
	restart_all(w);
	run_for(w->s, 2 * DAY);
	assert_int_equal(one(w)->renewals, 1);
}

static void who_only_reads_asks_for_no_renewal(void **state)
{
	struct world *w = *state;

	one(w)->pending = false;
	one(w)->production = OLD_CERTIFICATE;
	one(w)->expiry = "2026-12-01T13:00:00Z";
	watch_with(w, "read", "renew-before: 30d", "");
	run_for(w->s, 2 * DAY);
	assert_int_equal(one(w)->renewals, 0);
}

/* ---- alarms */

static void each_mark_before_the_end_is_told_once(void **state)
{
	struct world *w = *state;
	struct told told = { 0 };
	char expiry[CLOCK_TEXT_SIZE];

	cps_on_event(w->cps, on_event, &told);
	one(w)->pending = false;
	one(w)->production = OLD_CERTIFICATE;
	one(w)->expiry = clock_text(loop_wall_ms(w->s->loop) + 20 * DAY, expiry);
	watch_with(w, "read", "alarm-before: [21d, 14d, 36h]", "");
	run_for(w->s, 20 * DAY - HOUR);
	assert_int_equal(told.count, 3);
	assert_true(was_told(&told, "alarm:expires-21d") && was_told(&told, "alarm:expires-14d") && was_told(&told, "alarm:expires-36h"));
	cps_on_event(w->cps, NULL, NULL);
	restart_all(w);
	cps_on_event(w->cps, on_event, &told);
	run_for(w->s, 30 * MINUTE);
	assert_int_equal(told.count, 3); /* not again after a restart */
	run_for(w->s, HOUR);
	assert_true(was_told(&told, "alarm:expired"));
}

static void warnings_that_hold_a_change_are_an_alarm(void **state)
{
	struct world *w = *state;

	one(w)->input = "pre-verification-warnings";
	one(w)->warnings = "Something that nobody has seen before.";
	watch_with(w, "act", "follow: production", "");
	run_for(w->s, HOUR);
	assert_int_equal(one(w)->warnings_acked, 0);
	assert_member(w, "alarm_kind", "held-warnings");
	assert_member(w, "waits_for", "nobody has seen before");
}

/* ---- classes, and accounts */

static void on_answer(json_t *result, const struct err *err, void *arg)
{
	(void)result;
	*(int *)arg = err->code;
}

static int cancel(struct world *w, int64_t enrollment, bool force)
{
	json_t *input = json_pack("{s:I, s:b}", "enrollment", (json_int_t)enrollment, "force", force);
	int code = 1;
	struct err err;

	if (cps_ask(w->cps, "cancel", input, on_answer, &code, &err) < 0)
		code = err.code;
	json_decref(input);
	run_for(w->s, MINUTE);
	return code;
}

static void nothing_is_written_to_what_is_only_monitored_unless_it_is_forced(void **state)
{
	struct world *w = *state;
	const struct cps_validation_wish wish = { .enrollment = FAKE_CPS_ENROLLMENT + 7 };
	char id[ID_SIZE];
	struct err err;

	fake_cps_reset(&w->far, w->s, 9);
	watch(w, "read", 1);
	run_for(w->s, 5 * MINUTE);
	assert_int_equal(cancel(w, FAKE_CPS_ENROLLMENT + 7, false), ERR_DENIED);
	assert_int_equal(cps_validation_start(w->cps, &wish, id, &err), ERR_DENIED);
	assert_int_equal(fake_cps_asked(&w->far, "DELETE"), 0);
	cancel(w, FAKE_CPS_ENROLLMENT + 7, true);
	assert_int_equal(fake_cps_asked(&w->far, "DELETE"), 1);
	cancel(w, FAKE_CPS_ENROLLMENT + 6, false);
	assert_int_equal(fake_cps_asked(&w->far, "DELETE"), 2);
}

/* The environment has the credentials of the main account only. */
static void write_edgerc(char path[32])
{
	static const char text[] = "[default]\nhost = akab-test.example.net\nclient_token = ct\nclient_secret = cs\naccess_token = at\n";
	int fd;

	strcpy(path, "/tmp/dcvd-edgerc-XXXXXX");
	fd = mkstemp(path);
	assert_int_equal(write(fd, text, sizeof(text) - 1), sizeof(text) - 1);
	close(fd);
}

static void two_accounts_have_a_budget_each(void **state)
{
	struct world *w = *state;
	char path[32], more[256];

	write_edgerc(path);
	snprintf(more, sizeof(more), "  account-key: A-1\n  watch-interval: 5s\n  accounts: {other: {edgerc: %s, account-key: B-2, per-minute: 12}}\n", path);

	fake_cps_reset(&w->far, w->s, 40);
	show_values(w);
	w->far.other_key = "B-2";
	watch_with(w, "act", "follow: production", more);
	run_for(w->s, 10 * MINUTE);
	assert_true(w->far.others >= 60); /* the main one is at its limit, and the other goes on */
	assert_true(w->far.others <= 12 * 11);
	for (size_t i = 0; i < 40; i++)
		assert_int_equal(w->far.enrollments[i].names_acked, i == 7 ? 0 : 1);
	unlink(path);
}

#define policy_test(name) cmocka_unit_test_setup_teardown(name, cps_world_begin, cps_world_end)

int main(void)
{
	const struct CMUnitTest tests[] = {
		policy_test(a_renewal_goes_to_production_in_the_next_window),
		policy_test(a_window_that_went_by_is_set_anew_but_not_one_that_a_person_set),
		policy_test(a_new_enrollment_has_no_window),
		policy_test(a_window_that_cps_refuses_holds_the_change_until_somebody_sets_a_time),
		policy_test(an_approval_survives_a_restart),
		policy_test(an_approval_counts_from_its_time_on),
		policy_test(another_result_makes_an_approval_for_later_void),
		policy_test(one_who_says_no_denies_the_change),
		policy_test(a_policy_that_holds_is_never_passed),
		policy_test(before_its_deadline_a_change_needs_nobody_where_the_policy_says_so),
		policy_test(only_a_program_that_passes_lets_a_change_to_production),
		policy_test(a_program_that_runs_when_the_service_stops_harms_nothing),
		policy_test(a_change_is_done_when_production_shows_its_certificate),
		policy_test(a_certificate_that_never_comes_to_production_is_a_failure),
		policy_test(the_edge_must_show_what_is_in_production),
		policy_test(a_renewal_that_cps_does_not_begin_is_asked_for_once),
		policy_test(who_only_reads_asks_for_no_renewal),
		policy_test(each_mark_before_the_end_is_told_once),
		policy_test(warnings_that_hold_a_change_are_an_alarm),
		policy_test(nothing_is_written_to_what_is_only_monitored_unless_it_is_forced),
		policy_test(two_accounts_have_a_budget_each),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
