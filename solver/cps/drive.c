#include "solver/cps/driving.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "solver/base/mem.h"

static void on_said(const char *sentence, void *arg)
{
	drive_say(arg, "%s", sentence);
}

/* ---- deciding */

/* What is done without arguments; the rest is below. */
static void (*const doings[CPS_DOINGS])(struct cps_drive *d) = {
	[CPS_READ_NAMES] = drive_read_names, [CPS_READ_WARNINGS] = drive_read_warnings, [CPS_READ_APPROVAL] = drive_read_hold,
	[CPS_READ_HISTORY] = drive_read_history, [CPS_PUBLISH] = drive_publish, [CPS_FOLLOW_ORDER] = drive_follow_order,
	[CPS_WITHDRAW] = drive_withdraw, [CPS_ACKNOWLEDGE_NAMES] = drive_acknowledge_names,
	[CPS_ACKNOWLEDGE_WARNINGS] = drive_acknowledge_warnings, [CPS_ACKNOWLEDGE_CHANGE] = drive_acknowledge_change,
	[CPS_DENY_CHANGE] = drive_deny_change, [CPS_SCHEDULE] = drive_schedule, [CPS_RUN_BEFORE] = drive_run_before,
	[CPS_READ_PRODUCTION] = drive_read_production, [CPS_LOOK_AT_EDGE] = drive_look_at_edge,
	[CPS_WAIT_FOR_PRODUCTION] = drive_wait_for_production, [CPS_RUN_AFTER] = drive_run_after, [CPS_GIVE_UP_ORDER] = drive_give_up_order,
	[CPS_DONE] = drive_done, [CPS_LOSE] = drive_lose,
};

/* An alarm lasts while what raised it is decided again, and while it is only read anew. */
static bool keeps_alarm(enum cps_do todo)
{
	return todo == CPS_HOLD || todo == CPS_WAIT_FOR_PRODUCTION || todo == CPS_READ_WARNINGS || todo == CPS_READ_APPROVAL ||
	       todo == CPS_READ_PRODUCTION || todo == CPS_LOOK_AT_EDGE || todo == CPS_READ_NAMES || todo == CPS_PUBLISH || todo == CPS_FOLLOW_ORDER;
}

static void do_next(struct cps_drive *d, const struct cps_action *action)
{
	if (!keeps_alarm(action->todo))
		drive_alarm(d, NULL, NULL);
	if (action->todo == CPS_WAIT)
		drive_wait_for_cps(d, action);
	else if (action->todo == CPS_HOLD)
		drive_hold(d, action);
	else if (action->todo == CPS_FAIL)
		drive_fail_change(d, action);
	else if (action->todo == CPS_CANCEL)
		drive_fail(d, ERR_CANCELLED, "change %" PRId64 " was cancelled", d->memory.change);
	else
		doings[action->todo](d);
}

static void refresh_order(struct cps_drive *d)
{
	struct err err;

	d->facts.order = cps_answering_state(d->answering, d->generation);
	if (d->facts.order != CPS_ORDER_READY)
		return;
	if (cps_memory_acknowledged(d->parts.store, d->home, d->memory.change, d->generation ? d->generation : ""))
		d->facts.order = CPS_ORDER_ACKNOWLEDGED;
	else if (cps_answering_affordable(d->answering, &err) < 0)
		d->facts.order = CPS_ORDER_HELD;
	if (d->facts.order == CPS_ORDER_HELD) {
		CLEANUP(mem_freep) char *sentence = mem_printf("not acknowledged yet: %s", err.text);

		drive_say_once(d, &d->held_said, sentence);
	}
}

static void refresh_approval(struct cps_drive *d)
{
	const struct cps_approval_rule rule = drive_approval_rule(d);

	if (d->facts.approval == CPS_APPROVAL_UNREAD)
		return;
	if (d->acknowledged_hash && strcmp(d->acknowledged_hash, d->hold.hash) == 0)
		d->facts.approval = CPS_APPROVAL_ACKNOWLEDGED;
	else
		d->facts.approval = cps_approvals_judge(&d->approvals, d->memory.change, &d->hold, &rule, loop_settled_ms(d->parts.loop));
}

