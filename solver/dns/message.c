#include "solver/dns/message.h"

#include <ctype.h>
#include <ldns/ldns.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "solver/base/buf.h"
#include "solver/base/id.h"
#include "solver/base/mem.h"
#include "solver/dns/reply_wire.h"

#define ARCOUNT_AT 10 /* the number of additional records; the only one of a query is its OPT record, at its end */
#define OPT_SIZE 11
#define EDNS_SIZE 1232 /* never fragmented on ordinary paths */
#define CHAIN_MAX 8
#define TEXT_MAX (4 * DNS_MESSAGE_MAX) /* presentation needs at most "\ddd" a byte */

static void pkt_freep(ldns_pkt **pkt)
{
	if (*pkt)
		ldns_pkt_free(*pkt);
}

int dns_query_build(const char *name, int type, bool recursion_desired, unsigned char *wire, size_t room, struct err *err)
{
	CLEANUP(pkt_freep) ldns_pkt *pkt = NULL;
	ldns_rdf *owner = ldns_dname_new_frm_str(*name ? name : ".");
	uint8_t *bytes = NULL;
	uint16_t id;
	size_t length = 0;

	if (!owner)
		return err_set(err, ERR_INVALID, "\"%.300s\" is not a domain name", name);
	pkt = ldns_pkt_query_new(owner, (ldns_rr_type)type, LDNS_RR_CLASS_IN, recursion_desired ? LDNS_RD : 0);
	if (!pkt) {
		ldns_rdf_deep_free(owner);
		return err_set(err, ERR_INVALID, "no query for %.300s can be made", name);
	}
	id_random(&id, sizeof(id));
	ldns_pkt_set_id(pkt, id);
	ldns_pkt_set_edns_udp_size(pkt, EDNS_SIZE);
	if (ldns_pkt2wire(&bytes, pkt, &length) != LDNS_STATUS_OK || length > room) {
		free(bytes);
		return err_set(err, ERR_TOO_LARGE, "the query for %.300s does not fit %zu bytes", name, room);
	}
	memcpy(wire, bytes, length);
	free(bytes);
	return (int)length;
}

int dns_query_without_edns(unsigned char *wire, size_t length)
{
	wire[ARCOUNT_AT] = wire[ARCOUNT_AT + 1] = 0;
	return (int)(length - OPT_SIZE);
}

/* A name in presentation format, lower case, without the trailing dot; gives (free with free), NULL for nonsense. */
static char *name_text(const ldns_rdf *rdf)
{
	char *text = rdf ? ldns_rdf2str(rdf) : NULL;
	size_t length;

	if (!text)
		return NULL;
	length = strlen(text);
	if (length > 0 && text[length - 1] == '.')
		text[length - 1] = '\0';
	for (char *p = text; *p; p++)
		*p = (char)tolower((unsigned char)*p);
	return text;
}

/* The strings of a TXT record, joined. */
static char *txt_text(const ldns_rr *rr)
{
	struct buf out = BUF_INIT(DNS_MESSAGE_MAX);
	char *text;

	for (size_t i = 0; i < ldns_rr_rd_count(rr); i++) {
		const ldns_rdf *rdf = ldns_rr_rdf(rr, i);
		const uint8_t *data = ldns_rdf_data(rdf);

		if (ldns_rdf_size(rdf) > 0)
			buf_add(&out, data + 1, ldns_rdf_size(rdf) - 1);
	}
	text = mem_dup(buf_text(&out));
	buf_done(&out);
	return text;
}

/* All fields in presentation format, separated by a space. */
static char *other_text(const ldns_rr *rr)
{
	struct buf out = BUF_INIT(TEXT_MAX);
	char *text;

	for (size_t i = 0; i < ldns_rr_rd_count(rr); i++) {
		char *field = ldns_rdf2str(ldns_rr_rdf(rr, i));

		if (i > 0)
			buf_add_char(&out, ' ');
		buf_add_text(&out, field ? field : "");
		free(field);
	}
	text = mem_dup(buf_text(&out));
	buf_done(&out);
	return text;
}

static char *record_text(const ldns_rr *rr)
{
	switch (ldns_rr_get_type(rr)) {
	case LDNS_RR_TYPE_TXT:
		return txt_text(rr);
	case LDNS_RR_TYPE_NS:
	case LDNS_RR_TYPE_CNAME:
	case LDNS_RR_TYPE_DNAME:
	case LDNS_RR_TYPE_SOA:
		return name_text(ldns_rr_rdf(rr, 0));
	default:
		return other_text(rr);
	}
}

/* False: left out. An owner with escapes in it has no plain text form and is no name dcvd asks for; comparing
 * it as text ("a\.b") could take one name for another. */
