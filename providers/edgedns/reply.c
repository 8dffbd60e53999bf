#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "providers/edgedns/internal.h"
#include "solver/base/clock.h"
#include "solver/base/mem.h"

#define CLOCK_TOLERANCE_SECONDS 10 /* the gateway allows about 30 */

static bool body_says(const struct answer *a, const char *words)
{
	return a->body && strcasestr(a->body, words);
}

static bool is_authentication(const struct answer *a)
{
	return a->status == 401 || (a->status >= 400 && a->status < 500 && body_says(a, "pep-authn"));
}

static bool is_no_grant(const struct answer *a)
{
	return a->status == 403 || (a->status >= 400 && a->status < 500 && body_says(a, "pep-authz"));
}

/* Our clock is not that of the API: remember the difference. */
static bool clock_correct(struct provider *p, const struct work *w, const struct answer *a)
{
	CLEANUP(mem_freep) char *date = kit_header(a, "Date");
	struct tm tm = { 0 };
	long long offset;

	if (!date || !strptime(date, "%a, %d %b %Y %H:%M:%S GMT", &tm))
		return false;
	offset = (long long)timegm(&tm) - w->job->now_seconds;
	if (llabs(offset - p->clock_offset) <= CLOCK_TOLERANCE_SECONDS)
		return false;
	p->clock_offset = offset;
	return true;
}

/* A refused signature is final, except once: after a look at the clock, or when the HTTP client had sent
 * the same call again behind our back, over a connection that broke. */
static bool may_sign_again(struct provider *p, struct work *w, const struct answer *a)
{
	if (w->signed_again || !is_authentication(a))
		return false;
	w->signed_again = clock_correct(p, w, a) || body_says(a, "nonce");
	return w->signed_again;
}

/* "… Please try after 2026-11-21T14:20:00.123Z": how the account's limit is told, also with 503. */
static unsigned try_after_ms(const struct answer *a, long long now_seconds)
{
	const char *said = a->body ? strcasestr(a->body, "try after ") : NULL;
	CLEANUP(mem_freep) char *time = NULL;
	int64_t then, pause;

	if (!said)
		return 0;
	said += strlen("try after ");
	time = mem_dup_n(said, strspn(said, "0123456789-:.TZtz+"));
	while (*time && time[strlen(time) - 1] == '.')
		time[strlen(time) - 1] = '\0';
	if (clock_parse(time, &then) < 0)
		return 0;
	pause = then - (int64_t)now_seconds * 1000;
	if (pause <= 0)
		return 1000;
	return pause > KIT_RETRY_MAX_MS ? KIT_RETRY_MAX_MS : (unsigned)pause;
}

static void fail_denied(struct provider *p, struct work *w, const struct answer *a)
{
	const char *where = p->options->edgerc ? p->options->edgerc : "the environment";
	const char *section = p->options->section ? p->options->section : "default";
	char detail[KIT_DETAIL_SIZE];

	kit_detail(a, detail);
	if (is_authentication(a))
		kit_job_scope(w->job, SCOPE_CREDENTIAL);
	if (is_authentication(a))
		kit_job_set(w->job, CHANGE_DENIED,
		            "Edge DNS refused the signature (%d, %.80s): check the credentials in %.60s, section %.20s, and the clock",
		            a->status, detail, where, section);
	else
		kit_job_set(w->job, CHANGE_DENIED,
		            "Edge DNS refused zone %.60s (%d, %.60s): grant the API client read-write on DNS-Zone Record Management",
		            w->job->zone, a->status, detail);
}

static void fail_rate(struct work *w, const struct answer *a)
{
	unsigned pause = kit_retry_after_ms(a, w->job->now_seconds);
	char detail[KIT_DETAIL_SIZE];

	if (!pause)
		pause = try_after_ms(a, w->job->now_seconds);
	w->job->retry_after_ms = pause;
	kit_job_set(w->job, CHANGE_RATE_LIMITED, "Edge DNS: too many calls (%d, %s)", a->status, kit_detail(a, detail));
}

