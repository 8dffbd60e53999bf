#include "solver/engine/names.h"

#include <string.h>

#include "solver/base/hash.h"
#include "solver/engine/entry.h"

static uint64_t hash_of(const char *identifier)
{
	return hash_text(hash_begin(), identifier);
}

static bool is_named(const void *entry, const void *identifier)
{
	return strcmp(((const struct entry *)entry)->c.identifier, identifier) == 0;
}

/* The index holds the oldest of each: a new one changes nothing there. */
static struct entry *oldest(struct engine *e, const char *identifier)
{
	return index_find(&e->names, hash_of(identifier), is_named, identifier);
}

void names_add(struct engine *e, struct entry *n)
{
	struct entry *first = oldest(e, n->c.identifier);

	if (!first)
		index_add(&e->names, hash_of(n->c.identifier), n);
	DL_APPEND2(first, n, name_prev, name_next);
}

void names_forget(struct engine *e, struct entry *n)
{
	struct entry *first = oldest(e, n->c.identifier), *left = first;

	DL_DELETE2(left, n, name_prev, name_next);
	if (left == first)
		return;
	index_remove(&e->names, hash_of(n->c.identifier), first);
	if (left)
		index_add(&e->names, hash_of(n->c.identifier), left);
}

struct entry *names_newest(struct engine *e, const char *identifier)
{
	struct entry *first = oldest(e, identifier);

	return first ? first->name_prev : NULL;
}

/* Before the oldest one, the list goes round to the newest, which has none after it. */
struct entry *names_older(const struct entry *n)
{
	return n->name_prev->name_next ? n->name_prev : NULL;
}
