#include "solver/verdict/network/http_servers.h"

#include <string.h>
#include <strings.h>

#include "solver/base/mem.h"
#include "solver/verdict/network/lookup.h"

#define NXDOMAIN 3

bool http_server_speaks(const struct ev_answer *d, const char *name, int type)
{
	return strcmp(d->view, "direct") == 0 && d->type == type && strcasecmp(d->name, name) == 0 && !d->failure && !d->truncated &&
	       d->authoritative && (d->rcode == 0 || d->rcode == NXDOMAIN);
}

/* An address or an alias, and each of them also in `other`. */
static bool is_within(const struct ev_answer *d, const struct ev_answer *other)
{
	for (size_t i = 0; i < d->record_count; i++) {
		bool found = d->records[i].type == TYPE_RRSIG;

		for (size_t k = 0; k < other->record_count && !found; k++)
			found = other->records[k].type == d->records[i].type && strcasecmp(other->records[k].data, d->records[i].data) == 0;
		if (!found)
			return false;
	}
	return true;
}

static bool serials_differ(const struct evidence *e, const struct ev_answer *one, const struct ev_answer *other)
{
	CLEANUP(mem_freep) char *a = lookup_server_serial(e, one->zone, one->address);
	CLEANUP(mem_freep) char *b = lookup_server_serial(e, other->zone, other->address);

	return a && b && strcmp(a, b) != 0;
}

static bool disagree(const struct evidence *e, const struct ev_answer *one, const struct ev_answer *other)
{
	if (!one->record_count != !other->record_count)
		return true;
	return !(is_within(one, other) && is_within(other, one)) && serials_differ(e, one, other);
}

static const struct ev_answer *dissenter(const struct evidence *e, int type)
{
	const struct ev_answer *first = NULL;

	for (size_t i = 0; i < e->answer_count; i++) {
		const struct ev_answer *d = &e->answers[i];

		if (!http_server_speaks(d, e->identifier, type))
			continue;
		if (!first)
			first = d;
		else if (disagree(e, first, d))
			return d->record_count ? first : d;
	}
	return NULL;
}

const struct ev_answer *http_servers_dissenter(const struct evidence *e)
{
	const struct ev_answer *found = dissenter(e, TYPE_A);

	return found ? found : dissenter(e, TYPE_AAAA);
}
