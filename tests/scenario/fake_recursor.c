/* solver/net/recursor.h over the same scripted zones: unsigned, never a cache. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <utlist.h>

#include "solver/base/mem.h"
#include "solver/dns/name.h"
#include "tests/scenario/fake_dns.h"

#define REPLY_MS 5

struct recursor_call {
	struct recursor *recursor;
	struct timer *timer;
	char name[NAME_SIZE];
	int type;
	recursor_fn done;
	void *arg;
	struct recursor_call *prev, *next;
};

struct recursor {
	struct loop *loop;
	struct recursor_call *calls;
};

#define ASKED_MAX 4096

static bool is_blind;
static struct { char name[NAME_SIZE]; int type; } asked[ASKED_MAX];
static size_t asked_count;

unsigned fake_recursor_asked(const char *name, int type)
{
	unsigned count = 0;

	for (size_t i = 0; i < asked_count; i++)
		count += asked[i].type == type && strcmp(asked[i].name, name) == 0;
	return count;
}

void fake_recursor_blind(bool blind)
{
	is_blind = blind;
}

struct recursor *fake_recursor_new(struct loop *l)
{
	struct recursor *r = mem_new(1, sizeof(*r));

	r->loop = l;
	asked_count = 0;
	return r;
}

static void call_free(struct recursor_call *c)
{
	DL_DELETE(c->recursor->calls, c);
	free(c);
}

static void arrived(void *arg)
{
	struct recursor_call *c = arg;
	struct recursor_reply reply = { .elapsed_ms = REPLY_MS };
	unsigned char *wire;

	if (is_blind) {
		struct err err;

		err_set(&err, ERR_UNREACHABLE, "no root answers");
		c->done(NULL, &err, c->arg);
		call_free(c);
		return;
	}
	reply.rcode = fake_dns_resolve(c->name, c->type, &wire, &reply.length);
	reply.wire = wire;
	c->done(&reply, &(struct err){ 0 }, c->arg);
	free(wire);
	call_free(c);
}

int recursor_query(struct recursor *r, const char *name, int type, recursor_fn done, void *arg, struct err *err)
{
	struct recursor_call *c = mem_new(1, sizeof(*c));

	(void)err;
	*c = (struct recursor_call){ .recursor = r, .type = type, .done = done, .arg = arg };
	snprintf(c->name, sizeof(c->name), "%s", name);
	DL_APPEND(r->calls, c);
	if (asked_count < ASKED_MAX) {
		snprintf(asked[asked_count].name, NAME_SIZE, "%s", name);
		asked[asked_count++].type = type;
	}
	c->timer = timer_start(r->loop, REPLY_MS, arrived, c);
	return 0;
}

void recursor_forget(struct recursor *r, const char *name)
{
	(void)r, (void)name;
}

void recursor_free(struct recursor *r)
{
	struct err err;

	err_set(&err, ERR_CANCELLED, "called off");
	while (r->calls) {
		timer_stop(r->calls->timer);
		r->calls->done(NULL, &err, r->calls->arg);
		call_free(r->calls);
	}
	free(r);
}
