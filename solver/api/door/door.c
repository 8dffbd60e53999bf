#include "solver/api/door/door.h"

#include <stdlib.h>
#include <string.h>
#include <utlist.h>

#include "solver/api/audit/audit.h"
#include "solver/api/door/sentence.h"
#include "solver/base/mem.h"
#include "solver/crypto/crypto.h"
#include "solver/dns/name.h"

/* One present or cleanup under way. It stays in the list of the API until its caller got the answer or left. Results of the engine that come
 * later reach a detached call, which does not touch the API. */
struct door_call {
	struct api *api;
	door_fn done;      /* NULL: the caller has gone */
	void *arg;
	const char *action, *door; /* for the audit log, with the next three */
	char *client, *name;
	char peer[ADDRESS_TEXT_SIZE];
	enum challenge_type type;
	unsigned pending;  /* answers of the engine that come still */
	enum door_wait wait;
	int64_t limit_ms;
	char order_id[ID_SIZE];
	struct engine_listener *listener;
	struct timer *limit;
	struct err err;    /* of a cleanup: the first that failed */
	struct door_call *prev, *next;
};

void door_identifier(const char *record_name, char ret_identifier[254])
{
	char name[NAME_SIZE];
	struct err err;

	ret_identifier[0] = '\0';
	if (name_normalize(record_name, name, &err) == 0)
		target_identifier(name, ret_identifier);
}

/* ---- the answer ---- */

static void call_stop(struct door_call *c)
{
	engine_unlisten(c->listener);
	timer_stop(c->limit);
	c->listener = NULL;
	c->limit = NULL;
}

static void call_free(struct door_call *c)
{
	free(c->client);
	free(c->name);
	free(c);
}

static void call_note(const struct door_call *c, const struct err *err, const char *text)
{
	const struct audit_event event = { .door = c->door, .client = c->client, .peer = c->peer, .action = c->action,
	                                   .type = challenge_type_name(c->type), .name = c->name,
	                                   .result = !err ? "ok" : err->code == ERR_DENIED ? "denied" : "failed", .detail = text };

	audit_note(c->api, &event);
}

/* Out of the list; freed now, or by the last answer of the engine. */
static void call_leave(struct door_call *c)
{
	call_stop(c);
	call_note(c, NULL, "the caller left before the answer; the work continues");
	DL_DELETE(c->api->door_calls, c);
	c->done = NULL;
	if (!c->pending)
		call_free(c);
}

static void call_answer(struct door_call *c, const struct door_result *result)
{
	door_fn done = c->done;
	void *arg = c->arg;

	call_note(c, result->code ? &(struct err){ .code = result->code } : NULL, result->text);
	/* Out of the list first: the reply may end the exchange, which forgets its call. */
	call_stop(c);
	DL_DELETE(c->api->door_calls, c);
	c->done = NULL;
	done(result, arg);
	if (!c->pending)
		call_free(c);
}

static void call_refuse(struct door_call *c, const struct err *err)
{
	call_answer(c, &(struct door_result){ .code = err->code, .text = err->text, .order_id = c->order_id[0] ? c->order_id : NULL });
}

static struct door_call *door_call_new(struct api *a, const struct caller *caller, const char *action,
                                       const struct challenge_request *first, door_fn done, void *arg)
{
	struct door_call *c = mem_new(1, sizeof(*c));

	*c = (struct door_call){ .api = a, .done = done, .arg = arg, .action = action, .door = caller->door ? caller->door : DOOR_REST,
	                         .client = mem_dup(caller->name), .type = first->type,
	                         .name = mem_dup(first->record_name ? first->record_name : first->domain) };
	memcpy(c->peer, caller->peer, sizeof(c->peer));
	DL_APPEND(a->door_calls, c);
	return c;
}

void door_forget(struct api *a, void *arg)
{
	struct door_call *c, *next;

	DL_FOREACH_SAFE(a->door_calls, c, next)
		if (c->arg == arg)
			call_leave(c);
}

void doors_end(struct api *a)
{
	struct door_call *c, *next;

	DL_FOREACH_SAFE(a->door_calls, c, next)
		call_leave(c);
}

/* ---- present ---- */

struct outcome {
	size_t count, taken, ready;
	const struct challenge *failed, *waits; /* the first that failed; that knows why it is not ready */
	bool withdrawn;
};

