/* /v1/orders: many challenges that become useful together. DELETE is beside its sibling in challenges.c. */
#include <stdlib.h>
#include <string.h>

#include "solver/api/rest/rest.h"
#include "solver/api/rest/submit.h"

void orders_post(struct api *a, struct http_exchange *x, const struct caller *caller, const char *argument)
{
	(void)argument;
	submit_post(a, x, caller, body_read_order);
}

void orders_get(struct api *a, struct http_exchange *x, const struct caller *caller, const char *id)
{
	const struct order *o;
	struct problem problem = { 0 };
	struct call *call;

	if (caller_order(a, caller, id, &o, &problem) < 0) {
		reply_problem(a, x, &problem);
		return;
	}
	call = call_new(a, x, caller);
	call->status = 200;
	memcpy(call->id, o->id, ID_SIZE);
	if (wait_read(call, &problem) < 0)
		reply_problem(a, x, &problem);
	else
		wait_answer(call);
}

/* ---- list ---- */

struct listing {
	struct engine *engine;
	json_t *orders;
	char last[ID_SIZE];
};

static void list_add(const struct order *o, void *arg)
{
	struct listing *l = arg;

	json_array_append_new(l->orders, order_summary_json(l->engine, o));
	memcpy(l->last, o->id, ID_SIZE);
}

#define ORDER_STATES (ORDER_GONE + 1)

static int read_state(const char *text, struct problem *problem)
{
	for (int i = 0; i < ORDER_STATES; i++)
		if (strcmp(order_state_name((enum order_state)i), text) == 0)
			return i;
	return problem_set(problem, 400, ERR_INVALID, NULL, "state \"%.40s\" is not known; it is pending, ready, failed, withdrawing or gone", text);
}

struct counting {
	struct engine *engine;
	json_int_t orders[ORDER_STATES];
};

static void count_one(const struct order *o, void *arg)
{
	struct counting *c = arg;

	c->orders[engine_order_state(c->engine, o->id)]++;
}

/* Of all that the caller may see, whatever it asked for. */
static json_t *counts_json(struct api *a, const char *client)
{
	struct counting c = { .engine = a->parts.engine };
	json_t *all = json_object();

	engine_orders(a->parts.engine, &(struct order_filter){ .client = client, .state = -1 }, NULL, SIZE_MAX, count_one, &c);
	for (int i = 0; i < ORDER_STATES; i++)
		json_object_set_new(all, order_state_name((enum order_state)i), json_integer(c.orders[i]));
	return all;
}

/* What a page of the list is asked to hold. A cursor that is unknown would look like the end of the list. */
static int read_page(struct api *a, struct http_exchange *x, const struct caller *caller, struct order_filter *filter, size_t *ret_limit,
                     struct problem *problem)
{
	const char *state = http_exchange_query(x, "state"), *after = http_exchange_query(x, "after");
	const struct order *o;

	*filter = (struct order_filter){ .client = grants_see_all(caller->grants) ? NULL : caller->name, .search = http_exchange_query(x, "search"),
	                                 .state = -1 };
	if (state && (filter->state = read_state(state, problem)) < 0)
		return problem->err.code;
	if (after && caller_order(a, caller, after, &o, problem) < 0)
		return problem_set(problem, 400, ERR_INVALID, NULL, "after=%.40s is no order any more; start from the first page", after);
	return limit_read(http_exchange_query(x, "limit"), ret_limit, problem);
}

void orders_list(struct api *a, struct http_exchange *x, const struct caller *caller, const char *argument)
{
	struct listing l = { .engine = a->parts.engine };
	struct problem problem = { 0 };
	struct order_filter filter;
	size_t limit = PAGE_DEFAULT, count;

	(void)argument;
	if (read_page(a, x, caller, &filter, &limit, &problem) < 0) {
		reply_problem(a, x, &problem);
		return;
	}
	l.orders = json_array();
	count = engine_orders(a->parts.engine, &filter, http_exchange_query(x, "after"), limit, list_add, &l);
	reply_json_tagged(x, json_pack("{so so so}", "orders", l.orders, "counts", counts_json(a, filter.client), "next",
	                               count == limit ? json_string(l.last) : json_null()));
}
