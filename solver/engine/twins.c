#include "solver/engine/twins.h"

#include "solver/base/mem.h"
#include "solver/engine/entry.h"
#include "solver/engine/identity.h"

static bool is_like(const void *entry, const void *challenge)
{
	return identity_is_like(&((const struct entry *)entry)->c, challenge);
}

struct entry *twin_first(struct engine *e, const struct challenge *c)
{
	return index_find(&e->twins, identity_hash(c), is_like, c);
}

/* The index holds the first of them. */
void twin_add(struct engine *e, struct entry *n)
{
	struct entry *first = twin_first(e, &n->c);

	if (!first)
		index_add(&e->twins, identity_hash(&n->c), n);
	DL_APPEND2(first, n, twin_prev, twin_next);
}

void twin_forget(struct engine *e, struct entry *n)
{
	struct entry *first, *now_first;

	if (!n->twin_prev)
		return;
	first = now_first = twin_first(e, &n->c);
	DL_DELETE2(now_first, n, twin_prev, twin_next);
	if (now_first != first)
		index_remove(&e->twins, identity_hash(&n->c), first);
	if (now_first && now_first != first)
		index_add(&e->twins, identity_hash(&n->c), now_first);
	n->twin_prev = n->twin_next = NULL;
}

static void each_of(struct engine *e, const struct challenge *like, void (*fn)(const struct challenge *c, void *arg), void *arg)
{
	struct entry *first = twin_first(e, like), *n;

	DL_FOREACH2(first, n, twin_next)
		fn(&n->c, arg);
}

void engine_each_same(struct engine *e, const struct challenge *like, void (*fn)(const struct challenge *c, void *arg), void *arg)
{
	struct challenge other = *like;

	other.wildcard = !like->wildcard;
	each_of(e, like, fn, arg);
	each_of(e, &other, fn, arg);
}
