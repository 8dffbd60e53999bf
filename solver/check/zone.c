#include "solver/check/zone.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "solver/base/mem.h"
#include "solver/check/own.h"
#include "solver/check/parent.h"
#include "solver/check/resolve.h"

#define FRESH_MS 60000

struct zone_waiter {
	void (*done)(struct zone *z, const struct err *err, void *arg);
	void *arg;
	struct zone_waiter *next;
};

/* One address lookup of one name server. */
struct host_lookup {
	struct zone *zone;
	char *host;
};

static void add_server(struct zone *z, const char *name, const char *address)
{
	for (size_t i = 0; i < z->count; i++)
		if (strcmp(z->servers[i].address, address) == 0)
			return;
	if (z->count < SERVERS_MAX)
		z->servers[z->count++] = (struct server){ mem_dup(name), mem_dup(address) };
}

static void clear_servers(struct zone *z)
{
	for (size_t i = 0; i < z->count; i++) {
		free(z->servers[i].name);
		free(z->servers[i].address);
	}
	z->count = 0;
}

static void tell(struct zone *z)
{
	struct zone_waiter *list = z->waiting, *next;
	struct err err = z->last;

	z->waiting = NULL;
	if (z->count) {
		z->fresh_until_ms = loop_now_ms(z->c->parts.loop) + FRESH_MS;
		err.code = 0;
	} else {
		if (!err.code)
			err_set(&err, ERR_UNREACHABLE, "none of its name servers has an address");
		err_in(&err, "zone %s", z->name);
	}
	z->telling++;
	for (; list; list = next) {
		next = list->next;
		list->done(z->count ? z : NULL, &err, list->arg);
		free(list);
	}
	z->telling--;
}

static void lookup_over(struct zone *z)
{
	if (--z->lookups == 0)
		tell(z);
}

static void on_addresses(const char *const *addresses, const struct err *err, void *arg)
{
	struct host_lookup *h = arg;
	struct zone *z = h->zone;

	if (err->code)
		z->last = *err;
	for (size_t i = 0; addresses && addresses[i]; i++)
		add_server(z, h->host, addresses[i]);
	lookup_over(z);
	free(h->host);
	free(h);
}

static void look_up_host(struct zone *z, const char *host)
{
	struct host_lookup *h = mem_new(1, sizeof(*h));

	*h = (struct host_lookup){ z, mem_dup(host) };
	if (resolve_addresses(z->c, host, on_addresses, h, &z->last) == 0) {
		z->lookups++;
		return;
	}
	free(h->host);
	free(h);
}

/* Glue counts only for names inside the zone, where no other answer can be had. */
static bool add_glue(struct zone *z, const struct dns_reply *reply, const char *host)
{
	bool found = false;

	for (size_t i = 0; i < reply->additional_count && name_is_below(host, z->name); i++) {
		const struct dns_record *r = &reply->additional[i];

		if ((r->type == DNS_A || r->type == DNS_AAAA) && strcmp(r->owner, host) == 0) {
			add_server(z, host, r->text);
			found = true;
		}
	}
	return found;
}

static void read_ns(struct zone *z, const struct dns_reply *reply, const struct dns_record *list, size_t count)
{
	z->lookups++; /* so that nothing ends while we still read */
	for (size_t i = 0; i < count; i++)
		if (list[i].type == DNS_NS && strcmp(list[i].owner, z->name) == 0 && !add_glue(z, reply, list[i].text))
			look_up_host(z, list[i].text);
	lookup_over(z);
}

static void on_ns(const unsigned char *wire, size_t length, int64_t elapsed_ms, const struct err *err, void *arg)
{
	struct zone *z = arg;
	struct dns_reply reply;

	(void)elapsed_ms;
	z->last = *err;
	if (wire && dns_reply_parse(wire, length, z->name, DNS_NS, &reply, &z->last) == 0) {
		if (reply.rcode != DNS_NOERROR)
			err_set(&z->last, ERR_UNREACHABLE, "the resolver answers %s for its name servers", dns_rcode_name(reply.rcode));
		read_ns(z, &reply, reply.answers, reply.answer_count);
		dns_reply_done(&reply);
	}
	lookup_over(z);
}

static void add_own(struct zone *z, const char *listen)
{
	CLEANUP(mem_freep) char *address = own_address(listen);

	add_server(z, "dcvd", address);
}

