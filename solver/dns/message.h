/* DNS messages as dcvd needs them: build a query, read a reply (ldns underneath, no sockets).
 *
 * A reply is checked before it is believed: it must be a response, its question must be ours, and
 * CNAME chains inside it are followed at most 8 deep, without loops. Bytes come from strangers: every
 * malformed packet is ERR_PROTOCOL with a sentence, never a crash (RFC 1035, RFC 6891, RFC 9499). */
#ifndef SOLVER_DNS_MESSAGE_H
#define SOLVER_DNS_MESSAGE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "solver/base/err.h"
#include "solver/dns/name.h"

enum { DNS_A = 1, DNS_NS = 2, DNS_CNAME = 5, DNS_SOA = 6, DNS_TXT = 16, DNS_AAAA = 28, DNS_DNAME = 39, DNS_CAA = 257 };
enum { DNS_NOERROR = 0, DNS_FORMERR = 1, DNS_SERVFAIL = 2, DNS_NXDOMAIN = 3, DNS_NOTIMP = 4, DNS_REFUSED = 5, DNS_NOTAUTH = 9 };

#define DNS_QUERY_MAX 512
#define DNS_MESSAGE_MAX 65535
#define DNS_RECORDS_MAX 512 /* read of one reply */

/* A query with a random id and EDNS of 1232 bytes. Returns its length (fits DNS_QUERY_MAX) or a code. */
int dns_query_build(const char *name, int type, bool recursion_desired, unsigned char *wire, size_t room, struct err *err);
/* Takes the EDNS of such a query away; returns the new length. */
int dns_query_without_edns(unsigned char *wire, size_t length);

struct dns_record {
	char owner[NAME_SIZE]; /* normalised: lower case, no trailing dot; "" is the root */
	int type;
	uint32_t ttl;          /* seconds */
	char *text;            /* TXT: the strings joined (bytes, zero-ended, cut at a zero byte); NS, CNAME, DNAME: the target;
	                          A, AAAA: the address; SOA: the primary's name; others: presentation format */
};

struct dns_reply {
	int rcode;
	bool authoritative, truncated, recursion_available;
	struct dns_record *answers, *authority, *additional;
	size_t answer_count, authority_count, additional_count;
	char final_name[NAME_SIZE]; /* the question's name after the CNAMEs and DNAMEs in the answer section */
};

/* `name`/`type`: the question that was asked; a reply to another one is ERR_PROTOCOL. CNAMEs that
 * lead in a circle are ERR_INVALID: the server answered, and what it serves is wrong. */
int dns_reply_parse(const unsigned char *wire, size_t length, const char *name, int type, struct dns_reply *ret, struct err *err);
void dns_reply_done(struct dns_reply *r);

/* The reply is a referral: not authoritative, no answer, NS records of a zone below `zone` in the authority
 * section. Gives the name of that zone (borrowed) or NULL. */
const char *dns_reply_referral(const struct dns_reply *r, const char *zone);
/* The zone that an authoritative answer about `name`, or a denial of it, was given from: the owner of the SOA or, beside records, of
 * the NS records in the authority section. Borrowed, or NULL: the answer does not say, and nothing may be concluded. */
const char *dns_reply_holder(const struct dns_reply *r, const char *name);
/* The type of the record that makes `name` an alias, DNS_CNAME or DNS_DNAME, and where it leads; 0 without one. */
int dns_reply_alias(const struct dns_reply *r, const char *name, char ret_target[NAME_SIZE]);
/* The owner of the SOA in the answer or authority section: the zone of the name. Borrowed, or NULL. */
const char *dns_reply_zone(const struct dns_reply *r);
/* "NOERROR", "NXDOMAIN", …; borrowed. */
const char *dns_rcode_name(int rcode);
const char *dns_type_name(int type);
/* TXT and TTL helpers for providers: "value" with quotes and escapes, strings over 255 bytes split
 * (RFC 1035 section 5.1). Gives (free with free). */
char *dns_txt_quote(const char *value);
/* The reverse; an unquoted word is its own value. Gives *ret, or ERR_INVALID. */
int dns_txt_unquote(const char *text, char **ret);

#endif
