#include "solver/verdict/network/delegated.h"

#include <string.h>
#include <strings.h>

#include "solver/dns/name.h"
#include "solver/verdict/network/lookup.h"

enum { NOERROR = 0, NXDOMAIN = 3 };

static bool is_direct(const struct ev_answer *a)
{
	return strcmp(a->view, "direct") == 0 && a->server && a->address && a->zone && *a->zone;
}

/* The records of the answer, then those of its authority section (with glue); NULL behind the last one. */
static const struct ev_record *record_at(const struct ev_answer *a, size_t i)
{
	if (i < a->record_count)
		return &a->records[i];
	i -= a->record_count;
	return i < a->authority_count ? &a->authority[i] : NULL;
}

/* ---- the zone ---- */

static const char *deeper(const char *best, const char *zone, const char *name)
{
	return name_is_below(name, zone) && (!best || strlen(zone) > strlen(best)) ? zone : best;
}

const char *delegated_zone(const struct evidence *e, const char *name)
{
	const struct ev_record *r;
	const char *best = NULL;

	for (size_t i = 0; i < e->answer_count; i++) {
		const struct ev_answer *a = &e->answers[i];

		if (is_direct(a))
			best = deeper(best, a->zone, name);
		for (size_t k = 0; (r = record_at(a, k)) != NULL; k++)
			if (r->type == TYPE_NS)
				best = deeper(best, r->owner, name);
	}
	return best;
}

/* ---- the names ---- */

static size_t add_name(const char *name, size_t count, const char *ret[DELEGATED_MAX])
{
	for (size_t i = 0; i < count; i++)
		if (strcasecmp(ret[i], name) == 0)
			return count;
	if (count < DELEGATED_MAX)
		ret[count++] = name;
	return count;
}

size_t delegated_names(const struct evidence *e, const char *zone, const char *ret[DELEGATED_MAX])
{
	const struct ev_record *r;
	size_t count = 0;

	for (size_t i = 0; i < e->answer_count; i++)
		for (size_t k = 0; (r = record_at(&e->answers[i], k)) != NULL; k++)
			if (r->type == TYPE_NS && strcasecmp(r->owner, zone) == 0)
				count = add_name(r->data, count, ret);
	return count;
}

bool delegated_names_host(const struct evidence *e, const char *host)
{
	const struct ev_record *r;

	for (size_t i = 0; i < e->answer_count; i++)
		for (size_t k = 0; (r = record_at(&e->answers[i], k)) != NULL; k++)
			if (r->type == TYPE_NS && strcasecmp(r->data, host) == 0)
				return true;
	return false;
}

bool delegated_was_asked(const struct evidence *e, const char *zone, const char *host)
{
	for (size_t i = 0; i < e->answer_count; i++) {
		const struct ev_answer *a = &e->answers[i];

		if (is_direct(a) && strcasecmp(a->zone, zone) == 0 && strcasecmp(a->server, host) == 0)
			return true;
	}
	return false;
}

/* ---- the addresses ---- */

static bool has_address(const struct evidence *e, const char *host)
{
	const struct ev_record *r;

	for (size_t i = 0; i < e->answer_count; i++)
		for (size_t k = 0; (r = record_at(&e->answers[i], k)) != NULL; k++)
			if ((r->type == TYPE_A || r->type == TYPE_AAAA) && strcasecmp(r->owner, host) == 0)
				return true;
	return false;
}

/* A CNAME at a name server's name leads to addresses that were not looked for here. */
static bool is_denied(const struct evidence *e, const char *host, int type)
{
	const struct ev_answer *a = evidence_authority(e, host, type);

	return a && !a->failure && !a->record_count && (a->rcode == NOERROR || a->rcode == NXDOMAIN);
}

bool delegated_lacks_address(const struct evidence *e, const char *zone, const char *host)
{
	if (has_address(e, host) || delegated_was_asked(e, zone, host))
		return false;
	return name_is_below(host, zone) || (is_denied(e, host, TYPE_A) && is_denied(e, host, TYPE_AAAA));
}
