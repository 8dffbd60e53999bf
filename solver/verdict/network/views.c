#include "solver/verdict/network/views.h"

#include <string.h>
#include <strings.h>

#include "solver/base/mem.h"
#include "solver/verdict/network/addresses.h"
#include "solver/verdict/network/http_servers.h"
#include "solver/verdict/network/lookup.h"

#define NXDOMAIN 3

static bool holds(const struct ev_answer *answer, const struct ev_record *record)
{
	for (size_t i = 0; i < answer->record_count; i++)
		if (answer->records[i].type == record->type && strcasecmp(answer->records[i].data, record->data) == 0)
			return true;
	return false;
}

/* Whether some view has this address, or, of a CNAME, leads to the same name. */
static bool is_known(const struct address_views *views, const struct ev_record *record)
{
	for (size_t i = 0; i < views->count; i++) {
		const struct address_view *v = &views->list[i];

		if (v->answer ? holds(v->answer, record) : strcasecmp(v->host, record->data) == 0)
			return true;
	}
	return false;
}

static bool is_new(const struct authority *a, const struct address_views *views, const struct ev_answer *d, int type)
{
	for (size_t i = 0; i < d->record_count; i++)
		if (d->records[i].type == type && addresses_count(a, d) && !is_known(views, &d->records[i]))
			return true;
	return false;
}

/* There is no such address, and the server says so. */
static bool is_empty(const struct ev_answer *answer)
{
	return !answer->record_count && !answer->failure && (answer->rcode == 0 || answer->rcode == NXDOMAIN);
}

static bool holds_nothing(const struct address_views *views)
{
	for (size_t i = 0; i < views->count; i++)
		if (views->list[i].answer && is_empty(views->list[i].answer))
			return true;
	return false;
}

/* The name that a server leads to and does not serve itself, or NULL. */
static const struct ev_record *alias_of(const struct ev_answer *d, int type)
{
	const struct ev_record *last = NULL;

	for (size_t i = 0; i < d->record_count; i++) {
		if (d->records[i].type == type)
			return NULL;
		if (d->records[i].type == TYPE_CNAME && d->final_name && strcasecmp(d->records[i].data, d->final_name) == 0)
			last = &d->records[i];
	}
	return last;
}

static void add(struct address_views *views, const struct ev_answer *answer, const char *host, const struct ev_answer *by)
{
	if (views->count < VIEWS_MAX)
		views->list[views->count++] = (struct address_view){ answer, host, by };
}

void views_read(const struct evidence *e, const struct authority *a, int type, struct address_views *ret, bool *ret_blind)
{
	const struct ev_answer *seen = addresses_answer(e, e->identifier, type, ret_blind);

	ret->count = 0;
	if (!seen)
		return;
	add(ret, seen, NULL, seen);
	for (size_t i = 0; i < e->answer_count; i++) {
		const struct ev_answer *d = &e->answers[i];
		const struct ev_record *alias;

		if (!http_server_speaks(d, e->identifier, type))
			continue;
		alias = alias_of(d, type);
		if (is_new(a, ret, d, type) || (is_empty(d) && !holds_nothing(ret)))
			add(ret, d, NULL, d);
		else if (alias && !is_known(ret, alias))
			add(ret, NULL, alias->data, d);
	}
}

const struct ev_answer *view_answer(const struct evidence *e, const struct address_view *view, int type, bool *ret_blind)
{
	return view->answer ? view->answer : addresses_answer(e, view->host, type, ret_blind);
}

static const char *told_by(const struct address_view *view, const struct authority *a)
{
	const char *address = view->answer ? addresses_at(a, view->answer, 0) : NULL;

	return address ? address : view->host ? view->host : "no address";
}

void views_tell(const struct evidence *e, const struct authority *a, struct verdict *v)
{
	static const int types[] = { TYPE_A, TYPE_AAAA };

	for (size_t i = 0; i < ARRAY_LEN(types); i++) {
		struct address_views views;
		const struct ev_answer *by;
		bool blind;

		views_read(e, a, types[i], &views, &blind);
		if (views.count < 2)
			continue;
		by = views.list[1].by;
		verdict_add_finding(v, FINDING_ERROR, STAGE_LOOKUP, "addresses-differ",
		                    mem_printf("The name servers disagree on %s of %s: %s (%s) leads to %s, others do not", lookup_type_name(types[i]),
		                               e->identifier, by->server ? by->server : "a name server", by->address ? by->address : "?",
		                               told_by(&views.list[1], a)),
		                    mem_printf("Make all name servers of %s serve the same zone", by->zone ? by->zone : e->identifier));
		return;
	}
}
