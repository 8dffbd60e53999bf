/* What has not answered: at the time limit, and when only silent servers are left; and the end of what is under way. */
#include <string.h>

#include "solver/check/query.h"

void run_give_up(struct check_run *r)
{
	struct ev_answer *answer;
	struct query *q, *tmp;
	struct err err;

	err_set(&err, ERR_TIMEOUT, "no answer within the time limit of the check");
	HASH_ITER(hh, r->queries, q, tmp) {
		if (!q->waiting)
			continue;
		q->waiting = false;
		if (q->url || q->certificate)
			query_give_up_web(q);
		else if ((answer = query_answer(q, q->view ? q->view : q->server ? "direct" : "authority")) != NULL) {
			answer_fail(answer, &err);
			host_note_answer(r, answer);
		}
	}
}

/* The same question got an answer from somebody else, or over UDP instead of TCP. */
static bool is_answered_elsewhere(const struct query *q)
{
	for (size_t i = 0; i < q->run->e->answer_count; i++) {
		const struct ev_answer *other = &q->run->e->answers[i];

		if (other->type == q->type && !other->failure && strcmp(other->name, q->name) == 0)
			return true;
	}
	return false;
}

bool run_waits_for_silent(const struct check_run *r)
{
	bool some = false;

	for (const struct query *q = r->queries; q; q = q->hh.next) {
		if (!q->waiting)
			continue;
		if (!q->server || q->url || q->certificate || !is_answered_elsewhere(q))
			return false;
		some = true;
	}
	return some;
}

void run_abandon(struct check_run *r)
{
	struct ev_answer *answer;
	struct err err;

	err_set(&err, ERR_TIMEOUT, "no answer, while the same question was answered elsewhere");
	for (struct query *q = r->queries; q; q = q->hh.next) {
		if (!q->waiting)
			continue;
		q->waiting = false;
		q->abandoned = true;
		r->abandoned++;
		if ((answer = query_answer(q, q->view ? q->view : "direct")) != NULL)
			answer_fail(answer, &err);
	}
}

void queries_cancel_web(struct check_run *r)
{
	for (struct query *q = r->queries; q; q = q->hh.next)
		query_cancel_web(q);
}
