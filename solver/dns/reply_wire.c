#include "solver/dns/reply_wire.h"

#include "solver/dns/message.h"

#define COUNTS_AT 4 /* of questions, answers, authority and additional records, two bytes each */
#define ADDITIONAL 3

static unsigned count_of(const unsigned char *wire, int section)
{
	return (unsigned)wire[COUNTS_AT + 2 * section] << 8 | wire[COUNTS_AT + 2 * section + 1];
}

/* The type of the record at *pos, and the position behind it, as ldns_wire2pkt() finds them; false: it cannot be read. */
static bool next_type(const unsigned char *wire, size_t length, size_t *pos, int section, ldns_rr_type *ret)
{
	ldns_rr *rr;

	if (ldns_wire2rr(&rr, wire, length, pos, section ? LDNS_SECTION_ANSWER : LDNS_SECTION_QUESTION) != LDNS_STATUS_OK)
		return false;
	*ret = ldns_rr_get_type(rr);
	ldns_rr_free(rr);
	return true;
}

/* What cannot be read is for ldns_wire2pkt() to refuse, at the same record. */
static bool repeats_one(const unsigned char *wire, size_t length)
{
	unsigned opts = 0, tsigs = 0;
	size_t pos = LDNS_HEADER_SIZE;

	if (length < LDNS_HEADER_SIZE || count_of(wire, ADDITIONAL) < 2)
		return false;
	for (int section = 0; section <= ADDITIONAL; section++) {
		for (unsigned i = 0; i < count_of(wire, section); i++) {
			ldns_rr_type type;

			if (!next_type(wire, length, &pos, section, &type))
				return false;
			opts += section == ADDITIONAL && type == LDNS_RR_TYPE_OPT;
			tsigs += section == ADDITIONAL && type == LDNS_RR_TYPE_TSIG;
			if (opts > 1 || tsigs > 1)
				return true;
		}
	}
	return false;
}

int reply_wire_read(const unsigned char *wire, size_t length, ldns_pkt **ret, struct err *err)
{
	ldns_status status;

	if (length > DNS_MESSAGE_MAX)
		return err_set(err, ERR_PROTOCOL, "a DNS reply of %zu bytes is longer than a message can be", length);
	if (repeats_one(wire, length))
		return err_set(err, ERR_PROTOCOL, "the DNS reply of %zu bytes has more than one OPT or TSIG record", length);
	status = ldns_wire2pkt(ret, wire, length);
	if (status != LDNS_STATUS_OK)
		return err_set(err, ERR_PROTOCOL, "the DNS reply of %zu bytes cannot be read: %s", length, ldns_get_errorstr_by_id(status));
	return 0;
}
