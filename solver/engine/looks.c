#include "solver/engine/looks.h"

#include <stdlib.h>
#include <string.h>

#include "solver/base/mem.h"
#include "solver/engine/entry.h"

bool look_is_silent(const struct look *l)
{
	if (l->silent)
		return true;
	return !l->value_count && (!l->status || (strcmp(l->status, "NOERROR") != 0 && strcmp(l->status, "NXDOMAIN") != 0));
}

char *look_reason(const struct look *l)
{
	return mem_printf("%s (%s): %s", l->server, l->address, l->detail ? l->detail : l->status ? l->status : "no answer");
}

void looks_clear(struct looks *all)
{
	for (size_t i = 0; i < all->count; i++)
		look_done(&all->items[i]);
	free(all->items);
	*all = (struct looks){ 0 };
}

void looks_keep(struct looks *all, size_t first, struct verdict *v)
{
	size_t needed = first + v->look_count;

	if (needed > all->count) {
		all->items = mem_resize(all->items, needed, sizeof(*all->items));
		memset(all->items + all->count, 0, (needed - all->count) * sizeof(*all->items));
		all->count = needed;
	}
	for (size_t i = 0; i < v->look_count; i++) {
		look_done(&all->items[first + i]);
		all->items[first + i] = v->looks[i];
	}
	v->look_count = 0; /* they are ours now */
}

const struct look *looks_first_bad(const struct looks *all)
{
	for (size_t i = 0; i < all->count; i++)
		if (all->items[i].server && !all->items[i].ok && !look_is_unroutable(&all->items[i]))
			return &all->items[i];
	return NULL;
}

static void judge_looks(const struct look *bad, struct verdict *v, const struct entry *n)
{
	bool http = n->c.type == CHALLENGE_HTTP01;

	v->result = bad ? VERDICT_FAIL : VERDICT_PASS;
	for (size_t i = 0; bad && i < v->look_count; i++)
		if (v->looks[i].ok)
			v->result = VERDICT_FLAKY;
	if (bad) {
		v->problem = bad->value_count ? PROBLEM_UNAUTHORIZED : http ? PROBLEM_CONNECTION : PROBLEM_DNS;
		v->detail = look_reason(bad);
	} else {
		v->detail = mem_printf("all %zu %s of %s show%s the %s", v->look_count, http ? "addresses" : "name server addresses",
		                       http ? n->c.identifier : n->c.zone, v->look_count == 1 ? "s" : "", http ? "key authorization" : "value");
	}
}

struct verdict *looks_verdict(const struct looks *all, const struct entry *n)
{
	struct verdict *v = verdict_new();

	v->identifier = mem_dup(n->c.identifier);
	v->type = mem_dup(challenge_type_name(n->c.type));
	v->wildcard = n->c.wildcard;
	v->zone = mem_dup(n->c.zone);
	v->fqdn = mem_dup(n->c.fqdn);
	v->at_ms = loop_wall_ms(n->e->parts.loop);
	v->stage = STAGE_VALIDATION;
	for (size_t i = 0; i < all->count && v->look_count < LOOKS_MAX; i++)
		if (all->items[i].server)
			v->looks[v->look_count++] = all->items[i];
	judge_looks(looks_first_bad(all), v, n);
	return v;
}

void looks_verdict_free(struct verdict *v)
{
	v->look_count = 0;
	verdict_free(v);
}
