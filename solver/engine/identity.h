/* When two challenges are the same. Private to the engine.
 *
 * A client has each challenge once, however often and in however many orders it asks for it. The same are two with the same
 *
 *   client, type, identifier, wildcard or not, record name (where the caller gave one), and
 *   token (http-01) or TXT value (all others),
 *
 * and, so that who asks is answered with what it asked for, the same key authorization (http-01) and account URI. Not part of it are
 * deadline, lifetime, label and callback: those belong to the order.
 *
 * Two clients never share a challenge. Their records may be the same one: claim.h.
 */
#ifndef SOLVER_ENGINE_IDENTITY_H
#define SOLVER_ENGINE_IDENTITY_H

#include "solver/challenge/challenge.h"

/* Alike in the first part, by which challenges are found: whoever cleans up may not know the second one. */
uint64_t identity_hash(const struct challenge *c);
bool identity_is_like(const struct challenge *a, const struct challenge *b);
bool identity_is_same(const struct challenge *a, const struct challenge *b);
/* No two of the list are alike; ERR_INVALID names those that do: one order can hold, and answer, only one of them. */
int identity_check_unique(const struct challenge *list, size_t count, struct err *err);

#endif
