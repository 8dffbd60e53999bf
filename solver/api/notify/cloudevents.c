#include "solver/api/notify/cloudevents.h"

#include <inttypes.h>
#include <stdlib.h>

#include "solver/api/notify/callbacks.h"
#include "solver/base/clock.h"
#include "solver/base/mem.h"

#define ORDERS "/v1/orders"
#define CHALLENGES "/v1/challenges"
#define ENROLLMENTS "/v1/cps/enrollments"

static json_t *event_new(const char *source, const char *subject, const char *id, const char *type, int64_t at_ms, json_t *takes_data)
{
	char at[CLOCK_TEXT_SIZE];

	return json_pack("{ss ss ss ss ss ss ss so}", "specversion", "1.0", "id", id, "source", source, "type", type, "subject", subject,
	                 "time", clock_text(at_ms, at), "datacontenttype", JSON_TYPE, "data", takes_data);
}

static int64_t order_moved_ms(struct engine *e, const struct order *o)
{
	const struct challenge **list;
	size_t count = engine_order_challenges(e, o->id, &list);
	int64_t latest = o->created_ms;

	for (size_t i = 0; i < count; i++)
		if (list[i]->updated_ms > latest)
			latest = list[i]->updated_ms;
	free(list);
	return latest;
}

json_t *cloudevent_order(struct engine *e, const struct order *o, enum order_state state)
{
	const char *word = state == ORDER_READY ? "ready" : "failed";
	CLEANUP(mem_freep) char *id = mem_printf("%s.%s", o->id, word);
	CLEANUP(mem_freep) char *type = mem_printf("dcvd.order.%s", word);

	return event_new(ORDERS, o->id, id, type, order_moved_ms(e, o), order_json(e, o, false));
}

json_t *cloudevent_challenge(const struct challenge *c, const char *order_id, const struct challenge_event *event)
{
	const char *state = challenge_state_name(event->state);
	CLEANUP(mem_freep) char *id = mem_printf("%s.%s.%" PRId64, c->id, state, event->at_ms);
	CLEANUP(mem_freep) char *type = mem_printf("dcvd.challenge.%s", state);

	return event_new(CHALLENGES, c->id, id, type, event->at_ms, event_json(c, order_id, event));
}

static json_t *text_or_null(const char *text)
{
	json_t *value = text && *text ? json_string(text) : NULL;

	return value ? value : json_null();
}

json_t *cps_event_json(const struct cps_event *event)
{
	char at[CLOCK_TEXT_SIZE];

	return json_pack("{ss so sI so so so so so ss}", "type", event->type, "key", text_or_null(event->key), "enrollment", (json_int_t)event->enrollment,
	                 "account", text_or_null(event->account), "name", text_or_null(event->name), "change",
	                 event->change ? json_integer((json_int_t)event->change) : json_null(), "kind", text_or_null(event->kind), "text",
	                 text_or_null(event->text), "at", clock_text(event->at_ms, at));
}

json_t *cloudevent_cps(const struct cps_event *event)
{
	CLEANUP(mem_freep) char *id = mem_printf("cps.%s.%s%s%s.%" PRId64, event->key, event->type, event->kind ? "." : "", event->kind ? event->kind : "",
	                                         event->at_ms);
	CLEANUP(mem_freep) char *type = mem_printf("dcvd.cps.%s", event->type);

	return event_new(ENROLLMENTS, event->key, id, type, event->at_ms, cps_event_json(event));
}
