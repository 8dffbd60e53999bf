#include "solver/api/audit/refusals.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <uthash.h>

#include "solver/api/access/peer.h"
#include "solver/base/mem.h"

struct kind {
	char *key;
	struct audit_event first;
	unsigned more;
	UT_hash_handle hh;
};

struct refusals {
	struct kind *clients, *strangers;
	struct kind others; /* the strangers from other places, together */
};

struct refusals *refusals_new(void)
{
	return mem_new(1, sizeof(struct refusals));
}

/* ---- events ---- */

void audit_event_copy(struct audit_event *to, const struct audit_event *from)
{
	*to = (struct audit_event){ mem_dup(from->door), mem_dup(from->client), mem_dup(from->peer), mem_dup(from->action),
		                    mem_dup(from->type), mem_dup(from->name), mem_dup(from->result), mem_dup(from->detail) };
}

void audit_event_done(struct audit_event *e)
{
	const char *const texts[] = { e->door, e->client, e->peer, e->action, e->type, e->name, e->result, e->detail };

	for (size_t i = 0; i < ARRAY_LEN(texts); i++)
		free((char *)(uintptr_t)texts[i]);
}

/* ---- counting ---- */

/* Whether it is the first; takes the key. */
static bool kind_count(struct kind **kinds, char *key, const struct audit_event *event)
{
	struct kind *k;

	HASH_FIND_STR(*kinds, key, k);
	if (k) {
		k->more++;
		free(key);
		return false;
	}
	k = mem_new(1, sizeof(*k));
	k->key = key;
	audit_event_copy(&k->first, event);
	HASH_ADD_KEYPTR(hh, *kinds, k->key, strlen(k->key), k);
	return true;
}

static bool stranger_first(struct refusals *r, const struct audit_event *event, const char *place)
{
	struct kind *known;

	HASH_FIND_STR(r->strangers, place, known);
	if (known || HASH_COUNT(r->strangers) < REFUSALS_STRANGERS)
		return kind_count(&r->strangers, mem_dup(place), event);
	if (!r->others.first.door)
		audit_event_copy(&r->others.first, &(struct audit_event){ .door = event->door, .action = event->action, .result = event->result });
	r->others.more++;
	return false;
}

bool refusals_first(struct refusals *r, const struct audit_event *e)
{
	char place[ADDRESS_TEXT_SIZE];

	peer_place(e->peer, place);
	if (!e->client)
		return stranger_first(r, e, place);
	return kind_count(&r->clients, HASH_COUNT(r->clients) >= REFUSALS_CLIENTS ? mem_dup(e->door) :
	                  mem_printf("%s|%s|%s|%s|%s", e->door, e->client, place, e->action, e->name ? e->name : ""), e);
}

/* ---- the window is over ---- */

/* Writes the number, if there is one to write, and forgets the kind. */
static void kind_end(struct kind *k, const char *detail, void (*write)(const struct audit_event *event, void *arg), void *arg)
{
	struct audit_event event = k->first;
	char text[128];

	snprintf(text, sizeof(text), "%u %s", k->more, detail);
	event.detail = text;
	if (k->more)
		write(&event, arg);
	audit_event_done(&k->first);
	free(k->key);
}

static void kinds_end(struct kind **kinds, const char *detail, void (*write)(const struct audit_event *event, void *arg), void *arg)
{
	struct kind *k, *tmp;

	HASH_ITER(hh, *kinds, k, tmp) {
		HASH_DEL(*kinds, k);
		kind_end(k, detail, write, arg);
		free(k);
	}
}

void refusals_end(struct refusals *r, void (*write)(const struct audit_event *event, void *arg), void *arg)
{
	kinds_end(&r->clients, "more like this within a minute", write, arg);
	kinds_end(&r->strangers, "further refusals from this address (or its /64 of IPv6) within a minute", write, arg);
	kind_end(&r->others, "further refusals from other addresses within a minute", write, arg);
	r->others = (struct kind){ 0 };
}

static void drop(const struct audit_event *event, void *arg)
{
	(void)event;
	(void)arg;
}

void refusals_free(struct refusals *r)
{
	if (!r)
		return;
	refusals_end(r, drop, NULL);
	free(r);
}
