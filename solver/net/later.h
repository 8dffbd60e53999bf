/* Things to do later that nobody holds a timer for. At the end each is still called once, so that it frees what it holds; whoever
 * owns the list says there that it is closing. */
#ifndef SOLVER_NET_LATER_H
#define SOLVER_NET_LATER_H

#include "solver/net/loop.h"

struct later;
struct laters {
	struct loop *loop; /* set by the owner before the first later() */
	struct later *list;
};

/* Calls `fn` once: after `ms`, or from laters_end(). */
void later(struct laters *all, int64_t ms, void (*fn)(void *arg), void *arg);
void laters_end(struct laters *all);

#endif
