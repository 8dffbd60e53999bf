#include "solver/cps/driving.h"

#include <inttypes.h>
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "solver/base/clock.h"
#include "solver/base/log.h"
#include "solver/base/mem.h"

#define FOLLOW_POLLS 30 /* 15 minutes in polls of 30 s */
#define DRIVE_TEXT_MAX 4096
#define ACKNOWLEDGE "{\"acknowledgement\":\"acknowledge\"}"

/* What became of the names that were acknowledged, told before their order goes. */
static void report_outcomes(struct cps_drive *d)
{
	const char *generation = cps_answering_generation(d->answering);

	if (generation && cps_memory_acknowledged(d->parts.store, d->home, d->memory.change, generation))
		cps_answering_report(d->answering, &d->domains);
}

static void on_acknowledged_names(const struct http_reply *reply, const struct err *err, void *arg)
{
	struct cps_drive *d = arg;
	struct err ignored;

	(void)reply;
	d->call = NULL;
	/* What certainly did not arrive may be said again. Whether the rest did is unknown; CPS looks without being told, too. */
	if (err->code == ERR_CONFLICT || err->code == ERR_RATE || err->code == ERR_UNREACHABLE || err->code == ERR_NOT_FOUND ||
	    err->code == ERR_DENIED || err->code == ERR_INVALID)
		cps_memory_acknowledge(d->parts.store, d->home, d->memory.change, "", &ignored);
	if (drive_failed(d, err))
		return;
	d->facts.acknowledgements++;
	d->facts.order = CPS_ORDER_ACKNOWLEDGED;
	d->progress.acknowledged("the challenges are in place", d->progress.arg);
	drive_say(d, "told CPS that the challenges are in place");
	drive_hurry(d);
	drive_wait(d);
}

/* The last look before CPS is told: whatever brought us here, the order is ready now, or nothing is said. */
void drive_acknowledge_names(struct cps_drive *d)
{
	const struct cps_allowed *input = cps_change_input(&d->change, CPS_INPUT_CHALLENGES);
	char path[DRIVE_PATH_SIZE];
	struct err err;

	if (cps_answering_state(d->answering, d->generation) != CPS_ORDER_READY) {
		drive_wait(d);
		return;
	}
	if (cps_memory_acknowledge(d->parts.store, d->home, d->memory.change, cps_answering_generation(d->answering), &err) < 0) {
		drive_say(d, "not acknowledged yet, for the journal does not take it: %s", err.text);
		drive_wait(d);
		return;
	}
	drive_change_path(d, path, "/input/update/lets-encrypt-challenges-completed");
	drive_post(d, input && *input->update ? input->update : path, "acknowledgement.v1", ACKNOWLEDGE, on_acknowledged_names);
}

static void on_acknowledged_warnings(const struct http_reply *reply, const struct err *err, void *arg)
{
	struct cps_drive *d = arg;

	(void)reply;
	d->call = NULL;
	if (drive_failed(d, err))
		return;
	mem_replace(&d->warnings_acknowledged, d->warnings);
	log_event(LOG_INFO, "acknowledged warnings of CPS", "when", drive_when(d), "warnings", d->warnings, NULL);
	d->progress.acknowledged(*d->warnings ? d->warnings : drive_when(d), d->progress.arg);
	drive_say(d, "acknowledged the %s warnings", drive_when(d));
	drive_hurry(d);
	drive_wait(d);
}

static void on_answered_change(const struct http_reply *reply, const struct err *err, void *arg)
{
	struct cps_drive *d = arg;
	bool denied = d->facts.approval == CPS_APPROVAL_DENIED;

	(void)reply;
	d->call = NULL;
	if (err->code == ERR_CONFLICT || err->code == ERR_INVALID) {
		drive_say(d, "the result of the validation changed, so the approval does not count any more: %s", err->text);
		cps_approvals_forget(d->parts.store, d->home);
		drive_wait(d);
		return;
	}
	if (drive_failed(d, err))
		return;
	mem_replace(&d->acknowledged_hash, d->hold.hash);
	d->progress.acknowledged(denied ? "change management: denied" : "change management", d->progress.arg);
	drive_say(d, denied ? "denied the change: it does not go to production" : "acknowledged the change for production");
	drive_hurry(d);
	drive_wait(d);
}

void drive_acknowledge_warnings(struct cps_drive *d)
{
	drive_post(d, drive_warnings_input(d)->update, "acknowledgement.v1", ACKNOWLEDGE, on_acknowledged_warnings);
}

