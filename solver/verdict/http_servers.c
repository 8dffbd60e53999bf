#include "solver/verdict/http_servers.h"

#include <string.h>
#include <strings.h>

#include "solver/verdict/lookup.h"

#define NXDOMAIN 3

static bool speaks(const struct ev_answer *d, const char *name, int type)
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

/* The serial number of the zone as that server has it, or NULL: "mname rname serial …". */
static const char *serial_at(const struct evidence *e, const struct ev_answer *d, size_t *ret_length)
{
	for (size_t i = 0; d->zone && d->address && i < e->answer_count; i++) {
		const struct ev_answer *soa = &e->answers[i];
		const char *at;

		if (!soa->address || !soa->zone || strcmp(soa->address, d->address) != 0 || !speaks(soa, d->zone, TYPE_SOA) || !soa->record_count)
			continue;
		at = strchr(soa->records[0].data, ' ');
		at = at ? strchr(at + 1, ' ') : NULL;
		if (!at)
			return NULL;
		*ret_length = strcspn(at + 1, " ");
		return at + 1;
	}
	return NULL;
}

static bool serials_differ(const struct evidence *e, const struct ev_answer *one, const struct ev_answer *other)
{
	size_t length = 0, other_length = 0;
	const char *a = serial_at(e, one, &length), *b = serial_at(e, other, &other_length);

	return a && b && (length != other_length || memcmp(a, b, length) != 0);
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

		if (!speaks(d, e->identifier, type))
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
