#include "solver/cps/cps.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <utlist.h>

#include "solver/base/buf.h"
#include "solver/base/log.h"
#include "solver/base/mem.h"
#include "solver/cps/drive.h"
#include "solver/cps/errands.h"
#include "solver/cps/gate.h"
#include "solver/cps/watch.h"

#define RESUME_MS 60000      /* what was interrupted is taken up again within this time */
#define RESUME_RETRY_MS 300000
#define RESUME_UNKNOWN_MS 5000

void cps_on_acknowledged(struct cps *c, cps_acknowledged_fn fn, void *arg)
{
	c->acknowledged = fn;
	c->acknowledged_arg = arg;
}

void cps_on_event(struct cps *c, cps_event_fn fn, void *arg)
{
	c->told = fn;
	c->told_arg = arg;
}

/* ---- validations */

static void on_say(const char *sentence, void *arg)
{
	struct report *r = arg;

	report_say(r, sentence);
	if (r->cps->watch)
		cps_watch_refresh(r->cps->watch, r->home);
}

static void on_acknowledged(const char *what, void *arg)
{
	struct report *r = arg;

	report_note_progress(r);
	if (r->cps->acknowledged)
		r->cps->acknowledged(r->enrollment, r->change, what, r->cps->acknowledged_arg);
}

static void on_deployed(int64_t expiry_ms, void *arg)
{
	struct report *r = arg;

	cps_watch_deployed(r->cps->watch, r->home, expiry_ms);
}

/* What a person does by hand is that person's to see; what the watcher does is told. */
static void tell_end(struct report *r, enum cps_outcome outcome, const struct err *err)
{
	static const char *const types[] = {
		[CPS_OUTCOME_DONE] = "done", [CPS_OUTCOME_FAILED] = "failed", [CPS_OUTCOME_CANCELLED] = "cancelled", [CPS_OUTCOME_UNKNOWN] = "failed",
	};
	struct cps_watcher *w = r->cps->watch;
	const struct cps_item *item = cps_inventory_find(cps_watch_inventory(w), r->home);

	if (item && r->watched)
		cps_watch_tell(w, item, types[outcome], NULL, err->code < 0 ? err->text : NULL);
	if (r->watched)
		cps_watch_failed(w, r->home, err->code < 0 ? err->text : "");
	else
		cps_watch_refresh(w, r->home);
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
	tell_end(r, outcome, err);
	reports_forget_old(r->cps);
}

const struct config_cps_policy *cps_policy_of(const struct config *config, const struct cps_item *item)
{
	static const struct config_cps_policy hold_everything = { .approvals = 1, .follow = CPS_UNTIL_PRODUCTION, .program_timeout_ms = 60000 };
	const struct config_cps_class *class = item ? cps_class_of(&config->cps, item) : NULL;
	const struct config_cps_policy *policy = class ? config_cps_policy(config, class->policy) : NULL;

	return policy ? policy : &hold_everything;
}

/* A certificate is in production, whose place the new one takes: where it cannot be known from here, it is not assumed. */
static bool replaces(const struct cps_item *item)
{
	return item && (item->expiry_ms || (*item->change_type && strcmp(item->change_type, "new-certificate") != 0));
}