/* Yes or no to the result with this hash, and to no other. */
static void answer_change(struct cps_drive *d, const char *word)
{
	const struct cps_allowed *input = cps_change_input(&d->change, CPS_INPUT_CHANGE_MANAGEMENT);
	json_t *o = json_pack("{s:s, s:s}", "acknowledgement", word, "hash", d->hold.hash);
	CLEANUP(mem_freep) char *body = json_dumps(o, JSON_COMPACT);

	json_decref(o);
	drive_post(d, input->update, "acknowledgement-with-hash.v1", body, on_answered_change);
}

void drive_acknowledge_change(struct cps_drive *d)
{
	answer_change(d, "acknowledge");
}

void drive_deny_change(struct cps_drive *d)
{
	answer_change(d, "deny");
}

/* How long a name may take: as configured for who waits, and as long as its token lives otherwise. */
static int64_t patience(const struct cps_drive *d)
{
	int64_t now = loop_wall_ms(d->parts.loop), soonest = now + d->parts.config->challenge.lifetime_ms;

	if (!d->policy.patient)
		return 0;
	for (size_t i = 0; i < d->domains.count; i++) {
		const struct cps_domain *one = &d->domains.items[i];

		if (cps_domain_is_open(one) && one->expires_ms > now && one->expires_ms < soonest)
			soonest = one->expires_ms;
	}
	return soonest - now > d->parts.config->challenge.deadline_ms ? soonest - now : 0;
}

void drive_publish(struct cps_drive *d)
{
	struct err err = { 0 };

	report_outcomes(d);
	if (++d->facts.generations > CPS_GENERATIONS_ALARM)
		drive_alarm(d, "many-tokens", "CPS changes its tokens again and again, and the names do not become valid");
	if (d->facts.order == CPS_ORDER_STALE)
		drive_say(d, "CPS has new tokens: withdrawing the old answers and publishing new ones");
	if (d->facts.order == CPS_ORDER_WITHDRAWN)
		drive_say(d, "the order was withdrawn by someone else; starting over");
	if (cps_answering_publish(d->answering, d->parts.config, d->memory.change, &d->domains, d->generation, patience(d), &err) < 0)
		drive_fail(d, err.code, "%s", err.text);
}

/* Its news wake us. Until then a look now and then: the change may be cancelled, or want other tokens. */
void drive_follow_order(struct cps_drive *d)
{
	CLEANUP(buf_done) struct buf waits = BUF_INIT(DRIVE_TEXT_MAX);

	cps_answering_waits_for(d->answering, &waits);
	mem_replace(&d->waits_for, waits.length ? buf_text(&waits) : NULL);
	drive_look_after(d, d->parts.config->cps.poll_ms * FOLLOW_POLLS);
}

void drive_give_up_order(struct cps_drive *d)
{
	CLEANUP(buf_done) struct buf summary = BUF_INIT(65536);

	cps_answering_failures(d->answering, &summary);
	if (!d->policy.patient) {
		drive_fail(d, ERR_TIMEOUT, "not every challenge became ready, so nothing was acknowledged: %s", buf_text(&summary));
		return;
	}
	mem_replace(&d->waits_for, buf_text(&summary));
	cps_answering_release(d->answering);
	d->facts.generations = 0; /* the same tokens are tried again */
	drive_look_after(d, d->parts.config->cps.poll_ms * FOLLOW_POLLS);
}

void drive_withdraw(struct cps_drive *d)
{
	report_outcomes(d);
	if (d->facts.names == CPS_NAMES_SPENT)
		drive_say(d, "the tokens are spent: withdrawing the answers and waiting for new ones");
	cps_answering_release(d->answering);
	if (cps_answering_state(d->answering, NULL) == CPS_ORDER_NONE)
		d->proceed(d);
	else
		drive_wait(d); /* the engine is still taking it */
}

static const char *hold_kind(const struct cps_drive *d)
{
	switch (d->sign) {
	case CPS_SIGN_PRE_WARNINGS:
	case CPS_SIGN_POST_WARNINGS:
		return "held-warnings";
	case CPS_SIGN_CHANGE_MANAGEMENT:
		return "held-change";
	case CPS_SIGN_THIRD_PARTY:
		return "third-party";
	default:
		return d->facts.schedule == CPS_SCHEDULE_REFUSED ? "window-refused" : "unknown-input";
	}
}

