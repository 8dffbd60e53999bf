#include "solver/cps/cps.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <utlist.h>

#include "solver/base/buf.h"
#include "solver/base/clock.h"
#include "solver/base/log.h"
#include "solver/base/mem.h"
#include "solver/cps/drive.h"
#include "solver/cps/errands.h"
#include "solver/cps/watch.h"

#define SENTENCES_MAX 2000 /* of one validation */
#define FINISHED_MAX 100
#define RESUME_MS 60000      /* what was interrupted is taken up again within this time */
#define RESUME_RETRY_MS 300000
#define RESUME_UNKNOWN_MS 5000

void cps_on_acknowledged(struct cps *c, cps_acknowledged_fn fn, void *arg)
{
	c->acknowledged = fn;
	c->acknowledged_arg = arg;
}

static void report_free(struct report *r)
{
	for (size_t i = 0; i < r->sentence_count; i++)
		free(r->sentences[i].text);
	free(r->sentences);
	free(r->approved_hash);
	free(r->approvers[0]);
	free(r->approvers[1]);
	free(r->account);
	free(r);
}

/* ---- validations */

static void remember_progress(struct report *r)
{
	const char *order = r->drive ? cps_drive_order(r->drive) : NULL;

	if (!r->drive)
		return;
	r->change = cps_drive_change(r->drive);
	if (order)
		memcpy(r->order_id, order, ID_SIZE);
}

static void on_say(const char *sentence, void *arg)
{
	struct report *r = arg;
	struct cps_drive_view view = { 0 };
	char number[32];

	snprintf(number, sizeof(number), "%" PRId64, r->enrollment);
	log_event(LOG_INFO, sentence, "validation", r->id, "enrollment", number, NULL);
	remember_progress(r);
	if (r->sentence_count >= SENTENCES_MAX)
		return;
	r->sentences = mem_resize(r->sentences, r->sentence_count + 1, sizeof(*r->sentences));
	if (r->drive)
		cps_drive_view(r->drive, &view);
	r->sentences[r->sentence_count++] = (struct sentence){ loop_wall_ms(r->cps->parts.loop), view.step, mem_dup(sentence) };
}

static void on_acknowledged(const char *what, void *arg)
{
	struct report *r = arg;

	remember_progress(r);
	if (r->cps->acknowledged)
		r->cps->acknowledged(r->enrollment, r->change, what, r->cps->acknowledged_arg);
}

static void forget_old(struct cps *c)
{
	struct report *r, *next;
	size_t finished = 0;

	DL_FOREACH_SAFE(c->reports, r, next) {
		if (r->drive || ++finished <= FINISHED_MAX)
			continue;
		DL_DELETE(c->reports, r);
		report_free(r);
	}
}

static void on_done(enum cps_outcome outcome, const struct err *err, void *arg)
{
	struct report *r = arg;

	r->drive = NULL;
	r->outcome = outcome;
	r->err = *err;
	r->finished_ms = loop_wall_ms(r->cps->parts.loop);
	if (err->code < 0)
		log_event(LOG_ERROR, "validation failed", "validation", r->id, "error", err->text, NULL);
	forget_old(r->cps);
}

static struct report *running_report(struct cps *c, const char *account, int64_t enrollment)
{
	struct report *r;

	DL_FOREACH(c->reports, r)
		if (r->drive && r->enrollment == enrollment && strcmp(r->account, account) == 0)
			return r;
	return NULL;
}

static struct report *report_new(struct cps *c, const char *account, int64_t enrollment)
{
	struct report *r = mem_new(1, sizeof(*r));

	r->cps = c;
	r->account = mem_dup(account);
	r->enrollment = enrollment;
	r->started_ms = loop_wall_ms(c->parts.loop);
	id_new(r->id, "va");
	return r;
}

/* Of an enrollment that no policy is for: the watcher holds everything that a person would have to decide. */
static const struct config_cps_policy hold_everything = { .approvals = 1, .follow = CPS_UNTIL_PRODUCTION };