static bool record_read(const ldns_rr *rr, struct dns_record *ret)
{
	char *owner = name_text(ldns_rr_owner(rr));
	bool plain = owner && strlen(owner) < NAME_SIZE && !strchr(owner, '\\');

	if (plain) {
		snprintf(ret->owner, sizeof(ret->owner), "%s", owner);
		ret->type = (int)ldns_rr_get_type(rr);
		ret->ttl = ldns_rr_ttl(rr);
		ret->text = record_text(rr);
		if (!ret->text)
			plain = false;
	}
	free(owner);
	return plain;
}

static int section_read(const ldns_rr_list *list, struct dns_record **ret, size_t *ret_count, struct err *err)
{
	size_t count = list ? ldns_rr_list_rr_count(list) : 0;

	if (count > DNS_RECORDS_MAX)
		return err_set(err, ERR_PROTOCOL, "the DNS reply has %zu records in one section; %d are read at most", count, DNS_RECORDS_MAX);
	*ret = mem_new(count ? count : 1, sizeof(**ret));
	for (size_t i = 0; i < count; i++) {
		const ldns_rr *rr = ldns_rr_list_rr(list, i);

		if (ldns_rr_get_class(rr) == LDNS_RR_CLASS_IN && record_read(rr, &(*ret)[*ret_count]))
			(*ret_count)++;
	}
	return 0;
}

static int question_check(const ldns_pkt *pkt, const char *name, int type, struct err *err)
{
	const ldns_rr_list *list = ldns_pkt_question(pkt);
	const ldns_rr *question;
	CLEANUP(mem_freep) char *asked = NULL;

	/* A server that refuses to read the question need not repeat it. */
	if (ldns_pkt_qdcount(pkt) == 0 && ldns_pkt_get_rcode(pkt) != LDNS_RCODE_NOERROR && ldns_pkt_get_rcode(pkt) != LDNS_RCODE_NXDOMAIN)
		return 0;
	if (ldns_rr_list_rr_count(list) != 1)
		return err_set(err, ERR_PROTOCOL, "the DNS reply has %zu questions instead of one", ldns_rr_list_rr_count(list));
	question = ldns_rr_list_rr(list, 0);
	asked = name_text(ldns_rr_owner(question));
	if (!asked || strcasecmp(asked, name) != 0 || (int)ldns_rr_get_type(question) != type ||
	    ldns_rr_get_class(question) != LDNS_RR_CLASS_IN)
		return err_set(err, ERR_PROTOCOL, "the DNS reply is to another question than %.253s %s", name, dns_type_name(type));
	return 0;
}

/* The name after one CNAME or DNAME: 1 and the new name, 0 when there is none, or a code. */
static int chain_step(const struct dns_reply *r, const char *name, char next[NAME_SIZE], struct err *err)
{
	for (size_t i = 0; i < r->answer_count; i++) {
		const struct dns_record *a = &r->answers[i];
		int room;

		if (a->type == DNS_CNAME && strcmp(a->owner, name) == 0) {
			room = snprintf(next, NAME_SIZE, "%s", a->text);
		} else if (a->type == DNS_DNAME && strcmp(a->owner, name) != 0 && name_is_below(name, a->owner)) {
			size_t kept = strlen(name) - strlen(a->owner) - (*a->owner ? 1 : 0);

			room = snprintf(next, NAME_SIZE, "%.*s%s%s", (int)kept, name, *a->text ? "." : "", a->text);
		} else {
			continue;
		}
		if (room >= NAME_SIZE)
			return err_set(err, ERR_PROTOCOL, "the DNS reply leads %s to a name over 253 bytes", name);
		return 1;
	}
	return 0;
}

static int chain_follow(struct dns_reply *r, const char *name, int type, struct err *err)
{
	char next[NAME_SIZE];

	if (snprintf(r->final_name, sizeof(r->final_name), "%s", name) >= NAME_SIZE)
		return err_set(err, ERR_INVALID, "the name asked for is longer than 253 bytes");
	for (char *p = r->final_name; *p; p++)
		*p = (char)tolower((unsigned char)*p);
	if (type == DNS_CNAME || type == DNS_DNAME)
		return 0;
	for (int depth = 0; depth <= CHAIN_MAX; depth++) {
		int rc = chain_step(r, r->final_name, next, err);

		if (rc <= 0)
			return rc;
		memcpy(r->final_name, next, sizeof(next));
	}
	return err_set(err, ERR_INVALID, "the CNAMEs of %s go in a circle or are more than %d deep", name, CHAIN_MAX);
}

static int reply_read(const ldns_pkt *pkt, const char *name, int type, struct dns_reply *r, struct err *err)
{
	if (!ldns_pkt_qr(pkt) || ldns_pkt_get_opcode(pkt) != LDNS_PACKET_QUERY)
		return err_set(err, ERR_PROTOCOL, "the DNS message from the server is not a reply to a query");
	if (question_check(pkt, name, type, err) < 0)
		return ERR_PROTOCOL;
	r->rcode = ldns_pkt_get_rcode(pkt) | ldns_pkt_edns_extended_rcode(pkt) << 4;
	r->authoritative = ldns_pkt_aa(pkt);
	r->truncated = ldns_pkt_tc(pkt);
	r->recursion_available = ldns_pkt_ra(pkt);
	if (section_read(ldns_pkt_answer(pkt), &r->answers, &r->answer_count, err) < 0 ||
	    section_read(ldns_pkt_authority(pkt), &r->authority, &r->authority_count, err) < 0 ||
	    section_read(ldns_pkt_additional(pkt), &r->additional, &r->additional_count, err) < 0)
		return ERR_PROTOCOL;
	return chain_follow(r, name, type, err);
}

