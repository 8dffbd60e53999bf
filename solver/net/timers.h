/* Timers that wait, in a heap: the one that ends first stands first, and those that end together stand as they were started. There are
 * as many as live challenges, so each takes little. Pure: no clock. Private to the loop. */
#ifndef SOLVER_NET_TIMERS_H
#define SOLVER_NET_TIMERS_H

#include <stddef.h>
#include <stdint.h>

struct timer {
	struct loop *loop;
	void (*fn)(void *arg);
	void *arg;
	int64_t at_ms;
	uint32_t number; /* in the order of their start; begins anew after four thousand million, so it only decides who is first */
	uint32_t place;  /* in the heap */
};

/* All zero: none. */
struct timers {
	struct timer **heap;
	size_t count, room;
	uint32_t started; /* so far: the number of the next one */
};

/* Takes its place by `at_ms`; gets its number. */
void timers_add(struct timers *all, struct timer *t);
void timers_remove(struct timers *all, struct timer *t);
/* The one that ends first, or NULL. */
struct timer *timers_first(const struct timers *all);
/* It was started since `started` was this number. */
int timers_is_since(const struct timers *all, const struct timer *t, uint32_t number);
/* Frees the heap, which is empty. */
void timers_done(struct timers *all);

#endif
