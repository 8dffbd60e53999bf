/* /v1/orders: many challenges that become useful together. DELETE is beside its sibling in challenges.c. */
#include <string.h>

#include "solver/api/common/internal.h"
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
