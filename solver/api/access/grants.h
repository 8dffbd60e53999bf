/* What a client may do. Pure.
 *
 * In the store and in bodies: {"identifiers":["www.example.com","*.example.org",".example.net"],
 * "wildcard":false,"types":["dns-01"],"networks":["192.0.2.0/24","2001:db8::/32"]}. Absent types: all;
 * absent networks: from anywhere. "role": absent, the identifier "*" makes an operator and any other a client; a reader has no identifiers. Identifiers are kept normalised; what is not granted is denied. */
#ifndef SOLVER_API_GRANTS_H
#define SOLVER_API_GRANTS_H

#include <jansson.h>
#include <stdbool.h>

#include "solver/api/common/problem.h"
#include "solver/api/access/rate.h"
#include "solver/challenge/challenge.h"

#define GRANTS_IDENTIFIERS_MAX 1000
#define GRANTS_LIST_MAX 100 /* of every other list */
#define GRANTS_TEXT_MAX 512

struct grants;

/* Gives *ret (free with grants_free). Errors point into the object. */
int grants_read(const json_t *object, struct grants **ret, struct problem *problem);
int grants_parse(const char *text, struct grants **ret, struct err *err); /* the form of the store */
struct grants *grants_all(void); /* those of an operator; gives */
void grants_free(struct grants *g);
json_t *grants_json(const struct grants *g); /* normalised; gives */

/* An operator sees and may do everything; a reader sees everything and changes nothing, anywhere; a client sees and changes only its own. */
enum role { ROLE_CLIENT, ROLE_READER, ROLE_OPERATOR };
enum role grants_role(const struct grants *g);
const char *role_name(enum role role); /* "client", "reader", "operator" */
bool grants_operator(const struct grants *g);
bool grants_see_all(const struct grants *g); /* operator or reader */
/* `domain` as a caller wrote it. ERR_INVALID: not a name at all; ERR_DENIED: not granted. */
int grants_allow(const struct grants *g, enum challenge_type type, const char *domain, struct err *err);
/* `peer` is a literal address; IPv4 inside IPv6 counts as IPv4. */
bool grants_allow_peer(const struct grants *g, const char *peer);
bool grants_allow_door(const struct grants *g, const char *door);
/* Credentials that are listed in the grants. */
bool grants_identity(const struct grants *g, const char *identity);
bool grants_certificate(const struct grants *g, const char *subject, const char *cn, const char *fingerprint);
/* A credential that both list, as it was granted in `a`; NULL: none. Borrowed. */
const char *grants_shared_credential(const struct grants *a, const struct grants *b);
const struct rate *grants_rate(const struct grants *g);
const char *grants_rate_text(const struct grants *g); /* "100/1m"; NULL: no limit. Borrowed */

#endif
