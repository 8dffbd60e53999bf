/* The lines of the audit log and their chain. Pure but for audit_append(). */
#ifndef SOLVER_API_AUDIT_CHAIN_H
#define SOLVER_API_AUDIT_CHAIN_H

#include <stdint.h>

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

/* All entries of a journal from the first on; ERR_CONFLICT as audit_chain_check(). */
int audit_chain_verify(struct store *s, struct err *err);
/* Its end, as the last entry has it. */
int audit_chain_load(struct store *s, struct audit_chain *ret, struct err *err);
/* Writes one entry and waits until it is durable: for a command that has the store to itself. */
int audit_append(struct store *s, const struct audit_event *event, struct err *err);

#endif
