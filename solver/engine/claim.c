#include "solver/engine/claim.h"

#include <string.h>

#include "solver/base/hash.h"
#include "solver/engine/entry.h"

/* Those that need the same answer stand in a ring; the index holds one of them. */

/* Where it stands, and what stands there: the parts that tell one answer from another. */
struct answer { const char *place, *name, *text; };

static struct answer answer_of(const struct challenge *c)
{
	if (c->type == CHALLENGE_HTTP01)
		return (struct answer){ c->zone ? c->zone : "", c->identifier, c->token };
	return (struct answer){ NULL, c->fqdn ? c->fqdn : "", c->value };
}

static uint64_t hash_of(const struct challenge *c)
{
	struct answer a = answer_of(c);

	return hash_text(hash_text(hash_text(hash_begin(), a.place), a.name), a.text);
}

static bool is_for_same(const void *entry, const void *challenge)
{
	struct answer a = answer_of(&((const struct entry *)entry)->c), b = answer_of(challenge);

	return !a.place == !b.place && (!a.place || strcmp(a.place, b.place) == 0) && strcmp(a.name, b.name) == 0 && strcmp(a.text, b.text) == 0;
}

static struct entry *find(struct engine *e, const struct challenge *c)
{
	return index_find(&e->claims, hash_of(c), is_for_same, c);
}

void claim_take(struct engine *e, struct entry *n)
{
	struct entry *other;

	if (n->publication.claim_next)
		return;
	other = find(e, &n->c);
	n->publication.claim_next = other ? other->publication.claim_next : n;
	n->publication.inherited = other && other->publication.inherited;
	if (other)
		other->publication.claim_next = n;
	else
		index_add(&e->claims, hash_of(&n->c), n);
}

/* Those in front of it in the ring are few: challenges of other clients for the same value. */
static struct entry *before(struct entry *n)
{
	struct entry *other = n;

	while (other->publication.claim_next != n)
		other = other->publication.claim_next;
	return other;
}

void claim_drop(struct engine *e, struct entry *n)
{
	struct entry *other;

	if (!n->publication.claim_next)
		return;
	other = before(n);
	if (find(e, &n->c) == n) {
		index_remove(&e->claims, hash_of(&n->c), n);
		if (other != n)
			index_add(&e->claims, hash_of(&n->c), other);
	}
	other->publication.claim_next = n->publication.claim_next;
	n->publication.claim_next = NULL;
	if (n->publication.inherited)
		n->publication.out = n->publication.delivery->out_before = OUT_YES;
	n->publication.inherited = false;
}

bool claim_is_free(struct engine *e, const struct entry *n)
{
	return !find(e, &n->c);
}

void claim_inherit(struct engine *e, const struct entry *n)
{
	struct entry *first = find(e, &n->c), *heir = first;

	while (heir && !heir->publication.inherited) {
		heir->publication.inherited = true;
		heir = heir->publication.claim_next;
	}
}

bool claim_is_inherited(const struct entry *n)
{
	return n->publication.inherited;
}

struct entry *claim_other(struct engine *e, const struct entry *n)
{
	return find(e, &n->c);
}
