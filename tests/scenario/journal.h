/* The engine's way to the store in a scenario: commits can be refused, as by a full disk. */
#ifndef TESTS_SCENARIO_JOURNAL_H
#define TESTS_SCENARIO_JOURNAL_H

#include "solver/net/loop.h"
#include "solver/store/store.h"

/* The next `count` commits are refused; nothing of them is stored. */
void journal_refuse(struct loop *l, unsigned count);
/* All but the next `commits` are refused from now on, as if the process was killed then; journal_refuse(l, 0) ends it. */
void journal_die_after(struct loop *l, unsigned commits);
void journal_commit(struct store_txn *t, void (*done)(int code, const struct err *err, void *arg), void *arg);
/* The next `count` commits are stored at once, and tell so a tenth of a second later, as those of a slow disk. */
void journal_late(struct loop *l, unsigned count);
/* Settings are refused from now on, or no more. */
void journal_refuse_settings(bool refused);
int journal_put_setting(struct store *s, const char *key, const char *value, struct err *err);
/* Tells of every refusal now, as store_drain() does of every commit. */
void journal_drain(void);

#endif
