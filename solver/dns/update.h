/* DNS UPDATE (RFC 2136) for TXT values, signed with TSIG (RFC 8945). ldns underneath, no sockets.
 *
 * One message holds any number of changes of one zone: adds without prerequisites (a duplicate is
 * nothing new to the server) and removes by value (class NONE), so that other values of a name survive.
 * The server carries out all of them or none. */
#ifndef SOLVER_DNS_UPDATE_H
#define SOLVER_DNS_UPDATE_H

#include <stdbool.h>
#include <stddef.h>

#include "solver/base/err.h"

enum dns_tsig_algorithm { DNS_HMAC_SHA256, DNS_HMAC_SHA384, DNS_HMAC_SHA512 };

/* Rcodes that only UPDATE and TSIG know, next to those of message.h. */
enum { DNS_YXRRSET = 7, DNS_NOTZONE = 10, DNS_BADSIG = 16, DNS_BADKEY = 17, DNS_BADTIME = 18 };

struct dns_tsig_key {
	const char *name;
	enum dns_tsig_algorithm algorithm;
	const char *secret; /* base64 with padding; borrowed for the call */
};

struct dns_update;

/* NULL and a sentence when `zone` is no name. Gives (free with dns_update_free). */
struct dns_update *dns_update_new(const char *zone, struct err *err);
void dns_update_free(struct dns_update *u);
int dns_update_add(struct dns_update *u, const char *fqdn, const char *value, unsigned ttl, struct err *err);
int dns_update_remove(struct dns_update *u, const char *fqdn, const char *value, struct err *err);
/* Prerequisite: no TXT record stands at the name (RFC 2136 section 2.4.3). When one does, the server changes nothing
 * and answers YXRRSET. */
int dns_update_expect_none(struct dns_update *u, const char *fqdn, struct err *err);

/* Bytes that one change (a prerequisite has the value ""), and a message without changes, need at most. */
size_t dns_update_change_room(const char *fqdn, const char *value);
size_t dns_update_empty_room(const char *zone, const struct dns_tsig_key *key);

/* The message; `key` NULL: not signed. Gives *ret_wire (free with free). ERR_TOO_LARGE over 64 KiB. */
int dns_update_build(struct dns_update *u, const struct dns_tsig_key *key, long long now_seconds, unsigned char **ret_wire,
                     size_t *ret_length, struct err *err);

struct dns_update_reply {
	int rcode;      /* of the header */
	int tsig_error; /* DNS_BADKEY, DNS_BADSIG, DNS_BADTIME … or 0 */
	bool proven;    /* signed with our key, in answer to this message, at a time within the fudge */
};

/* Reads the reply to the message that was built last. ERR_PROTOCOL when it is none. */
int dns_update_reply_parse(const struct dns_update *u, const struct dns_tsig_key *key, const unsigned char *wire, size_t length,
                           long long now_seconds, struct dns_update_reply *ret, struct err *err);

/* A query for the TXT records of a name, without recursion, signed with `key` (NULL: not signed): a server whose views
 * are chosen by key answers from the view that an update with this key changes. Returns its length or a code. */
#define DNS_SIGNED_QUERY_MAX 1024
int dns_query_build_signed(const char *fqdn, const struct dns_tsig_key *key, long long now_seconds,
                           unsigned char wire[DNS_SIGNED_QUERY_MAX], struct err *err);

#endif
