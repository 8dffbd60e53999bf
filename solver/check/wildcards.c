/* Where the record must stand when a CNAME leads away from the name: at its end, or at the first name that only a wildcard leads
 * away from. Asked only of names that have a CNAME, and not when the authority sees the value at the end. */
#include <stdlib.h>
#include <string.h>

#include "solver/base/mem.h"
#include "solver/check/run.h"
#include "solver/dns/message.h"
#include "solver/verdict/dns/txt.h"
#include "solver/verdict/dns/wildcard.h"

#define CHAIN_MAX 16

static bool shows_value(const struct check_run *r, const struct ev_answer *a)
{
	if (!r->e->expected)
		return strcmp(r->e->type, "dns-persist-01") == 0 && txt_count(a);
	for (size_t i = 0; txt_at(a, i); i++)
		if (txt_equals(txt_at(a, i), r->e->expected))
			return true;
	return false;
}

/* The name that the alias at `name` leads to. */
static void step(const struct ev_record *alias, char name[PACKET_NAME_SIZE])
{
	char next[PACKET_NAME_SIZE];
	size_t kept = alias->type == DNS_DNAME ? strlen(name) - strlen(alias->owner) : 0;

	snprintf(next, sizeof(next), "%.*s%s", (int)kept, name, alias->data);
	memcpy(name, next, sizeof(next));
}

/* Whether a wildcard's CNAME leads `name` away: 1 or 0, or -1 while that is not known. */
static int is_covered(struct check_run *r, const char *name, const char *target)
{
	char witness[NAME_SIZE];

	if (!name_witness(name, witness))
		return 0;
	if (!run_want(r, witness, DNS_TXT))
		return -1;
	return wildcard_covers(r->e, name, target);
}

char *wildcards_end(struct check_run *r, const char *end)
{
	CLEANUP(mem_freep) char *last = mem_dup(end); /* asking moves the evidence */
	const struct ev_answer *a = run_have(r, r->e->fqdn, DNS_TXT);
	const struct ev_record *alias;
	char name[PACKET_NAME_SIZE];

	snprintf(name, sizeof(name), "%s", r->e->fqdn);
	for (int i = 0; i < CHAIN_MAX && a && !shows_value(r, a) && (alias = wildcard_alias(a, name)) != NULL; i++) {
		int covered = 0;

		if (alias->type == DNS_CNAME) {
			CLEANUP(mem_freep) char *target = mem_dup(alias->data);

			covered = is_covered(r, name, target);
			a = run_have(r, r->e->fqdn, DNS_TXT);
			alias = wildcard_alias(a, name);
		}
		if (covered)
			return covered > 0 ? mem_dup(name) : NULL;
		step(alias, name);
	}
	return mem_dup(last);
}
