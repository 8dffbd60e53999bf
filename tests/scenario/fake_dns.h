/* solver/net/resolver.h over scripted zones: authoritative servers that show what the memory provider (or the
 * table of answers) holds, and a recursive resolver that fails the test when it is asked for a challenge name. */
#ifndef TESTS_SCENARIO_FAKE_DNS_H
#define TESTS_SCENARIO_FAKE_DNS_H

#include "solver/answers/answers.h"
#include "solver/net/recursor.h"
#include "solver/net/resolver.h"

enum dns_fault {
	FAULT_NONE,
	FAULT_LAGS,      /* does not have the record yet */
	FAULT_SILENT,    /* never answers */
	FAULT_GARBAGE,   /* answers bytes that are no message */
	FAULT_CUT,       /* answers half a message */
	FAULT_LAME,      /* has the record, without authority */
	FAULT_SERVFAIL,
	FAULT_NO_SOA,    /* denies TXT records without a SOA */
};

void fake_dns_reset(struct answers *answers);
/* The table behind the servers of dcvd itself; it changes when dcvd starts again. */
void fake_dns_answers(struct answers *answers);
void fake_dns_server(const char *zone, const char *name, const char *address);
void fake_dns_fault(const char *address, enum dns_fault fault);
/* Servers of the zones above refer to its servers, where they do not serve it themselves. */
void fake_dns_delegate(const char *zone);
/* `owner` may be a wildcard; it has one CNAME at a time. */
void fake_dns_cname(const char *owner, const char *target);
void fake_dns_host(const char *name, const char *address);
/* The CAA record at a name, in place of the one before ("0 issue \"ca.example\""); NULL: none. */
void fake_dns_caa(const char *name, const char *data);
/* A value that may come to stand at a name: servers show it as long as it is published. */
void fake_dns_value(const char *fqdn, const char *value);
/* It will not come to stand there again. */
void fake_dns_forget(const char *fqdn, const char *value);
unsigned fake_dns_asked(const char *address);

/* Full recursion (fake_recursor.c); gives *ret_wire (free with free). Returns the rcode. */
int fake_dns_resolve(const char *name, int type, unsigned char **ret_wire, size_t *ret_length);

struct resolver *fake_resolver_new(struct loop *l);
/* No root answers any more, or again. */
/* How often full recursion was asked for this since it was opened. */
unsigned fake_recursor_asked(const char *name, int type);
void fake_recursor_blind(bool blind);
struct recursor *fake_recursor_new(struct loop *l);

#endif
