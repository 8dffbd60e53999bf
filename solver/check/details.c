/* Places where a record is often put by mistake: doubled name, apex, the plain name of dns-01. Asked only when it is not where it must be. */
#include <stdio.h>
#include <string.h>

#include "solver/check/run.h"
#include "solver/dns/message.h"
#include "solver/dns/name.h"

static bool shows_expected(const struct check_run *r, const struct ev_answer *txt)
{
	for (size_t i = 0; txt && r->e->expected && i < txt->record_count; i++)
		if (txt->records[i].type == DNS_TXT && strcmp(txt->records[i].data, r->e->expected) == 0)
			return true;
	return false;
}

/* What shows the value may be a wildcard: below a record that somebody wrote none applies (name_witness()). */
static void want(struct check_run *r, const char *name)
{
	char witness[NAME_SIZE];

	if (shows_expected(r, run_want(r, name, DNS_TXT)) && name_witness(name, witness))
		run_want(r, witness, DNS_TXT);
}

static void want_at(struct check_run *r, const char *prefix, const char *suffix)
{
	char name[NAME_SIZE];

	if (snprintf(name, sizeof(name), "%s%s", prefix, suffix) < (int)sizeof(name))
		want(r, name);
}

static void want_doubled(struct check_run *r, const char *suffix)
{
	char name[2 * NAME_SIZE];

	snprintf(name, sizeof(name), "%s.%s", r->e->fqdn, suffix);
	if (strlen(name) < NAME_SIZE)
		want(r, name);
}

/* Whether the right value stands where it must: then nobody wrote it elsewhere by mistake. */
static bool is_in_place(const struct check_run *r)
{
	return shows_expected(r, run_have(r, r->e->fqdn, DNS_TXT));
}

void details_step(struct check_run *r)
{
	if (!r->dns || !r->e->written_zone || r->blind || r->e->own_zone || !run_wants(r, CHECK_DETAILS) || is_in_place(r))
		return;
	want_doubled(r, r->e->identifier);
	if (name_is_below(r->e->identifier, r->e->written_zone))
		want_doubled(r, r->e->written_zone);
	want_at(r, "", r->e->identifier);
	if (strcmp(r->e->type, "dns-01") != 0)
		want_at(r, "_acme-challenge.", r->e->identifier);
}
