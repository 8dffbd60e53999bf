/* The zone that holds a name, in the authority's view. */
#include <stdlib.h>

#include "solver/base/mem.h"
#include "solver/check/run.h"
#include "solver/dns/message.h"
#include "solver/dns/name.h"

/* Where somebody was silent already, the silence of several names is waited for at once. */
static void want_all_if_silent(struct check_run *r, const char *target)
{
	const struct ev_answer *txt = r->dns ? run_have(r, r->e->fqdn, DNS_TXT) : NULL;

	for (const char *name = target; txt && txt->failure && name && !r->blind; name = name_parent(name))
		run_want(r, name, DNS_SOA);
}

char *run_zone_of(struct check_run *r, const char *target)
{
	CLEANUP(mem_freep) char *copy = mem_dup(target);

	want_all_if_silent(r, copy);
	for (const char *name = copy; name; name = name_parent(name)) {
		const struct ev_answer *soa = run_want(r, name, DNS_SOA);
		const char *zone;

		if (!soa)
			return NULL;
		zone = answer_zone(soa);
		if (zone && name_is_below(name, zone))
			return mem_dup(zone);
	}
	return NULL;
}