int dns_reply_parse(const unsigned char *wire, size_t length, const char *name, int type, struct dns_reply *ret, struct err *err)
{
	CLEANUP(pkt_freep) ldns_pkt *pkt = NULL;
	struct dns_reply reply = { 0 };
	int rc = reply_wire_read(wire, length, &pkt, err);

	if (rc < 0)
		return rc;
	rc = reply_read(pkt, name, type, &reply, err);
	if (rc < 0)
		dns_reply_done(&reply);
	else
		*ret = reply;
	return rc;
}

static void records_free(struct dns_record *records, size_t count)
{
	for (size_t i = 0; i < count; i++)
		free(records[i].text);
	free(records);
}

void dns_reply_done(struct dns_reply *r)
{
	records_free(r->answers, r->answer_count);
	records_free(r->authority, r->authority_count);
	records_free(r->additional, r->additional_count);
	*r = (struct dns_reply){ 0 };
}

const char *dns_reply_referral(const struct dns_reply *r, const char *zone)
{
	if (r->authoritative || r->rcode != DNS_NOERROR || r->answer_count > 0)
		return NULL;
	for (size_t i = 0; i < r->authority_count; i++) {
		const char *owner = r->authority[i].owner;

		if (r->authority[i].type == DNS_NS && strcmp(owner, zone) != 0 && name_is_below(owner, zone) &&
		    name_is_below(r->final_name, owner))
			return owner;
	}
	return NULL;
}

static const char *soa_owner(const struct dns_record *records, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		if (records[i].type == DNS_SOA)
			return records[i].owner;
	}
	return NULL;
}

const char *dns_reply_zone(const struct dns_reply *r)
{
	const char *zone = soa_owner(r->answers, r->answer_count);

	return zone ? zone : soa_owner(r->authority, r->authority_count);
}

static const char *ns_owner(const struct dns_record *records, size_t count)
{
	for (size_t i = 0; i < count; i++)
		if (records[i].type == DNS_NS)
			return records[i].owner;
	return NULL;
}

const char *dns_reply_holder(const struct dns_reply *r, const char *name)
{
	const char *zone = dns_reply_zone(r);

	if (!r->authoritative || (r->rcode != DNS_NOERROR && r->rcode != DNS_NXDOMAIN) || strcmp(r->final_name, name) != 0)
		return NULL;
	if (!zone)
		zone = ns_owner(r->authority, r->authority_count);
	return zone && name_is_below(name, zone) ? zone : NULL;
}

/* A DNAME brings a CNAME with it that was made for this answer (RFC 6672 section 3.1). */
int dns_reply_alias(const struct dns_reply *r, const char *name, char ret_target[NAME_SIZE])
{
	struct err err;
	int type = 0;

	for (size_t i = 0; i < r->answer_count; i++) {
		const struct dns_record *a = &r->answers[i];

		if (a->type == DNS_DNAME && strcmp(a->owner, name) != 0 && name_is_below(name, a->owner))
			type = DNS_DNAME;
		else if (a->type == DNS_CNAME && strcmp(a->owner, name) == 0 && !type)
			type = DNS_CNAME;
	}
	return type && chain_step(r, name, ret_target, &err) > 0 ? type : 0;
}

const char *dns_rcode_name(int rcode)
{
	static const char *const names[] = {
		"NOERROR", "FORMERR", "SERVFAIL", "NXDOMAIN", "NOTIMP", "REFUSED", "YXDOMAIN", "YXRRSET", "NXRRSET", "NOTAUTH", "NOTZONE",
		[16] = "BADVERS", [17] = "BADKEY", [18] = "BADTIME", [22] = "BADTRUNC", [23] = "BADCOOKIE",
	};

	if (rcode < 0 || (size_t)rcode >= ARRAY_LEN(names) || !names[rcode])
		return "unknown rcode";
	return names[rcode];
}

const char *dns_type_name(int type)
{
	static const struct { int type; const char *name; } names[] = {
		{ DNS_A, "A" }, { DNS_NS, "NS" }, { DNS_CNAME, "CNAME" }, { DNS_SOA, "SOA" }, { DNS_TXT, "TXT" },
		{ DNS_AAAA, "AAAA" }, { DNS_DNAME, "DNAME" }, { DNS_CAA, "CAA" },
	};

	for (size_t i = 0; i < ARRAY_LEN(names); i++) {
		if (names[i].type == type)
			return names[i].name;
	}
	return "unknown type";
}
