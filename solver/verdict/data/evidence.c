#include "solver/verdict/data/evidence.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "solver/base/mem.h"
#include "solver/verdict/data/codec.h"

#define NAME_BYTES 1024    /* a name of 255 octets, all escaped, is 1012 */
#define DATA_BYTES 264000  /* 64 KiB of TXT, all escaped */
#define TEXT_BYTES 4096
#define PERSPECTIVES_MAX 64
#define CERTIFICATES_MAX 32
#define COUNT_HIGH 1000000000000
#define TIME_HIGH 253402300799999 /* the last millisecond of the year 9999 */

#define TEXT(s, f, bytes) { #f, CODEC_TEXT, offsetof(struct s, f), .max = (bytes) }
#define NEED(s, f, bytes) { #f, CODEC_TEXT, offsetof(struct s, f), .max = (bytes), .required = true }
#define COUNT(s, f) { #f, CODEC_INT64, offsetof(struct s, f), .low = 0, .high = COUNT_HIGH }
#define TIME(s, f) { #f, CODEC_INT64, offsetof(struct s, f), .low = 0, .high = TIME_HIGH }
#define SMALL(s, f, least, most) { #f, CODEC_INT, offsetof(struct s, f), .low = (least), .high = (most) }
#define FLAG(s, f) { #f, CODEC_BOOL, offsetof(struct s, f) }
#define LIST(s, f, n, rows, item, most) \
	{ #f, CODEC_LIST, offsetof(struct s, f), .max = (most), .fields = (rows), .size = sizeof(struct item), \
	  .count_offset = offsetof(struct s, n) }

static const struct codec_field record_fields[] = {
	NEED(ev_record, owner, NAME_BYTES),
	SMALL(ev_record, type, 0, 65535),
	COUNT(ev_record, ttl),
	NEED(ev_record, data, DATA_BYTES),
	COUNT(ev_record, strings),
	{ 0 },
};

static const struct codec_field answer_fields[] = {
	NEED(ev_answer, view, 16),
	NEED(ev_answer, name, NAME_BYTES),
	SMALL(ev_answer, type, 0, 65535),
	TEXT(ev_answer, server, NAME_BYTES),
	TEXT(ev_answer, address, 128),
	TEXT(ev_answer, zone, NAME_BYTES),
	TEXT(ev_answer, transport, 8),
	TEXT(ev_answer, failure, 32),
	SMALL(ev_answer, rcode, -1, 4095),
	FLAG(ev_answer, authoritative),
	FLAG(ev_answer, truncated),
	FLAG(ev_answer, edns),
	FLAG(ev_answer, case_kept),
	FLAG(ev_answer, soa),
	TEXT(ev_answer, final_name, NAME_BYTES),
	TEXT(ev_answer, security, 16),
	TEXT(ev_answer, why, TEXT_BYTES),
	LIST(ev_answer, records, record_count, record_fields, ev_record, EVIDENCE_RECORDS_MAX),
	LIST(ev_answer, authority, authority_count, record_fields, ev_record, EVIDENCE_RECORDS_MAX),
	COUNT(ev_answer, elapsed_ms),
	TIME(ev_answer, at_ms),
	{ 0 },
};

static const struct codec_field hop_fields[] = {
	{ "walk", CODEC_INT64, offsetof(struct ev_hop, attempt), .low = 0, .high = COUNT_HIGH },
	NEED(ev_hop, url, TEXT_BYTES * 4),
	NEED(ev_hop, host, NAME_BYTES),
	NEED(ev_hop, address, 128),
	FLAG(ev_hop, fallback),
	TEXT(ev_hop, failure, 32),
	TEXT(ev_hop, why, TEXT_BYTES),
	SMALL(ev_hop, status, 0, 999),
	TEXT(ev_hop, location, DATA_BYTES),
	TEXT(ev_hop, server, TEXT_BYTES),
	TEXT(ev_hop, encoding, TEXT_BYTES),
	TEXT(ev_hop, body, EVIDENCE_BODY_MAX * 4),
	COUNT(ev_hop, body_length),
	COUNT(ev_hop, elapsed_ms),
	TIME(ev_hop, at_ms),
	{ 0 },
};

static const struct codec_field certificate_fields[] = {
	NEED(ev_certificate, address, 128),
	TEXT(ev_certificate, failure, 32),
	TEXT(ev_certificate, why, TEXT_BYTES),
	TEXT(ev_certificate, tls_version, 32),
	TEXT(ev_certificate, alpn, 1024),
	TEXT(ev_certificate, der, 131072),
	COUNT(ev_certificate, chain_length),
	COUNT(ev_certificate, elapsed_ms),
	TIME(ev_certificate, at_ms),
	{ 0 },
};

