#include "solver/base/index.h"

#include <stdlib.h>

#include "solver/base/mem.h"

#define FIRST_ROOM 16

static size_t next_place(const struct index *x, size_t place)
{
	return (place + 1) & (x->room - 1);
}

static size_t home_of(const struct index *x, uint32_t hash)
{
	return hash & (x->room - 1);
}

/* How far a place is behind another one, around the end. */
static size_t distance(const struct index *x, size_t from, size_t to)
{
	return (to - from) & (x->room - 1);
}

static void put(struct index *x, uint32_t hash, void *object)
{
	size_t place = home_of(x, hash);

	while (x->objects[place])
		place = next_place(x, place);
	x->hashes[place] = hash;
	x->objects[place] = object;
}

static void grow(struct index *x)
{
	struct index old = *x;

	x->room = old.room ? 2 * old.room : FIRST_ROOM;
	x->hashes = mem_new(x->room, sizeof(*x->hashes));
	x->objects = mem_new(x->room, sizeof(*x->objects));
	for (size_t i = 0; i < old.room; i++)
		if (old.objects[i])
			put(x, old.hashes[i], old.objects[i]);
	index_done(&old);
}

void *index_find(const struct index *x, uint64_t hash, bool (*is)(const void *object, const void *key), const void *key)
{
	if (!x->count)
		return NULL;
	for (size_t place = home_of(x, (uint32_t)hash); x->objects[place]; place = next_place(x, place))
		if (x->hashes[place] == (uint32_t)hash && is(x->objects[place], key))
			return x->objects[place];
	return NULL;
}

void index_add(struct index *x, uint64_t hash, void *object)
{
	if (8 * (x->count + 1) > 7 * x->room)
		grow(x);
	put(x, (uint32_t)hash, object);
	x->count++;
}

/* Closes the gap: whoever stands behind it, and would be found no more, moves into it. */
static void close_gap(struct index *x, size_t gap)
{
	for (size_t place = next_place(x, gap); x->objects[place]; place = next_place(x, place)) {
		if (distance(x, home_of(x, x->hashes[place]), place) < distance(x, gap, place))
			continue;
		x->hashes[gap] = x->hashes[place];
		x->objects[gap] = x->objects[place];
		gap = place;
	}
	x->objects[gap] = NULL;
}

void index_remove(struct index *x, uint64_t hash, const void *object)
{
	size_t place = home_of(x, (uint32_t)hash);

	while (x->objects[place] != object)
		place = next_place(x, place);
	close_gap(x, place);
	x->count--;
}

void index_done(struct index *x)
{
	free(x->hashes);
	free(x->objects);
	*x = (struct index){ 0 };
}
