#include "solver/check/parent.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "solver/base/mem.h"
#include "solver/check/pace.h"
#include "solver/check/resolve.h"
#include "solver/dns/name.h"
#include "solver/net/interface.h"

#define HOSTS_MAX 8

struct parent_query {
	struct checker *c;
	char zone[NAME_SIZE], parent[NAME_SIZE];
	char *hosts[HOSTS_MAX];
	size_t host_count, host;
	struct timer *limit;
	unsigned pending;     /* replies that will come */
	bool over;            /* told, or will not be */
	void (*word)(const struct dns_reply *reply, void *arg);
	void *arg;
};

static void query_parent(struct parent_query *p);
static void query_host(struct parent_query *p);

static void settle(struct parent_query *p)
{
	if (p->pending || !p->over)
		return;
	timer_stop(p->limit);
	for (size_t i = 0; i < p->host_count; i++)
		free(p->hosts[i]);
	free(p);
}

static void end(struct parent_query *p)
{
	if (!p->over)
		p->word(NULL, p->arg);
	p->over = true;
	settle(p);
}

static void on_limit(void *arg)
{
	struct parent_query *p = arg;

	p->limit = NULL;
	end(p);
}

/* True when it is over, and maybe freed. */
static bool is_over(struct parent_query *p)
{
	p->pending--;
	if (!p->over)
		return false;
	settle(p);
	return true;
}

/* ---- one of the parent's servers ---- */

static bool names_servers(const struct dns_record *list, size_t count, const char *zone)
{
	for (size_t i = 0; i < count; i++)
		if (list[i].type == DNS_NS && strcmp(list[i].owner, zone) == 0)
			return true;
	return false;
}

/* True when it is the word of the parent; one that answers for the zone itself says what the zone says. */
static bool take(struct parent_query *p, const struct dns_reply *reply)
{
	if (!names_servers(reply->answers, reply->answer_count, p->zone) && !names_servers(reply->authority, reply->authority_count, p->zone))
		return false;
	p->word(reply, p->arg);
	return !reply->authoritative;
}

static void on_reply(const unsigned char *wire, size_t length, int64_t elapsed_ms, const struct err *err, void *arg)
{
	struct parent_query *p = arg;
	struct dns_reply reply;
	struct err why;
	bool done = false;

	(void)elapsed_ms, (void)err;
	if (is_over(p))
		return;
	if (wire && dns_reply_parse(wire, length, p->zone, DNS_NS, &reply, &why) == 0) {
		done = take(p, &reply);
		dns_reply_done(&reply);
	}
	if (done)
		end(p);
	else
		query_host(p);
}

static bool query_address(struct parent_query *p, const char *address)
{
	unsigned char query[DNS_QUERY_MAX];
	struct err err;
	int length = dns_query_build(p->zone, DNS_NS, false, query, sizeof(query), &err);

	if (length <= 0 || pace_exchange(p->c, p->zone, address, query, (size_t)length, false, on_reply, p, &err) < 0)
		return false;
	p->pending++;
	return true;
}

static void on_addresses(const char *const *addresses, const struct err *err, void *arg)
{
	struct parent_query *p = arg;

	(void)err;
	if (is_over(p))
		return;
	for (size_t i = 0; addresses && addresses[i]; i++)
		if (interface_obstacle(addresses[i]) == 0 && query_address(p, addresses[i]))
			return;
	query_host(p);
}

static void query_host(struct parent_query *p)
{
	struct err err;

	while (p->host < p->host_count)
		if (resolve_addresses(p->c, p->hosts[p->host++], on_addresses, p, &err) == 0) {
			p->pending++;
			return;
		}
	end(p);
}

/* ---- the parent ---- */

static void on_parent(const unsigned char *wire, size_t length, int64_t elapsed_ms, const struct err *err, void *arg)
{
	struct parent_query *p = arg;
	struct dns_reply reply;
	struct err why;

	(void)elapsed_ms, (void)err;
	if (is_over(p))
		return;
	if (!wire || dns_reply_parse(wire, length, p->parent, DNS_NS, &reply, &why) < 0) {
		end(p);
		return;
	}
	for (size_t i = 0; i < reply.answer_count && p->host_count < HOSTS_MAX; i++)
		if (reply.answers[i].type == DNS_NS && strcmp(reply.answers[i].owner, p->parent) == 0)
			p->hosts[p->host_count++] = mem_dup(reply.answers[i].text);
	dns_reply_done(&reply);
	if (p->host_count)
		query_host(p);
	else
		query_parent(p);
}

/* The nearest zone above: the next name that has NS records. The root's children are the root's affair. */
static void query_parent(struct parent_query *p)
{
	const char *above = name_parent(*p->parent ? p->parent : p->zone);
	struct err err;

	if (!above) {
		end(p);
		return;
	}
	memmove(p->parent, above, strlen(above) + 1);
	if (resolve_query(p->c, p->parent, DNS_NS, on_parent, p, &err) < 0)
		end(p);
	else
		p->pending++;
}

static void begin(void *arg)
{
	struct parent_query *p = arg;

	if (!is_over(p))
		query_parent(p);
}

void parent_query(struct checker *c, const char *zone, void (*word)(const struct dns_reply *reply, void *arg), void *arg)
{
	struct parent_query *p = mem_new(1, sizeof(*p));

	*p = (struct parent_query){ .c = c, .word = word, .arg = arg, .pending = 1 };
	snprintf(p->zone, sizeof(p->zone), "%s", zone);
	p->limit = timer_start(c->parts.loop, PARENT_LIMIT_MS, on_limit, p);
	later(&c->laters, 0, begin, p);
}