static const struct config_cps_policy *policy_of(const struct cps *c, const struct cps_item *item)
{
	const struct config_cps_class *class = item ? cps_class_of(&c->parts.config->cps, item) : NULL;
	const struct config_cps_policy *policy = class ? config_cps_policy(c->parts.config, class->policy) : NULL;

	return policy ? policy : &hold_everything;
}

/* As a person wants it: with the codes of cps.acknowledge-warnings, until the names are valid. As the watcher does: by its policy. */
static void apply_policy(const struct config_cps_policy *policy, struct cps_drive_wish *wish)
{
	static char *const none[] = { NULL };
	static const enum cps_follow follows[] = {
		[CPS_UNTIL_VALIDATION] = CPS_FOLLOW_VALIDATION, [CPS_UNTIL_ISSUANCE] = CPS_FOLLOW_ISSUANCE, [CPS_UNTIL_PRODUCTION] = CPS_FOLLOW_PRODUCTION,
	};

	wish->policy.patient = true;
	wish->policy.follow = follows[policy->follow];
	wish->acknowledge_warnings = policy->acknowledge_warnings ? policy->acknowledge_warnings : none;
	wish->acknowledge_changes = policy->change_management == CPS_MANAGEMENT_ACKNOWLEDGE;
}

/* Also how many have to approve. */
static void wish_as_configured(struct report *r, bool watched, struct cps_drive_wish *wish)
{
	const struct cps *c = r->cps;
	const struct config_cps_policy *policy = policy_of(c, cps_inventory_find(cps_watch_inventory(c->watch), wish->home));

	wish->policy = (struct cps_policy){ .follow = CPS_FOLLOW_VALIDATION, .unknown_alarm_ms = c->parts.config->cps.unknown_status_alarm_ms };
	r->approvals = (size_t)policy->approvals;
	if (watched)
		apply_policy(policy, wish);
}

static char *home_of(const char *account, int64_t enrollment)
{
	return mem_printf("%s%s%" PRId64, account, *account ? "/" : "", enrollment);
}

/* Begins a drive, or goes on with one that the journal remembers. */
static int start_drive(struct cps *c, const char *account, int64_t enrollment, const struct cps_memory *resumed, struct report **ret, struct err *err)
{
	struct cps_account *far = cps_accounts_find(&c->accounts, account);
	const struct cps_drive_parts parts = { c->parts.loop, far ? far->client : NULL, c->parts.engine, c->parts.store, c->parts.config };
	CLEANUP(mem_freep) char *home = home_of(account, enrollment);
	struct cps_drive_wish wish = { .enrollment = enrollment, .home = home, .resumed = resumed };
	struct report *r = report_new(c, account, enrollment);
	const struct cps_progress progress = { on_say, on_acknowledged, on_done, r };

	wish_as_configured(r, resumed && resumed->watched, &wish);
	if (!far || far->gone)
		err_set(err, ERR_NOT_FOUND, "there is no account \"%.64s\" under cps.accounts", account);
	else if (cps_drive_start(&parts, &wish, &progress, &r->drive, err) == 0) {
		DL_PREPEND(c->reports, r);
		*ret = r;
		return 0;
	}
	report_free(r);
	return err->code;
}

int cps_validation_start(struct cps *c, const char *account, int64_t enrollment, char ret_id[ID_SIZE], struct err *err)
{
	struct report *r = running_report(c, account ? account : "", enrollment);

	if (!c->parts.engine || !c->parts.store)
		return err_set(err, ERR_UNSUPPORTED, "validation needs the running service");
	if (!r && start_drive(c, account ? account : "", enrollment, NULL, &r, err) < 0)
		return err->code;
	memcpy(ret_id, r->id, ID_SIZE);
	return 0;
}

/* ---- what a stop of the process interrupted */

struct resume {
	struct resume *next, *prev;
	char *account;
	int64_t enrollment;
	struct cps_memory memory;
};

static void resume_drop(struct cps *c, struct resume *one)
{
	DL_DELETE(c->resumes, one);
	free(one->account);
	free(one);
}

