/* The file journal.mark beside the journal: which journal it is, and how many commits it has confirmed. Private to this folder.
 *
 * A database whose write-ahead log was deleted, cut or damaged opens without a word at an older state: SQLite takes the log up to
 * the first frame that is not sound. The mark knows better. It is written after each commit is durable, in place, and forced to
 * disk at most once a second: after a power failure it may be behind, which accuses nobody, but never ahead.
 */
#ifndef SOLVER_STORE_MARK_H
#define SOLVER_STORE_MARK_H

#include <stdint.h>

#include "solver/base/err.h"

#define MARK_ID_SIZE 33

struct mark {
	char id[MARK_ID_SIZE]; /* random; "": there is no mark */
	int64_t commits;
};

/* What the file says. A missing one is no error: id "". ERR_DAMAGED when it cannot be understood. */
int mark_read(const char *path, struct mark *ret, struct err *err);
/* Opens or creates the file, for writing; the descriptor, or an error. */
int mark_open(const char *path, struct err *err);
/* Forced to disk when `force`. */
int mark_write(int fd, const struct mark *m, int force, struct err *err);

#endif
