/* Answers of a server that leave open what is wrong with it lead to one more question each; a healthy server gets none. */
#include <string.h>

#include "solver/check/run.h"
#include "solver/dns/message.h"

#define SILENCE_MS 5000 /* what fails sooner than the repetitions of a query over UDP end is no silence: UDP led to TCP */

static bool is_from(const struct ev_answer *a, const struct run_server *s, const char *transport)
{
	return strcmp(a->view, "direct") == 0 && a->zone && a->address && a->transport && strcmp(a->zone, s->zone) == 0 &&
	       strcmp(a->address, s->address) == 0 && strcmp(a->transport, transport) == 0;
}

static const struct ev_answer *heard(const struct check_run *r, const struct run_server *s, const char *name, int type)
{
	for (size_t i = 0; i < r->e->answer_count; i++) {
		const struct ev_answer *a = &r->e->answers[i];

		if (is_from(a, s, "udp") && a->type == type && strcmp(a->name, name) == 0)
			return a;
	}
	return NULL;
}

/* Nothing comes over TCP, be it asked at first or because UDP led there. */
static bool fails_over_tcp(const struct check_run *r, const struct run_server *s, const struct ev_answer *udp)
{
	for (size_t i = 0; i < r->e->answer_count; i++)
		if (is_from(&r->e->answers[i], s, "tcp") && r->e->answers[i].failure)
			return true;
	return udp && udp->failure && udp->final_name && udp->elapsed_ms < SILENCE_MS; /* without a final name it was not waited for */
}

static bool refuses(const struct ev_answer *a)
{
	return a && !a->failure && !(a->authoritative && (a->rcode == DNS_NOERROR || a->rcode == DNS_NXDOMAIN));
}

static bool lacks(const struct check_run *r, const struct ev_answer *a)
{
	if (!r->dns || !r->e->expected || !a || a->failure || (a->rcode != DNS_NOERROR && a->rcode != DNS_NXDOMAIN))
		return false;
	for (size_t i = 0; i < a->record_count; i++)
		if (a->records[i].type != DNS_TXT || strcmp(a->records[i].data, r->e->expected) == 0)
			return false;
	return true;
}

static void query_more(struct check_run *r, const struct run_server *s)
{
	const char *place = r->dns ? r->e->written_fqdn : r->e->identifier;
	int type = r->dns ? DNS_TXT : DNS_A;
	const struct ev_answer *udp = heard(r, s, place, type);
	bool deaf = fails_over_tcp(r, s, udp), lacking = lacks(r, udp), nothing = refuses(udp);

	if (deaf) /* whether it is EDNS that it does not bear, and whether UDP leads to TCP at all */
		run_query_plainly(r, s, place, type, false);
	if (lacking) { /* or it does not know names in mixed case, or UDP and TCP differ */
		run_query_plainly(r, s, place, type, true);
		run_query_server(r, s, place, type, true);
	}
	if (nothing) { /* whether it serves anything of the zone */
		run_query_server(r, s, s->zone, DNS_SOA, false);
		run_query_server(r, s, s->zone, DNS_SOA, true);
	}
}

void signs_step(struct check_run *r)
{
	if (!r->e->written_zone || r->e->own_zone || !run_wants(r, CHECK_DETAILS) || (r->dns && !r->e->written_fqdn))
		return;
	for (size_t i = 0; i < r->server_count; i++)
		if (strcmp(r->servers[i].zone, r->e->written_zone) == 0)
			query_more(r, &r->servers[i]);
}
