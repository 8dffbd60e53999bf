/* Domain names as dcvd keeps them: lower-case A-labels without the trailing dot.
 * libidn2 converts U-labels. Text only: no packets, no sockets (RFC 1035, RFC 5890, RFC 9499). */
#ifndef SOLVER_DNS_NAME_H
#define SOLVER_DNS_NAME_H

#include <stdbool.h>

#include "solver/base/err.h"

#define NAME_MAX_TEXT 253
#define NAME_SIZE 254 /* with the zero byte */

/* The labels in front of an identifier where a challenge stands (RFC 8555 section 8.4, draft-ietf-acme-dns-persist). */
#define CHALLENGE_LABEL "_acme-challenge"
#define PERSIST_LABEL "_validation-persist"

/* Normalises a host name: "WWW.Example.com." -> "www.example.com", "bücher.example" ->
 * "xn--bcher-kva.example". Refuses empty labels, labels over 63, names over 253 bytes,
 * characters outside letters, digits, '-' and '_', with a sentence that shows the name. */
int name_normalize(const char *text, char ret_name[NAME_SIZE], struct err *err);
/* The same for an identifier, which may start with "*.": the rest goes to ret_name. */
int name_identifier(const char *text, char ret_name[NAME_SIZE], bool *ret_wildcard, struct err *err);
/* "a.b.c" -> "b.c"; NULL at the last label. Borrowed. */
const char *name_parent(const char *name);
/* An IPv4 address, which has the characters of a name. */
bool name_is_address(const char *name);
/* `name` equals `zone` or ends in "." and `zone`; "" is the root and holds every name. */
bool name_is_below(const char *name, const char *zone);
/* A name right below `name` that nobody has a reason to make. No wildcard above a name that exists reaches below it (RFC 4592
 * section 3.3.1), so one that answers here proves that `name` itself does not exist. False: it would be too long. */
bool name_witness(const char *name, char ret_witness[NAME_SIZE]);
bool name_is_witness(const char *name);
/* label + "." + name; ERR_TOO_LARGE when that passes 253 bytes. `name` may stand in ret_fqdn. */
int name_under(const char *label, const char *name, char ret_fqdn[NAME_SIZE], struct err *err);
/* The same with CHALLENGE_LABEL. */
int name_challenge(const char *name, char ret_fqdn[NAME_SIZE], struct err *err);

#endif
