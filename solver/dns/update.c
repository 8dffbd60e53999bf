#include "solver/dns/update.h"

#include <ldns/ldns.h>
#include <stdlib.h>
#include <string.h>

#include "solver/base/buf.h"
#include "solver/base/id.h"
#include "solver/base/mem.h"
#include "solver/dns/message.h"
#include "solver/dns/reply_wire.h"
#include "solver/dns/tsig.h"

#define STRING_MAX 255  /* bytes of one character-string */
#define TSIG_ROOM 128   /* of a TSIG record without its key name: the largest MAC and the fixed fields */

struct dns_update {
	char *zone;
	ldns_rr_list *expected; /* prerequisites */
	ldns_rr_list *changes;
	uint16_t id;        /* of the message that was built last */
	struct tsig_mac mac; /* its signature; length 0: none */
};

struct dns_update *dns_update_new(const char *zone, struct err *err)
{
	ldns_rdf *name = ldns_dname_new_frm_str(*zone ? zone : ".");
	struct dns_update *u;

	if (!name) {
		err_set(err, ERR_INVALID, "\"%.300s\" is not a zone name", zone);
		return NULL;
	}
	ldns_rdf_deep_free(name);
	u = mem_new(1, sizeof(*u));
	u->zone = mem_dup(*zone ? zone : ".");
	u->expected = ldns_rr_list_new();
	u->changes = ldns_rr_list_new();
	return u;
}

void dns_update_free(struct dns_update *u)
{
	if (!u)
		return;
	ldns_rr_list_deep_free(u->expected);
	ldns_rr_list_deep_free(u->changes);
	free(u->zone);
	free(u);
}

static void rr_push_text(ldns_rr *rr, const char *value)
{
	size_t left = strlen(value);

	do {
		size_t length = left < STRING_MAX ? left : STRING_MAX;
		uint8_t text[STRING_MAX + 1];

		text[0] = (uint8_t)length;
		memcpy(text + 1, value, length);
		ldns_rr_push_rdf(rr, ldns_rdf_new_frm_data(LDNS_RDF_TYPE_STR, length + 1, text));
		value += length;
		left -= length;
	} while (left > 0);
}

/* A TXT record of that name without data; NULL and a sentence when it is no name. */
static ldns_rr *rr_new(const char *fqdn, unsigned ttl, ldns_rr_class class, struct err *err)
{
	ldns_rdf *owner = ldns_dname_new_frm_str(fqdn);
	ldns_rr *rr;

	if (!owner) {
		err_set(err, ERR_INVALID, "\"%.300s\" is not a domain name", fqdn);
		return NULL;
	}
	rr = ldns_rr_new();
	ldns_rr_set_owner(rr, owner);
	ldns_rr_set_type(rr, LDNS_RR_TYPE_TXT);
	ldns_rr_set_class(rr, class);
	ldns_rr_set_ttl(rr, ttl);
	return rr;
}

static int change_push(struct dns_update *u, const char *fqdn, const char *value, unsigned ttl, ldns_rr_class class, struct err *err)
{
	ldns_rr *rr = rr_new(fqdn, ttl, class, err);

	if (!rr)
		return ERR_INVALID;
	rr_push_text(rr, value);
	ldns_rr_list_push_rr(u->changes, rr);
	return 0;
}

int dns_update_add(struct dns_update *u, const char *fqdn, const char *value, unsigned ttl, struct err *err)
{
	return change_push(u, fqdn, value, ttl, LDNS_RR_CLASS_IN, err);
}

int dns_update_remove(struct dns_update *u, const char *fqdn, const char *value, struct err *err)
{
	return change_push(u, fqdn, value, 0, LDNS_RR_CLASS_NONE, err);
}

int dns_update_expect_none(struct dns_update *u, const char *fqdn, struct err *err)
{
	ldns_rr *rr = rr_new(fqdn, 0, LDNS_RR_CLASS_NONE, err);

	if (!rr)
		return ERR_INVALID;
	ldns_rr_list_push_rr(u->expected, rr);
	return 0;
}

size_t dns_update_change_room(const char *fqdn, const char *value)
{
	size_t length = strlen(value);

	return strlen(fqdn) + 2 + 10 + length + length / STRING_MAX + 1;
}

size_t dns_update_empty_room(const char *zone, const struct dns_tsig_key *key)
{
	size_t room = 12 + strlen(zone) + 2 + 4;

	return key ? room + strlen(key->name) + 2 + TSIG_ROOM : room;
}