static void collect_resume(const char *home, const struct cps_memory *m, void *arg)
{
	struct cps *c = arg;
	struct resume *one;
	const char *slash = strrchr(home, '/');
	char *rest;
	long long enrollment = strtoll(slash ? slash + 1 : home, &rest, 10);

	if (enrollment <= 0 || *rest)
		return;
	one = mem_new(1, sizeof(*one));
	one->account = mem_dup_n(home, slash ? (size_t)(slash - home) : 0);
	one->enrollment = enrollment;
	one->memory = *m;
	DL_APPEND(c->resumes, one);
}

/* The journal may have the drive and not yet the enrollment, when it was killed in between; only the enrollment says which policy counts. The
 * first list brings it, or shows that it is gone. */
static bool is_unknown_yet(const struct cps *c, const struct resume *one)
{
	CLEANUP(mem_freep) char *home = mem_printf("%s%s%" PRId64, one->account, *one->account ? "/" : "", one->enrollment);

	return one->memory.watched && c->parts.config->cps.watch != CPS_WATCH_OFF && !cps_watch_last_look(c->watch) &&
	       !cps_inventory_find(cps_watch_inventory(c->watch), home);
}

/* Without credentials nothing can be taken up; the row stays, and so does the wish. */
static void on_resume(void *arg)
{
	struct cps *c = arg;
	struct resume *one = c->resumes;
	struct report *r = running_report(c, one->account, one->enrollment);
	struct err err;
	char number[32];

	c->resume = NULL;
	if (is_unknown_yet(c, one)) {
		c->resume = timer_start(c->parts.loop, RESUME_UNKNOWN_MS, on_resume, c);
		return;
	}
	snprintf(number, sizeof(number), "%" PRId64, one->enrollment);
	if (!r && start_drive(c, one->account, one->enrollment, &one->memory, &r, &err) < 0) {
		log_event(LOG_WARNING, "cannot go on with the validation of an enrollment yet", "enrollment", number, "error", err.text, NULL);
		c->resume = timer_start(c->parts.loop, RESUME_RETRY_MS, on_resume, c);
		return;
	}
	log_event(LOG_INFO, "going on with the validation that was interrupted", "enrollment", number, "validation", r->id, NULL);
	resume_drop(c, one);
	if (c->resumes)
		c->resume = timer_start(c->parts.loop, c->resume_pause_ms, on_resume, c);
}

static int resume_later(struct cps *c, struct err *err)
{
	struct resume *one;
	int64_t count = 0;

	if (cps_memory_each(c->parts.store, collect_resume, c, err) < 0)
		return err->code;
	DL_COUNT(c->resumes, one, count);
	c->resume_pause_ms = count ? RESUME_MS / (count + 1) : 0;
	if (count)
		c->resume = timer_start(c->parts.loop, 0, on_resume, c);
	return 0;
}

/* ---- errands */

static int ask_with(struct cps *c, const char *what, const json_t *input, enum akamai_priority priority, cps_answer_fn done, void *arg, struct err *err)
{
	static const struct { const char *what; int (*start)(struct errand *e, struct err *err); bool enrollment; } errands[] = {
		{ "list", cps_list_start, false }, { "show", cps_show_start, true }, { "certificate", cps_certificate_start, true },
		{ "warnings", cps_warnings_start, true }, { "ack", cps_ack_start, true }, { "read", cps_read_start, false },
		{ "enrollment", cps_enrollment_start, true },
		{ "create", cps_create_start, false }, { "update", cps_update_start, true }, { "delete", cps_delete_start, true },
		{ "cancel", cps_cancel_start, true }, { "schedule", cps_schedule_start, true },
	};
	struct errand *e;

	for (size_t i = 0; i < ARRAY_LEN(errands); i++) {
		if (strcmp(errands[i].what, what) != 0)
			continue;
		e = errand_new(c, input, done, arg, err);
		if (!e)
			return err->code;
		e->priority = priority;
		if (errands[i].enrollment && e->enrollment <= 0)
			err_set(err, ERR_INVALID, "%" PRId64 " is no enrollment id", e->enrollment);
		else if (errands[i].start(e, err) == 0)
			return 0;
		errand_free(e);
		return err->code;
	}
	return err_set(err, ERR_UNSUPPORTED, "there is no CPS action named %s", what);
}