/* What was read is judged anew: orders, approvals and the clock go on while nobody reads. */
static void refresh(struct cps_drive *d)
{
	bool edge = d->rules->verify_edge && d->policy.follow == CPS_FOLLOW_PRODUCTION;
	bool after = d->memory.watched && d->rules->after_deployment && d->rules->after_deployment[0];

	refresh_order(d);
	refresh_approval(d);
	d->facts.schedule = drive_judge_schedule(d);
	d->facts.before = drive_judge_before(d);
	d->facts.after = !after ? CPS_PROGRAM_NONE : d->ran_after ? CPS_PROGRAM_PASSED : CPS_PROGRAM_DUE;
	if (!edge || d->facts.edge == CPS_EDGE_NONE)
		d->facts.edge = edge ? CPS_EDGE_UNREAD : CPS_EDGE_NONE;
}

/* For those who look on: reading what is decided about changes nothing. */
static void note_standing(struct cps_drive *d, const struct cps_action *action)
{
	bool reads = action->todo >= CPS_READ_NAMES && action->todo <= CPS_READ_HISTORY;

	d->held = action->todo == CPS_HOLD || (reads && d->held);
	if (action->todo == CPS_GIVE_UP_ORDER)
		d->gave_up = true;
	else if (action->todo == CPS_ACKNOWLEDGE_NAMES || d->facts.names_valid)
		d->gave_up = false;
}

static void proceed(struct cps_drive *d)
{
	struct cps_action action;

	refresh(d);
	action = cps_decide(d->has_change ? &d->change : NULL, &d->facts, &d->policy, loop_now_ms(d->parts.loop));
	note_standing(d, &action);
	do_next(d, &action);
}

/* ---- the change */

static void forget_change(struct cps_drive *d)
{
	if (d->has_change)
		cps_change_done(&d->change);
	d->has_change = false;
}

static void say_status(struct cps_drive *d)
{
	char sentence[512];

	snprintf(sentence, sizeof(sentence), "change %" PRId64 " is %s: %s%s%s", d->memory.change, d->change.state_text, d->change.status,
	         *d->change.description ? " - " : "", d->change.description);
	drive_say_once(d, &d->status_said, sentence);
}

static void take_change(struct cps_drive *d, const struct cps_change *change)
{
	enum cps_sign sign = cps_sign_of(change);

	forget_change(d);
	d->change = *change;
	d->has_change = true;
	if (sign != d->sign || !d->facts.sign_since_ms) {
		d->facts.sign_since_ms = loop_now_ms(d->parts.loop);
		d->facts.fate = CPS_FATE_UNREAD;
		mem_replace(&d->waits_for, NULL);
	}
	d->sign = sign;
	d->facts.names = CPS_NAMES_UNREAD;
	d->facts.warned = CPS_WARNED_UNREAD;
	d->facts.approval = CPS_APPROVAL_UNREAD;
	d->facts.deployed = CPS_DEPLOYED_UNREAD;
	d->facts.edge = CPS_EDGE_NONE;
}

static void read_enrollment(struct cps_drive *d);

static void on_change(const struct http_reply *reply, const struct err *err, void *arg)
{
	struct cps_drive *d = arg;
	struct cps_change change = { 0 };
	struct err parse = *err;

	d->call = NULL;
	if (parse.code == ERR_NOT_FOUND) {
		read_enrollment(d); /* over, or replaced */
		return;
	}
	if (parse.code == 0)
		cps_change_parse(reply->body, reply->body_length, d->enrollment, d->memory.change, &change, &parse);
	if (drive_failed(d, &parse))
		return;
	take_change(d, &change);
	say_status(d);
	proceed(d);
}

static void read_change(struct cps_drive *d)
{
	char path[DRIVE_PATH_SIZE];

	drive_change_path(d, path, "");
	drive_read(d, path, "change.v2", on_change);
}

/* ---- which change */

