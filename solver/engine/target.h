/* Whether an answer may be written at a name: a CNAME that leads there is no grant. Pure.
 *
 * Outside of delegation zones the caller must be granted the identifier that the name stands for: "_acme-challenge.X",
 * "_validation-persist.X" and "_<label>._acme-challenge.X" stand for X, every other name stands for itself.
 *
 * A delegation zone is the suffix of a route that says so: whoever may ask for a challenge points a CNAME into it. Nobody is granted
 * names in there. Each name belongs to one identifier, and is written for that one only, by whoever is granted it:
 *
 *   bound      the journal binds the name to the identifier: an operator said so, or the zone allows the first use to
 *   by form    [_acme-challenge.]IDENTIFIER.ZONE, where IDENTIFIER has two labels or more
 *   by digest  [_acme-challenge.]DIGEST.ZONE: see target_digest()
 *
 * A name that has an owner by its form, or could have one by its digest, is bound to nobody else: the owner may have pointed a CNAME at it.
 * So the first use binds names of one label in front of the zone only, and none that could be a digest. Where a journal holds such a binding
 * from before this rule, or from when another zone held the name, the binding goes before the other two.
 */
#ifndef SOLVER_ENGINE_TARGET_H
#define SOLVER_ENGINE_TARGET_H

#include "solver/challenge/challenge.h"
#include "solver/conf/config.h"

#define TARGET_DIGEST_LENGTH 32
#define TARGET_DIGEST_SIZE (TARGET_DIGEST_LENGTH + 1)

/* Whose account of acme-dns has this name. */
enum target_account { TARGET_NO_ACCOUNT, TARGET_OWN_ACCOUNT, TARGET_FOREIGN_ACCOUNT };

struct target {
	const char *client;        /* who asks */
	const char *identifier;    /* of the challenge, without "*."; inside the zone: the caller names the target only */
	const char *asked;         /* what is to be written, before CNAMEs */
	const char *name;          /* what would be written */
	const char *zone;          /* the delegation zone that holds it; NULL: none does */
	const char *bound;         /* the identifier that the journal binds the name to, or NULL */
	bool first_use;            /* in that zone the first use binds */
	const struct config_route *route; /* serves the name outside of delegation zones, and is named in advice; NULL: not known */
	enum target_account account;
};

/* Whether the caller is granted the identifier, or the wildcard below it (whose record stands at the same name). */
typedef bool (*target_granted_fn)(const char *identifier, void *arg);

/* 0, or ERR_DENIED with a sentence that says what was found and what would allow it. *ret_binds: it is allowed as the first use,
 * and must be bound to the identifier before it is written. */
int target_check(const struct target *t, target_granted_fn granted, void *arg, bool *ret_binds, struct err *err);

/* Whether the name inside the delegation zone belongs to the identifier, whoever is granted that. */
bool target_is_own(const struct target *t);
/* Whether a name inside the delegation zone may be bound to the identifier. ERR_CONFLICT: it belongs to another one by its form, or may by
 * its digest. */
int target_check_binding(const char *name, const char *zone, const char *identifier, struct err *err);

/* The identifier that a normalised name stands for: the labels of a challenge are taken off once. */
void target_identifier(const char *name, char ret_identifier[NAME_SIZE]);
/* The label that stands for an identifier in every delegation zone: the first 20 bytes of the SHA-256 digest of the normalised
 * identifier (lower-case A-labels, no dot at the end, no "*."), in the base32 of RFC 4648 section 6, in lower case. */
void target_digest(const char *identifier, char ret_digest[TARGET_DIGEST_SIZE]);

#endif
