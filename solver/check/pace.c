#include "solver/check/pace.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "solver/base/mem.h"
#include "solver/check/own.h"
#include "solver/check/resolve.h"
#include "solver/net/address.h"
#include "solver/verdict/network/address.h"

#define LANES_MAX 8192     /* beyond it idle ones are forgotten */
#define WAITING_MAX 200000 /* questions of all addresses together */
#define SLOTS 11           /* a second, and the tenth that has begun: no second has more than the limit */
#define SLOT_MS 100
#define DNS_PORT 53

struct waiting {
	unsigned char *wire;
	size_t length;
	bool tcp;
	dns_reply_fn done;
	void *arg;
	struct waiting *next;
};

/* The questions of one name at one address. */
struct pace_name {
	char *name;
	struct waiting *first, *last;
	struct pace_name *prev, *next; /* the turns */
	UT_hash_handle hh;
};

struct pace_lane {
	char address[ADDRESS_TEXT_SIZE + 8];
	struct checker *c;
	unsigned asked[SLOTS];         /* in each tenth of the last second */
	int64_t slot;                  /* the present one, of the loop's clock */
	struct pace_name *names;       /* by name */
	struct pace_name *turns;       /* whose turn it is comes first */
	struct timer *timer;
	UT_hash_handle hh;
};

/* Forgets what is older than a second. */
static void turn(struct pace_lane *l)
{
	int64_t slot = loop_now_ms(l->c->parts.loop) / SLOT_MS;

	if (slot - l->slot >= SLOTS)
		memset(l->asked, 0, sizeof(l->asked));
	else
		for (int64_t i = l->slot + 1; i <= slot; i++)
			l->asked[i % SLOTS] = 0;
	l->slot = slot;
}

static int64_t asked(const struct pace_lane *l)
{
	int64_t sum = 0;

	for (int i = 0; i < SLOTS; i++)
		sum += l->asked[i];
	return sum;
}

static bool may_ask(struct pace_lane *l)
{
	turn(l);
	return asked(l) < l->c->config->check.queries_per_second;
}

static void note_asked(struct pace_lane *l)
{
	l->asked[l->slot % SLOTS]++;
}

/* Until the oldest questions of this second do not count any more. */
static int64_t pause_of(const struct pace_lane *l)
{
	int64_t oldest = l->slot < SLOTS ? 0 : l->slot - SLOTS + 1;

	while (oldest < l->slot && !l->asked[oldest % SLOTS])
		oldest++;
	return (oldest + SLOTS) * SLOT_MS - loop_now_ms(l->c->parts.loop) + 1;
}

static bool is_idle(struct pace_lane *l)
{
	turn(l);
	return !l->turns && !asked(l);
}

static void lane_free(struct pace_lane *l)
{
	HASH_DEL(l->c->lanes, l);
	timer_stop(l->timer);
	free(l);
}

static struct pace_lane *lane_of(struct checker *c, const char *address)
{
	struct pace_lane *l, *tmp;

	HASH_FIND_STR(c->lanes, address, l);
	if (l)
		return l;
	if (HASH_COUNT(c->lanes) >= LANES_MAX) {
		HASH_ITER(hh, c->lanes, l, tmp) {
			if (is_idle(l))
				lane_free(l);
		}
	}
	l = mem_new(1, sizeof(*l));
	*l = (struct pace_lane){ .c = c, .slot = loop_now_ms(c->parts.loop) / SLOT_MS };
	snprintf(l->address, sizeof(l->address), "%s", address);
	HASH_ADD_STR(c->lanes, address, l);
	return l;
}

static struct waiting *take_turn(struct pace_lane *l)
{
	struct pace_name *n = l->turns;
	struct waiting *w = n->first;

	n->first = w->next;
	DL_DELETE(l->turns, n);
	l->c->waiting--;
	if (n->first) {
		DL_APPEND(l->turns, n);
		return w;
	}
	HASH_DEL(l->names, n);
	free(n->name);
	free(n);
	return w;
}

static void waiting_free(struct waiting *w)
{
	free(w->wire);
	free(w);
}

static void waiting_fail(struct waiting *w, const struct err *err)
{
	w->done(NULL, 0, 0, err, w->arg);
	waiting_free(w);
}

static void lane_pump(struct pace_lane *l);

static void on_timer(void *arg)
{
	struct pace_lane *l = arg;

	l->timer = NULL;
	lane_pump(l);
}