static void tell_own(void *arg)
{
	struct zone *z = arg;

	for (size_t i = 0; z->c->config->dns.listen && z->c->config->dns.listen[i]; i++)
		add_own(z, z->c->config->dns.listen[i]);
	if (!z->count)
		err_set(&z->last, ERR_INVALID, "the embedded DNS server is switched off; set dns.listen");
	tell(z);
}

static void read_reply(struct zone *z, const struct dns_reply *reply)
{
	if (reply->answer_count)
		read_ns(z, reply, reply->answers, reply->answer_count);
	else
		read_ns(z, reply, reply->authority, reply->authority_count);
}

static void on_parent_word(const struct dns_reply *reply, void *arg)
{
	struct zone *z = arg;

	if (reply)
		read_reply(z, reply);
	else
		lookup_over(z);
}

static void on_loading(void *arg)
{
	lookup_over(arg);
}

/* What the zone says of itself, and what its parent says, unless `from` is the parent's word. The end comes later, never from here. */
static void load_both(struct zone *z, const struct dns_reply *from)
{
	z->lookups = 1;
	later(&z->c->laters, 0, on_loading, z);
	if (!from || from->authoritative) {
		z->lookups++;
		parent_query(z->c, z->name, on_parent_word, z);
	}
	if (from)
		read_reply(z, from);
	else if (resolve_query(z->c, z->name, DNS_NS, on_ns, z, &z->last) == 0)
		z->lookups++;
}

static void load(struct zone *z, const struct dns_reply *from)
{
	z->last = (struct err){ 0 };
	z->fresh_until_ms = 0;
	clear_servers(z);
	if (own_zone(z->c, z->name))
		later(&z->c->laters, 0, tell_own, z);
	else
		load_both(z, from);
}

static void zone_free(struct zone *z)
{
	HASH_DEL(z->c->zones, z);
	clear_servers(z);
	free(z->name);
	free(z);
}

/* What is old and that nobody waits for; when a zone is new, so that nothing has to be timed. */
static void sweep(struct checker *c)
{
	int64_t now = loop_now_ms(c->parts.loop);
	struct zone *z, *tmp;

	if (now - c->zones_swept_ms < FRESH_MS)
		return;
	c->zones_swept_ms = now;
	HASH_ITER(hh, c->zones, z, tmp)
		if (!z->waiting && !z->telling && z->fresh_until_ms <= now)
			zone_free(z);
}

static struct zone *zone_get(struct checker *c, const char *name)
{
	struct zone *z;

	HASH_FIND_STR(c->zones, name, z);
	if (z)
		return z;
	sweep(c);
	z = mem_new(1, sizeof(*z));
	z->c = c;
	z->name = mem_dup(name);
	HASH_ADD_KEYPTR(hh, c->zones, z->name, strlen(z->name), z);
	return z;
}

struct fresh {
	struct zone *zone;
	void (*done)(struct zone *z, const struct err *err, void *arg);
	void *arg;
};

static void tell_fresh(void *arg)
{
	struct fresh *f = arg;

	f->zone->telling--;
	f->done(f->zone, &(struct err){ 0 }, f->arg);
	free(f);
}

void zone_servers(struct checker *c, const char *name, const struct dns_reply *from,
                  void (*done)(struct zone *z, const struct err *err, void *arg), void *arg)
{
	struct zone *z = zone_get(c, name);
	struct zone_waiter *w;
	bool loading = z->waiting != NULL;

	if (!loading && (z->telling || z->fresh_until_ms > loop_now_ms(c->parts.loop))) {
		struct fresh *f = mem_new(1, sizeof(*f));

		*f = (struct fresh){ z, done, arg };
		z->telling++;
		later(&c->laters, 0, tell_fresh, f);
		return;
	}
	w = mem_new(1, sizeof(*w));
	*w = (struct zone_waiter){ done, arg, z->waiting };
	z->waiting = w;
	if (!loading)
		load(z, from);
}

struct location *zone_location(const struct zone *z)
{
	struct location *l = mem_new(1, sizeof(*l));

	l->zone = mem_dup(z->name);
	for (l->count = 0; l->count < z->count; l->count++)
		l->servers[l->count] = (struct server){ mem_dup(z->servers[l->count].name), mem_dup(z->servers[l->count].address) };
	return l;
}

void zone_cache_expire(struct checker *c)
{
	struct zone *z, *tmp;

	HASH_ITER(hh, c->zones, z, tmp)
		z->fresh_until_ms = 0;
}

void zone_cache_free(struct checker *c)
{
	struct zone *z, *tmp;

	HASH_ITER(hh, c->zones, z, tmp)
		zone_free(z);
}
