#include "solver/cps/driving.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "solver/base/log.h"
#include "solver/base/mem.h"

#define STALE_MAX 20 /* answers in a row that contradict the one before, or no answer at all */

/* ---- saying */

void drive_say(struct cps_drive *d, const char *format, ...)
{
	char sentence[1024];
	va_list args;

	va_start(args, format);
	vsnprintf(sentence, sizeof(sentence), format, args);
	va_end(args);
	d->progress.say(sentence, d->progress.arg);
}

void drive_say_once(struct cps_drive *d, char **slot, const char *sentence)
{
	if (*slot && strcmp(*slot, sentence) == 0)
		return;
	mem_replace(slot, sentence);
	drive_say(d, "%s", sentence);
}

/* ---- the journal */

void drive_remember(struct cps_drive *d)
{
	struct err err;

	if (cps_memory_put(d->parts.store, d->home, &d->memory, &err) < 0)
		log_event(LOG_WARNING, "cannot journal where the validation stands", "enrollment", d->home, "error", err.text, NULL);
}

void drive_alarm(struct cps_drive *d, const char *kind, const char *sentence)
{
	d->alarm_kind = kind;
	mem_replace(&d->alarm, sentence);
}

/* ---- the end */

void cps_drive_stop(struct cps_drive *d)
{
	if (!d)
		return;
	timer_stop(d->timer);
	akamai_call_cancel(d->call);
	cps_answering_free(d->answering);
	if (d->has_change)
		cps_change_done(&d->change);
	cps_domains_done(&d->domains);
	if (d->has_hold)
		cps_hold_done(&d->hold);
	cps_approvals_done(&d->approvals);
	program_forget(d->program);
	http_cancel(d->edge_call);
	free(d->generation);
	free(d->warnings);
	free(d->warnings_acknowledged);
	free(d->acknowledged_hash);
	free(d->passed_hash);
	free(d->failed_hash);
	free(d->made);
	free(d->production);
	free(d->alarm);
	free(d->status_said);
	free(d->names_said);
	free(d->held_said);
	free(d->waits_for);
	free(d->name);
	free(d->home);
	free(d);
}

/* Whatever the end is, what was published goes, and so does the row; a process that is stopped keeps both. */
void drive_end(struct cps_drive *d, enum cps_outcome outcome, const struct err *err)
{
	struct cps_progress progress = d->progress;
	struct err copy = *err;

	cps_answering_release(d->answering);
	cps_memory_forget(d->parts.store, d->home);
	cps_approvals_forget(d->parts.store, d->home);
	cps_drive_stop(d);
	progress.done(outcome, &copy, progress.arg);
}

void drive_fail(struct cps_drive *d, int code, const char *format, ...)
{
	struct err err = { .code = code };
	va_list args;

	va_start(args, format);
	vsnprintf(err.text, sizeof(err.text), format, args);
	va_end(args);
	drive_end(d, code == ERR_CANCELLED ? CPS_OUTCOME_CANCELLED : CPS_OUTCOME_FAILED, &err);
}

/* ---- pauses */

static void on_pause_over(void *arg)
{
	struct cps_drive *d = arg;

	d->timer = NULL;
	d->look(d);
}

void drive_look_after(struct cps_drive *d, int64_t after_ms)
{
	timer_stop(d->timer);
	d->timer = timer_start(d->parts.loop, after_ms, on_pause_over, d);
}

void drive_hurry(struct cps_drive *d)
{
	d->pause_ms = d->parts.config->cps.poll_ms / 8;
	d->looks = 0;
}

bool drive_is_past(const struct cps_drive *d)
{
	return d->facts.names_valid || d->sign == CPS_SIGN_ORDERED || d->sign == CPS_SIGN_LATE || d->sign == CPS_SIGN_COMPLETE;
}

/* What a change is doing while the watcher's drive waits, and how often that is looked at, in polls of 30 s. Who asks more often only spends
 * the account's limits: CPS prepares a change in a few minutes, looks about every nine minutes, and deploys for an hour or so; its list shows
 * the end. What may still ask for something is looked at in between. */
enum pauses { PAUSE_PREPARING, PAUSE_PROVING, PAUSE_ISSUING, PAUSE_STAGING, PAUSE_DEPLOYING, PAUSES };
static const int pauses[PAUSES][5] = {
	[PAUSE_PREPARING] = { 13, 20, 30, 60, 120 }, [PAUSE_PROVING] = { 19, 21, 40, 80, 120 }, [PAUSE_ISSUING] = { 60, 60, 60, 60, 120 },
	[PAUSE_STAGING] = { 30, 30, 30, 30, 60 }, [PAUSE_DEPLOYING] = { 360, 360, 360, 360, 360 },
};

