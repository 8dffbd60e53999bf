/* The stages that are judged from DNS; they add findings and decide (verdict_decide). */
#ifndef SOLVER_VERDICT_DNS_H
#define SOLVER_VERDICT_DNS_H

#include "solver/verdict/data/authority.h"
#include "solver/verdict/data/evidence.h"
#include "solver/verdict/data/verdict.h"

void judge_dns(const struct evidence *e, const struct authority *a, struct verdict *v); /* dns.c: dns-01, dns-account-01 */
void judge_cuts(const struct evidence *e, const struct authority *a, struct verdict *v); /* cuts.c: findings only */
void judge_persist(const struct evidence *e, const struct authority *a, struct verdict *v); /* persist.c: dns-persist-01 */
void judge_delegation(const struct evidence *e, const struct authority *a, struct verdict *v); /* delegation.c: findings only */
void judge_dnssec(const struct evidence *e, const struct authority *a, struct verdict *v); /* dnssec.c: findings only */

/* "_" base32 of 10 bytes of SHA-256(account URI) "._acme-challenge." name (draft-ietf-acme-dns-account-label). */
int name_account_challenge(const char *name, const char *account_uri, char ret_fqdn[254], struct err *err);
/* The name of the TXT record that a challenge of this type is answered with, before CNAMEs. `account_uri`: for dns-account-01. */
int name_of_record(const char *type, const char *identifier, const char *account_uri, char ret_fqdn[254], struct err *err);
/* What accounturi must say for the account at this authority; NULL when it is a digest and no thumbprint was given. Gives. */
char *persist_account_text(const struct authority *a, const char *domain, const char *account_uri, const char *thumbprint);
/* "issuer; accounturi=…; policy=wildcard; persistUntil=…" (draft-ietf-acme-dns-persist). Gives (free with free). */
char *persist_value(const char *issuer, const char *account_uri, bool wildcard, int64_t until_s);

#endif
