/* The name servers that a zone is delegated to: their names and addresses, as far as any answer in the evidence tells them. */
#ifndef SOLVER_VERDICT_DELEGATED_H
#define SOLVER_VERDICT_DELEGATED_H

#include "solver/verdict/data/evidence.h"

#define DELEGATED_MAX 32

/* The deepest zone that holds `name` and that some answer shows: a server of it was asked, or NS records name it. Borrowed, or NULL. */
const char *delegated_zone(const struct evidence *e, const char *name);
/* The names in NS records of `zone`, each once; returns how many. Borrowed from the evidence. */
size_t delegated_names(const struct evidence *e, const char *zone, const char *ret[DELEGATED_MAX]);
/* Some NS record names `host`. */
bool delegated_names_host(const struct evidence *e, const char *host);
/* `host`, a name server of `zone`, was asked at some address. */
bool delegated_was_asked(const struct evidence *e, const char *zone, const char *host);
/* `host`, a name server of `zone`, has no address in either family: its own zone denies both, or it lies in `zone` itself and no server
 * above tells an address (glue). A look-up that merely failed is no proof. */
bool delegated_lacks_address(const struct evidence *e, const char *zone, const char *host);

#endif
