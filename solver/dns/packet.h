/* A DNS message read record by record, every byte of it: for evidence, which must show what a stranger really said.
 *
 * dns/message.h reads a reply for use; this reads it for the record: no CNAME is followed, nothing is joined, the case of
 * the question is kept, and text is escaped as RFC 1035 section 5.1 has it. Bytes come from strangers: every malformed
 * message is ERR_PROTOCOL with a sentence (RFC 1035, RFC 6891, RFC 8659). */
#ifndef SOLVER_DNS_PACKET_H
#define SOLVER_DNS_PACKET_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "solver/base/err.h"

#define PACKET_NAME_SIZE 1024 /* 255 octets, all escaped */
enum { DNS_CLASS_IN = 1 };
enum { DNS_PTR = 12, DNS_MX = 15, DNS_OPT = 41, DNS_DS = 43, DNS_RRSIG = 46 };

enum packet_section { PACKET_ANSWER, PACKET_AUTHORITY, PACKET_ADDITIONAL, PACKET_END };

/* Reads on; the wire is borrowed. */
struct packet {
	const unsigned char *wire;
	size_t length, at;
	unsigned left[PACKET_END];        /* records of each section that are still to come */
	int rcode;
	bool authoritative, truncated;
	char question[PACKET_NAME_SIZE];  /* case as it stands in the message; "" without one, and for the root */
	int question_type;                /* 0 without one */
};

struct packet_record {
	enum packet_section section;
	char owner[PACKET_NAME_SIZE];     /* lower case, no trailing dot */
	int type, dns_class;              /* DNS_CLASS_IN; of OPT (RFC 6891): the size that is taken over UDP */
	uint32_t ttl;
	size_t at, length;                /* of its data in the message */
};

int packet_open(const unsigned char *wire, size_t length, struct packet *ret, struct err *err);
/* 1 and *ret, 0 at the end, or ERR_PROTOCOL. */
int packet_next(struct packet *p, struct packet_record *ret, struct err *err);
/* The data as text, at most `room` bytes with the zero byte:
 * A, AAAA: the address · NS, CNAME, DNAME, PTR: the name · SOA: "primary contact serial refresh retry expire minimum" ·
 * TXT: its strings joined, escaped; *ret_strings how many · CAA: "flags tag value", tag and value escaped · RRSIG as RFC 4034
 * section 3.2, the signer without its dot · others "\# length hex" (RFC 3597). Gives *ret (free with free). */
int packet_data(const struct packet *p, const struct packet_record *r, char **ret, int64_t *ret_strings, struct err *err);

#endif
