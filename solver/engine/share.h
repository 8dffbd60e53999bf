/* Orders that share a challenge. Its deadline and its end are the latest of all that hold it; each order keeps its own (struct order_share):
 * one whose deadline passes has failed while the challenge goes on for the others, and one whose lifetime ends lets go. An order that
 * shares nothing ends with its challenges and keeps nothing of this. Private to the engine. */
#ifndef SOLVER_ENGINE_SHARE_H
#define SOLVER_ENGINE_SHARE_H

#include "solver/base/err.h"
#include "solver/challenge/challenge.h"

struct engine;
struct entry;
struct order_entry;

/* Another order asked for the challenge, with the times of `asked`, and is about to hold it. */
void share_extend(struct engine *e, struct entry *n, const struct challenge *asked);
/* The order as `list` asked for it shares some of them. Its times run from share_schedule() on. */
void share_begin(struct order_entry *order, const struct challenge *list, size_t count);
void share_schedule(struct engine *e, struct order_entry *order);
/* All orders: the wall clock took another course. */
void share_settled(struct engine *e);
/* Writes the order as it is. `done` (or NULL) comes when the journal has it, or with the reason why it refused it; it is repeated then. */
void share_write(struct engine *e, struct order_entry *order, void (*done)(const struct err *err, void *arg), void *arg);
/* The order holds its challenges no more; what nobody else holds is released by who calls. `done` as above. */
void share_let_go(struct engine *e, struct order_entry *order, void (*done)(const struct err *err, void *arg), void *arg);

#endif
