#include "solver/cps/warnings.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "solver/base/mem.h"

#define CODE_MAX 80
#define UNKNOWN "UNKNOWN"

/* Words that all stand in the sentence of a code. The ones that a domain-validated certificate can meet. */
static const struct {
	const char *code;
	const char *words[3];
} known[] = {
	{ "DNS_NAME_NOT_CNAMED", { "not CNAMEd" } },
	{ "DNS_NAME_ISSUER_NOT_IN_CAA_RECORD", { "allows CA issuers" } },
	{ "DNS_NAME_ISSUER_FORBIDDEN_CAA_RECORD", { "forbids CA issuer" } },
	{ "DNS_NAME_IS_NO_LONGER_CONTAINED", { "no longer contained" } },
	{ "DNS_NAME_NOT_CONTAINED", { "DNS name", "is not contained" } },
	{ "DNS_NAME_NULL_OR_EMPTY", { "DNS name", "null or empty" } },
	{ "DNS_QUERY_NAME_SERVER_TIMEOUT", { "name server query timeout" } },
	{ "DNS_UNKNOWN_HOST", { "DNS Unknown Host" } },
	{ "DOMAIN_NAME_INVALID", { "Domain name is invalid" } },
	{ "OVERLAPPING_TRAFFIC_CLASS", { "domains being provisioned", "exist on another certificate" } },
	{ "SNI_DNS_OVERLAP", { "overlapping a DNS name" } },
	{ "CERTIFICATE_ADDED_TO_TRUST_CHAIN", { "certificate was added", "trust chain" } },
	{ "CERTIFICATE_MISSING_IN_TRUST_CHAIN", { "certificate is missing", "trust chain" } },
	{ "CERTIFICATE_MISSING_CN_FROM_SAN_LIST", { "Common Name", "missing from the SAN list" } },
	{ "CERTIFICATE_EXPIRATION_TOO_SHORT", { "short lifetime", "expire soon" } },
	{ "CERTIFICATE_EXPIRATION_DATE_IN_NEAR_FUTURE", { "will expire in the near future" } },
	{ "CERTIFICATE_NOT_YET_VALID", { "certificate is not yet valid" } },
	{ "CERTIFICATE_VS_NETWORK_SAN_REMOVED_FROM_CERT_LIVE_ON_NETWORK", { "removed from certificate", "still live" } },
	{ "CSR_VS_CERTIFICATE_ADDITIONAL_SAN_IN_SAN_LIST_IN_CERTIFICATE", { "SAN name was added" } },
	{ "CSR_VS_CERTIFICATE_MISSING_SAN_FROM_SAN_LIST_IN_CERTIFICATE", { "SAN name is missing" } },
	{ "CROSS_SIGNED_ROOT_IN_TRUST_CHAIN", { "rossed signed roots" } },
	{ "EXTRA_CERT_IN_TRUST_CHAIN", { "Extra certificates", "being removed" } },
	{ "UNEXPECTED_TRUST_CHAIN", { "Unexpected trust chain" } },
	{ "UNSORTED_TRUST_CHAIN", { "trust chain was unsorted" } },
};

static bool code_at_start(const char *line, char code[CODE_MAX])
{
	size_t length = strspn(line, "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_");

	if (length < 4 || length >= CODE_MAX || !memchr(line, '_', length))
		return false;
	if (line[length] && !strchr(": -.", line[length]))
		return false;
	memcpy(code, line, length);
	code[length] = '\0';
	return true;
}

static bool has_words(const char *line, const char *const words[3])
{
	for (size_t i = 0; i < 3 && words[i]; i++)
		if (!strcasestr(line, words[i]))
			return false;
	return true;
}

static void recognise(const char *line, char code[CODE_MAX])
{
	const char *found = UNKNOWN;

	if (code_at_start(line, code))
		return;
	for (size_t i = 0; i < ARRAY_LEN(known) && strcmp(found, UNKNOWN) == 0; i++)
		if (has_words(line, known[i].words))
			found = known[i].code;
	snprintf(code, CODE_MAX, "%s", found);
}

static bool is_listed(const char *code, char *const *allowed)
{
	if (strcmp(code, UNKNOWN) == 0)
		return false;
	for (; allowed && *allowed; allowed++)
		if (strcmp(*allowed, code) == 0)
			return true;
	return false;
}

static bool judge_line(const char *line, char *const *allowed, struct buf *described)
{
	char code[CODE_MAX];
	bool listed;

	recognise(line, code);
	listed = is_listed(code, allowed);
	buf_printf(described, "%s%s%s: %s", described->length ? "\n" : "", code,
	           listed ? "" : " (not in cps.acknowledge-warnings)", line);
	return listed;
}

bool cps_warnings_acceptable(const char *text, char *const *allowed, struct buf *described)
{
	CLEANUP(mem_freep) char *copy = mem_dup(text);
	bool acceptable = true;
	char *rest = NULL;

	for (char *line = strtok_r(copy, "\r\n", &rest); line; line = strtok_r(NULL, "\r\n", &rest)) {
		line += strspn(line, " \t");
		if (*line)
			acceptable &= judge_line(line, allowed, described);
	}
	return acceptable;
}
