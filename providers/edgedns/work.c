#include <stdlib.h>

#include "providers/edgedns/internal.h"
#include "solver/base/mem.h"

static size_t set_find(struct work *w, const char *fqdn)
{
	for (size_t i = 0; i < w->count; i++)
		if (kit_same_name(w->sets[i].fqdn, fqdn))
			return i;
	w->sets[w->count].fqdn = fqdn;
	return w->count++;
}

struct work *edgedns_work_new(struct job *job)
{
	struct work *w = mem_new(1, sizeof(*w));

	w->job = job;
	w->sets = mem_new(job->count + 1, sizeof(*w->sets));
	w->set_of = mem_new(job->count + 1, sizeof(*w->set_of));
	w->touched = mem_new(job->count + 1, sizeof(*w->touched));
	for (size_t i = 0; i < job->count; i++)
		w->set_of[i] = set_find(w, job->changes[i].fqdn);
	return w;
}

void edgedns_work_free(struct work *w)
{
	if (!w)
		return;
	for (size_t i = 0; i < w->count; i++)
		edgedns_set_forget(&w->sets[i]);
	kit_call_done(&w->call);
	free(w->sets);
	free(w->set_of);
	free(w->touched);
	free(w);
}

void edgedns_work_conflict(struct work *w, const char *detail)
{
	if (w->conflicts >= EDGEDNS_TRIES) {
		kit_job_set(w->job, CHANGE_RETRY, "zone %s is being changed by others: %s", w->job->zone, detail);
		return;
	}
	w->pause_ms = EDGEDNS_PAUSE_MS << w->conflicts++;
}

/* The set was not read yet and may be created: the create call shows whether it exists. */
static bool may_create(const struct work *w, const struct recordset *s)
{
	if (!edgedns_set_pending(w, s))
		return false;
	if (s->known)
		return !s->exists;
	return !w->must_read && !s->writes && edgedns_set_only_adds(w, s);
}

/* All sets that can be created, as bodies; sets that are empty in the end need no call. */
static json_t *fresh_bodies(struct provider *p, struct work *w, struct recordset **ret_last)
{
	json_t *bodies = json_array();

	for (size_t i = 0; i < w->count; i++) {
		struct recordset *s = &w->sets[i];
		json_t *rdata;
		bool dirty;

		s->creating = false;
		if (!may_create(w, s))
			continue;
		rdata = edgedns_set_target(w, s, &dirty);
		if (!json_array_size(rdata)) {
			json_decref(rdata);
			continue;
		}
		json_array_append_new(bodies, edgedns_set_body(w, p, s, rdata));
		s->creating = true;
		*ret_last = s;
	}
	return bodies;
}

/* Fresh names: one call for all of them. False when there is none. */
static bool next_create(struct provider *p, struct work *w, struct request *ret)
{
	struct recordset *last = NULL;
	json_t *bodies = fresh_bodies(p, w, &last);
	size_t count = json_array_size(bodies);

	if (count > 1 && !w->bulk_refused) {
		edgedns_call_create_many(p, w, bodies, ret);
		return true;
	}
	if (count)
		edgedns_call_set(p, w, DOING_CREATE, last, json_incref(json_array_get(bodies, count - 1)), ret);
	json_decref(bodies);
	return count > 0;
}

/* Reads what is not known: one listing for many, else one set. False when all is known. */
static bool next_read(struct provider *p, struct work *w, struct request *ret)
{
	struct recordset *first = NULL;
	size_t unknown = 0;

	for (size_t i = w->count; i-- > 0;) {
		if (!edgedns_set_pending(w, &w->sets[i]) || w->sets[i].known)
			continue;
		first = &w->sets[i];
		unknown++;
	}
	if (unknown >= EDGEDNS_LIST_FROM && !w->listing_refused)
		edgedns_call_list(p, w, ret);
	else if (unknown)
		edgedns_call_set(p, w, DOING_READ, first, NULL, ret);
	return unknown > 0;
}

/* Writes one set that exists and was read, or finds that nothing is to be done. True when a call is made. */
static bool set_write(struct provider *p, struct work *w, struct recordset *s, struct request *ret)
{
	bool dirty;
	json_t *rdata = edgedns_set_target(w, s, &dirty);

	if (!dirty) {
		json_decref(rdata);
		edgedns_set_settle(w, s);
		return false;
	}
	if (s->writes >= EDGEDNS_TRIES) {
		json_decref(rdata);
		edgedns_set_fail(w, s, CHANGE_RETRY, "%s: another writer undid our change %u times", s->fqdn, s->writes);
		return false;
	}
	s->writes++;
	if (json_array_size(rdata)) {
		edgedns_call_set(p, w, DOING_REPLACE, s, edgedns_set_body(w, p, s, rdata), ret);
		return true;
	}
	json_decref(rdata);
	edgedns_call_set(p, w, DOING_DELETE, s, NULL, ret);
	return true;
}

static bool next_write(struct provider *p, struct work *w, struct request *ret)
{
	for (size_t i = 0; i < w->count; i++) {
		struct recordset *s = &w->sets[i];

		if (!s->known || !edgedns_set_pending(w, s))
			continue;
		if (set_write(p, w, s, ret))
			return true;
	}
	return false;
}

/* A missing set proves nothing while the zone itself may be missing: a removal would be lost. */
static bool next_zone(struct provider *p, struct work *w, struct request *ret)
{
	if (w->zone_confirmed)
		return false;
	for (size_t i = 0; i < w->count; i++) {
		if (w->sets[i].known && !w->sets[i].exists && edgedns_set_pending(w, &w->sets[i])) {
			edgedns_call_zone(p, w, ret);
			return true;
		}
	}
	return false;
}

void edgedns_work_next(struct provider *p, struct work *w, struct request *ret)
{
	if (!kit_job_pending(w->job)) {
		kit_finish(ret);
		return;
	}
	if (w->pause_ms) {
		w->doing = DOING_PAUSE;
		kit_pause(ret, w->pause_ms);
		w->pause_ms = 0;
		return;
	}
	/* Writes of known sets come before reads, so that the reads after them can be one listing. */
	if (next_create(p, w, ret) || next_zone(p, w, ret) || next_write(p, w, ret) || next_read(p, w, ret))
		return;
	kit_finish(ret);
}
