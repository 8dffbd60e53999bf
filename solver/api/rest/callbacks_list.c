/* GET /v1/callbacks: the orders that have a callback, and its result. ?settled=false: those not delivered yet. */
#include <string.h>

#include "solver/api/rest/rest.h"

#define LIST_MAX 1000

struct page {
	struct api *api;
	const struct caller *caller;
	int settled; /* or -1 */
	json_t *seen, *list;
};

static void add_order(struct page *p, const struct order *o)
{
	json_t *order = order_json(p->api->parts.engine, o, grants_operator(p->caller->grants));
	json_t *one = json_pack("{ss sO sO sO sO}", "order", o->id, "state", json_object_get(order, "state"), "label", json_object_get(order, "label"),
	                        "client", json_object_get(order, "client"), "created", json_object_get(order, "created"));

	json_object_update(one, json_object_get(order, "callback"));
	json_array_append_new(p->list, one);
	json_decref(order);
}

static void consider_order(const struct order *o, bool holds, void *arg)
{
	struct page *p = arg;

	(void)holds;
	if (json_array_size(p->list) == LIST_MAX || !o->callback_url || (p->settled >= 0 && o->announced != (p->settled == 1)) || json_object_get(p->seen, o->id))
		return;
	json_object_set_new(p->seen, o->id, json_true());
	add_order(p, o);
}

/* Orders are found through their challenges: a look at each order once. */
static void consider(const struct challenge *c, void *arg)
{
	struct page *p = arg;

	if (caller_sees(p->caller, c->client))
		engine_each_order(p->api->parts.engine, c->id, consider_order, p);
}

void callbacks_get(struct api *a, struct http_exchange *x, const struct caller *caller, const char *argument)
{
	const char *settled = http_exchange_query(x, "settled");
	struct page p = { .api = a, .caller = caller, .settled = -1 };
	struct problem problem = { 0 };

	(void)argument;
	if (settled && strcmp(settled, "true") != 0 && strcmp(settled, "false") != 0) {
		problem_set(&problem, 400, ERR_INVALID, NULL, "settled is true or false, not %.40s", settled);
		reply_problem(a, x, &problem);
		return;
	}
	if (settled)
		p.settled = strcmp(settled, "true") == 0;
	p.seen = json_object();
	p.list = json_array();
	engine_list(a->parts.engine, NULL, NULL, SIZE_MAX, consider, &p);
	json_decref(p.seen);
	reply_json(x, 200, json_pack("{so}", "callbacks", p.list));
}
