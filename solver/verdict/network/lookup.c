#include "solver/verdict/network/lookup.h"

#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "solver/base/mem.h"

enum { NOERROR = 0, SERVFAIL = 2, NXDOMAIN = 3 };

const char *lookup_type_name(int type)
{
	static const struct { int type; const char *name; } names[] = {
		{ TYPE_A, "A" }, { TYPE_NS, "NS" }, { TYPE_CNAME, "CNAME" }, { TYPE_SOA, "SOA" }, { TYPE_TXT, "TXT" },
		{ TYPE_AAAA, "AAAA" }, { TYPE_DNAME, "DNAME" }, { 43, "DS" }, { TYPE_RRSIG, "RRSIG" }, { 48, "DNSKEY" },
		{ TYPE_CAA, "CAA" },
	};

	for (size_t i = 0; i < ARRAY_LEN(names); i++)
		if (names[i].type == type)
			return names[i].name;
	return "another type";
}

const char *lookup_rcode_name(int rcode)
{
	static const char *const names[] = {
		"NOERROR", "FORMERR", "SERVFAIL", "NXDOMAIN", "NOTIMP", "REFUSED", "YXDOMAIN", "YXRRSET", "NXRRSET",
		"NOTAUTH", "NOTZONE",
	};

	if (rcode < 0)
		return "no answer";
	return (size_t)rcode < ARRAY_LEN(names) ? names[rcode] : "an unknown rcode";
}

static bool is_bogus(const struct ev_answer *answer)
{
	return answer->security && strcmp(answer->security, "bogus") == 0;
}

bool lookup_worked(const struct ev_answer *answer, bool dnssec)
{
	return !answer->failure && answer->rcode == NOERROR && !(dnssec && is_bogus(answer));
}

bool lookup_blind(const struct ev_answer *answer)
{
	return answer->failure && (strcmp(answer->failure, "no-root") == 0 || strcmp(answer->failure, "local") == 0);
}

char *lookup_blind_fix(void)
{
	return mem_dup("Let this host reach the name servers of the world (port 53, UDP and TCP), or let a perspective that does check too "
	               "(perspectives.peers)");
}

/* What an authority's resolver adds as an extended error (RFC 8914). */
static char *extended_problem(const struct ev_answer *answer, const char *type)
{
	const char *why = answer->why ? answer->why : "";
	const char *lead = strncmp(why, "DNSSEC", 6) == 0 ? "" : *why ? "DNSSEC: Bogus: " : "DNSSEC: Bogus";

	return mem_printf("DNS problem: looking up %s for %s: %s%s", type, answer->name, lead, why);
}

char *lookup_problem(const struct ev_answer *answer, bool dnssec)
{
	const char *type = lookup_type_name(answer->type), *more = "";

	if (dnssec && is_bogus(answer))
		return extended_problem(answer, type);
	if (answer->failure && strcmp(answer->failure, "timeout") == 0)
		return mem_printf("DNS problem: query timed out looking up %s for %s", type, answer->name);
	if (answer->failure || answer->rcode < 0)
		return mem_printf("DNS problem: SERVFAIL looking up %s for %s - the domain's nameservers may be malfunctioning", type,
		                  answer->name);
	if (answer->rcode == NXDOMAIN)
		more = " - check that a DNS record exists for this domain";
	else if (answer->rcode == SERVFAIL)
		more = " - the domain's nameservers may be malfunctioning";
	return mem_printf("DNS problem: %s looking up %s for %s%s", lookup_rcode_name(answer->rcode), type, answer->name, more);
}

static const struct ev_record *soa_of(const struct ev_record *list, size_t count, const char *zone)
{
	for (size_t i = 0; i < count; i++)
		if (list[i].type == TYPE_SOA && strcasecmp(list[i].owner, zone) == 0)
			return &list[i];
	return NULL;
}

/* "mname rname serial …" */
char *lookup_serial(const struct ev_answer *a)
{
	const struct ev_record *soa = a->zone ? soa_of(a->records, a->record_count, a->zone) : NULL;
	const char *at;

	if (!soa && a->zone)
		soa = soa_of(a->authority, a->authority_count, a->zone);
	at = soa ? soa->data : NULL;
	for (int field = 0; field < 2 && at; field++)
		at = strchr(at, ' ') ? strchr(at, ' ') + 1 : NULL;
	return at ? mem_dup_n(at, strcspn(at, " ")) : NULL;
}

char *lookup_server_serial(const struct evidence *e, const char *zone, const char *address)
{
	char *serial = NULL;

	for (size_t i = 0; zone && address && !serial && i < e->answer_count; i++) {
		const struct ev_answer *a = &e->answers[i];

		if (a->address && a->zone && strcmp(a->address, address) == 0 && strcmp(a->zone, zone) == 0)
			serial = lookup_serial(a);
	}
	return serial;
}
