/* What the files of the engine share: the engine, its orders and its challenges. Nothing outside this folder includes it. README.md says
 * what is in which file. */
#ifndef SOLVER_ENGINE_ENTRY_H
#define SOLVER_ENGINE_ENTRY_H

#include <uthash.h>
#include <utlist.h>

#include "solver/base/index.h"
#include "solver/engine/engine.h"
#include "solver/engine/events.h"
#include "solver/engine/hold.h"
#include "solver/engine/life.h"
#include "solver/engine/publication.h"
#include "solver/engine/recheck.h"
#include "solver/engine/slot.h"
#include "solver/net/later.h"

/* One challenge with what the engine needs to drive it. */
struct entry {
	struct engine *e;
	struct challenge c;
	struct life life;
	struct plan *plan;               /* queued: plan.h */
	struct publication publication;
	struct propagation *propagation; /* propagating: propagation.h */
	struct recheck recheck;          /* ready */
	struct hold hold;                /* of the order that it was made for; those of the others follow */
	struct entry *prev, *next;           /* all entries, newest first */
	struct entry *twin_prev, *twin_next; /* twins.h */
	struct entry *name_prev, *name_next; /* names.h */
};

struct order_entry {
	struct order o;
	struct hold *first, *last;       /* of its challenges */
	size_t count;
	struct submission *submission;   /* not in the journal yet: who waits for that (submit.c); or NULL */
	struct timer *due;               /* the end of its own that comes before those of its challenges (share.h); or NULL */
	bool unwritten;                  /* it changed, and the change is in no transaction yet */
	UT_hash_handle hh;
};

struct engine {
	struct engine_parts parts;
	const struct config *config;
	const struct activity *activities; /* of each state */
	struct checker *checker;
	struct index by_id;              /* of all entries */
	struct entry *entries;           /* newest first */
	size_t live;                     /* entries that are not over */
	size_t shared;                   /* holds beside the first of each entry */
	struct order_entry *orders;
	struct index claims;             /* claim.h */
	struct index twins;              /* twins.h */
	struct index names;              /* names.h */
	struct instance *instances;
	struct lane *lanes;
	struct events events;
	struct laters deferred;
	struct walked *walked;           /* preflight.c: domains whose delegation was walked */
	struct check_limit check_limit;
	struct rechecks rechecks;
	struct outcome *outcomes;        /* outcome.c: hash by account and identifier */
	struct binding *bindings;        /* binding.c: hash by name */
	struct engine_numbers numbers;
	struct err journal_err;          /* why the journal refused the last write; code 0: it took it */
	bool closing;
};

/* No order holds it yet. */
struct entry *entry_add(struct engine *e, const struct challenge *c);
/* What goes on in its state was stopped before. An order goes with its last challenge. */
void entry_free(struct engine *e, struct entry *n);
struct entry *entry_find(struct engine *e, const char *id);

struct order_entry *order_add(struct engine *e, const struct order *o);
struct order_entry *order_find(struct engine *e, const char *id);
/* An order without challenges. */
void order_free(struct engine *e, struct order_entry *order);
/* The order goes, its challenges stay. */
void order_drop(struct engine *e, struct order_entry *order);
/* The order as the journal keeps it. */
void order_put(struct store_txn *t, const struct order_entry *order);

/* Verdict and events stay in the journal only. */
void history_drop(struct entry *n);

#endif
