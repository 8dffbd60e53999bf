/* Challenges and orders as callers see them. Never the key authorization. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "solver/api/common/internal.h"
#include "solver/base/clock.h"
#include "solver/base/mem.h"

/* Text that came from outside may not be UTF-8: null rather than a broken document. */
static json_t *text(const char *t)
{
	json_t *s = t ? json_string(t) : NULL;

	return s ? s : json_null();
}

static json_t *at(int64_t wall_ms)
{
	char buffer[CLOCK_TEXT_SIZE];

	return wall_ms ? json_string(clock_text(wall_ms, buffer)) : json_null();
}

static json_t *domain(const struct challenge *c)
{
	char name[NAME_SIZE + 2];

	snprintf(name, sizeof(name), "%s%s", c->wildcard ? "*." : "", c->identifier);
	return text(name);
}

static json_t *document(const char *stored)
{
	json_t *j = stored ? json_loads(stored, 0, NULL) : NULL;

	return j ? j : json_null();
}

static void add_where(json_t *all, const struct challenge *c)
{
	if (challenge_type_is_dns(c->type)) {
		json_object_set_new(all, "value", text(c->value));
		if (c->record_name)
			json_object_set_new(all, "record_name", text(c->record_name));
		if (c->account_uri)
			json_object_set_new(all, "account_uri", text(c->account_uri));
		json_object_set_new(all, "zone", text(c->zone));
		return;
	}
	json_object_set_new(all, "token", text(c->token));
	CLEANUP(mem_freep) char *url = mem_printf("http://%s/.well-known/acme-challenge/%s", c->identifier, c->token);
	json_object_set_new(all, "url", text(url));
}

static void add_holder(const struct order *o, bool holds, void *arg)
{
	if (holds)
		json_array_append_new(arg, json_string(o->id));
}

static const char *order_of(const struct challenge *c, const char *order_id)
{
	return order_id && *order_id ? order_id : c->order_id;
}

json_t *challenge_summary_json(struct engine *e, const struct challenge *c, const char *order_id)
{
	json_t *orders = json_array(), *all;
	const char *first;

	engine_each_order(e, c->id, add_holder, orders);
	first = json_string_value(json_array_get(orders, 0));
	all = json_pack("{ss ss so ss ss so so so so so so so so ss}", "id", c->id, "order", order_of(c, order_id && *order_id ? order_id : first),
	                "orders", orders, "state", challenge_state_name(c->state), "type", challenge_type_name(c->type), "domain", domain(c),
	                "fqdn", text(c->fqdn), "provider", text(c->provider), "created", at(c->created_ms), "updated", at(c->updated_ms),
	                "deadline", at(c->deadline_ms), "expires", at(c->expires_ms), "reason", text(c->reason), "client", c->client);
	json_object_set_new(all, "waiting_for", text(c->waiting_for));
	json_object_set_new(all, "waiting_since", at(c->waiting_since_ms));
	add_where(all, c);
	return all;
}

/* Of what is over: whether it ever was ready, and what the authority is known to have said. */
static void add_course(json_t *all, const struct challenge *history)
{
	const char *said = NULL;
	bool was_ready = false;

	for (size_t i = 0; i < history->event_count; i++) {
		const struct challenge_event *event = &history->events[i];

		was_ready |= event->state == CHALLENGE_READY;
		if (event->text && strncmp(event->text, ENGINE_INVALID_SENTENCE, strlen(ENGINE_INVALID_SENTENCE)) == 0)
			said = "invalid";
		else if (event->text && strncmp(event->text, ENGINE_VALID_SENTENCE, strlen(ENGINE_VALID_SENTENCE)) == 0)
			said = "valid";
	}
	json_object_set_new(all, "was_ready", json_boolean(was_ready));
	json_object_set_new(all, "authority", text(said));
}

json_t *challenge_json(struct engine *e, const struct challenge *c, const char *order_id, const struct challenge *history)
{
	json_t *all = challenge_summary_json(e, c, order_id), *events = json_array();

	for (size_t i = 0; i < history->event_count; i++)
		json_array_append_new(events, json_pack("{so ss so}", "at", at(history->events[i].at_ms), "state",
		                                        challenge_state_name(history->events[i].state), "text", text(history->events[i].text)));
	add_course(all, history);
	json_object_set_new(all, "verdict", document(history->verdict));
	json_object_set_new(all, "events", events);
	return all;
}

json_t *event_json(const struct challenge *c, const char *order_id, const struct challenge_event *event)
{
	return json_pack("{ss ss so ss so so}", "challenge", c->id, "order", order_of(c, order_id), "domain", domain(c), "state",
	                 challenge_state_name(event->state), "at", at(event->at_ms), "text", text(event->text));
}

static json_t *callback_json(const struct order *o, bool operator)
{
	json_t *result = document(o->callback_result);

	if (!operator) {
		json_object_del(result, "status");
		json_object_del(result, "error");
	}
	if (!o->callback_url) {
		json_decref(result);
		return json_null();
	}
	return json_pack("{so so sb so}", "url", text(o->callback_url), "secret", text(o->callback_secret), "settled",
	                 o->announced, "result", result);
}

/* The names of an order that a list shows. */
#define NAMES_SHOWN 3
#define IDS_SHOWN 8

json_t *order_summary_json(struct engine *e, const struct order *o)
{
	const struct challenge **list;
	size_t count = engine_order_challenges(e, o->id, &list), ready = 0;
	json_t *names = json_array(), *types = json_array(), *ids = json_array();
	const char *reason = o->share ? o->share->reason : NULL, *waits = NULL;
	int64_t updated = o->created_ms;

	for (size_t i = 0; i < count; i++) {
		const struct challenge *c = list[i];

		ready += c->state == CHALLENGE_READY;
		updated = c->updated_ms > updated ? c->updated_ms : updated;
		reason = reason ? reason : c->reason;
		waits = waits ? waits : c->waiting_for;
		if (i < NAMES_SHOWN)
			json_array_append_new(names, domain(c));
		if (i < IDS_SHOWN)
			json_array_append_new(ids, json_string(c->id));
		if (i == 0 || c->type != list[i - 1]->type)
			json_array_append_new(types, text(challenge_type_name(c->type)));
	}
	free(list);
	return json_pack("{ss ss so so so ss so so so sI sI so so}", "id", o->id, "state", order_state_name(engine_order_state(e, o->id)), "created",
	                 at(o->created_ms), "updated", at(updated), "label", text(o->label), "client", o->client, "names", names, "types", types,
	                 "challenges", ids, "count", (json_int_t)count, "ready", (json_int_t)ready, "reason", text(reason), "waiting_for", text(waits));
}

json_t *order_json(struct engine *e, const struct order *o, bool operator)
{
	const struct challenge **list;
	size_t count = engine_order_challenges(e, o->id, &list);
	json_t *challenges = json_array();

	for (size_t i = 0; i < count; i++)
		json_array_append_new(challenges, challenge_summary_json(e, list[i], o->id));
	free(list);
	return json_pack("{ss ss so so so ss so so}", "id", o->id, "state", order_state_name(engine_order_state(e, o->id)), "reason",
	                 text(o->share ? o->share->reason : NULL), "created", at(o->created_ms), "label", text(o->label), "client", o->client, "callback", callback_json(o, operator),
	                 "challenges", challenges);
}
