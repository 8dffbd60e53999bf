#include "solver/dns/update.h"

#include <ldns/ldns.h>
#include <stdlib.h>
#include <string.h>

#include "solver/base/id.h"
#include "solver/base/mem.h"
#include "solver/dns/message.h"

#define FUDGE 300       /* seconds, RFC 8945 section 10 */
#define STRING_MAX 255  /* bytes of one character-string */
#define TSIG_ROOM 128   /* of a TSIG record without its key name: the largest MAC and the fixed fields */

/* Fields of a TSIG record, RFC 8945 section 4.2. */
enum { TSIG_TIME = 1, TSIG_FUDGE = 2, TSIG_MAC = 3, TSIG_ERROR = 5 };

struct dns_update {
	char *zone;
	ldns_rr_list *changes;
	uint16_t id;        /* of the message that was built last */
	ldns_rdf *mac;      /* its signature, or NULL */
};

static const char *algorithm_name(enum dns_tsig_algorithm algorithm)
{
	static const char *const names[] = { "hmac-sha256.", "hmac-sha384.", "hmac-sha512." };

	return names[algorithm];
}

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
	u->changes = ldns_rr_list_new();
	return u;
}

void dns_update_free(struct dns_update *u)
{
	if (!u)
		return;
	ldns_rr_list_deep_free(u->changes);
	ldns_rdf_deep_free(u->mac);
	free(u->zone);
	free(u);
}

void dns_update_freep(struct dns_update **u)
{
	dns_update_free(*u);
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

static int change_push(struct dns_update *u, const char *fqdn, const char *value, unsigned ttl, ldns_rr_class class, struct err *err)
{
	ldns_rdf *owner = ldns_dname_new_frm_str(fqdn);
	ldns_rr *rr;

	if (!owner)
		return err_set(err, ERR_INVALID, "\"%.300s\" is not a domain name", fqdn);
	rr = ldns_rr_new();
	ldns_rr_set_owner(rr, owner);
	ldns_rr_set_type(rr, LDNS_RR_TYPE_TXT);
	ldns_rr_set_class(rr, class);
	ldns_rr_set_ttl(rr, ttl);
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

static int message_sign(struct dns_update *u, ldns_pkt *pkt, const struct dns_tsig_key *key, struct err *err)
{
	ldns_status status = ldns_pkt_tsig_sign(pkt, key->name, key->secret, FUDGE, algorithm_name(key->algorithm), NULL);

	if (status != LDNS_STATUS_OK || !ldns_pkt_tsig(pkt))
		return err_set(err, ERR_INVALID, "the update cannot be signed with key %s: %s", key->name, ldns_get_errorstr_by_id(status));
	ldns_rdf_deep_free(u->mac);
	u->mac = ldns_rdf_clone(ldns_rr_rdf(ldns_pkt_tsig(pkt), TSIG_MAC));
	return 0;
}

static int message_write(struct dns_update *u, ldns_pkt *pkt, const struct dns_tsig_key *key, unsigned char **ret_wire,
                         size_t *ret_length, struct err *err)
{
	uint8_t *wire = NULL;
	size_t length = 0;
	ldns_status status;

	id_random(&u->id, sizeof(u->id));
	ldns_pkt_set_id(pkt, u->id);
	if (key && message_sign(u, pkt, key, err) < 0)
		return ERR_INVALID;
	status = ldns_pkt2wire(&wire, pkt, &length);
	if (status != LDNS_STATUS_OK || length > DNS_MESSAGE_MAX) {
		free(wire);
		return err_set(err, ERR_TOO_LARGE, "an update of %zu changes does not fit one message",
		               ldns_rr_list_rr_count(u->changes));
	}
	*ret_wire = wire;
	*ret_length = length;
	return 0;
}

int dns_update_build(struct dns_update *u, const struct dns_tsig_key *key, unsigned char **ret_wire, size_t *ret_length,
                     struct err *err)
{
	/* ldns takes the zone's name and copies the list. */
	ldns_pkt *pkt = ldns_update_pkt_new(ldns_dname_new_frm_str(u->zone), LDNS_RR_CLASS_IN, NULL, u->changes, NULL);
	int rc;

	if (!pkt)
		return err_set(err, ERR_INVALID, "no update of zone %.300s can be made", u->zone);
	rc = message_write(u, pkt, key, ret_wire, ret_length, err);
	ldns_pkt_free(pkt);
	return rc;
}

static uint64_t rdf_number(const ldns_rdf *rdf)
{
	uint64_t n = 0;

	for (size_t i = 0; rdf && i < ldns_rdf_size(rdf) && i < sizeof(n); i++)
		n = n << 8 | ldns_rdf_data(rdf)[i];
	return n;
}

/* ldns compares the signature, but neither the time nor that the reply answers our message. */
static bool reply_is_proven(const struct dns_update *u, const struct dns_tsig_key *key, ldns_pkt *pkt, const unsigned char *wire,
                            size_t length, long long now_seconds)
{
	const ldns_rr *tsig = ldns_pkt_tsig(pkt);
	long long age = now_seconds - (long long)rdf_number(ldns_rr_rdf(tsig, TSIG_TIME));

	if (!u->mac || age > FUDGE || age < -FUDGE)
		return false;
	return ldns_pkt_tsig_verify(pkt, wire, length, key->name, key->secret, u->mac);
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
	if (!tsig || ldns_rr_rd_count(tsig) <= TSIG_ERROR)
		return 0;
	ret->tsig_error = (int)rdf_number(ldns_rr_rdf(tsig, TSIG_ERROR));
	ret->proven = key && reply_is_proven(u, key, pkt, wire, length, now_seconds);
	return 0;
}

int dns_update_reply_parse(const struct dns_update *u, const struct dns_tsig_key *key, const unsigned char *wire, size_t length,
                           long long now_seconds, struct dns_update_reply *ret, struct err *err)
{
	ldns_pkt *pkt = NULL;
	ldns_status status;
	int rc;

	if (length > DNS_MESSAGE_MAX)
		return err_set(err, ERR_PROTOCOL, "a DNS reply of %zu bytes is longer than a message can be", length);
	status = ldns_wire2pkt(&pkt, wire, length);
	if (status != LDNS_STATUS_OK)
		return err_set(err, ERR_PROTOCOL, "the reply to the update (%zu bytes) cannot be read: %s", length,
		               ldns_get_errorstr_by_id(status));
	rc = reply_read(u, key, pkt, wire, length, now_seconds, ret, err);
	ldns_pkt_free(pkt);
	return rc;
}