static const struct codec_field perspective_fields[] = {
	NEED(ev_perspective, code, 64),
	NEED(ev_perspective, rir, 32),
	NEED(ev_perspective, check, 16),
	FLAG(ev_perspective, completed),
	FLAG(ev_perspective, passed),
	TEXT(ev_perspective, problem, 64),
	TEXT(ev_perspective, detail, TEXT_BYTES),
	TEXT(ev_perspective, address, 128),
	COUNT(ev_perspective, elapsed_ms),
	{ 0 },
};

static const struct codec_field budget_fields[] = {
	FLAG(ev_budget, known),
	COUNT(ev_budget, failures),
	COUNT(ev_budget, failures_limit),
	COUNT(ev_budget, consecutive),
	COUNT(ev_budget, consecutive_limit),
	COUNT(ev_budget, wait_ms),
	{ 0 },
};

static const struct codec_field host_fields[] = {
	FLAG(ev_host, known),
	FLAG(ev_host, ipv4),
	FLAG(ev_host, ipv6),
	TEXT(ev_host, ipv4_why, 256),
	TEXT(ev_host, ipv6_why, 256),
	FLAG(ev_host, descriptors),
	{ 0 },
};

static const struct codec_field evidence_fields[] = {
	NEED(evidence, identifier, NAME_BYTES),
	FLAG(evidence, wildcard),
	FLAG(evidence, ip),
	NEED(evidence, type, 32),
	NEED(evidence, authority, 128),
	TEXT(evidence, token, 1024),
	TEXT(evidence, expected, TEXT_BYTES),
	TEXT(evidence, account_uri, 2048),
	TEXT(evidence, account_thumbprint, 64),
	TEXT(evidence, fqdn, NAME_BYTES),
	TEXT(evidence, written_fqdn, NAME_BYTES),
	TEXT(evidence, written_zone, NAME_BYTES),
	TEXT(evidence, provider, 256),
	TEXT(evidence, unlocated, 1024),
	FLAG(evidence, provider_known),
	FLAG(evidence, own_zone),
	FLAG(evidence, inside),
	TIME(evidence, at_ms),
	LIST(evidence, answers, answer_count, answer_fields, ev_answer, EVIDENCE_ANSWERS_MAX),
	LIST(evidence, hops, hop_count, hop_fields, ev_hop, EVIDENCE_HOPS_MAX),
	LIST(evidence, certificates, certificate_count, certificate_fields, ev_certificate, CERTIFICATES_MAX),
	LIST(evidence, perspectives, perspective_count, perspective_fields, ev_perspective, PERSPECTIVES_MAX),
	{ "budget", CODEC_STRUCT, offsetof(struct evidence, budget), .fields = budget_fields },
	{ "host", CODEC_STRUCT, offsetof(struct evidence, host), .fields = host_fields },
	{ 0 },
};

struct evidence *evidence_new(void)
{
	return mem_new(1, sizeof(struct evidence));
}

void evidence_free(struct evidence *e)
{
	if (!e)
		return;
	codec_done(evidence_fields, e);
	free(e);
}

struct ev_answer *evidence_add_answer(struct evidence *e)
{
	return codec_list_add(&e->answers, &e->answer_count, sizeof(*e->answers), EVIDENCE_ANSWERS_MAX);
}

struct ev_record *evidence_add_record(struct ev_answer *a)
{
	return codec_list_add(&a->records, &a->record_count, sizeof(*a->records), EVIDENCE_RECORDS_MAX);
}

struct ev_record *evidence_add_authority(struct ev_answer *a)
{
	return codec_list_add(&a->authority, &a->authority_count, sizeof(*a->authority), EVIDENCE_RECORDS_MAX);
}

struct ev_hop *evidence_add_hop(struct evidence *e)
{
	return codec_list_add(&e->hops, &e->hop_count, sizeof(*e->hops), EVIDENCE_HOPS_MAX);
}

struct ev_certificate *evidence_add_certificate(struct evidence *e)
{
	return codec_list_add(&e->certificates, &e->certificate_count, sizeof(*e->certificates), CERTIFICATES_MAX);
}

struct ev_perspective *evidence_add_perspective(struct evidence *e)
{
	return codec_list_add(&e->perspectives, &e->perspective_count, sizeof(*e->perspectives), PERSPECTIVES_MAX);
}

const struct ev_answer *evidence_authority(const struct evidence *e, const char *name, int type)
{
	for (size_t i = e->answer_count; i > 0; i--) {
		const struct ev_answer *a = &e->answers[i - 1];

		if (a->type == type && a->view && a->name && strcmp(a->view, "authority") == 0 && strcasecmp(a->name, name) == 0)
			return a;
	}
	return NULL;
}

json_t *evidence_to_json(const struct evidence *e)
{
	return codec_encode(evidence_fields, e);
}

int evidence_from_json(const json_t *json, struct evidence **ret, struct err *err)
{
	struct evidence *e = evidence_new();
	int rc = codec_decode(evidence_fields, e, json, err);

	if (rc < 0) {
		evidence_free(e);
		return rc;
	}
	*ret = e;
	return 0;
}
