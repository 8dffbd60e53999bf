#include <string.h>
#include <time.h>

#include "tests/contract/contract.h"

#define STEPS_MAX 10000

static bool holds(const char *text, const char *secret)
{
	return text && strstr(text, secret) != NULL;
}

/* Others see the URL in logs, and argv and environment in the process table. */
static void watch_for_leaks(struct run *r, const struct request *q)
{
	if (!r->secret || strlen(r->secret) < 6)
		return;
	r->leaked |= q->want == WANT_HTTP && holds(q->url, r->secret);
	for (size_t i = 0; q->want == WANT_RUN && q->argv[i]; i++)
		r->leaked |= holds(q->argv[i], r->secret);
}

static void watch_messages(struct run *r, const struct job *job)
{
	for (size_t i = 0; r->secret && strlen(r->secret) >= 6 && i < job->count; i++)
		r->leaked |= holds(job->changes[i].message, r->secret);
}

static void answer_get(struct run *r, const struct job *job, const struct request *q, struct answer *ret)
{
	enum fault fault = r->calls == r->fault_at ? r->fault : FAULT_NONE;

	if (fault == FAULT_NONE || fault == FAULT_LOST) {
		transport_carry_out(q, ret);
		if (q->want == WANT_ANSWERS)
			published_apply(job);
	}
	if (fault == FAULT_LOST)
		*ret = (struct answer){ .code = ERR_TIMEOUT, .error = "the reply was lost", .headers = "", .body = "", .errors = "" };
	else if (fault == FAULT_UNREACHED)
		*ret = (struct answer){ .code = ERR_UNREACHABLE, .error = "connection refused", .headers = "", .body = "", .errors = "" };
	else if (fault == FAULT_STATUS)
		*ret = (struct answer){ .status = r->fault_status, .headers = "Retry-After: 7\r\n", .body = "{}", .length = 2, .errors = "told so" };
	else if (fault == FAULT_NONSENSE)
		*ret = (struct answer){ .status = 200, .headers = "", .body = "\x01{\"rrsets\":[[[", .length = 14, .errors = "" };
	if (q->want != WANT_PAUSE)
		r->calls++;
}

static int step(struct run *r, struct job *job, const struct answer *answer, struct request *q, struct err *err)
{
	int rc;

	job->now_seconds = time(NULL);
	memset(q, 0, sizeof(*q));
	rc = r->api->step(r->provider, job, answer, q, err);
	if (rc == 0)
		watch_for_leaks(r, q);
	return rc;
}

int run_job(struct run *r, struct job *job, struct err *err)
{
	struct answer answer;
	struct request q;
	int rc;

	r->calls = 0;
	rc = step(r, job, NULL, &q, err);
	r->first_want = q.want;
	for (int i = 0; rc == 0 && q.want != WANT_NOTHING && i < STEPS_MAX; i++) {
		struct request next;

		answer_get(r, job, &q, &answer);
		rc = step(r, job, &answer, &next, err);
		q = next;
	}
	r->api->job_done(r->provider, job);
	watch_messages(r, job);
	return rc;
}

void run_cut_short(struct run *r, struct job *job)
{
	struct request q;
	struct err err = { 0 };

	step(r, job, NULL, &q, &err);
	r->api->job_done(r->provider, job);
}
