#include "solver/verdict/dns/lame.h"

#include <string.h>

#include "solver/verdict/network/lookup.h"

enum { NOERROR = 0, NXDOMAIN = 3, REFUSED = 5, NOTAUTH = 9 };

static bool is_from(const struct ev_answer *a, const char *address, const char *zone)
{
	return strcmp(a->view, "direct") == 0 && a->address && a->zone && strcmp(a->address, address) == 0 && strcmp(a->zone, zone) == 0;
}

static bool is_own_word(const struct ev_answer *a)
{
	return !a->failure && a->authoritative && (a->rcode == NOERROR || a->rcode == NXDOMAIN);
}

static bool refuses(const struct ev_answer *a)
{
	if (a->failure || a->truncated || is_own_word(a))
		return false;
	return a->rcode == REFUSED || a->rcode == NOTAUTH || (a->rcode == NOERROR && !a->soa);
}

bool lame_is_proven(const struct evidence *e, const char *address, const char *zone)
{
	bool udp = false, tcp = false;

	for (size_t i = 0; address && zone && i < e->answer_count; i++) {
		const struct ev_answer *a = &e->answers[i];

		if (!is_from(a, address, zone))
			continue;
		if (is_own_word(a))
			return false;
		if (a->type == TYPE_SOA && strcmp(a->name, zone) == 0 && a->transport && refuses(a))
			*(strcmp(a->transport, "tcp") == 0 ? &tcp : &udp) = true;
	}
	return udp && tcp;
}

static bool names(const struct ev_record *records, size_t count, const char *server, const char *zone)
{
	for (size_t i = 0; i < count; i++)
		if (records[i].type == TYPE_NS && strcmp(records[i].owner, zone) == 0 && strcmp(records[i].data, server) == 0)
			return true;
	return false;
}

bool lame_is_delegated(const struct evidence *e, const char *server, const char *zone)
{
	for (size_t i = 0; server && zone && i < e->answer_count; i++)
		if (names(e->answers[i].records, e->answers[i].record_count, server, zone) ||
		    names(e->answers[i].authority, e->answers[i].authority_count, server, zone))
			return true;
	return false;
}