static void look(struct door_call *c, struct outcome *ret)
{
	const struct challenge **list;

	*ret = (struct outcome){ .count = engine_order_challenges(c->api->parts.engine, c->order_id, &list) };
	for (size_t i = 0; i < ret->count; i++) {
		enum challenge_state kept = engine_kept_state(c->api->parts.engine, list[i]->id);

		ret->taken += kept == CHALLENGE_PROPAGATING || kept == CHALLENGE_READY;
		ret->ready += kept == CHALLENGE_READY;
		if (list[i]->waiting_for && !ret->waits && list[i]->state < CHALLENGE_READY)
			ret->waits = list[i];
		if (list[i]->state < CHALLENGE_WITHDRAWING)
			continue;
		if (list[i]->reason && !ret->failed)
			ret->failed = list[i];
		ret->withdrawn = true;
	}
	ret->withdrawn = ret->withdrawn || !ret->count || engine_order_state(c->api->parts.engine, c->order_id) == ORDER_GONE;
	free(list);
}

/* The known reason, without secrets. */
static void settle(const struct challenge *c, const char *text, char ret[ERR_TEXT_MAX])
{
	const char *const hidden[] = { c->value ? c->value : c->token, c->key_authorization, NULL };

	sentence_settle(text, hidden, ret, ERR_TEXT_MAX);
}

static void answer_failed(struct door_call *c, const struct challenge *failed)
{
	bool late = strncmp(failed->reason, "deadline passed", 15) == 0;
	char reason[ERR_TEXT_MAX];
	struct err err;

	settle(failed, failed->reason, reason);
	err_set(&err, late ? ERR_TIMEOUT : ERR_UNREACHABLE, "%s: %s", failed->identifier, reason);
	call_refuse(c, &err);
}

static void answer_good(struct door_call *c, bool ready)
{
	call_answer(c, &(struct door_result){ .ready = ready, .order_id = c->order_id,
	                                      .text = ready ? "ready: every check sees it" : "published; the checks go on" });
}

/* No record is published yet. Do not report success: the client would ask its authority to validate. */
static void answer_late(struct door_call *c, const struct challenge *waits)
{
	char reason[ERR_TEXT_MAX] = "";
	struct err err;

	if (waits)
		settle(waits, waits->waiting_for, reason);
	err_set(&err, ERR_TIMEOUT, "the provider has not taken the record in time; dcvd keeps trying, so ask again%s%s", *reason ? ". It waits because " : "",
	        reason);
	call_refuse(c, &err);
}

/* Answers when the result is known; `last`: answer now in any case. */
static void judge(struct door_call *c, bool last)
{
	struct outcome o;
	struct err err;

	look(c, &o);
	if (o.failed) {
		answer_failed(c, o.failed);
	} else if (o.withdrawn) {
		err_set(&err, ERR_CONFLICT, "it was withdrawn before it was ready");
		call_refuse(c, &err);
	} else if (o.ready == o.count) {
		answer_good(c, true);
	} else if (o.taken == o.count && (last || c->wait == DOOR_QUICK)) {
		answer_good(c, false);
	} else if (last && engine_health(c->api->parts.engine, &err) < 0) {
		call_refuse(c, &err);
	} else if (last) {
		answer_late(c, o.waits);
	}
}

static void on_limit(void *arg)
{
	struct door_call *c = arg;

	c->limit = NULL;
	judge(c, true);
}

static void on_event(const struct challenge *changed, const struct challenge_event *event, void *arg)
{
	struct door_call *c = arg;

	(void)changed;
	if (event->state >= CHALLENGE_PROPAGATING)
		judge(c, false);
}

static void on_submitted(const char *order_id, bool existed, const struct err *err, void *arg)
{
	struct door_call *c = arg;

	(void)existed;
	c->pending--;
	if (!c->done) {
		call_free(c);
		return;
	}
	if (err && err->code) {
		call_refuse(c, err);
		return;
	}
	memcpy(c->order_id, order_id, ID_SIZE);
	c->listener = engine_listen(c->api->parts.engine, c->order_id, on_event, c);
	c->limit = timer_start(c->api->parts.loop, c->limit_ms, on_limit, c);
	judge(c, false);
}

/* Audit log and client see it: without what the caller sent. */
static void refuse_request(struct door_call *c, const struct challenge_request *r, const struct err *err)
{
	const char *const all[] = { r->value, r->key_authorization, r->token };
	const char *hidden[ARRAY_LEN(all) + 1] = { NULL };
	struct err settled = { .code = err->code };
	size_t count = 0;

	for (size_t i = 0; i < ARRAY_LEN(all); i++)
		if (all[i])
			hidden[count++] = all[i];
	sentence_settle(err->text, hidden, settled.text, sizeof(settled.text));
	call_refuse(c, &settled);
}

