/* The lines of the audit log and their chain. Pure but for audit_append(). */
#ifndef SOLVER_API_AUDIT_CHAIN_H
#define SOLVER_API_AUDIT_CHAIN_H

#include <stdbool.h>
#include <stdint.h>

#include "solver/base/clock.h"
#include "solver/crypto/crypto.h"
#include "solver/store/store.h"

struct audit_event;

/* The end of a chain: its last entry. Number 0 and "" before the first. */
struct audit_chain {
	int64_t number;
	char digest[SHA256_TEXT_SIZE];
};

/* The next line; moves the chain on. Gives (free with free). */
char *audit_chain_add(struct audit_chain *c, const struct audit_event *event, int64_t at_ms);
/* Whether the entry is the next one of the chain, unchanged; moves the chain on. ERR_CONFLICT with a sentence that names it.
 * `digest` NULL: what was exported has the lines only. */
int audit_chain_check(struct audit_chain *c, const char *line, const char *digest, struct err *err);

/* Whether the journal holds the entry under the number and the time of its line, which alone is in the digest. ERR_CONFLICT. */
int audit_row_check(const struct store_audit *row, struct err *err);

/* ---- from the first entry that is there to the last ----
 *
 * Retention (audit.keep) removes entries from the beginning. In the same transaction it appends an entry, AUDIT_RETENTION, whose name is
 * "NUMBER:DIGEST" of the last one that it removed. A log that begins later is whole when such an entry says that it may begin there. */
#define AUDIT_RETENTION "audit.retention"
struct audit_walk {
	struct audit_chain chain; /* the last entry seen */
	struct audit_chain cut;   /* the last one that was removed; number 0: none */
	bool explained;           /* by an entry of retention */
	char cut_at[CLOCK_TEXT_SIZE]; /* its time */
};
/* The next entry, as audit_chain_check(). */
int audit_walk_next(struct audit_walk *w, const char *line, const char *digest, struct err *err);
/* The same of a row of the journal, with audit_row_check(). */
int audit_walk_row(struct audit_walk *w, const struct store_audit *row, struct err *err);
/* After the last one: ERR_CONFLICT when the beginning is missing and nothing explains it. */
int audit_walk_end(const struct audit_walk *w, struct err *err);
/* What was noted elsewhere, "NUMBER:DIGEST". */
int audit_head_read(const char *text, struct audit_chain *ret, struct err *err);

/* All entries of a journal; ERR_CONFLICT as audit_walk_next() and audit_walk_end(). */
int audit_chain_verify(struct store *s, struct err *err);
/* Behind which number the reading begins: a row that was moved before the first is found, too. */
#define AUDIT_BEGIN INT64_MIN
/* What retention would remove now: the entries of the beginning that are older than `before_ms`, at most `max`, never the last. Number 0: none.
 * ERR_CONFLICT where one of them is not what was written: retention must not remove the proof that a log was changed. */
int audit_old_find(struct store *s, int64_t before_ms, size_t max, struct audit_chain *ret, size_t *ret_count, struct err *err);
/* Its end, as the last entry has it. */
int audit_chain_load(struct store *s, struct audit_chain *ret, struct err *err);
/* Writes one entry and waits until it is durable: for a command that has the store to itself. */
int audit_append(struct store *s, const struct audit_event *event, struct err *err);

#endif
