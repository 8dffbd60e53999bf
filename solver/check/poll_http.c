/* Polls an HTTP-01 token: the requests of the check that decides, under the same rules of the authority, without all that it asks
 * besides. Only the addresses come from elsewhere: from the recursive resolvers. */
#include <stdlib.h>

#include "solver/base/mem.h"
#include "solver/check/poll_run.h"

static void on_checked(struct evidence *e, struct verdict *v, void *arg)
{
	struct poll_run *r = arg;

	evidence_free(e);
	verdict_free(r->verdict);
	r->verdict = v;
	r->check = NULL;
	poll_replied(r);
}

static void conclude_http(struct poll_run *r)
{
	(void)r; /* the verdict says it all */
}

static void refused(void *arg)
{
	poll_replied(arg);
}

struct poll_run *poll_http(struct checker *c, const struct poll_request *request, poll_fn done, void *arg)
{
	struct poll_run *r = poll_new(c, request, done, arg);
	const struct check_want want = { .type = "http-01", .domain = request->identifier, .token = request->token,
	                                 .key_authorization = request->expected, .authority = request->authority,
	                                 .parts = CHECK_VALIDATION, .poll = true };
	struct err err;

	r->conclude = conclude_http;
	r->pending = 1;
	if (check_start(c, &want, on_checked, r, &r->check, &err) < 0) {
		r->verdict->result = VERDICT_FAIL;
		r->verdict->detail = mem_dup(err.text);
		later(&c->laters, 0, refused, r);
	}
	return r;
}
