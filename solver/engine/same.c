/* The challenges that a second "present" would be, found without a look at all the others. */
#include <string.h>

#include "solver/engine/internal.h"

static void each_of(struct engine *e, const struct challenge *like, void (*fn)(const struct challenge *c, void *arg), void *arg)
{
	char key[TWIN_KEY_SIZE];
	struct twin *twin;
	struct entry *n;

	twin_key(like, key, sizeof(key));
	HASH_FIND_STR(e->twins, key, twin);
	if (twin)
		DL_FOREACH2(twin->entries, n, twin_next)
			fn(&n->c, arg);
}

void engine_each_same(struct engine *e, const struct challenge *like, void (*fn)(const struct challenge *c, void *arg), void *arg)
{
	struct challenge other = *like;

	other.wildcard = !like->wildcard;
	each_of(e, like, fn, arg);
	each_of(e, &other, fn, arg);
}
