#include "solver/check/cut.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "solver/base/mem.h"
#include "solver/check/pace.h"
#include "solver/check/zone.h"

struct cut {
	struct checker *c;
	char fqdn[NAME_SIZE];
	char child[NAME_SIZE];
	struct location *parent;
	bool itself[SERVERS_MAX];  /* this server of the parent answers for the name */
	size_t holder;             /* one that serves the child */
	struct dns_reply referral;
	bool referred;
	unsigned pending;
	struct err last;
	void (*done)(struct location *child, const struct err *err, void *arg);
	void *arg;
};

struct question {
	struct cut *cut;
	size_t server;
};

static void cut_free(struct cut *cut)
{
	if (cut->referred)
		dns_reply_done(&cut->referral);
	location_free(cut->parent);
	free(cut);
}

/* ---- the servers of the child ---- */

static void tell(struct cut *cut, struct location *child)
{
	for (size_t i = 0; i < cut->parent->count; i++)
		if (cut->itself[i])
			location_add(child, cut->parent->servers[i].name, cut->parent->servers[i].address);
	if (child->count) {
		cut->done(child, &(struct err){ 0 }, cut->arg);
	} else {
		location_free(child);
		cut->done(NULL, &cut->last, cut->arg);
	}
	cut_free(cut);
}

static void tell_without_ns(struct cut *cut)
{
	struct location *child = mem_new(1, sizeof(*child));

	child->zone = mem_dup(cut->child);
	tell(cut, child);
}

static void on_zone(struct zone *z, const struct err *err, void *arg)
{
	struct cut *cut = arg;

	cut->last = *err;
	if (z)
		tell(cut, zone_location(z));
	else
		tell_without_ns(cut);
}

static void on_ns(const unsigned char *wire, size_t length, int64_t elapsed_ms, const struct err *err, void *arg)
{
	struct cut *cut = arg;
	struct dns_reply reply;

	(void)elapsed_ms;
	cut->last = *err;
	if (!wire || dns_reply_parse(wire, length, cut->child, DNS_NS, &reply, &cut->last) < 0) {
		tell_without_ns(cut);
		return;
	}
	zone_servers(cut->c, cut->child, &reply, on_zone, cut);
	dns_reply_done(&reply);
}

/* A resolver must not be asked: where nothing refers to the child, it would learn that the name does not exist. */
static void query_holder(struct cut *cut)
{
	unsigned char query[DNS_QUERY_MAX];
	int length = dns_query_build(cut->child, DNS_NS, false, query, sizeof(query), &cut->last);

	if (length < 0 || pace_exchange(cut->c, cut->fqdn, cut->parent->servers[cut->holder].address, query, (size_t)length, false,
	                                on_ns, cut, &cut->last) < 0)
		tell_without_ns(cut);
}

static void find_servers(struct cut *cut)
{
	if (cut->referred)
		zone_servers(cut->c, cut->child, &cut->referral, on_zone, cut);
	else
		query_holder(cut);
}

/* ---- what the parent's servers say ---- */

static void take_view(struct cut *cut, size_t server, struct view *v)
{
	cut->itself[server] = v->says == VIEW_HERE || v->says == VIEW_ALIAS;
	if (v->says != VIEW_REFERRAL || cut->referred)
		return;
	cut->referred = true;
	cut->referral = *v->reply;
	*v->reply = (struct dns_reply){ 0 };
	snprintf(cut->child, sizeof(cut->child), "%s", v->zone);
}

static void one_less(void *arg)
{
	struct cut *cut = arg;

	if (--cut->pending == 0)
		find_servers(cut);
}

static void on_view(struct view *v, const struct err *err, void *arg)
{
	struct question *q = arg;
	struct cut *cut = q->cut;

	(void)err;
	take_view(cut, q->server, v);
	free(q);
	one_less(cut);
}

static void query_view(struct cut *cut, size_t server)
{
	struct question *q = mem_new(1, sizeof(*q));

	*q = (struct question){ cut, server };
	if (view_start(cut->c, cut->fqdn, cut->parent->zone, &cut->parent->servers[server], on_view, q, &cut->last) == 0)
		cut->pending++;
	else
		free(q);
}

void cut_start(struct checker *c, const char *fqdn, struct location *parent, size_t server, struct view *seen,
               void (*done)(struct location *child, const struct err *err, void *arg), void *arg)
{
	struct cut *cut = mem_new(1, sizeof(*cut));

	*cut = (struct cut){ .c = c, .parent = parent, .holder = server, .pending = 1, .done = done, .arg = arg };
	snprintf(cut->fqdn, sizeof(cut->fqdn), "%s", fqdn);
	snprintf(cut->child, sizeof(cut->child), "%s", seen->zone);
	take_view(cut, server, seen);
	for (size_t i = 0; i < parent->count; i++)
		if (i != server)
			query_view(cut, i);
	later(&c->laters, 0, one_less, cut); /* the end comes later, never from here */
}
