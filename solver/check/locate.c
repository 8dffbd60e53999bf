/* Where the TXT record of a name must stand: the CNAMEs at the name followed, the zone that holds the
 * target found, and every address of every one of its name servers.
 *
 * Recursive resolvers are asked for zones, name servers and addresses only. The name itself is asked
 * directly at the servers of its zone, so that no cache learns that it does not exist yet. What each of them says is read by view.c;
 * where one shows a zone cut, cut.c asks the others.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "solver/base/mem.h"
#include "solver/check/cut.h"
#include "solver/check/own.h"
#include "solver/check/resolve.h"
#include "solver/check/zone.h"
#include "solver/net/interface.h"

#define HOPS_MAX 8

struct locate {
	struct checker *c;
	char origin[NAME_SIZE];    /* the name asked for */
	char fqdn[NAME_SIZE];      /* where we are: the name, or the target of its CNAMEs */
	char candidate[NAME_SIZE]; /* whose zone is asked for */
	char zone[NAME_SIZE];
	struct location *servers;  /* of the zone: our own copy, the cache may change meanwhile */
	size_t server;             /* the one that is asked */
	size_t asked;              /* of those that failed: that this host has a way to */
	unsigned hops;
	bool through;              /* wildcards' CNAMEs are followed too, from: */
	char covered[NAME_SIZE];
	struct err last;
	void (*done)(struct location *l, const struct err *err, void *arg);
	void *arg;
	unsigned pending;          /* replies that will come */
	bool cancelled;
};

static void find_zone(struct locate *l);
static void query_servers(struct locate *l);

static void locate_free(struct locate *l)
{
	location_free(l->servers);
	free(l);
}

/* Where an alias led there, it may be a leftover: the owner has two ways out. */
static void fail(struct locate *l, const struct err *err)
{
	struct err reason = *err;

	if (err->code != ERR_CANCELLED && strcmp(l->fqdn, l->origin) != 0)
		err_set(&reason, err->code, "%s; correct %s, or remove the CNAME at %s to have the record there", err->text, l->fqdn, l->origin);
	l->done(NULL, &reason, l->arg);
	locate_free(l);
}

/* True when nobody waits any more; the last reply frees. */
static bool is_dead(struct locate *l)
{
	l->pending--;
	if (!l->cancelled)
		return false;
	if (!l->pending)
		locate_free(l);
	return true;
}

static void succeed(struct locate *l, const struct view *v)
{
	struct location *here = l->servers;

	mem_replace(&here->fqdn, l->fqdn);
	mem_replace(&here->wildcard, v->wildcard ? v->target : NULL);
	mem_replace(&here->covered, *l->covered ? l->covered : NULL);
	l->servers = NULL;
	l->done(here, &(struct err){ 0 }, l->arg);
	locate_free(l);
}

static void follow(struct locate *l, const char *target)
{
	struct err err;

	if (++l->hops > HOPS_MAX) {
		err_set(&err, ERR_INVALID, "the CNAMEs at %s are more than %d deep or loop", l->fqdn, HOPS_MAX);
		fail(l, &err);
		return;
	}
	snprintf(l->fqdn, sizeof(l->fqdn), "%s", target);
	find_zone(l);
}

/* ---- the servers of the zone, asked for the name ---- */

static void take_servers(struct locate *l, struct location *servers)
{
	l->servers = servers;
	l->server = l->asked = 0;
	l->last = (struct err){ 0 };
}

static void on_servers(struct zone *z, const struct err *err, void *arg)
{
	struct locate *l = arg;

	if (is_dead(l))
		return;
	if (!z) {
		fail(l, err);
		return;
	}
	location_free(l->servers);
	take_servers(l, zone_location(z));
	query_servers(l);
}

static void load_servers(struct locate *l)
{
	l->pending++;
	zone_servers(l->c, l->zone, NULL, on_servers, l);
}

static void on_cut(struct location *child, const struct err *err, void *arg)
{
	struct locate *l = arg;

	if (is_dead(l)) {
		location_free(child);
		return;
	}
	if (!child) {
		fail(l, err);
		return;
	}
	take_servers(l, child);
	snprintf(l->zone, sizeof(l->zone), "%s", child->zone);
	query_servers(l);
}

static void descend(struct locate *l, struct view *v)
{
	struct location *parent = l->servers;
	struct err err;

	if (++l->hops > HOPS_MAX) {
		err_set(&err, ERR_INVALID, "the delegations above %s are more than %d deep", l->fqdn, HOPS_MAX);
		fail(l, &err);
		return;
	}
	l->servers = NULL;
	l->pending++;
	cut_start(l->c, l->fqdn, parent, l->server, v, on_cut, l);
}

/* Wrong records that one server shows are told before the silence of others, and that before what this host could not even ask. */
static void note_failure(struct locate *l, const struct err *err)
{
	bool ours = interface_obstacle(l->servers->servers[l->server].address) != 0;

	if (l->last.code != ERR_INVALID && !(ours && l->asked))
		l->last = *err;
	l->asked += !ours;
}

static void next_server(struct locate *l, const struct err *err)
{
	note_failure(l, err);
	l->server++;
	query_servers(l);
}

/* A server that answers from a zone above does not serve this one. */
static void read_zone_of(struct locate *l, struct view *v)
{
	const struct server *s = &l->servers->servers[l->server];
	struct err err;

	if (strcmp(v->zone, l->zone) == 0) {
		succeed(l, v);
	} else if (name_is_below(v->zone, l->zone)) {
		descend(l, v);
	} else {
		err_set(&err, ERR_UNREACHABLE, "%s (%s) answers from the zone %s and not from %s", s->name, s->address, v->zone, l->zone);
		next_server(l, &err);
	}
}

