/* A dns-persist-01 record: an issue-value (RFC 8659 section 4.2) with parameters (draft-ietf-acme-dns-persist). Text only. */
#ifndef SOLVER_VERDICT_PERSIST_RECORD_H
#define SOLVER_VERDICT_PERSIST_RECORD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "solver/base/err.h"

struct persist_record {
	char issuer[254];   /* normalised; set also when what follows it is malformed, else "" */
	char *account_uri;
	char *policy;       /* as written, or NULL */
	bool has_until;
	int64_t until_s;
};

/* Errors say what an authority says. *ret is set in any case (persist_record_done). */
int persist_record_parse(const unsigned char *bytes, size_t length, struct persist_record *ret, struct err *err);
void persist_record_done(struct persist_record *r);
bool persist_record_is_wildcard(const struct persist_record *r);

#endif
