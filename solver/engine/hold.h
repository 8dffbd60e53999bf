/* Holds: which challenges an order needs, and which orders need a challenge. A challenge goes with the last order that holds it.
 * Private to the engine. */
#ifndef SOLVER_ENGINE_HOLD_H
#define SOLVER_ENGINE_HOLD_H

#include <stdbool.h>

struct entry;
struct order_entry;

struct hold {
	struct entry *entry;
	struct order_entry *order; /* NULL: none, in a challenge that no order holds */
	struct hold *order_next;   /* the next challenge of the order, in the sequence of the request */
	struct hold *entry_next;   /* the next order of the challenge, in the sequence in which they came */
};

/* An order holds a challenge once. */
void hold_add(struct order_entry *order, struct entry *n);
/* The order stays, also when this was its last. A challenge that was made for it belongs to the next one that holds it. */
void hold_drop(struct order_entry *order, struct entry *n);
bool hold_is(const struct order_entry *order, const struct entry *n);
/* The first order but `but` (or NULL) that did not let go of the challenge, or NULL. */
struct order_entry *holder_of(const struct entry *n, const struct order_entry *but);
bool order_let_go(const struct order_entry *order);

#endif
