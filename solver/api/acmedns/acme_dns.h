/* The door of acme-dns clients: POST /register, POST /update, GET /health, with the original's statuses and error words,
 * behind any prefix. A value is a challenge of the client "acme-dns:<subdomain>" at <subdomain>.<zone>, so it is journalled,
 * listed and expires like every other. */
#ifndef SOLVER_API_ACME_DNS_H
#define SOLVER_API_ACME_DNS_H

#include "solver/api/acmedns/acme_dns_accounts.h"
#include "solver/api/common/internal.h"

/* acme-dns.zone, or the first of dns.zones; NULL: the door is closed. */
const char *acme_dns_zone(const struct config *c);
/* "<subdomain>.<zone>"; false when that is no name. */
bool acme_dns_name(const struct config *c, const char *subdomain, char ret_name[254]);
void acme_dns_client(const char *subdomain, char ret_client[80]);

/* ---- acme_dns_value.c ---- */
typedef void (*value_fn)(const struct challenge *c, void *arg);
/* The values of an account that stand, newest first. */
void acme_dns_each_value(struct api *a, const char *subdomain, value_fn fn, void *arg);
/* Releases the oldest value when one more would be too many. */
void acme_dns_make_room(struct api *a, struct account *account, const char *value);

/* ---- the paths, behind any prefix ---- */
void acme_dns_register(struct api *a, struct http_exchange *x);
void acme_dns_update(struct api *a, struct http_exchange *x);
void acme_dns_health(struct api *a, struct http_exchange *x);

#endif
