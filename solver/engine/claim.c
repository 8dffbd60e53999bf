#include "solver/engine/claim.h"

#include <stdlib.h>

#include "solver/base/mem.h"
#include "solver/engine/entry.h"

struct claim {
	char *key;
	unsigned count;
	bool inherited; /* one let go of a record that stands: the last must withdraw it */
	UT_hash_handle hh;
};

static char *claim_key(const struct challenge *c)
{
	if (c->type == CHALLENGE_HTTP01)
		return mem_printf("http %s %s %s", c->zone ? c->zone : "", c->identifier, c->token);
	return mem_printf("dns %s %s", c->fqdn ? c->fqdn : "", c->value);
}

static struct claim *find(struct engine *e, const struct challenge *c)
{
	CLEANUP(mem_freep) char *key = claim_key(c);
	struct claim *claim;

	HASH_FIND_STR(e->claims, key, claim);
	return claim;
}

void claim_take(struct engine *e, struct entry *n)
{
	struct claim *claim;

	if (n->publication.claim)
		return;
	claim = find(e, &n->c);
	if (!claim) {
		claim = mem_new(1, sizeof(*claim));
		claim->key = claim_key(&n->c);
		HASH_ADD_KEYPTR(hh, e->claims, claim->key, strlen(claim->key), claim);
	}
	claim->count++;
	n->publication.claim = claim;
}

void claim_drop(struct engine *e, struct entry *n)
{
	struct claim *claim = n->publication.claim;

	if (!claim)
		return;
	n->publication.claim = NULL;
	if (claim->inherited)
		n->publication.out = n->publication.out_before = OUT_YES;
	if (--claim->count)
		return;
	HASH_DEL(e->claims, claim);
	free(claim->key);
	free(claim);
}

bool claim_is_free(struct engine *e, const struct entry *n)
{
	return !find(e, &n->c);
}

void claim_inherit(struct engine *e, const struct entry *n)
{
	struct claim *claim = find(e, &n->c);

	if (claim)
		claim->inherited = true;
}

bool claim_is_inherited(const struct entry *n)
{
	return n->publication.claim && n->publication.claim->inherited;
}

struct entry *claim_other(struct engine *e, const struct entry *n)
{
	const struct claim *claim = find(e, &n->c);
	struct entry *other;

	DL_FOREACH(e->entries, other)
		if (claim && other != n && other->publication.claim == claim)
			return other;
	return NULL;
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
