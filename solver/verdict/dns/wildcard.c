#include "solver/verdict/dns/wildcard.h"

#include <string.h>

#include "solver/verdict/network/lookup.h"

/* The CNAME that a DNAME brings with it is not the name's own (RFC 6672 section 3.1). */
const struct ev_record *wildcard_alias(const struct ev_answer *answer, const char *name)
{
	const struct ev_record *cname = NULL;

	for (size_t i = 0; i < answer->record_count; i++) {
		const struct ev_record *r = &answer->records[i];

		if (r->type == TYPE_DNAME && strcmp(r->owner, name) != 0 && name_is_below(name, r->owner))
			return r;
		if (r->type == TYPE_CNAME && strcmp(r->owner, name) == 0)
			cname = r;
	}
	return cname;
}

bool wildcard_covers(const struct evidence *e, const char *name, const char *target)
{
	char witness[NAME_SIZE];
	const struct ev_answer *answer = name_witness(name, witness) ? evidence_authority(e, witness, TYPE_TXT) : NULL;
	const struct ev_record *alias = answer && !answer->failure ? wildcard_alias(answer, witness) : NULL;

	return alias && alias->type == TYPE_CNAME && strcmp(alias->data, target) == 0;
}

const char *wildcard_target(const struct evidence *e)
{
	const struct ev_answer *answer = e->fqdn ? evidence_authority(e, e->fqdn, TYPE_TXT) : NULL;
	const char *place = e->written_fqdn ? e->written_fqdn : e->fqdn;
	const struct ev_record *alias = answer ? wildcard_alias(answer, place) : NULL;

	return alias && alias->type == TYPE_CNAME && wildcard_covers(e, place, alias->data) ? alias->data : NULL;
}