/* Begins a drive, or goes on with one that the journal remembers. */
static int start_drive(struct cps *c, const struct cps_drive_wish *from, const char *account, struct report **ret, struct err *err)
{
	struct cps_account *far = cps_accounts_find(&c->accounts, account);
	const struct cps_drive_parts parts = { c->parts.loop, c->parts.http, far ? far->client : NULL, c->parts.engine, c->parts.store, c->parts.config };
	struct report *r = report_new(c, account, from->enrollment);
	const struct cps_item *item = cps_inventory_find(cps_watch_inventory(c->watch), r->home);
	const struct cps_progress progress = { on_say, on_acknowledged, on_deployed, on_done, r };
	struct cps_drive_wish wish = *from;

	wish.home = r->home;
	wish.rules = cps_policy_of(c->parts.config, item);
	wish.name = item && *item->cn ? item->cn : NULL;
	wish.replaces = replaces(item);
	wish.stops = !item || !item->no_change_management;
	r->watched = wish.resumed ? wish.resumed->watched : wish.watched;
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

static int read_follow(const char *text, enum cps_follow *ret, struct err *err)
{
	static const char *const words[] = { [CPS_FOLLOW_VALIDATION] = "validation", [CPS_FOLLOW_ISSUANCE] = "issuance", [CPS_FOLLOW_PRODUCTION] = "production" };

	for (size_t i = 0; i < ARRAY_LEN(words); i++)
		if (strcmp(text ? text : "validation", words[i]) == 0) {
			*ret = (enum cps_follow)i;
			return 0;
		}
	return err_set(err, ERR_INVALID, "follow is \"%.40s\"; validation, issuance or production is wanted", text);
}

int cps_validation_start(struct cps *c, const struct cps_validation_wish *wish, char ret_id[ID_SIZE], struct err *err)
{
	const char *account = wish->account ? wish->account : "";
	struct report *r = report_running(c, account, wish->enrollment);
	struct cps_drive_wish drive = { .enrollment = wish->enrollment };

	if (!c->parts.engine || !c->parts.store)
		return err_set(err, ERR_UNSUPPORTED, "validation needs the running service");
	if (read_follow(wish->follow, &drive.follow, err) < 0)
		return err->code;
	if (!r && !wish->force && gate_check(c, account, wish->enrollment, err) < 0)
		return err->code;
	if (!r && start_drive(c, &drive, account, &r, err) < 0)
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
	struct report *r = report_running(c, one->account, one->enrollment);
	const struct cps_drive_wish wish = { .enrollment = one->enrollment, .resumed = &one->memory };
	struct err err;
	char number[32];

	c->resume = NULL;
	if (is_unknown_yet(c, one)) {
		c->resume = timer_start(c->parts.loop, RESUME_UNKNOWN_MS, on_resume, c);
		return;
	}
	snprintf(number, sizeof(number), "%" PRId64, one->enrollment);
	if (!r && start_drive(c, &wish, one->account, &r, &err) < 0) {
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

/* What there is: whether it is about one enrollment, and whether it writes to it. */
static const struct { const char *what; int (*start)(struct errand *e, struct err *err); bool enrollment, writes; } errands[] = {
	{ "list", cps_list_start, false, false }, { "show", cps_show_start, true, false }, { "certificate", cps_certificate_start, true, false },
	{ "warnings", cps_warnings_start, true, false }, { "ack", cps_ack_start, true, true }, { "read", cps_read_start, false, false },
	{ "enrollment", cps_enrollment_start, true, false },
	{ "create", cps_create_start, false, false }, { "update", cps_update_start, true, true }, { "delete", cps_delete_start, true, true },
	{ "cancel", cps_cancel_start, true, true }, { "schedule", cps_schedule_start, true, true },
};

static int ask_with(struct cps *c, const char *what, const json_t *input, enum akamai_priority priority, cps_answer_fn done, void *arg, struct err *err)
{
	struct errand *e;

	for (size_t i = 0; i < ARRAY_LEN(errands); i++) {
		if (strcmp(errands[i].what, what) != 0)
			continue;
		e = errand_new(c, input, done, arg, err);
		if (!e)
			return err->code;
		e->priority = priority;
		e->start = errands[i].start;
		if (errands[i].enrollment && e->enrollment <= 0)
			err_set(err, ERR_INVALID, "%" PRId64 " is no enrollment id", e->enrollment);
		else if ((errands[i].writes ? gate_start(e, err) : e->start(e, err)) == 0)
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
		if (!r->drive && r->watched && r->outcome == CPS_OUTCOME_DONE && r->enrollment == item->id && r->change == item->change && strcmp(r->account, item->account) == 0)
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
static void on_found(const struct cps_item *item, void *arg)
{
	struct cps *c = arg;
	const struct cps_memory memory = { .change = item->change, .started_ms = loop_wall_ms(c->parts.loop), .watched = true, .replaces = replaces(item) };
	const struct cps_drive_wish wish = { .enrollment = item->id, .resumed = &memory, .watched = true };
	struct report *r;
	struct err err;

	if (report_running(c, item->account, item->id) || is_settled(c, item) || is_waiting_to_resume(c, item))
		return;
	if (start_drive(c, &wish, item->account, &r, &err) < 0)
		log_event(LOG_WARNING, "cannot begin with a change", "enrollment", item->key, "error", err.text, NULL);
	else
		log_event(LOG_INFO, "found a change and begins with it", "enrollment", item->key, "validation", r->id, NULL);
}

static void on_idle(const struct cps_item *item, void *arg)
{
	struct report *r = report_running(arg, item->account, item->id);

	if (r)
		cps_drive_vanished(r->drive);
}

static const char *on_state(const struct cps_item *item, const char **ret_kind, const char **ret_phase, const char **ret_waits, void *arg)
{
	const struct report *r = report_running(arg, item->account, item->id);
	struct cps_drive_view view;

	if (!r)
		return NULL;
	cps_drive_view(r->drive, &view);
	*ret_phase = cps_step_name(view.step) ? cps_step_name(view.step) : "unknown";
	*ret_waits = cps_drive_waits_for(r->drive);
	return cps_drive_alarm(r->drive, ret_kind);
}

static void on_told(const struct cps_event *event, void *arg)
{
	const struct cps *c = arg;

	if (c->told)
		c->told(event, c->told_arg);
}

static int ask_for_watch(const char *what, const char *account, int64_t enrollment, cps_answer_fn done, void *done_arg, struct err *err, void *arg)
{
	bool renew = strcmp(what, "renew") == 0;
	json_t *input = json_pack("{s:s, s:I, s:b}", "account", account, "enrollment", (json_int_t)enrollment, "renew", renew);
	int code = ask_with(arg, renew ? "update" : what, input, AKAMAI_LISTS, done, done_arg, err);

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

void cps_reconfigure(struct cps *c, const struct config *config)
{
	struct report *r;

	c->parts.config = config;
	cps_accounts_reconfigure(&c->accounts, &config->cps);
	if (c->watch)
		cps_watch_reconfigure(c->watch, config);
	DL_FOREACH(c->reports, r)
		if (r->drive)
			cps_drive_reconfigure(r->drive, config, cps_policy_of(config, cps_inventory_find(cps_watch_inventory(c->watch), r->home)));
}

int cps_open(const struct cps_parts *parts, struct cps **ret, struct err *err)
{
	struct cps *c = mem_new(1, sizeof(*c));

	c->parts = *parts;
	cps_accounts_open(&c->accounts, parts->loop, parts->http, &parts->config->cps);
	const struct cps_watch_parts watch = { parts->loop, parts->store, parts->config, &c->accounts, ask_for_watch, on_found, on_idle, on_state, on_told, c };

	if (parts->engine && parts->store && (cps_watch_open(&watch, &c->watch, err) < 0 || resume_later(c, err) < 0)) {
		cps_close(c);
		return err->code;
	}
	*ret = c;
	return 0;
}
