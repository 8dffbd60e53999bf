#include "solver/dns/tsig.h"

#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <string.h>

#include "solver/base/mem.h"

#define FUDGE 300        /* seconds, RFC 8945 section 10 */
#define HEADER 12        /* bytes of a message's header */
#define SIGNED_MAX (2 * LDNS_MAX_PACKETLEN)

/* Fields of a TSIG record, RFC 8945 section 4.2. */
enum { FIELD_ALGORITHM, FIELD_TIME, FIELD_FUDGE, FIELD_MAC, FIELD_ID, FIELD_ERROR, FIELD_OTHER, FIELDS };

/* What is signed besides the message, section 4.3.3. */
struct variables {
	uint64_t time;
	unsigned fudge, error;
	const unsigned char *other;
	unsigned other_length;
};

static const struct { const char *name; const EVP_MD *(*digest)(void); } algorithms[] = {
	[DNS_HMAC_SHA256] = { "hmac-sha256.", EVP_sha256 },
	[DNS_HMAC_SHA384] = { "hmac-sha384.", EVP_sha384 },
	[DNS_HMAC_SHA512] = { "hmac-sha512.", EVP_sha512 },
};

static void rdf_freep(ldns_rdf **rdf)
{
	ldns_rdf_deep_free(*rdf);
}

static void add_number(struct buf *out, uint64_t n, int bytes)
{
	while (bytes-- > 0)
		buf_add_char(out, (char)(n >> (8 * bytes) & 0xff));
}

static unsigned long long read_number(const unsigned char *p, size_t bytes)
{
	unsigned long long n = 0;

	while (bytes-- > 0)
		n = n << 8 | *p++;
	return n;
}

static unsigned long long field_number(const ldns_rr *tsig, int field)
{
	const ldns_rdf *rdf = ldns_rr_rdf(tsig, (size_t)field);

	return rdf && ldns_rdf_size(rdf) <= 8 ? read_number(ldns_rdf_data(rdf), ldns_rdf_size(rdf)) : 0;
}

/* The name in canonical form: lower case, not compressed. */
static int add_name(struct buf *out, const char *text, struct err *err)
{
	CLEANUP(rdf_freep) ldns_rdf *name = ldns_dname_new_frm_str(text);

	if (!name)
		return err_set(err, ERR_INVALID, "\"%.300s\" is not a name for a TSIG key", text);
	ldns_dname2canonical(name);
	buf_add(out, ldns_rdf_data(name), ldns_rdf_size(name));
	return 0;
}

static int add_variables(struct buf *out, const struct dns_tsig_key *key, const struct variables *v, struct err *err)
{
	if (add_name(out, key->name, err) < 0)
		return ERR_INVALID;
	add_number(out, LDNS_RR_CLASS_ANY, 2);
	add_number(out, 0, 4);
	if (add_name(out, algorithms[key->algorithm].name, err) < 0)
		return ERR_INVALID;
	add_number(out, v->time, 6);
	add_number(out, v->fudge, 2);
	add_number(out, v->error, 2);
	add_number(out, v->other_length, 2);
	buf_add(out, v->other, v->other_length);
	return 0;
}

static int mac_make(const struct buf *signed_bytes, const struct dns_tsig_key *key, struct tsig_mac *ret, struct err *err)
{
	CLEANUP(rdf_freep) ldns_rdf *secret = ldns_rdf_new_frm_str(LDNS_RDF_TYPE_B64, key->secret);
	bool made = secret && ldns_rdf_size(secret) > 0 &&
	            HMAC(algorithms[key->algorithm].digest(), ldns_rdf_data(secret), (int)ldns_rdf_size(secret),
	                 (const unsigned char *)signed_bytes->data, signed_bytes->length, ret->bytes, &ret->length);

	if (secret)
		explicit_bzero(ldns_rdf_data(secret), ldns_rdf_size(secret));
	if (!made)
		return err_set(err, ERR_INVALID, "the secret of TSIG key %s is not base64", key->name);
	return 0;
}

static int add_record(struct buf *wire, const struct dns_tsig_key *key, const struct variables *v, const struct tsig_mac *mac, struct err *err)
{
	const char *algorithm = algorithms[key->algorithm].name;
	unsigned char id[2] = { (unsigned char)wire->data[0], (unsigned char)wire->data[1] };

	if (add_name(wire, key->name, err) < 0)
		return ERR_INVALID;
	add_number(wire, LDNS_RR_TYPE_TSIG, 2);
	add_number(wire, LDNS_RR_CLASS_ANY, 2);
	add_number(wire, 0, 4);
	add_number(wire, strlen(algorithm) + 1 + 6 + 2 + 2 + mac->length + 2 + 2 + 2, 2);
	if (add_name(wire, algorithm, err) < 0)
		return ERR_INVALID;
	add_number(wire, v->time, 6);
	add_number(wire, v->fudge, 2);
	add_number(wire, mac->length, 2);
	buf_add(wire, mac->bytes, mac->length);
	buf_add(wire, id, sizeof(id));
	add_number(wire, v->error, 2);
	add_number(wire, 0, 2);
	return 0;
}

static void count_change(unsigned char *header, int by)
{
	unsigned count = (unsigned)((int)read_number(header + 10, 2) + by);

	header[10] = (unsigned char)(count >> 8);
	header[11] = (unsigned char)count;
}