static void adopt(struct cps_drive *d, const struct cps_pending *newest)
{
	if (d->memory.change) {
		drive_say(d, "a newer change has taken the place of %" PRId64, d->memory.change);
		cps_answering_release(d->answering);
		d->facts = (struct cps_facts){ 0 };
		d->memory.names_valid = false;
		d->memory.not_before_ms = 0;
		d->memory.started_ms = loop_wall_ms(d->parts.loop);
		d->schedule_refused = d->ran_after = d->ends = false;
		mem_replace(&d->made, NULL);
	}
	d->memory.change = newest->change;
	d->memory.replaces = *newest->type && strcmp(newest->type, "new-certificate") != 0;
	drive_say(d, "enrollment %" PRId64 ": the newest pending change is %" PRId64 "%s%s%s", d->enrollment, d->memory.change,
	          *newest->type ? " (" : "", newest->type, *newest->type ? ")" : "");
	drive_remember(d);
}

static void conclude_listing(struct cps_drive *d, const struct cps_pending *newest)
{
	if (newest && newest->change == d->memory.change) {
		drive_failed(d, &(struct err){ ERR_NOT_FOUND, "CPS lists the change but does not find it" });
	} else if (newest) {
		adopt(d, newest);
		read_change(d);
	} else if (d->memory.change) {
		proceed(d);
	} else {
		drive_done(d);
	}
}

static void on_enrollment(const struct http_reply *reply, const struct err *err, void *arg)
{
	struct cps_drive *d = arg;
	struct cps_enrollment e = { 0 };
	struct err parse = *err;

	d->call = NULL;
	if (parse.code == 0)
		cps_enrollment_parse(reply->body, reply->body_length, &e, &parse);
	if (parse.code == ERR_NOT_FOUND) {
		drive_fail(d, ERR_NOT_FOUND, "enrollment %" PRId64 ": %s", d->enrollment, parse.text);
		return;
	}
	if (drive_failed(d, &parse))
		return;
	conclude_listing(d, cps_enrollment_newest(&e));
	cps_enrollment_done(&e);
}

static void read_enrollment(struct cps_drive *d)
{
	char path[DRIVE_PATH_SIZE];

	forget_change(d);
	d->facts.fate = CPS_FATE_UNREAD;
	drive_enrollment_path(d, path, "");
	drive_read(d, path, "enrollment.v12", on_enrollment);
}

/* ---- looking */

static void look(struct cps_drive *d)
{
	timer_stop(d->timer);
	d->timer = NULL;
	if (d->call || d->edge_call || d->program)
		return; /* a look is under way */
	if (d->ends)
		proceed(d);
	else if (d->memory.change)
		read_change(d);
	else
		read_enrollment(d);
}

/* Its order is ready, or failed: what was read a moment ago still counts, and the table says whether it is fresh enough. */
static void on_order_news(void *arg)
{
	struct cps_drive *d = arg;

	if (d->call || d->edge_call || d->program || !d->has_change)
		return;
	if (cps_answering_state(d->answering, d->generation) == CPS_ORDER_PENDING) {
		if (!d->timer)
			drive_follow_order(d);
		return;
	}
	timer_stop(d->timer);
	d->timer = NULL;
	proceed(d);
}

static void on_refused(const struct err *err, void *arg)
{
	drive_fail(arg, err->code, "%s", err->text);
}

/* ---- life */

/* As a person wants it, or as the rules of the watcher do. */
static void apply_rules(struct cps_drive *d)
{
	static const enum cps_follow follows[] = {
		[CPS_UNTIL_VALIDATION] = CPS_FOLLOW_VALIDATION, [CPS_UNTIL_ISSUANCE] = CPS_FOLLOW_ISSUANCE, [CPS_UNTIL_PRODUCTION] = CPS_FOLLOW_PRODUCTION,
	};

	d->policy.follow = d->memory.watched ? follows[d->rules->follow] : (enum cps_follow)d->memory.follow;
	d->policy.patient = d->memory.watched || d->policy.follow != CPS_FOLLOW_VALIDATION;
	d->policy.unknown_alarm_ms = d->parts.config->cps.unknown_status_alarm_ms;
}

static struct cps_memory begin_memory(const struct cps_drive_parts *parts, const struct cps_drive_wish *wish)
{
	int64_t now = loop_wall_ms(parts->loop);

	return (struct cps_memory){ .started_ms = now, .give_up_ms = wish->watched ? 0 : now + parts->config->challenge.lifetime_ms,
	                            .watched = wish->watched, .follow = (int)wish->follow, .replaces = wish->replaces };
}

