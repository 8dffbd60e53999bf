/* Answers of the authority's view in the words of an authority, for every stage that looks something up. */
#ifndef SOLVER_VERDICT_LOOKUP_H
#define SOLVER_VERDICT_LOOKUP_H

#include "solver/verdict/data/evidence.h"

enum { TYPE_A = 1, TYPE_NS = 2, TYPE_CNAME = 5, TYPE_SOA = 6, TYPE_TXT = 16, TYPE_AAAA = 28, TYPE_DNAME = 39, TYPE_RRSIG = 46,
       TYPE_CAA = 257 };

const char *lookup_type_name(int type); /* "TXT"; "another type" for one that is not used here */
const char *lookup_rcode_name(int rcode); /* "NXDOMAIN"; "no answer" for -1 */
/* Whether the answer is one: NOERROR, not bogus. */
bool lookup_worked(const struct ev_answer *answer, bool dnssec);
/* No root server, or no server at all, could be asked: this host cannot tell what the authority sees. */
bool lookup_blind(const struct ev_answer *answer);
/* What to do then; gives (free with free). */
char *lookup_blind_fix(void);
/* "DNS problem: NXDOMAIN looking up TXT for N - check that …"; gives (free with free). */
char *lookup_problem(const struct ev_answer *answer, bool dnssec);

/* The serial of the zone that a direct answer tells, in its answer or its authority section (RFC 2308), or NULL. Gives (free with free). */
char *lookup_serial(const struct ev_answer *a);
/* The same as told by any answer of that server about that zone. */
char *lookup_server_serial(const struct evidence *e, const char *zone, const char *address);

#endif
