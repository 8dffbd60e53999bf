#include "solver/check/query.h"

#include <stdlib.h>
#include <string.h>

#include "solver/base/mem.h"

struct query *query_new(struct check_run *r, char *key)
{
	struct query *q;

	HASH_FIND_STR(r->queries, key, q);
	if (q) {
		free(key);
		return NULL;
	}
	q = mem_new(1, sizeof(*q));
	*q = (struct query){ .run = r, .key = key, .waiting = true, .started_ms = loop_now_ms(r->c->parts.loop) };
	HASH_ADD_KEYPTR(hh, r->queries, q->key, strlen(q->key), q);
	r->pending++;
	return q;
}

static void query_free(struct query *q)
{
	free(q->key);
	free(q->name);
	free(q->server);
	free(q->address);
	free(q->zone);
	free(q->url);
	free(q);
}

struct ev_answer *query_answer(struct query *q, const char *view)
{
	struct check_run *r = q->run;
	struct ev_answer *answer = evidence_add_answer(r->e);

	if (!answer)
		return NULL;
	answer->view = mem_dup(view);
	answer->name = mem_dup(q->name);
	answer->type = q->type;
	answer->rcode = -1;
	answer->elapsed_ms = loop_now_ms(r->c->parts.loop) - q->started_ms;
	answer->at_ms = loop_wall_ms(r->c->parts.loop);
	if (q->server) {
		answer->server = mem_dup(q->server);
		answer->address = mem_dup(q->address);
		answer->zone = mem_dup(q->zone);
		answer->transport = mem_dup(q->tcp ? "tcp" : "udp");
	}
	return answer;
}

void query_over(struct query *q)
{
	q->waiting = false;
	q->run->pending--;
}

void queries_free(struct check_run *r)
{
	struct query *q, *tmp;

	HASH_ITER(hh, r->queries, q, tmp) {
		HASH_DEL(r->queries, q);
		query_free(q);
	}
}
