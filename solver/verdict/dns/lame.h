/* Whether a name server is proven to serve nothing of a zone: only then may the owner be told to take it out of the NS records. */
#ifndef SOLVER_VERDICT_LAME_H
#define SOLVER_VERDICT_LAME_H

#include "solver/verdict/data/evidence.h"

/* It was asked for the SOA of `zone` over UDP and over TCP, refused both or answered without authority, and never gave an answer
 * of its own about the zone. Silence, errors of the server and answers over one transport only prove nothing. */
bool lame_is_proven(const struct evidence *e, const char *address, const char *zone);
/* Whether some NS record in the evidence names `server` for `zone`. */
bool lame_is_delegated(const struct evidence *e, const char *server, const char *zone);

#endif
