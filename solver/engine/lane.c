#include "solver/engine/lane.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "solver/base/log.h"
#include "solver/base/mem.h"
#include "solver/engine/claim.h"
#include "solver/engine/entry.h"
#include "solver/engine/instance.h"
#include "solver/engine/job.h"
#include "solver/engine/permit.h"
#include "solver/engine/result.h"
#include "solver/engine/site.h"

#define JOB_CHANGES_MAX 1000
#define TTL_DEFAULT 60

struct lane {
	struct engine *e;
	char *key;
	struct entry *waiting;
	struct timer *gather;
	struct job_run *run;   /* NULL: idle */
	struct job job;
	struct entry **entries; /* of the running job, one for each change */
	struct instance *instance;
	UT_hash_handle hh;
};

static void lane_go(struct lane *lane);

static struct lane *lane_of(struct engine *e, const struct challenge *c)
{
	CLEANUP(mem_freep) char *key = mem_printf("%s %s", c->provider, c->zone);
	struct lane *lane;

	HASH_FIND_STR(e->lanes, key, lane);
	if (lane)
		return lane;
	lane = mem_new(1, sizeof(*lane));
	lane->e = e;
	lane->key = mem_dup(key);
	HASH_ADD_KEYPTR(hh, e->lanes, lane->key, strlen(lane->key), lane);
	return lane;
}

static void gathered(void *arg)
{
	struct lane *lane = arg;

	lane->gather = NULL;
	lane_go(lane);
}

/* The provider asked to be left alone: its own try or that of another told so. */
static bool is_blocked(const struct engine *e, const struct instance *i)
{
	return i && i->blocked_until_ms > loop_now_ms(e->parts.loop);
}

/* 0 ends a pause that is under way. */
static void gather(struct lane *lane, int64_t ms)
{
	if (lane->run || (lane->gather && ms))
		return;
	timer_stop(lane->gather);
	lane->gather = timer_start(lane->e->parts.loop, ms, gathered, lane);
}

static bool is_moving(const struct entry *n, const struct entry *other)
{
	return other->c.state == CHALLENGE_QUEUED || (other != n && other->life.kept != other->c.state);
}

/* Others of its orders are planned or written to the journal at this moment, and can go together with it. */
static bool others_follow(const struct entry *n)
{
	for (const struct hold *mine = &n->hold; mine; mine = mine->entry_next)
		for (const struct hold *h = mine->order->first; h; h = h->order_next)
			if (is_moving(n, h->entry))
				return true;
	return false;
}

void lane_enqueue(struct engine *e, struct entry *n)
{
	struct lane *lane = lane_of(e, &n->c);
	bool blocked = is_blocked(e, instance_find(e, n->c.provider));

	if (!n->publication.delivery->lane)
		DL_APPEND2(lane->waiting, n, publication.delivery->lane_prev, publication.delivery->lane_next);
	n->publication.delivery->lane = lane;
	if (blocked)
		life_wait(e, n, result_missing(n), instance_find(e, n->c.provider)->blocked_for);
	gather(lane, blocked || others_follow(n) ? e->config->challenge.batch_ms : 0);
}

void lane_leave(struct entry *n)
{
	struct lane *lane = n->publication.delivery->lane;

	if (!lane)
		return;
	DL_DELETE2(lane->waiting, n, publication.delivery->lane_prev, publication.delivery->lane_next);
	n->publication.delivery->lane = NULL;
}

static void default_result(struct change *change, const struct err *err)
{
	if (change->status != CHANGE_PENDING)
		return;
	change->status = CHANGE_RETRY;
	snprintf(change->message, sizeof(change->message), "%.250s", err->code ? err->text : "the provider gave no result");
}

static void job_forget(struct lane *lane)
{
	for (size_t i = 0; i < lane->job.count; i++) {
		free(lane->job.changes[i].new_handle);
		lane->entries[i]->publication.delivery->in_job = false;
	}
	free(lane->job.changes);
	free((char *)lane->job.zone);
	free(lane->entries);
	lane->entries = NULL;
	lane->job = (struct job){ 0 };
	instance_unuse(lane->e, lane->instance);
	lane->instance = NULL;
	lane->run = NULL;
}

static void leave_alone(struct engine *e, struct instance *i, const struct job *job, const char *message)
{
	i->blocked_until_ms = loop_now_ms(e->parts.loop) + (job->retry_after_ms ? job->retry_after_ms : 1000);
	mem_replace(&i->blocked_for, *message ? message : "the provider asks for a pause");
}

