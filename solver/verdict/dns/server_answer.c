/* One answer of one server: other answers to the same question, and whether it is a referral. */
#include <string.h>

#include "solver/verdict/network/lookup.h"
#include "solver/verdict/dns/txt.h"

enum { NOERROR = 0 };

const struct ev_answer *servers_same(const struct txt_case *c, const struct ev_answer *udp, const char *view, int type, const char *transport)
{
	for (size_t i = 0; i < c->e->answer_count; i++) {
		const struct ev_answer *a = &c->e->answers[i];

		if (a->type == type && strcmp(a->view, view) == 0 && strcmp(a->transport ? a->transport : "udp", transport) == 0 && a->address &&
		    udp->address && strcmp(a->address, udp->address) == 0 && strcmp(a->name, udp->name) == 0 &&
		    (!a->zone || !udp->zone || strcmp(a->zone, udp->zone) == 0))
			return a;
	}
	return NULL;
}

bool servers_lame(const struct ev_answer *answer)
{
	if (answer->authoritative || answer->record_count || answer->rcode != NOERROR || answer->soa)
		return false;
	for (size_t i = 0; i < answer->authority_count; i++)
		if (answer->authority[i].type == TYPE_NS)
			return true;
	return false;
}

bool servers_misleads(const struct ev_answer *answer)
{
	for (size_t i = 0; servers_lame(answer) && answer->zone && i < answer->authority_count; i++)
		if (answer->authority[i].type == TYPE_NS && strcmp(answer->authority[i].owner, answer->zone) == 0)
			return true;
	return false;
}
