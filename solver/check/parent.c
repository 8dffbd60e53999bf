#include "solver/check/parent.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "solver/base/mem.h"
#include "solver/check/pace.h"
#include "solver/dns/name.h"
#include "solver/net/interface.h"

#define HOSTS_MAX 8

struct walk {
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

static void ask_parent(struct walk *w);
static void ask_host(struct walk *w);

static void settle(struct walk *w)
{
	if (w->pending || !w->over)
		return;
	timer_stop(w->limit);
	for (size_t i = 0; i < w->host_count; i++)
		free(w->hosts[i]);
	free(w);
}

static void end(struct walk *w)
{
	if (!w->over && !w->c->closing)
		w->word(NULL, w->arg);
	w->over = true;
	settle(w);
}

static void on_limit(void *arg)
{
	struct walk *w = arg;

	w->limit = NULL;
	end(w);
}

/* True when the walk is over, and maybe freed. */
static bool is_over(struct walk *w)
{
	w->pending--;
	if (!w->over && !w->c->closing)
		return false;
	w->over = true;
	settle(w);
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
static bool take(struct walk *w, const struct dns_reply *reply)
{
	if (!names_servers(reply->answers, reply->answer_count, w->zone) && !names_servers(reply->authority, reply->authority_count, w->zone))
		return false;
	w->word(reply, w->arg);
	return !reply->authoritative;
}

static void on_reply(const unsigned char *wire, size_t length, int64_t elapsed_ms, const struct err *err, void *arg)
{
	struct walk *w = arg;
	struct dns_reply reply;
	struct err why;
	bool done = false;

	(void)elapsed_ms, (void)err;
	if (is_over(w))
		return;
	if (wire && dns_reply_parse(wire, length, w->zone, DNS_NS, &reply, &why) == 0) {
		done = take(w, &reply);
		dns_reply_done(&reply);
	}
	if (done)
		end(w);
	else
		ask_host(w);
}

static bool ask_address(struct walk *w, const char *address)
{
	unsigned char query[DNS_QUERY_MAX];
	struct err err;
	int length = dns_query_build(w->zone, DNS_NS, false, query, sizeof(query), &err);

	if (length <= 0 || pace_exchange(w->c, w->zone, address, query, (size_t)length, false, on_reply, w, &err) < 0)
		return false;
	w->pending++;
	return true;
}

static void on_addresses(const char *const *addresses, const struct err *err, void *arg)
{
	struct walk *w = arg;

	(void)err;
	if (is_over(w))
		return;
	for (size_t i = 0; addresses && addresses[i]; i++)
		if (interface_obstacle(addresses[i]) == 0 && ask_address(w, addresses[i]))
			return;
	ask_host(w);
}

static void ask_host(struct walk *w)
{
	struct err err;

	while (w->host < w->host_count)
		if (resolver_addresses(w->c->parts.resolver, w->hosts[w->host++], on_addresses, w, &err) == 0) {
			w->pending++;
			return;
		}
	end(w);
}

/* ---- the parent ---- */

static void on_parent(const unsigned char *wire, size_t length, int64_t elapsed_ms, const struct err *err, void *arg)
{
	struct walk *w = arg;
	struct dns_reply reply;
	struct err why;

	(void)elapsed_ms, (void)err;
	if (is_over(w))
		return;
	if (!wire || dns_reply_parse(wire, length, w->parent, DNS_NS, &reply, &why) < 0) {
		end(w);
		return;
	}
	for (size_t i = 0; i < reply.answer_count && w->host_count < HOSTS_MAX; i++)
		if (reply.answers[i].type == DNS_NS && strcmp(reply.answers[i].owner, w->parent) == 0)
			w->hosts[w->host_count++] = mem_dup(reply.answers[i].text);
	dns_reply_done(&reply);
	if (w->host_count)
		ask_host(w);
	else
		ask_parent(w);
}

/* The nearest zone above: the next name that has NS records. The root's children are the root's affair. */
static void ask_parent(struct walk *w)
{
	const char *above = name_parent(*w->parent ? w->parent : w->zone);
	struct err err;

	if (!above) {
		end(w);
		return;
	}
	memmove(w->parent, above, strlen(above) + 1);
	if (resolver_query(w->c->parts.resolver, w->parent, DNS_NS, on_parent, w, &err) < 0)
		end(w);
	else
		w->pending++;
}

static void begin(void *arg)
{
	struct walk *w = arg;

	if (!is_over(w))
		ask_parent(w);
}

void parent_ask(struct checker *c, const char *zone, void (*word)(const struct dns_reply *reply, void *arg), void *arg)
{
	struct walk *w = mem_new(1, sizeof(*w));

	*w = (struct walk){ .c = c, .word = word, .arg = arg, .pending = 1 };
	snprintf(w->zone, sizeof(w->zone), "%s", zone);
	w->limit = timer_start(c->parts.loop, PARENT_LIMIT_MS, on_limit, w);
	later(&c->laters, 0, begin, w);
}