/* What it can do is known from what it did. */
static void instance_learn(struct instance *i, const struct change *change)
{
	if (change->status != CHANGE_DONE && change->status != CHANGE_NOOP)
		return;
	i->works = true;
	if (change->op == CHANGE_ADD && change->new_handle)
		mem_replace(&i->handle, change->new_handle);
}

static void on_job_done(struct job *job, const struct err *err, void *arg)
{
	struct lane *lane = arg;
	struct engine *e = lane->e;

	e->numbers.provider_calls++;
	e->numbers.provider_errors += err->code != 0;
	for (size_t i = 0; i < job->count; i++) {
		default_result(&job->changes[i], err);
		instance_learn(lane->instance, &job->changes[i]);
		if (job->changes[i].status == CHANGE_RATE_LIMITED)
			leave_alone(e, lane->instance, job, job->changes[i].message);
		if (result_take(e, lane->entries[i], job, i))
			lane_enqueue(e, lane->entries[i]);
	}
	job_forget(lane);
	if (lane->waiting)
		gather(lane, 0);
}

/* ---- making a job ---- */

static unsigned ttl_of(struct engine *e, const struct instance *i, const struct challenge *c)
{
	const struct config_route *route = config_route(e->config, c->type, c->fqdn);
	unsigned ttl = route && route->ttl ? (unsigned)route->ttl : TTL_DEFAULT;

	return ttl < i->api->caps.min_ttl ? i->api->caps.min_ttl : ttl;
}

/* Who goes on needing the answer withdraws it one day, also where only this one wrote it. Rarely more than one site is listed, or
 * another one than that of today's configuration. */
static void sites_pass_on(struct engine *e, struct entry *n)
{
	const struct instance *i = instance_find(e, n->c.provider);
	struct entry *heir = NULL;
	char *site;

	while ((site = site_last(&n->c))) {
		if (!i || strcmp(site, i->site) != 0)
			heir = heir ? heir : claim_other(e, n);
		if (heir)
			site_inherit(&heir->c, site, site_is_doubtful(n));
		site_drop_last(&n->c);
		free(site);
	}
	if (heir)
		life_note(e, heir, "another challenge left its record to this one, at a provider that the configuration does not name any more");
}

/* Grants, routes and bindings may be others than when the place was found, which may be long ago: before a restart, or before the
 * record was lost. Removal is never asked for. */
static bool fail_unpermitted(struct engine *e, struct entry *n)
{
	struct err err;

	if (n->c.state != CHALLENGE_PUBLISHING || permit(e, n, n->c.fqdn, &err) == 0)
		return false;
	life_fail(e, n, err.text);
	return true;
}

/* True when there is nothing to ask the provider for: the record never stood there, others need the value, or it may not be written. */
static bool settle_without_provider(struct engine *e, struct entry *n)
{
	if (n->c.state == CHALLENGE_WITHDRAWING && n->publication.out == OUT_NEVER) {
		life_input(e, n, INPUT_WITHDRAWN, "nothing was published");
		return true;
	}
	if (n->c.state == CHALLENGE_WITHDRAWING && !claim_is_free(e, n)) {
		claim_inherit(e, n);
		sites_pass_on(e, n);
		life_input(e, n, INPUT_WITHDRAWN, "kept: another challenge needs the same value");
		return true;
	}
	return fail_unpermitted(e, n);
}

/* A slot provider (one value a name) gets one entry of a name at a time: the others wait. */
static bool name_is_taken(const struct lane *lane, const struct instance *i, const struct entry *n)
{
	if (!i->api->caps.values_per_name)
		return false;
	for (size_t k = 0; k < lane->job.count; k++)
		if (strcmp(lane->entries[k]->c.fqdn, n->c.fqdn) == 0)
			return true;
	return false;
}

static void job_add(struct lane *lane, struct entry *n)
{
	struct change *change = &lane->job.changes[lane->job.count];

	n->publication.delivery->out_before = n->publication.out;
	if (n->c.state == CHALLENGE_PUBLISHING && n->publication.out == OUT_NEVER)
		n->publication.out = OUT_MAYBE;
	*change = (struct change){ .op = n->c.state == CHALLENGE_PUBLISHING ? CHANGE_ADD : CHANGE_REMOVE,
	                           .fqdn = n->c.fqdn, .value = n->c.value, .handle = n->c.handle,
	                           .ttl = ttl_of(lane->e, lane->instance, &n->c) };
	lane->entries[lane->job.count++] = n;
	n->publication.delivery->in_job = true;
}

/* What was refused together is asked again in smaller company, and not mixed with others. */
static bool fits_in(const struct lane *lane, const struct entry *n)
{
	return !lane->job.count || lane->entries[0]->publication.delivery->company == n->publication.delivery->company;
}

