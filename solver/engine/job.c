#include "solver/engine/job.h"

#include <stdlib.h>
#include <string.h>

#include "solver/base/mem.h"
#include "solver/engine/entry.h"
#include "solver/engine/instance.h"
#include "solver/net/child.h"

#define STEPS_MAX 10000 /* a provider that never ends is a bug; the job ends with an error */
#define CALL_TIMEOUT_MS 30000

struct job_run {
	struct engine *e;
	struct instance *instance;
	struct job *job;
	void (*done)(struct job *job, const struct err *err, void *arg);
	void *arg;
	struct request request;
	struct timer *timer;
	struct http_call *call;
	unsigned steps;
	bool waiting;   /* a reply will come */
	bool cancelled;
};

static void take_step(struct job_run *r, const struct answer *answer);

static void run_free(struct job_run *r)
{
	timer_stop(r->timer);
	free(r);
}

static void finish(struct job_run *r, const struct err *err)
{
	if (r->instance->api->job_done)
		r->instance->api->job_done(r->instance->provider, r->job);
	r->done(r->job, err, r->arg);
	run_free(r);
}

static void resume(struct job_run *r, const struct answer *answer)
{
	r->waiting = false;
	r->call = NULL;
	if (r->cancelled)
		run_free(r);
	else
		take_step(r, answer);
}

static void on_http(const struct http_reply *reply, const struct err *err, void *arg)
{
	struct answer answer = { .code = err->code, .error = err->text };

	if (reply) {
		answer.status = reply->status;
		answer.headers = reply->headers;
		answer.body = reply->body;
		answer.length = reply->body_length;
	}
	resume(arg, &answer);
}

static void on_dns(const unsigned char *wire, size_t length, int64_t elapsed_ms, const struct err *err, void *arg)
{
	struct answer answer = { .code = err->code, .error = err->text, .body = (const char *)wire, .length = length };

	(void)elapsed_ms;
	resume(arg, &answer);
}

static void on_child(const struct child_result *result, const struct err *err, void *arg)
{
	struct answer answer = { .code = err->code, .error = err->text };

	if (result) {
		answer.status = result->exit_status;
		answer.body = result->output;
		answer.length = strlen(result->output);
		answer.errors = result->errors;
	}
	resume(arg, &answer);
}

static void on_pause(void *arg)
{
	struct job_run *r = arg;

	r->timer = NULL;
	resume(r, &(struct answer){ 0 });
}

/* dcvd's own answers: they are there at once. */
static void set_answers(struct job_run *r)
{
	for (size_t i = 0; i < r->job->count; i++) {
		const struct change *change = &r->job->changes[i];

		if (change->op == CHANGE_ADD)
			answers_set_dns(r->e->parts.answers, change->fqdn, change->value);
		else
			answers_clear_dns(r->e->parts.answers, change->fqdn, change->value);
	}
	r->timer = timer_start(r->e->parts.loop, 0, on_pause, r);
}

static int start_http(struct job_run *r, struct err *err)
{
	const struct request *q = &r->request;
	struct http_request h = { .method = q->method, .url = q->url, .headers = q->headers, .body = q->body,
	                          .body_length = q->body ? strlen(q->body) : 0, .ca_file = q->ca_file,
	                          .max_reply = 8 << 20,
	                          .timeout_ms = q->timeout_ms ? (int)q->timeout_ms : CALL_TIMEOUT_MS };

	return http_start(r->e->parts.http, &h, on_http, r, &r->call, err);
}

static int start_wish(struct job_run *r, struct err *err)
{
	const struct request *q = &r->request;
	struct child_request child = { .argv = q->argv, .env = q->env, .input = q->input,
	                               .input_length = q->input ? strlen(q->input) : 0, .timeout_ms = (int)q->timeout_ms };

	switch (q->want) {
	case WANT_HTTP:
		return start_http(r, err);
	case WANT_DNS:
		return resolver_exchange(r->e->parts.resolver, q->server, q->wire, q->wire_length, q->tcp, on_dns, r, err);
	case WANT_RUN:
		return child_start(r->e->parts.loop, &child, on_child, r, err);
	case WANT_PAUSE:
		r->timer = timer_start(r->e->parts.loop, q->timeout_ms, on_pause, r);
		return 0;
	case WANT_ANSWERS:
		set_answers(r);
		return 0;
	default:
		return err_set(err, ERR_PROTOCOL, "the provider wants something unknown");
	}
}

static void take_step(struct job_run *r, const struct answer *answer)
{
	struct answer refused;
	struct err err = { 0 }, why;

	for (;;) {
		r->request = (struct request){ .want = WANT_NOTHING };
		r->job->now_seconds = loop_wall_ms(r->e->parts.loop) / 1000;
		if (++r->steps > STEPS_MAX)
			err_set(&err, ERR_PROTOCOL, "the provider did not end its job after %d steps", STEPS_MAX);
		else if (r->instance->api->step(r->instance->provider, r->job, answer, &r->request, &err) >= 0)
			err.code = 0;
		if (err.code || r->request.want == WANT_NOTHING)
			break;
		if (start_wish(r, &err) == 0) {
			r->waiting = true;
			return;
		}
		why = err; /* the step reads it while it may write its own into `err` */
		refused = (struct answer){ .code = why.code, .error = why.text };
		answer = &refused;
	}
	finish(r, &err);
}

static void first_step(void *arg)
{
	struct job_run *r = arg;

	r->timer = NULL;
	take_step(r, NULL);
}

struct job_run *job_start(struct engine *e, struct instance *i, struct job *job,
                          void (*done)(struct job *job, const struct err *err, void *arg), void *arg)
{
	struct job_run *r = mem_new(1, sizeof(*r));

	*r = (struct job_run){ .e = e, .instance = i, .job = job, .done = done, .arg = arg };
	r->timer = timer_start(e->parts.loop, 0, first_step, r);
	return r;
}

void job_cancel(struct job_run *r)
{
	if (r->instance->api->job_done)
		r->instance->api->job_done(r->instance->provider, r->job);
	http_cancel(r->call);
	r->cancelled = true; /* a DNS reply or a program that is still under way frees the run */
	if (r->call || r->timer || !r->waiting)
		run_free(r);
}