static int message_write(struct dns_update *u, ldns_pkt *pkt, const struct dns_tsig_key *key, long long now_seconds, struct buf *out,
                         struct err *err)
{
	uint8_t *wire = NULL;
	size_t length = 0;
	ldns_status status;

	id_random(&u->id, sizeof(u->id));
	ldns_pkt_set_id(pkt, u->id);
	status = ldns_pkt2wire(&wire, pkt, &length);
	if (status == LDNS_STATUS_OK)
		buf_add(out, wire, length);
	free(wire);
	u->mac.length = 0;
	if (status == LDNS_STATUS_OK && !out->overflow && key && tsig_sign(out, key, now_seconds, &u->mac, err) < 0)
		return ERR_INVALID;
	if (status != LDNS_STATUS_OK || out->overflow)
		return err_set(err, ERR_TOO_LARGE, "an update of %zu changes does not fit one message",
		               ldns_rr_list_rr_count(u->changes));
	return 0;
}

int dns_update_build(struct dns_update *u, const struct dns_tsig_key *key, long long now_seconds, unsigned char **ret_wire,
                     size_t *ret_length, struct err *err)
{
	/* ldns takes the zone's name and copies the list. */
	ldns_pkt *pkt = ldns_update_pkt_new(ldns_dname_new_frm_str(u->zone), LDNS_RR_CLASS_IN, u->expected, u->changes, NULL);
	struct buf out = BUF_INIT(DNS_MESSAGE_MAX);
	int rc;

	if (!pkt)
		return err_set(err, ERR_INVALID, "no update of zone %.300s can be made", u->zone);
	rc = message_write(u, pkt, key, now_seconds, &out, err);
	ldns_pkt_free(pkt);
	if (rc == 0) {
		*ret_length = out.length;
		*ret_wire = (unsigned char *)buf_take(&out);
	}
	buf_done(&out);
	return rc;
}

static int reply_read(const struct dns_update *u, const struct dns_tsig_key *key, ldns_pkt *pkt, const unsigned char *wire,
                      size_t length, long long now_seconds, struct dns_update_reply *ret, struct err *err)
{
	const ldns_rr *tsig = ldns_pkt_tsig(pkt);

	if (!ldns_pkt_qr(pkt) || ldns_pkt_get_opcode(pkt) != LDNS_PACKET_UPDATE)
		return err_set(err, ERR_PROTOCOL, "the DNS message from the server is not a reply to an update");
	if (ldns_pkt_id(pkt) != u->id)
		return err_set(err, ERR_PROTOCOL, "the reply of the server has another id than our update");
	*ret = (struct dns_update_reply){ .rcode = ldns_pkt_get_rcode(pkt) };
	if (!tsig)
		return 0;
	ret->tsig_error = tsig_error(tsig);
	ret->proven = key && u->mac.length > 0 && tsig_verify(wire, length, tsig, key, &u->mac, now_seconds);
	return 0;
}

int dns_update_reply_parse(const struct dns_update *u, const struct dns_tsig_key *key, const unsigned char *wire, size_t length,
                           long long now_seconds, struct dns_update_reply *ret, struct err *err)
{
	ldns_pkt *pkt = NULL;
	int rc = reply_wire_read(wire, length, &pkt, err);

	if (rc < 0)
		return rc;
	rc = reply_read(u, key, pkt, wire, length, now_seconds, ret, err);
	ldns_pkt_free(pkt);
	return rc;
}

int dns_query_build_signed(const char *fqdn, const struct dns_tsig_key *key, long long now_seconds,
                           unsigned char wire[DNS_SIGNED_QUERY_MAX], struct err *err)
{
	struct buf out = BUF_INIT(DNS_SIGNED_QUERY_MAX);
	struct tsig_mac mac;
	int length = dns_query_build(fqdn, DNS_TXT, false, wire, DNS_QUERY_MAX, err);

	if (length < 0 || !key)
		return length;
	buf_add(&out, wire, (size_t)length);
	if (tsig_sign(&out, key, now_seconds, &mac, err) < 0)
		length = ERR_INVALID;
	else if (out.overflow)
		length = err_set(err, ERR_TOO_LARGE, "a signed query for %.200s does not fit %d bytes", fqdn, DNS_SIGNED_QUERY_MAX);
	else
		memcpy(wire, out.data, (size_t)(length = (int)out.length));
	buf_done(&out);
	return length;
}