/* A reply that decides about the whole job. */
static void fail(struct provider *p, struct work *w, const struct answer *a)
{
	bool reading = w->doing == DOING_LIST || w->doing == DOING_READ || w->doing == DOING_ZONE;
	CLEANUP(mem_freep) char *what = mem_printf("Edge DNS, zone %.80s", w->job->zone);
	char detail[KIT_DETAIL_SIZE];

	if (a->code && !w->written)
		kit_job_not_sent(w->job);
	if (a->code && reading) {
		kit_job_set(w->job, CHANGE_RETRY, "%s: %s", what, kit_detail(a, detail));
	} else if (a->code) {
		kit_job_fail(w->job, a, what, NULL);
	} else if (is_authentication(a) || is_no_grant(a)) {
		if (!may_sign_again(p, w, a))
			fail_denied(p, w, a);
	} else if (a->status == 429 || (a->status == 503 && body_says(a, "try after"))) {
		fail_rate(w, a);
	} else if (a->status == 409) {
		edgedns_work_conflict(w, kit_detail(a, detail));
	} else {
		kit_job_fail(w->job, a, what, NULL);
	}
}

static void fail_zone(struct work *w)
{
	kit_job_set(w->job, CHANGE_NO_ZONE, "Edge DNS has no zone %s that these credentials can see", w->job->zone);
}

/* Only this set is refused; the others continue. */
static void fail_set(struct work *w, const struct answer *a)
{
	char detail[KIT_DETAIL_SIZE];

	edgedns_set_fail(w, w->current, CHANGE_FATAL, "Edge DNS refused the record set of %.100s (%d): %.100s",
	                 w->current->fqdn, a->status, kit_detail(a, detail));
}

static bool is_success(const struct answer *a)
{
	return !a->code && a->status >= 200 && a->status < 300;
}

static bool is_refusal(const struct answer *a)
{
	return !a->code && !body_says(a, "pep-auth") &&
	       (a->status == 400 || a->status == 405 || a->status == 413 || a->status == 422);
}

static void wrote(struct work *w)
{
	w->conflicts = 0;
	w->zone_confirmed = true;
}

/* What a listing says about one set. */
static void list_find(struct recordset *s, const json_t *recordsets)
{
	json_t *object;
	size_t i;

	json_array_foreach(recordsets, i, object) {
		const char *name = kit_json_text(object, "name"), *type = kit_json_text(object, "type");

		if (!name || !type || strcmp(type, "TXT") != 0 || !kit_same_name(name, s->fqdn))
			continue;
		s->known = edgedns_set_read(s, object);
		return;
	}
	s->known = true;
	s->exists = false;
}

/* The listing must be complete: otherwise a name that is not in it proves nothing. */
static bool list_is_whole(const json_t *list)
{
	const json_t *recordsets = json_object_get(list, "recordsets");
	const json_t *total = json_object_get(json_object_get(list, "metadata"), "totalElements");

	return json_is_array(recordsets) &&
	       (!json_is_integer(total) || (size_t)json_integer_value(total) == json_array_size(recordsets));
}

static void take_list(struct provider *p, struct work *w, const struct answer *a)
{
	CLEANUP(kit_json_freep) json_t *list = is_success(a) ? kit_json(a) : NULL;

	if (!a->code && a->status == 404) {
		fail_zone(w);
	} else if (list_is_whole(list)) {
		w->zone_confirmed = true;
		for (size_t i = 0; i < w->count; i++)
			if (!w->sets[i].known)
				list_find(&w->sets[i], json_object_get(list, "recordsets"));
		w->listing_refused = true; /* once: a set that still is unknown is read alone */
	} else if (is_success(a) || is_refusal(a) || a->code == ERR_TOO_LARGE) {
		w->listing_refused = true;
	} else {
		fail(p, w, a);
	}
}