int tsig_sign(struct buf *wire, const struct dns_tsig_key *key, long long now_seconds, struct tsig_mac *ret, struct err *err)
{
	struct variables v = { .time = (uint64_t)now_seconds, .fudge = FUDGE };
	struct buf bytes = BUF_INIT(SIGNED_MAX);
	int rc;

	buf_add(&bytes, wire->data, wire->length);
	rc = add_variables(&bytes, key, &v, err);
	if (rc == 0)
		rc = mac_make(&bytes, key, ret, err);
	buf_done(&bytes);
	if (rc < 0 || add_record(wire, key, &v, ret, err) < 0)
		return ERR_INVALID;
	if (!wire->overflow)
		count_change((unsigned char *)wire->data, 1);
	return 0;
}

/* The position behind the name at `at`; 0 for nonsense. */
static size_t name_skip(const unsigned char *wire, size_t length, size_t at)
{
	while (at < length && wire[at] != 0) {
		if (wire[at] >= 0xc0)
			return at + 2 <= length ? at + 2 : 0;
		at += 1u + wire[at];
	}
	return at < length ? at + 1 : 0;
}

/* Where the last record begins, which TSIG must be; 0 for nonsense. */
static size_t last_record(const unsigned char *wire, size_t length)
{
	size_t at = HEADER, questions = length >= HEADER ? read_number(wire + 4, 2) : 0, records = 0;

	for (size_t i = 6; length >= HEADER && i < HEADER; i += 2)
		records += read_number(wire + i, 2);
	for (size_t i = 0; i + 1 < questions + records; i++) {
		at = name_skip(wire, length, at);
		if (at && i < questions)
			at += 4;
		else if (at && at + 10 <= length)
			at += 10 + read_number(wire + at + 8, 2);
		else
			return 0;
		if (at == 0 || at > length)
			return 0;
	}
	return records > 0 ? at : 0;
}

static bool name_is(const ldns_rdf *rdf, const char *text)
{
	CLEANUP(rdf_freep) ldns_rdf *name = ldns_dname_new_frm_str(text);

	return name && rdf && ldns_rdf_get_type(rdf) == LDNS_RDF_TYPE_DNAME && ldns_dname_compare(rdf, name) == 0;
}

/* Section 4.3: the request's signature, the message as it was before TSIG, the variables. */
static int reply_mac(const unsigned char *wire, size_t end, const ldns_rr *tsig, const struct dns_tsig_key *key,
                     const struct tsig_mac *request, struct tsig_mac *ret)
{
	const ldns_rdf *other = ldns_rr_rdf(tsig, FIELD_OTHER);
	struct variables v = { field_number(tsig, FIELD_TIME), (unsigned)field_number(tsig, FIELD_FUDGE),
	                       (unsigned)field_number(tsig, FIELD_ERROR), NULL, 0 };
	struct buf bytes = BUF_INIT(SIGNED_MAX);
	unsigned char *header;
	int rc;

	if (ldns_rdf_size(other) > 2) { /* two bytes of length stand in front */
		v.other = ldns_rdf_data(other) + 2;
		v.other_length = (unsigned)ldns_rdf_size(other) - 2;
	}
	add_number(&bytes, request->length, 2);
	buf_add(&bytes, request->bytes, request->length);
	buf_add(&bytes, wire, end);
	header = (unsigned char *)bytes.data + 2 + request->length;
	memcpy(header, ldns_rdf_data(ldns_rr_rdf(tsig, FIELD_ID)), 2);
	count_change(header, -1);
	rc = add_variables(&bytes, key, &v, NULL);
	if (rc == 0)
		rc = mac_make(&bytes, key, ret, NULL);
	buf_done(&bytes);
	return rc;
}

bool tsig_verify(const unsigned char *wire, size_t length, const ldns_rr *tsig, const struct dns_tsig_key *key,
                 const struct tsig_mac *request, long long now_seconds)
{
	size_t end = last_record(wire, length);
	struct tsig_mac ours;
	const ldns_rdf *theirs;
	long long age;

	if (end == 0 || ldns_rr_rd_count(tsig) != FIELDS || ldns_rdf_size(ldns_rr_rdf(tsig, FIELD_ID)) != 2)
		return false;
	if (!name_is(ldns_rr_owner(tsig), key->name) || !name_is(ldns_rr_rdf(tsig, FIELD_ALGORITHM), algorithms[key->algorithm].name))
		return false;
	age = now_seconds - (long long)field_number(tsig, FIELD_TIME);
	if (age > FUDGE || age < -FUDGE)
		return false;
	theirs = ldns_rr_rdf(tsig, FIELD_MAC);
	if (reply_mac(wire, end, tsig, key, request, &ours) < 0 || ldns_rdf_size(theirs) != ours.length + 2)
		return false; /* a shortened signature is none (section 5.2.2.1) */
	return CRYPTO_memcmp(ldns_rdf_data(theirs) + 2, ours.bytes, ours.length) == 0;
}

int tsig_error(const ldns_rr *tsig)
{
	return ldns_rr_rd_count(tsig) == FIELDS ? (int)field_number(tsig, FIELD_ERROR) : 0;
}
