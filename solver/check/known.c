/* What the polling found a moment ago is evidence too: where the record stands, and which servers showed the value. They are not asked
 * the same again, which halves what a server is asked for a name. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "solver/base/mem.h"
#include "solver/check/query.h"
#include "solver/check/poll.h"
#include "solver/dns/message.h"

#define FRESH_MS 2000

static void take_record(struct ev_answer *answer, const char *value)
{
	struct ev_record *record = evidence_add_record(answer);

	record->owner = mem_dup(answer->name);
	record->type = DNS_TXT;
	record->data = evidence_escape(value, strlen(value));
	record->strings = 1;
}

static void take_polled(struct check_run *r, const struct location *l, const struct query_result *result)
{
	struct query *asked = query_new(r, query_key(false, DNS_TXT, result->address, l->zone, l->fqdn));
	struct ev_answer *answer = asked ? evidence_add_answer(r->e) : NULL;

	if (!asked)
		return;
	query_over(asked);
	if (!answer)
		return;
	answer->view = mem_dup("direct");
	answer->name = mem_dup(l->fqdn);
	answer->final_name = mem_dup(l->fqdn);
	answer->type = DNS_TXT;
	answer->server = mem_dup(result->server);
	answer->address = mem_dup(result->address);
	answer->zone = mem_dup(l->zone);
	answer->transport = mem_dup("udp");
	answer->authoritative = result->authoritative;
	answer->edns = answer->case_kept = true; /* not tested; silence about it is no finding */
	answer->elapsed_ms = result->elapsed_ms;
	answer->at_ms = result->at_ms;
	take_record(answer, r->e->expected);
}

/* Where there is no authority's view, the way to the place need not be found once more. */
static void take_place(struct check_run *r, const struct location *l)
{
	r->locating = true;
	mem_replace(&r->e->written_fqdn, l->fqdn);
	mem_replace(&r->e->written_zone, l->zone);
}

/* Polling found them at the zone and at its parent. */
static void take_servers(struct check_run *r, const struct location *l)
{
	for (size_t i = 0; i < l->count; i++)
		run_add_server(r, l->zone, l->servers[i].name, l->servers[i].address);
}

void known_take(struct check_run *r, const struct check_want *want)
{
	int64_t now = loop_wall_ms(r->c->parts.loop);

	if (!r->dns || r->refused || !want->location || !r->e->expected)
		return;
	if (r->blind || r->e->own_zone)
		take_place(r, want->location);
	take_servers(r, want->location);
	for (size_t i = 0; i < want->result_count; i++)
		if (want->results[i].ok && want->results[i].address && now - want->results[i].at_ms < FRESH_MS)
			take_polled(r, want->location, &want->results[i]);
}
