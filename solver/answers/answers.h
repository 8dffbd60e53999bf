/* What is published right now: the table behind the HTTP-01 responder and the embedded DNS server.
 *
 * Read by many threads, written by the loop. Sharded by hash; a writer holds one shard for the time
 * of one insertion, so a reader never waits long. Values of one name are a set: any number of them. */
#ifndef SOLVER_ANSWERS_ANSWERS_H
#define SOLVER_ANSWERS_ANSWERS_H

#include <stdbool.h>
#include <stddef.h>

struct answers;

struct answers *answers_new(void);
void answers_free(struct answers *a);

/* HTTP-01: (host, token) -> body. Setting twice replaces; clearing what is absent succeeds.
 * Host and token are compared as given: callers pass lower-case hosts without port. */
void answers_set_http(struct answers *a, const char *host, const char *token, const char *body);
void answers_clear_http(struct answers *a, const char *host, const char *token);
/* Copies the body, cut never: returns its length, or -1 when unknown or over `room`. */
long answers_get_http(struct answers *a, const char *host, const char *token, char *body, size_t room);

/* DNS-01: (fqdn, value). Names are lower case without trailing dot. */
void answers_set_dns(struct answers *a, const char *fqdn, const char *value);
void answers_clear_dns(struct answers *a, const char *fqdn, const char *value);
/* Calls `fn` for each value under the shard's read lock (it must be quick). Returns how many. */
size_t answers_each_dns(struct answers *a, const char *fqdn, void (*fn)(const char *value, size_t length, void *arg), void *arg);
/* The name exists: it has a value, or a name below it has (an empty non-terminal, RFC 8020). */
bool answers_dns_exists(struct answers *a, const char *fqdn);
/* Grows with each DNS change: the zone serial follows it. */
unsigned answers_dns_serial(struct answers *a);
/* HTTP tokens and DNS values together. */
size_t answers_count(struct answers *a);

#endif