static size_t room_of(const struct lane *lane, size_t most)
{
	size_t company = lane->job.count ? lane->entries[0]->publication.delivery->company : 0;

	return company && company < most ? company : most;
}

/* Through whom it goes next; NULL: the configuration does not lead there any more. */
static struct instance *instance_for(struct engine *e, const struct entry *n)
{
	return n->c.state == CHALLENGE_WITHDRAWING ? instance_for_withdrawal(e, n) : instance_find(e, n->c.provider);
}

/* The journal knows where the record may stand before it is written there. */
static bool is_journalled(struct engine *e, struct entry *n, const struct instance *i)
{
	CLEANUP(mem_freep) char *sentence = NULL;

	if (n->c.state != CHALLENGE_PUBLISHING || site_is_last(&n->c, i->site))
		return true;
	if (!claim_is_inherited(n)) /* otherwise a record of another challenge stands there */
		site_leave(n);
	site_add(&n->c, i->site);
	sentence = mem_printf("the provider is configured anew: publishing at %s", i->site);
	life_repeat(e, n, sentence);
	return false;
}

static void job_fill(struct lane *lane, struct instance *i)
{
	size_t most = i->api->caps.changes_per_job;
	struct entry *n, *next;

	if (!most || most > JOB_CHANGES_MAX)
		most = JOB_CHANGES_MAX;
	lane->instance = i;
	i->jobs++;
	lane->job.changes = mem_new(most, sizeof(struct change));
	lane->entries = mem_new(most, sizeof(struct entry *));
	DL_FOREACH_SAFE2(lane->waiting, n, next, publication.delivery->lane_next) {
		if (lane->job.count == room_of(lane, most))
			break;
		if (instance_for(lane->e, n) != i || name_is_taken(lane, i, n) || !fits_in(lane, n))
			continue;
		lane_leave(n);
		if (!settle_without_provider(lane->e, n) && is_journalled(lane->e, n, i))
			job_add(lane, n);
	}
}

static void no_provider(struct engine *e, struct entry *n)
{
	CLEANUP(mem_freep) char *site = site_last(&n->c), *sentence = NULL;

	if (n->c.state == CHALLENGE_PUBLISHING) {
		result_retry(e, n, "its provider is not in the configuration any more", 0);
		return;
	}
	if (site_is_doubtful(n)) {
		result_give_up(e, n, "no provider of the configuration leads there any more");
		return;
	}
	sentence = mem_printf("the record stands at %s (provider %s), where no provider of the configuration leads any more: configure one that "
	                      "does, or remove the record by hand and say \"dcvd forget %s\"", site ? site : "its provider", n->c.provider, n->c.id);
	result_not_removed(e, n, sentence, 0);
}

/* Takes out those that nobody can be asked for. */
static void lane_sort_out(struct lane *lane)
{
	struct entry *n, *next;

	DL_FOREACH_SAFE2(lane->waiting, n, next, publication.delivery->lane_next) {
		if (instance_for(lane->e, n))
			continue;
		lane_leave(n);
		if (!settle_without_provider(lane->e, n))
			no_provider(lane->e, n);
	}
}

static void lane_go(struct lane *lane)
{
	struct engine *e = lane->e;
	struct instance *i;
	struct entry *n;

	if (lane->run || !lane->waiting)
		return;
	lane_sort_out(lane);
	if (!lane->waiting)
		return;
	i = instance_for(e, lane->waiting);
	if (is_blocked(e, i)) {
		DL_FOREACH2(lane->waiting, n, publication.delivery->lane_next)
			life_wait(e, n, result_missing(n), i->blocked_for);
		gather(lane, i->blocked_until_ms - loop_now_ms(e->parts.loop));
		return;
	}
	lane->job.zone = mem_dup(lane->waiting->c.zone);
	job_fill(lane, i);
	if (!lane->job.count) {
		job_forget(lane);
		if (lane->waiting)
			gather(lane, 0); /* those of another instance */
		return;
	}
	lane->run = job_start(e, i, &lane->job, on_job_done, lane);
}

void lanes_free(struct engine *e)
{
	struct lane *lane, *tmp;

	HASH_ITER(hh, e->lanes, lane, tmp) {
		HASH_DEL(e->lanes, lane);
		timer_stop(lane->gather);
		while (lane->waiting)
			lane_leave(lane->waiting);
		if (lane->run) {
			job_cancel(lane->run);
			job_forget(lane);
		}
		free(lane->key);
		free(lane);
	}
}