/* What the hold says of itself; the deadline is when CPS does not ask any more. */
static char *hold_sentence(const struct cps_drive *d, const char *why)
{
	bool management = d->sign == CPS_SIGN_CHANGE_MANAGEMENT && d->has_hold;
	char deadline[CLOCK_TEXT_SIZE], at[CLOCK_TEXT_SIZE];

	if (management && d->facts.approval == CPS_APPROVAL_LATER)
		return mem_printf("change %" PRId64 " is approved for %s", d->memory.change, clock_text(d->approvals.not_before_ms, at));
	return mem_printf("change %" PRId64 " is held: %s%s%s", d->memory.change, why, management && d->hold.deadline_ms ? "; CPS deploys by itself at " : "",
	                  management && d->hold.deadline_ms ? clock_text(d->hold.deadline_ms, deadline) : "");
}

/* Until the usual look, or when an approval begins to count by the clock alone. */
static int64_t hold_pause(const struct cps_drive *d)
{
	const struct cps_approval_rule rule = drive_approval_rule(d);
	int64_t usual = d->parts.config->cps.poll_ms * FOLLOW_POLLS, now = loop_wall_ms(d->parts.loop);
	int64_t wake = d->has_hold ? cps_approvals_wake(&d->approvals, &d->hold, &rule) : 0;

	return wake > now && wake - now < usual ? wake - now + 1 : usual;
}

void drive_hold(struct cps_drive *d, const struct cps_action *action)
{
	CLEANUP(mem_freep) char *sentence = hold_sentence(d, action->why);
	bool decided = d->sign == CPS_SIGN_CHANGE_MANAGEMENT && d->facts.approval == CPS_APPROVAL_LATER;

	if (!d->waits_for || (d->sign == CPS_SIGN_CHANGE_MANAGEMENT && d->facts.before != CPS_PROGRAM_FAILED))
		mem_replace(&d->waits_for, sentence);
	drive_alarm(d, decided ? NULL : hold_kind(d), decided ? NULL : sentence);
	drive_say_once(d, &d->held_said, sentence);
	mem_replace(&d->failed_hash, NULL); /* the program is tried again at the next look */
	drive_look_after(d, hold_pause(d));
}

void drive_done(struct cps_drive *d)
{
	if (!d->memory.change)
		drive_say(d, "enrollment %" PRId64 " has no pending change: nothing to do", d->enrollment);
	else if (d->facts.deployed == CPS_DEPLOYED_SAME)
		drive_say(d, "change %" PRId64 " is in production", d->memory.change);
	else if (d->facts.names_valid)
		drive_say(d, "domain validation of change %" PRId64 " is over: every name is valid", d->memory.change);
	else
		drive_say(d, "change %" PRId64 " is over: %s", d->memory.change,
		    d->has_change ? d->change.status : "its history says that it was completed");
	drive_end(d, CPS_OUTCOME_DONE, &(struct err){ 0 });
}

void drive_fail_change(struct cps_drive *d, const struct cps_action *action)
{
	const char *why = d->has_change && *d->change.error_text ? d->change.error_text : d->has_change ? d->change.description : "";

	if (action->code == ERR_DENIED && d->facts.warned == CPS_WARNED_REFUSED && !d->has_hold)
		drive_fail(d, ERR_DENIED, "CPS holds the change for %s warnings that the configuration does not allow to acknowledge: %s", drive_when(d),
		     d->waits_for ? d->waits_for : d->warnings);
	else if (action->why)
		drive_fail(d, action->code, "change %" PRId64 ": %s", d->memory.change, action->why);
	else
		drive_fail(d, action->code, "change %" PRId64 " is in error (%s%s%s): %s", d->memory.change, d->change.status,
		     *d->change.error_code ? ", " : "", d->change.error_code, *why ? why : "CPS gives no reason");
}

void drive_lose(struct cps_drive *d)
{
	struct err err;

	err_set(&err, ERR_NOT_FOUND, "change %" PRId64 " is not pending any more, and the histories of enrollment %" PRId64 " do not say how it "
	        "ended", d->memory.change, d->enrollment);
	drive_end(d, CPS_OUTCOME_UNKNOWN, &err);
}

void drive_wait_for_cps(struct cps_drive *d, const struct cps_action *action)
{
	if (action->alarm && d->has_change) {
		CLEANUP(mem_freep) char *sentence = mem_printf("CPS shows a status that dcvd does not know for hours: \"%s\"; somebody should look",
		                                               d->change.status);

		drive_alarm(d, "unknown-status", sentence);
		mem_replace(&d->waits_for, sentence);
		drive_say_once(d, &d->held_said, sentence);
	}
	d->facts.settling += d->facts.names_valid;
	drive_wait(d);
}