static void take_read(struct provider *p, struct work *w, const struct answer *a)
{
	CLEANUP(kit_json_freep) json_t *object = is_success(a) ? kit_json(a) : NULL;

	if (!a->code && a->status == 404)
		w->current->known = true;
	else if (!is_success(a))
		fail(p, w, a);
	else if (!edgedns_set_read(w->current, object))
		edgedns_set_fail(w, w->current, CHANGE_RETRY, "Edge DNS answered something that is not the record set of %s",
		                 w->current->fqdn);
	else
		w->zone_confirmed = true;
}

static void take_zone(struct provider *p, struct work *w, const struct answer *a)
{
	if (!a->code && a->status == 404)
		fail_zone(w);
	else if (is_success(a))
		w->zone_confirmed = true;
	else
		fail(p, w, a);
}

/* Either kind of 409 of a create: another writer holds the zone, or a set exists. An answer that does not
 * say which one is taken as both. */
static void take_create_conflict(struct work *w, const struct answer *a)
{
	bool concurrent = body_says(a, "concurrent");
	bool exists = !concurrent && body_says(a, "exist");
	char detail[KIT_DETAIL_SIZE];

	if (!concurrent) {
		w->must_read = true;
		for (size_t i = 0; i < w->count; i++)
			if (w->sets[i].creating)
				edgedns_set_forget(&w->sets[i]);
	}
	/* A create that meets an existing set is normal once; a second time another writer interferes. */
	if (!exists || w->conflicts)
		edgedns_work_conflict(w, kit_detail(a, detail));
	else
		w->conflicts++;
}

static void created(struct work *w, struct recordset *s)
{
	edgedns_set_touch(w, s);
	edgedns_set_settle(w, s);
}

static void take_create(struct provider *p, struct work *w, const struct answer *a)
{
	bool many = w->doing == DOING_CREATE_MANY;

	if (is_success(a)) {
		wrote(w);
		for (size_t i = 0; i < w->count; i++)
			if (many ? w->sets[i].creating : &w->sets[i] == w->current)
				created(w, &w->sets[i]);
	} else if (!a->code && a->status == 404) {
		fail_zone(w);
	} else if (!a->code && a->status == 409) {
		take_create_conflict(w, a);
	} else if (is_refusal(a)) {
		if (many)
			w->bulk_refused = true; /* one by one, so that one bad set does not take the others with it */
		else
			fail_set(w, a);
	} else {
		fail(p, w, a);
	}
}

/* A set that existed was replaced or deleted: read it again, whatever came back. */
static void take_write(struct provider *p, struct work *w, const struct answer *a)
{
	char detail[KIT_DETAIL_SIZE];

	if (is_success(a)) {
		wrote(w);
		edgedns_set_touch(w, w->current);
		edgedns_set_forget(w->current);
		w->listing_refused = false;
	} else if (!a->code && a->status == 404) {
		edgedns_set_forget(w->current);
	} else if (!a->code && a->status == 409) {
		edgedns_set_forget(w->current);
		w->current->writes--; /* counted as a conflict of the zone */
		edgedns_work_conflict(w, kit_detail(a, detail));
	} else if (is_refusal(a)) {
		fail_set(w, a);
	} else {
		fail(p, w, a);
	}
}

void edgedns_reply_take(struct provider *p, struct work *w, const struct answer *a)
{
	w->written |= w->doing >= DOING_CREATE_MANY && a->code != ERR_UNREACHABLE;
	switch (w->doing) {
	case DOING_LIST:
		take_list(p, w, a);
		break;
	case DOING_READ:
		take_read(p, w, a);
		break;
	case DOING_ZONE:
		take_zone(p, w, a);
		break;
	case DOING_CREATE_MANY:
	case DOING_CREATE:
		take_create(p, w, a);
		break;
	case DOING_REPLACE:
	case DOING_DELETE:
		take_write(p, w, a);
		break;
	default: /* the end of a pause */
		break;
	}
	w->doing = DOING_NOTHING;
}
