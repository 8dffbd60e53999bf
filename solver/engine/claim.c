/* Claims: who else needs the same answer. See struct claim. */
#include "solver/engine/internal.h"

#include <stdlib.h>

#include "solver/base/mem.h"

static char *claim_key(const struct challenge *c)
{
	if (c->type == CHALLENGE_HTTP01)
		return mem_printf("http %s %s %s", c->zone ? c->zone : "", c->identifier, c->token);
	return mem_printf("dns %s %s", c->fqdn ? c->fqdn : "", c->value);
}

static struct claim *claim_find(struct engine *e, const struct challenge *c)
{
	CLEANUP(mem_freep) char *key = claim_key(c);
	struct claim *claim;

	HASH_FIND_STR(e->claims, key, claim);
	return claim;
}

void claim_take(struct engine *e, struct entry *n)
{
	struct claim *claim;

	if (n->claimed)
		return;
	claim = claim_find(e, &n->c);
	if (!claim) {
		claim = mem_new(1, sizeof(*claim));
		claim->key = claim_key(&n->c);
		HASH_ADD_KEYPTR(hh, e->claims, claim->key, strlen(claim->key), claim);
	}
	claim->count++;
	n->claimed = true;
}

bool claim_drop(struct engine *e, struct entry *n)
{
	struct claim *claim = claim_find(e, &n->c);

	if (!n->claimed || !claim)
		return !claim;
	n->claimed = false;
	if (claim->inherited)
		n->out = n->out_before = OUT_YES;
	if (--claim->count)
		return false;
	HASH_DEL(e->claims, claim);
	free(claim->key);
	free(claim);
	return true;
}

bool claim_is_inherited(struct engine *e, const struct entry *n)
{
	const struct claim *claim = claim_find(e, &n->c);

	return claim && claim->inherited;
}

void claim_inherit(struct engine *e, const struct entry *n)
{
	struct claim *claim = claim_find(e, &n->c);

	if (claim)
		claim->inherited = true;
}

struct entry *claim_other(struct engine *e, const struct entry *n)
{
	const struct claim *claim = claim_find(e, &n->c);
	struct entry *other;

	DL_FOREACH(e->entries, other)
		if (claim && other != n && other->claimed && claim_find(e, &other->c) == claim)
			return other;
	return NULL;
}

bool claim_is_free(struct engine *e, const struct entry *n)
{
	return !claim_find(e, &n->c);
}

void claims_free(struct engine *e)
{
	struct claim *claim, *tmp;

	HASH_ITER(hh, e->claims, claim, tmp) {
		HASH_DEL(e->claims, claim);
		free(claim->key);
		free(claim);
	}
}