static void lane_arm(struct pace_lane *l)
{
	if (l->turns && !l->timer)
		l->timer = timer_start(l->c->parts.loop, may_ask(l) ? 0 : pause_of(l), on_timer, l);
}

static void lane_pump(struct pace_lane *l)
{
	struct err err = { 0 };

	while (l->turns && may_ask(l)) {
		struct waiting *w = take_turn(l);

		note_asked(l);
		if (resolve_exchange(l->c, l->address, w->wire, w->length, w->tcp, w->done, w->arg, &err) < 0)
			waiting_fail(w, &err);
		else
			waiting_free(w);
	}
	lane_arm(l);
}

static void enqueue(struct pace_lane *l, const char *name, struct waiting *w)
{
	struct pace_name *n;

	HASH_FIND_STR(l->names, name, n);
	if (!n) {
		n = mem_new(1, sizeof(*n));
		n->name = mem_dup(name);
		HASH_ADD_KEYPTR(hh, l->names, n->name, strlen(n->name), n);
		DL_APPEND(l->turns, n);
	}
	if (n->first)
		n->last->next = w;
	else
		n->first = w;
	n->last = w;
	l->c->waiting++;
}

/* A resolver that the operator named on loopback, or in 10.0.0.0/8, shows that the DNS of this place stands there. */
static bool is_near_resolver(const struct checker *c, const char *host)
{
	char near[ADDRESS_TEXT_SIZE];
	struct sockaddr_storage a;
	struct err err;

	for (char *const *server = (char *const *)c->config->resolver.servers; server && *server; server++)
		if (address_parse(*server, DNS_PORT, &a, &err) == 0 && address_block(address_host(&a, near)) == address_block(host))
			return true;
	return false;
}

/* Whoever writes an NS record chooses where these packets go. */
static int check_address(const struct checker *c, const char *address, struct err *err)
{
	char host[ADDRESS_TEXT_SIZE];
	struct sockaddr_storage a;

	if (own_listener(c, address))
		return 0;
	if (address_parse(address, (int)c->config->resolver.authority_port, &a, err) < 0)
		return err->code;
	if (!address_is_reserved(address_host(&a, host)) || is_near_resolver(c, host))
		return 0;
	return err_set(err, ERR_DENIED, "%s is no public address; name servers there are asked only where check.allow-addresses names it", host);
}

struct refusal {
	dns_reply_fn done;
	void *arg;
	struct err err;
};

static void tell_refusal(void *arg)
{
	struct refusal *r = arg;

	r->done(NULL, 0, 0, &r->err, r->arg);
	free(r);
}

/* It comes later as any answer does: a server that is not asked must be heard of like one that is silent. */
static int refuse(struct checker *c, const struct err *err, dns_reply_fn done, void *arg)
{
	struct refusal *r = mem_new(1, sizeof(*r));

	*r = (struct refusal){ done, arg, *err };
	later(&c->laters, 0, tell_refusal, r);
	return 0;
}

int pace_exchange(struct checker *c, const char *name, const char *address, const unsigned char *wire, size_t length, bool tcp,
                  dns_reply_fn done, void *arg, struct err *err)
{
	struct pace_lane *l;
	struct waiting *w;

	if (resolve_check_open(c, err) < 0)
		return err->code;
	if (check_address(c, address, err) < 0)
		return refuse(c, err, done, arg);
	if (c->waiting >= WAITING_MAX)
		return err_set(err, ERR_BUSY, "%d questions to name servers wait already", WAITING_MAX);
	if (own_zone(c, name) && own_listener(c, address))
		return resolve_exchange(c, address, wire, length, tcp, done, arg, err);
	l = lane_of(c, address);
	if (!l->turns && may_ask(l)) {
		note_asked(l);
		return resolve_exchange(c, address, wire, length, tcp, done, arg, err);
	}
	w = mem_new(1, sizeof(*w));
	*w = (struct waiting){ .wire = mem_new(length, 1), .length = length, .tcp = tcp, .done = done, .arg = arg };
	memcpy(w->wire, wire, length);
	enqueue(l, name, w);
	lane_arm(l);
	return 0;
}

void pace_end(struct checker *c)
{
	struct pace_lane *l, *tmp;
	struct err err = { 0 };

	err_set(&err, ERR_CANCELLED, "dcvd is stopping");
	HASH_ITER(hh, c->lanes, l, tmp) {
		while (l->turns)
			waiting_fail(take_turn(l), &err);
		lane_free(l);
	}
}
