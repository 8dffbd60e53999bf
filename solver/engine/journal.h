/* Writes that must reach the journal: repeated until it takes them. Private to the engine. */
#ifndef SOLVER_ENGINE_JOURNAL_H
#define SOLVER_ENGINE_JOURNAL_H

#include <stdbool.h>

#include "solver/base/err.h"
#include "solver/store/store.h"

struct engine;

#define JOURNAL_RETRY_MS 1000 /* after a write that the journal refused */

struct journal_write {
	void (*fill)(struct store_txn *t, void *arg);      /* puts what is to be written into the transaction, anew for each try */
	void (*refused)(const struct err *err, void *arg); /* one try was refused; another may follow. May be NULL */
	void (*over)(bool kept, void *arg);                /* the last call: the journal took it, or dcvd ends */
	void *arg;
};

/* The first try is begun before this returns; the answers come later. */
void journal_write(struct engine *e, const struct journal_write *w);

#endif