void door_present(struct api *a, const struct caller *caller, const struct order_request *request, enum door_wait wait, int64_t limit_ms,
                  door_fn done, void *arg)
{
	struct door_call *c = door_call_new(a, caller, "present", &request->challenges[0], done, arg);
	struct order_request mine = *request;
	struct err err;

	for (size_t i = 0; i < request->count; i++)
		if (caller_may_write(a, caller, &request->challenges[i], &err) < 0) {
			refuse_request(c, &request->challenges[i], &err);
			return;
		}
	c->wait = wait;
	c->limit_ms = limit_ms < DOOR_LIMIT_MS ? limit_ms : DOOR_LIMIT_MS;
	mine.client = caller->name;
	c->pending++;
	if (engine_submit(a->parts.engine, &mine, on_submitted, c, &err) == 0)
		return;
	c->pending--;
	refuse_request(c, &request->challenges[0], &err);
}

/* ---- cleanup ---- */

struct found {
	char domain[NAME_SIZE], record[NAME_SIZE], digest[SHA256_TEXT_SIZE];
	struct challenge like; /* borrows all its text */
	char (*ids)[ID_SIZE];
	size_t count;
};

static void find_one(const struct challenge *c, void *arg)
{
	struct found *f = arg;

	f->ids = mem_resize(f->ids, f->count + 1, sizeof(*f->ids));
	memcpy(f->ids[f->count++], c->id, ID_SIZE);
}

static void on_released(const struct err *err, void *arg)
{
	struct door_call *c = arg;

	if (err && err->code && !c->err.code)
		c->err = *err;
	if (--c->pending)
		return;
	if (!c->done)
		call_free(c);
	else if (c->err.code)
		call_refuse(c, &c->err);
	else
		call_answer(c, &(struct door_result){ .text = "withdrawn" });
}

static void release_all(struct door_call *c, const struct found *f)
{
	struct err err;

	c->pending++; /* until all are asked for */
	for (size_t i = 0; i < f->count; i++) {
		c->pending++;
		if (engine_release_challenge(c->api->parts.engine, f->ids[i], on_released, c, &err) < 0)
			c->pending--; /* it is gone meanwhile, as requested */
	}
	on_released(NULL, c);
}

/* The challenge to find. No grant is needed: only the caller's own challenges are searched, and a grant that was removed
 * must not keep them published. */
static int find_read(const struct caller *caller, const struct challenge_request *r, struct found *f, struct err *err)
{
	const char *text = r->type == CHALLENGE_HTTP01 ? r->token : r->value;

	if (!r->domain)
		return err_set(err, ERR_INVALID, "domain is missing");
	if (name_identifier(r->domain, f->domain, &f->like.wildcard, err) < 0)
		return err->code;
	if (r->record_name && name_normalize(r->record_name, f->record, err) < 0)
		return err->code;
	if (!text && r->key_authorization && r->type != CHALLENGE_HTTP01) {
		crypto_dns01_value(r->key_authorization, f->digest);
		text = f->digest;
	}
	f->like.client = (char *)caller->name;
	f->like.type = r->type;
	f->like.identifier = f->domain;
	f->like.record_name = f->record[0] ? f->record : NULL;
	f->like.token = f->like.value = (char *)(text ? text : "");
	return 0;
}

/* In webhook.c a grant chose the name that was written, so it may be either of the two. */
static void find_all(struct engine *e, struct found *f)
{
	engine_each_same(e, &f->like, find_one, f);
	f->like.record_name = NULL;
	if (!f->count)
		engine_each_same(e, &f->like, find_one, f);
}

void door_cleanup(struct api *a, const struct caller *caller, const struct challenge_request *request, door_fn done, void *arg)
{
	struct door_call *c = door_call_new(a, caller, "cleanup", request, done, arg);
	struct found f = { 0 };
	struct err err;

	if (find_read(caller, request, &f, &err) < 0) {
		refuse_request(c, request, &err);
		return;
	}
	find_all(a->parts.engine, &f);
	if (!f.count && caller_may_write(a, caller, request, &err) < 0)
		refuse_request(c, request, &err);
	else
		release_all(c, &f);
	free(f.ids);
}