int cps_ask(struct cps *c, const char *what, const json_t *input, cps_answer_fn done, void *arg, struct err *err)
{
	return ask_with(c, what, input, AKAMAI_PEOPLE, done, arg, err);
}

void cps_waits_for(const struct cps *c, const char *account, struct buf *out)
{
	const struct cps_account *a = cps_accounts_find(&c->accounts, account);
	struct akamai_standing s = { 0 };

	if (a)
		akamai_client_standing(a->client, &s);
	if (s.trouble)
		buf_printf(out, "CPS does not answer as it should, and is asked again: %s", s.trouble);
	else if (s.closed_ms)
		buf_printf(out, "CPS asked to slow down, for %lld s", (long long)(s.closed_ms + 999) / 1000);
	else if (s.waiting)
		buf_printf(out, "the budget of the account is spent: %zu of %zu requests this minute", s.used, s.per_minute);
	else
		buf_add_text(out, "CPS to answer");
}

/* ---- the watcher */

static bool is_settled(const struct cps *c, const struct cps_item *item)
{
	const struct report *r;

	DL_FOREACH(c->reports, r)
		if (!r->drive && r->outcome == CPS_OUTCOME_DONE && r->enrollment == item->id && r->change == item->change && strcmp(r->account, item->account) == 0)
			return true;
	return false;
}

static bool is_waiting_to_resume(const struct cps *c, const struct cps_item *item)
{
	const struct resume *one;

	DL_FOREACH(c->resumes, one)
		if (one->enrollment == item->id && strcmp(one->account, item->account) == 0)
			return true;
	return false;
}

/* A change that is over as far as its policy follows it is not begun again; one that failed is, at the next look. */
static void on_found(const struct cps_item *item, const struct config_cps_policy *policy, void *arg)
{
	struct cps *c = arg;
	const struct cps_memory memory = { .change = item->change, .started_ms = loop_wall_ms(c->parts.loop), .watched = true };
	struct report *r;
	struct err err;

	(void)policy;
	if (running_report(c, item->account, item->id) || is_settled(c, item) || is_waiting_to_resume(c, item))
		return;
	if (start_drive(c, item->account, item->id, &memory, &r, &err) < 0)
		log_event(LOG_WARNING, "cannot begin with a change", "enrollment", item->key, "error", err.text, NULL);
	else
		log_event(LOG_INFO, "found a change and begins with it", "enrollment", item->key, "validation", r->id, NULL);
}

static int ask_for_watch(const char *what, const char *account, int64_t enrollment, cps_answer_fn done, void *done_arg, struct err *err, void *arg)
{
	json_t *input = json_pack("{s:s, s:I}", "account", account, "enrollment", (json_int_t)enrollment);
	int code = ask_with(arg, what, input, AKAMAI_LISTS, done, done_arg, err);

	json_decref(input);
	return code;
}

/* ---- life */

void cps_close(struct cps *c)
{
	struct report *r, *next;

	if (!c)
		return;
	timer_stop(c->resume);
	while (c->resumes)
		resume_drop(c, c->resumes);
	errands_cancel(c);
	cps_watch_close(c->watch);
	DL_FOREACH_SAFE(c->reports, r, next) {
		cps_drive_stop(r->drive);
		report_free(r);
	}
	cps_accounts_close(&c->accounts);
	free(c);
}

static void reconfigure_drive(struct report *r)
{
	CLEANUP(mem_freep) char *home = home_of(r->account, r->enrollment);
	struct cps_drive_wish wish = { .enrollment = r->enrollment, .home = home };

	wish_as_configured(r, cps_drive_is_watched(r->drive), &wish);
	cps_drive_reconfigure(r->drive, r->cps->parts.config, &wish);
}

