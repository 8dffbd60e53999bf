#include "solver/net/timers.h"

#include <stdlib.h>

#include "solver/base/mem.h"

#define FIRST_ROOM 16

int timers_is_since(const struct timers *all, const struct timer *t, uint32_t number)
{
	return t->number - number < all->started - number;
}

static int ends_before(const struct timer *a, const struct timer *b)
{
	return a->at_ms != b->at_ms ? a->at_ms < b->at_ms : (int32_t)(a->number - b->number) < 0;
}

static void put(struct timers *all, struct timer *t, size_t place)
{
	all->heap[place] = t;
	t->place = (uint32_t)place;
}

/* From `place` towards the first, past those that end later. */
static void rise(struct timers *all, struct timer *t, size_t place)
{
	for (size_t above; place > 0 && ends_before(t, all->heap[above = (place - 1) / 2]); place = above)
		put(all, all->heap[above], place);
	put(all, t, place);
}

/* From `place` away from the first, past those that end earlier. */
static void sink(struct timers *all, struct timer *t, size_t place)
{
	for (size_t below; (below = 2 * place + 1) < all->count; place = below) {
		if (below + 1 < all->count && ends_before(all->heap[below + 1], all->heap[below]))
			below++;
		if (!ends_before(all->heap[below], t))
			break;
		put(all, all->heap[below], place);
	}
	put(all, t, place);
}

static void resize(struct timers *all, size_t room)
{
	all->room = room;
	all->heap = mem_resize(all->heap, room, sizeof(struct timer *));
}

void timers_add(struct timers *all, struct timer *t)
{
	if (all->count == all->room)
		resize(all, all->room ? 2 * all->room : FIRST_ROOM);
	t->number = all->started++;
	rise(all, t, all->count++);
}

void timers_remove(struct timers *all, struct timer *t)
{
	size_t place = t->place;
	struct timer *last = all->heap[--all->count];

	if (last == t)
		return;
	if (place > 0 && ends_before(last, all->heap[(place - 1) / 2]))
		rise(all, last, place);
	else
		sink(all, last, place);
}

struct timer *timers_first(const struct timers *all)
{
	return all->count ? all->heap[0] : NULL;
}

void timers_done(struct timers *all)
{
	free(all->heap);
	*all = (struct timers){ 0 };
}
