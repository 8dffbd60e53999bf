/* DNSSEC as the authority's resolver saw it: signed, unsigned or bogus, where and why; and signatures that end soon. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "solver/base/mem.h"
#include "solver/verdict/dns/dns.h"
#include "solver/verdict/network/lookup.h"

#define DAY_S (24 * 3600)
#define WEEK_S (7 * DAY_S)
#define FIELDS_BEFORE_END 4 /* of a signature: type, algorithm, labels, TTL */

static bool has_security(const struct ev_answer *a, const char *security)
{
	return strcmp(a->view, "authority") == 0 && a->security && strcmp(a->security, security) == 0;
}

/* ---- bogus ---- */

/* The words of a validator for each fault, and the fix; the first row that matches counts. */
static const struct {
	const char *words[3], *fix;
} troubles[] = {
	{ { "No DNSKEY" }, "Sign the zone, or remove its DS record at the parent: the zone has no DNSKEY" },
	{ { "expired", "Expired" }, "Sign the zone again: its signatures have ended; find out why the signer did not" },
	{ { "not yet", "Not Yet Valid", "future" }, "Set the clock of the signer right and sign the zone again" },
	{ { "NSEC", "denial", "Denial" }, "Mend the NSEC or NSEC3 records: the denial of a record that does not exist must be signed too" },
	{ { "DNSKEY", "DS ", "no keys" }, "Make the DS record at the parent fit a DNSKEY of the zone, or remove it while the zone is unsigned" },
	{ { "no signatures", "RRSIGs Missing", "missing" }, "Sign the zone, or remove its DS record at the parent" },
};

static const char *fix_for(const char *why)
{
	for (size_t i = 0; i < ARRAY_LEN(troubles); i++)
		for (size_t k = 0; k < ARRAY_LEN(troubles[i].words) && troubles[i].words[k]; k++)
			if (strstr(why, troubles[i].words[k]))
				return troubles[i].fix;
	return "Correct the DNSSEC chain of the zone, or remove its DS record at the parent";
}

static void find(struct verdict *v, enum finding_severity severity, const char *code, char *text, char *fix)
{
	for (size_t i = 0; i < v->finding_count; i++) {
		if (strcmp(v->findings[i].code, code) == 0 && strcmp(v->findings[i].text, text) == 0) {
			free(text);
			free(fix);
			return;
		}
	}
	verdict_add_finding(v, severity, STAGE_LOOKUP, code, text, fix);
}

/* Only questions that an authority asks too. Our own extra questions (zone cuts, records at wrong names) give no findings. */
static bool is_asked_by_authority(const struct evidence *e, const struct ev_answer *a)
{
	if (a->type == TYPE_TXT)
		return e->fqdn && strcmp(a->name, e->fqdn) == 0;
	return a->type == TYPE_CAA || (!e->fqdn && (a->type == TYPE_A || a->type == TYPE_AAAA));
}

static void tell_bogus(const struct ev_answer *answer, const struct authority *a, struct verdict *v)
{
	const char *why = answer->why ? answer->why : "no reason was given";

	/* A name that passes although one look-up is bogus was reached over the other address family. */
	find(v, a->dnssec && v->result != VERDICT_PASS ? FINDING_ERROR : FINDING_WARNING, "dnssec-bogus",
	     mem_printf("DNSSEC is broken at %s (%s): %s", answer->name, lookup_type_name(answer->type), why), mem_dup(fix_for(why)));
}

/* ---- signatures ---- */

/* "20261121142000" or seconds (RFC 4034 section 3.2); 0 when it is neither. */
static int64_t moment(const char *text)
{
	struct tm t = { 0 };
	size_t length = strspn(text, "0123456789");

	if (length != 14)
		return length && length <= 10 ? strtoll(text, NULL, 10) : 0;
	if (sscanf(text, "%4d%2d%2d%2d%2d%2d", &t.tm_year, &t.tm_mon, &t.tm_mday, &t.tm_hour, &t.tm_min, &t.tm_sec) != 6)
		return 0;
	t.tm_year -= 1900;
	t.tm_mon -= 1;
	return timegm(&t);
}

static const char *field(const char *text, int n)
{
	for (; n > 0 && text; n--) {
		text = strchr(text, ' ');
		text = text ? text + strspn(text, " ") : NULL;
	}
	return text;
}

/* Zones that are signed as they are asked have short signatures that are always young: only one in the last quarter
 * of its life was not renewed. */
static void check_signature(const struct ev_answer *answer, const struct ev_record *r, const struct evidence *e, struct verdict *v)
{
	const char *end_text = field(r->data, FIELDS_BEFORE_END), *begin_text = field(r->data, FIELDS_BEFORE_END + 1);
	int64_t now = (answer->at_ms ? answer->at_ms : e->at_ms) / 1000, end, begin;

	end = end_text ? moment(end_text) : 0;
	begin = begin_text ? moment(begin_text) : 0;
	if (!end || !begin || end <= begin || end - now > WEEK_S || (end - now) * 4 > end - begin)
		return;
	if (end <= now)
		find(v, FINDING_WARNING, "signature-ended", mem_printf("the signature of %s (%.*s) has ended", r->owner, (int)strcspn(r->data, " "), r->data),
		     mem_dup(fix_for("expired")));
	else
		find(v, FINDING_WARNING, "signature-ends",
		     mem_printf("the signature of %s (%.*s) ends in %lld %s", r->owner, (int)strcspn(r->data, " "), r->data,
		                (long long)(end - now < DAY_S ? (end - now) / 3600 : (end - now) / DAY_S), end - now < DAY_S ? "hours" : "days"),
		     mem_printf("Sign the zone of %s again in time; check that its signer works", r->owner));
}

/* ---- the whole ---- */

static const struct ev_answer *main_answer(const struct evidence *e)
{
	const struct ev_answer *answer = e->fqdn ? evidence_authority(e, e->fqdn, TYPE_TXT) : evidence_authority(e, e->identifier, TYPE_A);

	return answer && answer->security ? answer : NULL;
}

void judge_dnssec(const struct evidence *e, const struct authority *a, struct verdict *v)
{
	const struct ev_answer *answer = main_answer(e);

	for (size_t i = 0; i < e->answer_count; i++) {
		if (has_security(&e->answers[i], "bogus") && is_asked_by_authority(e, &e->answers[i]))
			tell_bogus(&e->answers[i], a, v);
		for (size_t r = 0; r < e->answers[i].record_count; r++)
			if (e->answers[i].records[r].type == TYPE_RRSIG)
				check_signature(&e->answers[i], &e->answers[i].records[r], e, v);
	}
	if (answer && strcmp(answer->security, "bogus") != 0)
		find(v, FINDING_NOTE, "dnssec", mem_printf("%s is %s (DNSSEC)", answer->name, strcmp(answer->security, "secure") == 0 ? "signed and valid" : "not signed"),
		     NULL);
}
