/* Name servers that disagree about the addresses of a web host; the authority may ask any of them. */
#ifndef SOLVER_VERDICT_HTTP_SERVERS_H
#define SOLVER_VERDICT_HTTP_SERVERS_H

#include "solver/verdict/data/evidence.h"

/* A server that has no address of a type of which another has some, or other addresses and an older zone; NULL when they agree.
 * Other addresses alone are no disagreement: many servers give each asker some of a pool. */
const struct ev_answer *http_servers_dissenter(const struct evidence *e);
/* An authoritative answer of one server to this question, with or without records. */
bool http_server_speaks(const struct ev_answer *d, const char *name, int type);

#endif
