/* For load balancers and supervisors; no token, so no detail beyond a sentence. */
#include "solver/api/rest/rest.h"

void health_live(struct api *a, struct http_exchange *x, const struct caller *caller, const char *argument)
{
	(void)a;
	(void)caller;
	(void)argument;
	reply_json(x, 200, json_pack("{ss ss}", "status", "ok", "version", DCVD_VERSION));
}

void health_ready(struct api *a, struct http_exchange *x, const struct caller *caller, const char *argument)
{
	struct problem problem = { .status = 503 };

	(void)caller;
	(void)argument;
	if (a->parts.ready && a->parts.ready(a->parts.arg, &problem.err) < 0)
		reply_problem(a, x, &problem);
	else
		reply_json(x, 200, json_pack("{ss}", "status", "ready"));
}
