#include "solver/engine/query_results.h"

#include <stdlib.h>
#include <string.h>

#include "solver/base/mem.h"
#include "solver/engine/entry.h"

bool query_result_is_silent(const struct query_result *l)
{
	if (l->silent)
		return true;
	return !l->value_count && (!l->status || (strcmp(l->status, "NOERROR") != 0 && strcmp(l->status, "NXDOMAIN") != 0));
}

char *query_result_reason(const struct query_result *l)
{
	return mem_printf("%s (%s): %s", l->server, l->address, l->detail ? l->detail : l->status ? l->status : "no answer");
}

void query_results_clear(struct query_results *all)
{
	for (size_t i = 0; i < all->count; i++)
		query_result_done(&all->items[i]);
	free(all->items);
	*all = (struct query_results){ 0 };
}

void query_results_keep(struct query_results *all, size_t first, struct verdict *v)
{
	size_t needed = first + v->result_count;

	if (needed > all->count) {
		all->items = mem_resize(all->items, needed, sizeof(*all->items));
		memset(all->items + all->count, 0, (needed - all->count) * sizeof(*all->items));
		all->count = needed;
	}
	for (size_t i = 0; i < v->result_count; i++) {
		query_result_done(&all->items[first + i]);
		all->items[first + i] = v->results[i];
	}
	v->result_count = 0; /* they are ours now */
}

const struct query_result *query_results_first_bad(const struct query_results *all)
{
	for (size_t i = 0; i < all->count; i++)
		if (all->items[i].server && !all->items[i].ok && !query_result_is_unroutable(&all->items[i]))
			return &all->items[i];
	return NULL;
}

static void judge_results(const struct query_result *bad, struct verdict *v, const struct entry *n)
{
	bool http = n->c.type == CHALLENGE_HTTP01;

	v->result = bad ? VERDICT_FAIL : VERDICT_PASS;
	for (size_t i = 0; bad && i < v->result_count; i++)
		if (v->results[i].ok)
			v->result = VERDICT_FLAKY;
	if (bad) {
		v->problem = bad->value_count ? PROBLEM_UNAUTHORIZED : http ? PROBLEM_CONNECTION : PROBLEM_DNS;
		v->detail = query_result_reason(bad);
	} else {
		v->detail = mem_printf("all %zu %s of %s show%s the %s", v->result_count, http ? "addresses" : "name server addresses",
		                       http ? n->c.identifier : n->c.zone, v->result_count == 1 ? "s" : "", http ? "key authorization" : "value");
	}
}

struct verdict *query_results_verdict(const struct query_results *all, const struct entry *n)
{
	struct verdict *v = verdict_new();

	v->identifier = mem_dup(n->c.identifier);
	v->type = mem_dup(challenge_type_name(n->c.type));
	v->wildcard = n->c.wildcard;
	v->zone = mem_dup(n->c.zone);
	v->fqdn = mem_dup(n->c.fqdn);
	v->at_ms = loop_wall_ms(n->e->parts.loop);
	v->stage = STAGE_VALIDATION;
	for (size_t i = 0; i < all->count && v->result_count < QUERY_RESULTS_MAX; i++)
		if (all->items[i].server)
			v->results[v->result_count++] = all->items[i];
	judge_results(query_results_first_bad(all), v, n);
	return v;
}

void query_results_verdict_free(struct verdict *v)
{
	v->result_count = 0;
	verdict_free(v);
}