static struct cps_drive *drive_new(const struct cps_drive_parts *parts, const struct cps_drive_wish *wish, const struct cps_progress *progress)
{
	struct cps_drive *d = mem_new(1, sizeof(*d));

	d->parts = *parts;
	d->progress = *progress;
	d->enrollment = wish->enrollment;
	d->home = mem_dup(wish->home);
	d->name = mem_dup(wish->name);
	d->rules = wish->rules;
	d->stops = wish->stops;
	d->look = look;
	d->proceed = proceed;
	d->memory = wish->resumed ? *wish->resumed : begin_memory(parts, wish);
	d->facts.names_valid = d->memory.names_valid;
	apply_rules(d);
	return d;
}

int cps_drive_start(const struct cps_drive_parts *parts, const struct cps_drive_wish *wish, const struct cps_progress *progress,
                    struct cps_drive **ret, struct err *err)
{
	struct cps_drive *d;

	if (wish->enrollment <= 0)
		return err_set(err, ERR_INVALID, "%" PRId64 " is no enrollment id", wish->enrollment);
	if (akamai_client_load(parts->client, err) < 0)
		return err->code;
	d = drive_new(parts, wish, progress);
	if (cps_memory_put(parts->store, d->home, &d->memory, err) < 0) {
		cps_drive_stop(d);
		return err->code;
	}
	const struct cps_answering_hooks hooks = { on_said, on_order_news, on_refused, d };
	CLEANUP(mem_freep) char *label = mem_printf("cps/%s", d->home);
	d->answering = cps_answering_new(parts->engine, label, &hooks);
	drive_hurry(d);
	drive_look_after(d, 0);
	*ret = d;
	return 0;
}

void cps_drive_reconfigure(struct cps_drive *d, const struct config *config, const struct config_cps_policy *rules)
{
	d->parts.config = config;
	d->rules = rules;
	apply_rules(d);
}

void cps_drive_look(struct cps_drive *d)
{
	look(d);
}

/* A list may be older than the last look: what it does not show is asked for once more only where nothing proves that it began. */
void cps_drive_vanished(struct cps_drive *d)
{
	if (d->call || d->edge_call || d->program || d->ends || !d->memory.change || !d->has_change || !drive_is_past(d))
		return;
	timer_stop(d->timer);
	d->timer = NULL;
	forget_change(d);
	d->facts.fate = CPS_FATE_UNREAD;
	proceed(d);
}

int64_t cps_drive_change(const struct cps_drive *d)
{
	return d->memory.change;
}

const char *cps_drive_order(const struct cps_drive *d)
{
	return cps_answering_order(d->answering);
}

const char *cps_drive_waits_for(const struct cps_drive *d)
{
	const char *trouble = akamai_call_trouble(d->call);

	if (trouble)
		return trouble;
	return d->waits_for ? d->waits_for : "";
}

void cps_drive_view(const struct cps_drive *d, struct cps_drive_view *ret)
{
	int64_t ago = loop_now_ms(d->parts.loop) - d->facts.sign_since_ms;
	bool warned = d->sign == CPS_SIGN_PRE_WARNINGS || d->sign == CPS_SIGN_POST_WARNINGS;

	*ret = (struct cps_drive_view){
		.step = d->has_change ? cps_step_of(&d->change) : d->facts.sign_since_ms ? CPS_STEP_PRODUCTION : CPS_STEP_UNKNOWN,
		.since_ms = d->facts.sign_since_ms ? loop_wall_ms(d->parts.loop) - ago : 0,
		.held = d->has_change && d->held,
		.failing = d->gave_up || (d->alarm_kind && !d->held) || d->facts.order == CPS_ORDER_HELD || akamai_call_trouble(d->call),
		.warnings = warned && d->warnings && *d->warnings ? d->warnings : NULL,
	};
}

const char *cps_drive_alarm(const struct cps_drive *d, const char **ret_kind)
{
	*ret_kind = d->alarm_kind;
	return d->alarm_kind ? d->alarm : NULL;
}

const struct cps_hold *cps_drive_hold(const struct cps_drive *d)
{
	return d->has_hold && d->sign == CPS_SIGN_CHANGE_MANAGEMENT ? &d->hold : NULL;
}
