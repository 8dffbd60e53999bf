/* One question, all chosen peers at once, a result each; again while attempts are left and the quorum is missed. */
#include <stdlib.h>
#include <string.h>
#include <utlist.h>

#include "solver/base/mem.h"
#include "solver/base/secret.h"
#include "solver/mpic/internal.h"

struct peer_call {
	struct round *round;
	const struct peer *peer;
};

struct round {
	struct mpic *m;
	struct peers *peers;         /* held */
	json_t *body;
	bool caa;
	size_t count, quorum, pending;
	int64_t attempt, attempts;
	struct peer_call asked[MPIC_PEERS_MAX];
	struct mpic_result results[MPIC_PEERS_MAX];
	struct timer *begun;         /* the first turn of the loop after asking */
	round_fn done;               /* NULL: nobody waits any more */
	void *arg;
	struct round *prev, *next;
};

static void round_free(struct round *r)
{
	timer_stop(r->begun);
	DL_DELETE(r->m->rounds, r);
	for (size_t i = 0; i < r->count; i++)
		mpic_result_done(&r->results[i]);
	json_decref(r->body);
	peers_release(r->peers);
	free(r);
}

static void call_all(struct round *r);

static void round_over(struct round *r)
{
	if (r->done && r->attempt < r->attempts && !mpic_is_valid(r->results, r->count, r->quorum)) {
		call_all(r);
		return;
	}
	if (r->done)
		r->done(r->results, r->count, r->quorum, r->attempt, r->arg);
	round_free(r);
}

static void take_reply(struct mpic_result *result, const struct http_reply *reply, const struct err *err)
{
	json_t *all = reply && reply->status == 200 ? json_loadb(reply->body, reply->body_length, JSON_REJECT_DUPLICATES, NULL) : NULL;

	result->elapsed_ms = reply ? reply->elapsed_ms : 0;
	if (all)
		mpic_response_read(all, result);
	else
		result->detail = reply ? mem_printf("the perspective answers %d", reply->status) : mem_dup(err->text);
	json_decref(all);
}

static void on_reply(const struct http_reply *reply, const struct err *err, void *arg)
{
	struct peer_call *a = arg;
	struct round *r = a->round;

	if (r->done)
		take_reply(&r->results[a - r->asked], reply, err);
	if (--r->pending == 0)
		round_over(r);
}

static void call_peer(struct round *r, size_t i)
{
	struct peer_call *a = &r->asked[i];
	struct err err;

	mpic_result_done(&r->results[i]);
	r->results[i].code = mem_dup(a->peer->code);
	r->results[i].rir = mem_dup(a->peer->rir);
	if (peer_post(r->m, a->peer->url, r->caa ? "/caa" : "/dcv", secret_reveal(a->peer->token), r->body, on_reply, a, &err) == 0)
		r->pending++;
	else
		r->results[i].detail = mem_dup(err.text);
}

static void on_asked(void *arg)
{
	struct round *r = arg;

	r->begun = NULL;
	if (--r->pending == 0)
		round_over(r);
}

static void call_all(struct round *r)
{
	r->attempt++;
	r->pending = 1; /* the end comes later, never from here */
	for (size_t i = 0; i < r->count; i++)
		call_peer(r, i);
	r->begun = timer_start(r->m->parts.loop, 0, on_asked, r);
}

void round_start(struct mpic *m, const struct mpic_question *q, round_fn done, void *arg)
{
	const struct peer *chosen[MPIC_PEERS_MAX];
	const struct config_perspectives *c = &m->parts.config->perspectives;
	struct round *r = mem_new(1, sizeof(*r));

	*r = (struct round){ .m = m, .peers = m->peers, .caa = q->caa, .done = done, .arg = arg, .attempts = q->attempts ? q->attempts : 1 };
	r->peers->holders++;
	r->body = mpic_question_json(q, false);
	r->count = peers_choose(r->peers, q->domain, c->keys ? secret_reveal(c->keys) : "", (size_t)q->perspective_count, chosen);
	r->quorum = mpic_quorum(r->count);
	if (q->quorum_count > (int64_t)r->quorum)
		r->quorum = (size_t)q->quorum_count;
	for (size_t i = 0; i < r->count; i++)
		r->asked[i] = (struct peer_call){ .round = r, .peer = chosen[i] };
	DL_APPEND(m->rounds, r);
	call_all(r);
}

/* The calls that are under way come back to nobody. */
void rounds_cancel(struct mpic *m)
{
	struct round *r;

	DL_FOREACH(m->rounds, r)
		r->done = NULL;
}

void rounds_free(struct mpic *m)
{
	while (m->rounds)
		round_free(m->rounds);
}
