#include "solver/engine/twins.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "solver/base/mem.h"
#include "solver/engine/entry.h"

#define KEY_SIZE 1536

struct twin {
	char *key;
	struct entry *entries;
	UT_hash_handle hh;
};

static void make_key(const struct challenge *c, char key[KEY_SIZE])
{
	snprintf(key, KEY_SIZE, "%s %d %d %s %s %s", c->client, c->type, c->wildcard, c->identifier,
	         c->record_name ? c->record_name : "-", c->type == CHALLENGE_HTTP01 ? c->token : c->value);
}

static struct twin *find(struct engine *e, const char *key)
{
	struct twin *twin;

	HASH_FIND_STR(e->twins, key, twin);
	return twin;
}

void twin_add(struct engine *e, struct entry *n)
{
	char key[KEY_SIZE];
	struct twin *twin;

	make_key(&n->c, key);
	twin = find(e, key);
	if (!twin) {
		twin = mem_new(1, sizeof(*twin));
		twin->key = mem_dup(key);
		HASH_ADD_KEYPTR(hh, e->twins, twin->key, strlen(twin->key), twin);
	}
	DL_APPEND2(twin->entries, n, twin_prev, twin_next);
}

void twin_forget(struct engine *e, struct entry *n)
{
	char key[KEY_SIZE];
	struct twin *twin;

	if (!n->twin_prev)
		return;
	make_key(&n->c, key);
	twin = find(e, key);
	DL_DELETE2(twin->entries, n, twin_prev, twin_next);
	n->twin_prev = n->twin_next = NULL;
	if (twin->entries)
		return;
	HASH_DEL(e->twins, twin);
	free(twin->key);
	free(twin);
}

struct entry *twin_first(struct engine *e, const struct challenge *c)
{
	char key[KEY_SIZE];
	struct twin *twin;

	make_key(c, key);
	twin = find(e, key);
	return twin ? twin->entries : NULL;
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