static enum pauses pauses_of(const struct cps_drive *d)
{
	if (!drive_is_past(d))
		return d->facts.order == CPS_ORDER_ACKNOWLEDGED ? PAUSE_PROVING : PAUSE_PREPARING;
	if (d->sign != CPS_SIGN_LATE)
		return PAUSE_ISSUING;
	return d->stops && strcmp(d->change.status, "deploy-cert-to-production") != 0 ? PAUSE_STAGING : PAUSE_DEPLOYING;
}

static int64_t watched_pause(struct cps_drive *d)
{
	enum pauses in = pauses_of(d);

	if (d->looks_in != in)
		d->looks = 0;
	d->looks_in = in;
	return pauses[in][d->looks < ARRAY_LEN(pauses[in]) - 1 ? d->looks++ : ARRAY_LEN(pauses[in]) - 1] * d->parts.config->cps.poll_ms;
}

#define DEPLOYING_POLLS 10 /* five minutes */

static int64_t next_pause(struct cps_drive *d)
{
	int64_t pause = d->pause_ms, longest = d->parts.config->cps.poll_ms;

	if (d->memory.watched)
		return watched_pause(d);
	if (d->facts.names_valid && d->policy.follow != CPS_FOLLOW_VALIDATION)
		longest *= DEPLOYING_POLLS;
	d->pause_ms = pause * 3 / 2 + 1;
	if (d->pause_ms > longest)
		d->pause_ms = longest;
	return pause;
}

void drive_wait(struct cps_drive *d)
{
	if (d->memory.give_up_ms && loop_settled_ms(d->parts.loop) > d->memory.give_up_ms)
		drive_fail(d, ERR_TIMEOUT, "CPS did not finish validation within the lifetime of a challenge");
	else
		drive_look_after(d, next_pause(d));
}

/* ---- requests */

static void ask(struct cps_drive *d, const struct akamai_request *request, akamai_client_fn done)
{
	struct err err = { 0 };

	if (akamai_call_start(d->parts.client, request, done, d, &d->call, &err) < 0)
		drive_fail(d, err.code, "%s", err.text);
}

void drive_read(struct cps_drive *d, const char *path, const char *accept, akamai_client_fn done)
{
	ask(d, &(struct akamai_request){ .path = path, .accept = accept }, done);
}

void drive_read_early(struct cps_drive *d, const char *path, const char *accept, akamai_client_fn done)
{
	ask(d, &(struct akamai_request){ .path = path, .accept = accept, .priority = AKAMAI_FINDS }, done);
}

static void send(struct cps_drive *d, const char *method, const char *path, const char *content_type, const char *body, akamai_client_fn done)
{
	ask(d, &(struct akamai_request){ .method = method, .path = path, .accept = "change-id.v1", .content_type = content_type,
	                              .body = body, .priority = AKAMAI_ACKNOWLEDGES }, done);
}

void drive_put(struct cps_drive *d, const char *path, const char *content_type, const char *body, akamai_client_fn done)
{
	send(d, "PUT", path, content_type, body, done);
}

void drive_post(struct cps_drive *d, const char *path, const char *content_type, const char *body, akamai_client_fn done)
{
	send(d, "POST", path, content_type, body, done);
}

/* Deals with an answer that is an error: what only means "read again" starts a wait, the rest ends the drive. False when there was no
 * error; after true the caller does nothing more. */
bool drive_failed(struct cps_drive *d, const struct err *err)
{
	bool passes = err->code == ERR_NOT_FOUND || err_is_transient(err->code);

	if (err->code == 0) {
		d->stale = 0;
		return false;
	}
	if (!passes || (++d->stale > STALE_MAX && !d->policy.patient)) {
		drive_fail(d, err->code, "%s", err->text);
		return true;
	}
	drive_say(d, "CPS has moved on or is not well, looking again: %s", err->text);
	drive_wait(d);
	return true;
}

struct cps_approval_rule drive_approval_rule(const struct cps_drive *d)
{
	bool automatic = d->memory.watched && d->rules->change_management == CPS_MANAGEMENT_ACKNOWLEDGE;
	bool asks = d->rules->change_management == CPS_MANAGEMENT_APPROVE;

	return (struct cps_approval_rule){ .acknowledges = automatic, .asks = asks, .wanted = (size_t)d->rules->approvals,
	                                   .after_ms = d->memory.watched ? d->rules->approve_after_ms : 0 };
}

void drive_change_path(const struct cps_drive *d, char path[DRIVE_PATH_SIZE], const char *rest)
{
	snprintf(path, DRIVE_PATH_SIZE, "/cps/v2/enrollments/%" PRId64 "/changes/%" PRId64 "%s", d->enrollment, d->memory.change, rest);
}

void drive_enrollment_path(const struct cps_drive *d, char path[DRIVE_PATH_SIZE], const char *rest)
{
	snprintf(path, DRIVE_PATH_SIZE, "/cps/v2/enrollments/%" PRId64 "%s", d->enrollment, rest);
}
