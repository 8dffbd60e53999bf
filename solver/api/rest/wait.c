/* ?wait=ready: the reply comes when the order is ready, has failed, is gone, or the time is over. */
#include <stdlib.h>
#include <string.h>

#include "solver/api/rest/rest.h"
#include "solver/base/log.h"
#include "solver/base/mem.h"

#define WAIT_DEFAULT_MS 30000
#define WAIT_MAX_MS 600000

struct waiter {
	struct call *call;
	struct engine_listener *listener;
	struct timer *timer;
};

int wait_read(struct call *c, struct problem *problem)
{
	const char *wait = http_exchange_query(c->x, "wait");
	const char *timeout = http_exchange_query(c->x, "timeout");
	struct err err;

	c->timeout_ms = WAIT_DEFAULT_MS;
	if (wait && strcmp(wait, "ready") != 0)
		return problem_set(problem, 400, ERR_INVALID, NULL, "wait=%.40s is not known; the only one is wait=ready", wait);
	if (timeout && !wait)
		return problem_set(problem, 400, ERR_INVALID, NULL, "timeout goes with wait=ready");
	if (timeout && duration_read(timeout, &c->timeout_ms, &err) < 0)
		return problem_set(problem, 400, ERR_INVALID, NULL, "timeout: %s", err.text);
	if (c->timeout_ms > WAIT_MAX_MS)
		return problem_set(problem, 400, ERR_INVALID, NULL, "timeout is at most 10m; ask again after that");
	c->wait = wait != NULL;
	return 0;
}

/* A caller may wait for one challenge of an order of many. */
static bool is_settled(struct call *c)
{
	struct engine *e = c->api->parts.engine;
	const struct challenge *one = c->single ? engine_challenge(e, c->id) : NULL;

	if (one)
		return engine_kept_state(e, c->id) >= CHALLENGE_READY;
	return engine_order_state(e, c->id) != ORDER_PENDING;
}

static void refuse_forgotten(struct call *c)
{
	struct err err;

	err_set(&err, ERR_NOT_FOUND, "%s is over and forgotten", c->id);
	reply_err(c->api, c->x, &err);
}

static bool client_has_ended(struct call *c)
{
	if (!client_ended(c->api, c->client, c->version))
		return false;
	reply_problem(c->api, c->x, &(struct problem){ .status = 401, .err = { ERR_DENIED, "the client was revoked, or its token is another by now" } });
	return true;
}

static void on_history(const struct challenge *history, const struct err *err, void *arg)
{
	struct call *c = arg;
	const struct challenge *one = c->api ? engine_challenge(c->api->parts.engine, c->id) : NULL;

	if (err->code)
		log_event(LOG_ERROR, "the history of a challenge could not be read", "id", c->id, "error", err->text, NULL);
	if (c->x && c->api && !client_has_ended(c)) {
		if (one)
			reply_json(c->x, c->status, challenge_json(c->api->parts.engine, one, c->order_id, history));
		else
			refuse_forgotten(c);
	}
	call_release(c);
}

/* The events may have to be read from the journal. */
static void answer_challenge(struct call *c)
{
	struct err err;

	c->holders++;
	if (engine_history(c->api->parts.engine, c->id, on_history, c, &err) == 0)
		return;
	refuse_forgotten(c);
	call_release(c);
}

static void answer(struct call *c, int status)
{
	struct engine *e = c->api->parts.engine;
	const struct order *o = c->single ? NULL : engine_order(e, c->id);

	c->status = status;
	if (client_has_ended(c))
		return;
	if (c->single)
		answer_challenge(c);
	else if (o)
		reply_json(c->x, status, order_json(e, o, c->operator));
	else
		refuse_forgotten(c);
}

static void waiter_free(struct waiter *w)
{
	engine_unlisten(w->listener);
	timer_stop(w->timer);
	free(w);
}

static void on_caller_gone(void *arg)
{
	struct waiter *w = arg;
	struct call *c = w->call;

	waiter_free(w);
	c->x = NULL;
	call_release(c);
}

static void finish(struct waiter *w, int status)
{
	engine_unlisten(w->listener);
	timer_stop(w->timer);
	w->listener = NULL;
	w->timer = NULL;
	answer(w->call, status); /* the waiter goes with the exchange */
}

static void on_timeout(void *arg)
{
	struct waiter *w = arg;

	w->timer = NULL;
	finish(w, is_settled(w->call) ? 200 : 202);
}

/* Its deadline may pass for an order while the challenge goes on for others. */
static bool may_settle(struct waiter *w, const struct challenge_event *event)
{
	const struct order *o = w->call->single ? NULL : engine_order(w->call->api->parts.engine, w->call->id);

	return event->state >= CHALLENGE_READY || (o && o->share);
}

static void on_event(const struct challenge *changed, const struct challenge_event *event, void *arg)
{
	struct waiter *w = arg;

	(void)changed;
	if (may_settle(w, event) && is_settled(w->call))
		finish(w, 200);
}

void wait_answer(struct call *c)
{
	struct waiter *w;

	if (!c->wait || is_settled(c)) {
		answer(c, c->wait ? 200 : c->status);
		return;
	}
	w = mem_new(1, sizeof(*w));
	w->call = c;
	w->listener = engine_listen(c->api->parts.engine, c->id, on_event, w);
	w->timer = timer_start(c->api->parts.loop, c->timeout_ms, on_timeout, w);
	http_exchange_on_gone(c->x, on_caller_gone, w);
}