void cps_reconfigure(struct cps *c, const struct config *config)
{
	struct report *r;

	c->parts.config = config;
	cps_accounts_reconfigure(&c->accounts, &config->cps);
	if (c->watch)
		cps_watch_reconfigure(c->watch, config);
	DL_FOREACH(c->reports, r)
		if (r->drive)
			reconfigure_drive(r);
}

int cps_open(const struct cps_parts *parts, struct cps **ret, struct err *err)
{
	struct cps *c = mem_new(1, sizeof(*c));

	c->parts = *parts;
	cps_accounts_open(&c->accounts, parts->loop, parts->http, &parts->config->cps);
	const struct cps_watch_parts watch = { parts->loop, parts->store, parts->config, &c->accounts, ask_for_watch, on_found, c };

	if (parts->engine && parts->store && (cps_watch_open(&watch, &c->watch, err) < 0 || resume_later(c, err) < 0)) {
		cps_close(c);
		return err->code;
	}
	*ret = c;
	return 0;
}

/* ---- as JSON */

static json_t *json_time(int64_t wall_ms)
{
	char text[CLOCK_TEXT_SIZE];

	return wall_ms ? json_string(clock_text(wall_ms, text)) : json_null();
}

static const char *report_state(const struct report *r)
{
	static const char *const names[] = {
		[CPS_OUTCOME_DONE] = "done", [CPS_OUTCOME_FAILED] = "failed", [CPS_OUTCOME_CANCELLED] = "cancelled", [CPS_OUTCOME_UNKNOWN] = "unknown",
	};

	return r->drive ? "running" : names[r->outcome];
}

/* Text of others may hold anything; JSON takes UTF-8 only. */
static json_t *json_text(const char *text)
{
	json_t *value = json_string(text);

	return value ? value : json_string("(text that is not UTF-8)");
}

static json_t *report_json(struct report *r)
{
	json_t *o = json_object();

	remember_progress(r);
	json_object_set_new(o, "id", json_string(r->id));
	json_object_set_new(o, "enrollment", json_integer(r->enrollment));
	json_object_set_new(o, "account", *r->account ? json_string(r->account) : json_null());
	json_object_set_new(o, "change", r->change ? json_integer(r->change) : json_null());
	json_object_set_new(o, "state", json_string(report_state(r)));
	json_object_set_new(o, "order_id", *r->order_id ? json_string(r->order_id) : json_null());
	json_object_set_new(o, "error", r->err.code == 0 ? json_null()
	                    : json_pack("{s:s, s:o}", "code", err_name(r->err.code), "detail", json_text(r->err.text)));
	json_object_set_new(o, "waits_for", r->drive && *cps_drive_waits_for(r->drive) ? json_text(cps_drive_waits_for(r->drive)) : json_null());
	json_object_set_new(o, "started", json_time(r->started_ms));
	json_object_set_new(o, "finished", json_time(r->finished_ms));
	return o;
}

static json_t *sentence_json(const struct sentence *one)
{
	const char *step = cps_step_name(one->step);

	return json_pack("{s:o, s:s?, s:o}", "at", json_time(one->at_ms), "step", step, "text", json_text(one->text));
}

json_t *cps_validation_json(struct cps *c, const char *id)
{
	struct report *r;
	json_t *o, *sentences;

	DL_FOREACH(c->reports, r)
		if (strcmp(r->id, id) == 0)
			break;
	if (!r)
		return NULL;
	o = report_json(r);
	sentences = json_array();
	for (size_t i = 0; i < r->sentence_count; i++)
		json_array_append_new(sentences, sentence_json(&r->sentences[i]));
	json_object_set_new(o, "sentences", sentences);
	return o;
}

json_t *cps_validations_json(struct cps *c)
{
	json_t *list = json_array();
	struct report *r;

	DL_FOREACH(c->reports, r)
		json_array_append_new(list, report_json(r));
	return list;
}
