/* Finds servers that disagree about where a zone begins. Each is consistent by itself; which one an authority asks is chance. */
#include <stdlib.h>
#include <string.h>

#include "solver/base/mem.h"
#include "solver/dns/name.h"
#include "solver/verdict/dns/dns.h"
#include "solver/verdict/network/lookup.h"

/* The zone that an authoritative answer says it is from, or NULL. */
static const char *zone_of(const struct ev_answer *a)
{
	for (size_t i = 0; i < a->record_count; i++)
		if (a->records[i].type == TYPE_SOA)
			return a->records[i].owner;
	for (size_t i = 0; i < a->authority_count; i++)
		if (a->authority[i].type == TYPE_SOA)
			return a->authority[i].owner;
	return NULL;
}

static bool is_about(const struct evidence *e, const struct ev_answer *a)
{
	return strcmp(a->view, "direct") == 0 && (a->type == TYPE_TXT || a->type == TYPE_SOA) && strcmp(a->name, e->written_fqdn) == 0 && a->zone &&
	       strcmp(a->zone, e->written_zone) == 0 && !a->failure && a->authoritative && (!a->final_name || strcmp(a->final_name, a->name) == 0);
}

static bool is_told(const struct verdict *v, const char *text)
{
	for (size_t i = 0; i < v->finding_count; i++)
		if (strcmp(v->findings[i].text, text) == 0)
			return true;
	return false;
}

static void tell(const struct evidence *e, const struct ev_answer *a, const char *zone, struct verdict *v)
{
	bool below = name_is_below(zone, e->written_zone);
	const char *child = below ? zone : e->written_zone, *parent = below ? e->written_zone : zone;
	CLEANUP(mem_freep) char *text = mem_printf("%s (%s) answers for %s from the zone %s, others from the zone %s: the name servers do not agree "
	                                           "whether %s is a zone of its own", a->server ? a->server : "-", a->address ? a->address : "-", e->written_fqdn, zone, e->written_zone, child);

	if (is_told(v, text))
		return;
	verdict_add_finding(v, FINDING_ERROR, STAGE_LOOKUP, "cut-differs", mem_dup(text),
	                    mem_printf("Make all name servers of %s alike: each has the same NS records for %s, or none has that zone", parent, child));
}

void judge_cuts(const struct evidence *e, const struct authority *a, struct verdict *v)
{
	(void)a;
	for (size_t i = 0; e->written_fqdn && e->written_zone && i < e->answer_count; i++) {
		const char *zone = is_about(e, &e->answers[i]) ? zone_of(&e->answers[i]) : NULL;

		if (zone && strcmp(zone, e->written_zone) != 0 && (name_is_below(zone, e->written_zone) || name_is_below(e->written_zone, zone)))
			tell(e, &e->answers[i], zone, v);
	}
}
