#include "solver/engine/twins.h"

#include <string.h>

#include "solver/base/hash.h"
#include "solver/base/mem.h"
#include "solver/engine/entry.h"

static const char *secret_of(const struct challenge *c)
{
	return c->type == CHALLENGE_HTTP01 ? c->token : c->value;
}

static uint64_t hash_of(const struct challenge *c)
{
	const unsigned char kind[] = { (unsigned char)c->type, c->wildcard };
	uint64_t hash = hash_bytes(hash_begin(), kind, sizeof(kind));

	hash = hash_text(hash_text(hash, c->client), c->identifier);
	return hash_text(hash_text(hash, c->record_name), secret_of(c));
}

static bool is_same_text(const char *a, const char *b)
{
	return a == b || (a && b && strcmp(a, b) == 0);
}

static bool is_like(const void *entry, const void *challenge)
{
	const struct challenge *a = &((const struct entry *)entry)->c, *b = challenge;

	return a->type == b->type && a->wildcard == b->wildcard && is_same_text(a->client, b->client) && is_same_text(a->identifier, b->identifier) &&
	       is_same_text(a->record_name, b->record_name) && is_same_text(secret_of(a), secret_of(b));
}

struct entry *twin_first(struct engine *e, const struct challenge *c)
{
	return index_find(&e->twins, hash_of(c), is_like, c);
}

/* The index holds the first of them. */
void twin_add(struct engine *e, struct entry *n)
{
	struct entry *first = twin_first(e, &n->c);

	if (!first)
		index_add(&e->twins, hash_of(&n->c), n);
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
		index_remove(&e->twins, hash_of(&n->c), first);
	if (now_first && now_first != first)
		index_add(&e->twins, hash_of(&n->c), now_first);
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
