#include "solver/verdict/network/chain.h"

#include <string.h>

#include "solver/base/buf.h"
#include "solver/base/mem.h"
#include "solver/verdict/network/lookup.h"

#define SHOWN_MAX 2000

static const char *target_in(const struct ev_answer *a, const char *name)
{
	for (size_t i = 0; i < a->record_count; i++)
		if (a->records[i].type == TYPE_CNAME && strcmp(a->records[i].owner, name) == 0)
			return a->records[i].data;
	return NULL;
}

/* By the authority's view, else by the first server that told it. */
static const char *target_of(const struct evidence *e, const char *name)
{
	const struct ev_answer *seen = evidence_authority(e, e->fqdn, TYPE_TXT);
	const char *target = seen ? target_in(seen, name) : NULL;

	for (size_t i = 0; !target && i < e->answer_count; i++)
		if (e->answers[i].type == TYPE_TXT)
			target = target_in(&e->answers[i], name);
	return target;
}

static bool holds(const struct chain *c, const char *name)
{
	for (size_t i = 0; i < c->count; i++)
		if (strcmp(c->names[i], name) == 0)
			return true;
	return false;
}

void chain_read(const struct evidence *e, struct chain *ret)
{
	const char *next = e->fqdn;

	*ret = (struct chain){ 0 };
	while (next && ret->count < CHAIN_MAX && !ret->loop) {
		ret->loop = holds(ret, next);
		ret->names[ret->count++] = next;
		next = target_of(e, next);
	}
}

bool chain_is_broken(const struct chain *c, int64_t most)
{
	return c->loop || (int64_t)c->count > most + 1;
}

char *chain_text(const struct chain *c)
{
	struct buf out = BUF_INIT(SHOWN_MAX);

	for (size_t i = 1; i < c->count; i++)
		buf_printf(&out, "%s%s is a CNAME to %s", i > 1 ? ", " : "", c->names[i - 1], c->names[i]);
	return out.length ? buf_take(&out) : mem_dup("");
}