static void follow_covered(struct locate *l, const struct view *v)
{
	if (!*l->covered)
		memcpy(l->covered, l->fqdn, sizeof(l->covered));
	follow(l, v->target);
}

static void on_view(struct view *v, const struct err *err, void *arg)
{
	struct locate *l = arg;

	if (is_dead(l))
		return;
	if (v->says == VIEW_REFERRAL) {
		descend(l, v);
	} else if (v->says == VIEW_ALIAS) {
		follow(l, v->target);
	} else if (v->says == VIEW_HERE && v->wildcard && l->through) {
		follow_covered(l, v);
	} else if (v->says == VIEW_HERE) {
		read_zone_of(l, v);
	} else {
		next_server(l, err);
	}
}

static void fail_unanswered(struct locate *l)
{
	struct err err = l->last;

	if (!err.code)
		err_set(&err, ERR_UNREACHABLE, "zone %s has no name server with an address", l->zone);
	else if (err.code != ERR_INVALID && !l->asked)
		err_in(&err, "this host can ask no name server of zone %s for %s", l->zone, l->fqdn);
	else if (err.code != ERR_INVALID)
		err_in(&err, "no name server of zone %s %sanswers for %s", l->zone, l->asked < l->servers->count ? "that this host can ask " : "",
		       l->fqdn);
	err.code = ERR_UNREACHABLE;
	fail(l, &err);
}

static void query_servers(struct locate *l)
{
	struct err err;

	for (; l->server < l->servers->count; l->server++) {
		if (view_start(l->c, l->fqdn, l->zone, &l->servers->servers[l->server], on_view, l, &err) == 0) {
			l->pending++;
			return;
		}
		note_failure(l, &err);
	}
	fail_unanswered(l);
}

/* ---- the zone ---- */

static void query_zone(struct locate *l);

static void try_parent(struct locate *l)
{
	const char *parent = name_parent(l->candidate);
	struct err err;

	if (!parent) {
		err_set(&err, ERR_NOT_FOUND, "no zone holds %s", l->fqdn);
		fail(l, &err);
		return;
	}
	memmove(l->candidate, parent, strlen(parent) + 1);
	query_zone(l);
}

static void read_zone(struct locate *l, const struct dns_reply *reply)
{
	const char *zone = dns_reply_zone(reply);
	struct err err;

	if (strcmp(reply->final_name, l->candidate) != 0) {
		try_parent(l); /* a CNAME stands there: no zone begins there */
	} else if (reply->rcode != DNS_NOERROR && reply->rcode != DNS_NXDOMAIN) {
		err_set(&err, ERR_UNREACHABLE, "the resolver answers %s for the zone of %s; see resolver.servers and the delegation",
		        dns_rcode_name(reply->rcode), l->candidate);
		fail(l, &err);
	} else if (!zone || !name_is_below(l->candidate, zone)) {
		try_parent(l);
	} else {
		snprintf(l->zone, sizeof(l->zone), "%s", zone);
		load_servers(l);
	}
}

static void on_zone(const unsigned char *wire, size_t length, int64_t elapsed_ms, const struct err *err, void *arg)
{
	struct locate *l = arg;
	struct dns_reply reply;
	struct err bad;

	(void)elapsed_ms;
	if (is_dead(l))
		return;
	if (!wire || dns_reply_parse(wire, length, l->candidate, DNS_SOA, &reply, &bad) < 0) {
		bad = wire ? bad : *err;
		err_in(&bad, "asking the resolver for the zone of %s", l->candidate);
		fail(l, &bad);
		return;
	}
	read_zone(l, &reply);
	dns_reply_done(&reply);
}

static void query_zone(struct locate *l)
{
	struct err err;

	if (resolve_query(l->c, l->candidate, DNS_SOA, on_zone, l, &err) == 0)
		l->pending++;
	else
		fail(l, &err);
}

static void find_zone(struct locate *l)
{
	const char *parent = name_parent(l->fqdn);
	const char *own = own_zone(l->c, l->fqdn);
	struct err err;

	if (own) {
		snprintf(l->zone, sizeof(l->zone), "%s", own);
		load_servers(l);
		return;
	}
	while (parent && *parent == '_') /* a cache that learns of the lack of "_acme-challenge" lacks all below it */
		parent = name_parent(parent);
	if (!parent) {
		err_set(&err, ERR_INVALID, "%s is a top-level name", l->fqdn);
		fail(l, &err);
		return;
	}
	snprintf(l->candidate, sizeof(l->candidate), "%s", parent);
	query_zone(l);
}

static void begin(void *arg)
{
	struct locate *l = arg;

	if (!is_dead(l))
		find_zone(l);
}

struct locate *locate_start(struct checker *c, const char *fqdn, bool through, void (*done)(struct location *l, const struct err *err, void *arg), void *arg)
{
	struct locate *l = mem_new(1, sizeof(*l));

	*l = (struct locate){ .c = c, .through = through, .done = done, .arg = arg, .pending = 1 };
	snprintf(l->origin, sizeof(l->origin), "%s", fqdn);
	snprintf(l->fqdn, sizeof(l->fqdn), "%s", fqdn);
	later(&c->laters, 0, begin, l);
	return l;
}

void locate_cancel(struct locate *l)
{
	l->cancelled = true; /* something is always pending while `done` has not come */
}
