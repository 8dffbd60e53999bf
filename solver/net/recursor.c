#include "solver/net/recursor.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unbound.h>
#include <unistd.h>
#include <uthash.h>
#include <utlist.h>

#include "solver/base/mem.h"
#include "solver/dns/message.h"

#define TIMEOUT_MS 12000
#define CONCURRENT 500
#define ROOT_KNOWN_MS 30000 /* a root that answered is not asked again so soon whether it lives */
#define ROOT_TIMEOUT_MS 4000
#define SYSTEM_ANCHOR "/usr/share/dns/root.key"

struct recursor_call {
	struct recursor *recursor;
	char name[NAME_SIZE];
	int type;
	int id;                 /* of libunbound, while it is under way */
	struct timer *timer;    /* before the start: a pause; then the time limit; at the end: the callback, never inside libunbound */
	int64_t started_ms, elapsed_ms;
	struct ub_result *result;
	struct err err;         /* or this */
	bool doubtful;          /* a SERVFAIL or no answer, which waits for what is said about the root */
	recursor_fn done;
	void *arg;
	bool queued;            /* in `waiting` */
	struct recursor_call *prev, *next;
	struct recursor_call *wait_prev, *wait_next;
};

/* A name that must not be answered from what libunbound kept of this second. */
struct forgotten {
	char name[NAME_SIZE];
	int64_t until_ms;       /* wall clock */
	struct forgotten *next;
};

/* A name that was answered, or one above it: libunbound keeps even what may not be kept until its second is over. */
struct answered {
	char name[NAME_SIZE];
	UT_hash_handle hh;
};

struct recursor {
	struct loop *loop;
	struct ub_ctx *ctx;
	struct fd_watch *watch;
	int timeout_ms;
	unsigned concurrent, running;
	char **stubs;             /* names of the stub zones, NULL-ended */
	struct recursor_call *calls;   /* all */
	struct recursor_call *waiting; /* over `concurrent`: started in turn */
	struct answered *answered;     /* of the present second */
	int64_t second;
	struct forgotten *forgotten;
	int64_t root_ok_ms;            /* loop clock; -1: not known */
	struct recursor_call *root;    /* asks whether the root lives */
	bool closing;
};

static void start_waiting(struct recursor *r);

/* ---- the profile of a certificate authority's resolver ---- */

struct setting { const char *name, *value; bool optional; };

/* Nothing is kept, names keep their case bits, what is not signed where it should be is bogus to the second. */
static const struct setting settings[] = {
	{ "cache-max-ttl:", "0" }, { "cache-max-negative-ttl:", "0" }, { "msg-cache-size:", "4m" }, { "rrset-cache-size:", "8m" },
	{ "target-fetch-policy:", "0 0 0 0 0" }, { "infra-host-ttl:", "10" }, { "infra-keep-probing:", "yes", true },
	{ "infra-cache-numhosts:", "20000" }, { "prefetch:", "no" }, { "aggressive-nsec:", "no", true },
	{ "use-caps-for-id:", "yes" }, { "edns-buffer-size:", "1232" }, { "qname-minimisation:", "no" }, { "minimal-responses:", "no" },
	{ "val-clean-additional:", "no" }, /* addresses that come with NS records spare a question */
	{ "harden-glue:", "yes" }, { "harden-dnssec-stripped:", "yes" }, { "harden-below-nxdomain:", "no" },
	{ "val-sig-skew-min:", "0" }, { "val-sig-skew-max:", "0" }, { "ede:", "yes", true }, { "discard-timeout:", "0", true },
	{ "max-query-restarts:", "11", true }, { "do-tcp:", "yes" }, { "num-queries-per-thread:", "4096" }, { "outgoing-range:", "900" },
	{ "use-syslog:", "no" }, { "verbosity:", "0" }, { "root-key-sentinel:", "no", true }, { "trust-anchor-signaling:", "no" }, { 0 },
};

static int set(struct recursor *r, const char *name, const char *value, struct err *err)
{
	int rc = ub_ctx_set_option(r->ctx, name, value);

	return rc == 0 ? 0 : err_set(err, ERR_INVALID, "libunbound: %s %s: %s", name, value, ub_strerror(rc));
}

/* libunbound reads its files at the first question; what is missing is to be told now. */
static int check_file(const char *what, const char *path, struct err *err)
{
	if (access(path, R_OK) == 0)
		return 0;
	return err_set(err, ERR_INVALID, "%s: %s cannot be read", what, path);
}

static int set_root(struct recursor *r, const struct recursor_options *o, struct err *err)
{
	const char *anchor = o->trust_anchor;
	int rc = 0;

	if (o->root_hints) {
		if (check_file("root hints", o->root_hints, err) < 0 || set(r, "root-hints:", o->root_hints, err) < 0)
			return err->code;
	}
	if (anchor && check_file("trust anchor", anchor, err) < 0)
		return err->code;
	if (!anchor && !o->root_hints && access(SYSTEM_ANCHOR, R_OK) == 0)
		anchor = SYSTEM_ANCHOR;
	if (anchor)
		rc = ub_ctx_add_ta_file(r->ctx, anchor);
	return rc == 0 ? 0 : err_set(err, ERR_INVALID, "trust anchor %s: %s", anchor, ub_strerror(rc));
}

/* "zone address[@port]" */
static int set_stub(struct recursor *r, const char *text, size_t i, struct err *err)
{
	const char *space = strchr(text, ' ');
	int rc;

	if (!space)
		return err_set(err, ERR_INVALID, "stub zone \"%s\": write \"zone address[@port]\"", text);
	r->stubs[i] = mem_dup_n(text, (size_t)(space - text));
	if (set(r, "domain-insecure:", r->stubs[i], err) < 0) /* no chain of trust leads to a shortcut */
		return err->code;
	rc = ub_ctx_set_stub(r->ctx, r->stubs[i], space + 1, 0);
	return rc == 0 ? 0 : err_set(err, ERR_INVALID, "stub zone \"%s\": %s", text, ub_strerror(rc));
}

static int set_stubs(struct recursor *r, const char *const *list, struct err *err)
{
	size_t count = 0;

	while (list && list[count])
		count++;
	r->stubs = mem_new(count + 1, sizeof(*r->stubs));
	for (size_t i = 0; i < count; i++)
		if (set_stub(r, list[i], i, err) < 0)
			return err->code;
	return 0;
}

/* libunbound denies these by itself; who holds them is for the root and the stub zones to say. After all options: it ends their time. */
static int open_special_zones(struct recursor *r, struct err *err)
{
	static const char *const zones[] = { "test.", "home.arpa.", "invalid.", "onion." };

	for (size_t i = 0; i < ARRAY_LEN(zones); i++) {
		int rc = ub_ctx_zone_remove(r->ctx, zones[i]);

		if (rc != 0)
			return err_set(err, ERR_INVALID, "libunbound: %s: %s", zones[i], ub_strerror(rc));
	}
	return 0;
}

static int configure(struct recursor *r, const struct recursor_options *o, struct err *err)
{
	for (const struct setting *s = settings; s->name; s++)
		if (set(r, s->name, s->value, err) < 0 && !s->optional)
			return err->code;
	if (set(r, "do-ip6:", o->ipv6 ? "yes" : "no", err) < 0 ||
	    set(r, "do-not-query-localhost:", o->localhost ? "no" : "yes", err) < 0 || set_root(r, o, err) < 0 ||
	    set_stubs(r, o->stub_zones, err) < 0)
		return err->code;
	for (const char *const *network = o->avoid; network && *network; network++)
		if (set(r, "do-not-query-address:", *network, err) < 0)
			return err->code;
	ub_ctx_debuglevel(r->ctx, 0);
	if (ub_ctx_async(r->ctx, 1) != 0)
		return err_set(err, ERR_IO, "libunbound has no threads");
	return open_special_zones(r, err);
}

/* ---- replies ---- */

static int64_t wall_second(const struct recursor *r)
{
	return loop_wall_ms(r->loop) / 1000;
}

static void answered_clear(struct recursor *r)
{
	struct answered *a, *tmp;

	HASH_ITER(hh, r->answered, a, tmp) {
		HASH_DEL(r->answered, a);
		free(a);
	}
}

/* With all its ancestors: what is below a name is found at the name. */
static void note_answered(struct recursor *r, const char *name)
{
	struct answered *a;

	if (r->second != wall_second(r)) {
		answered_clear(r);
		r->second = wall_second(r);
	}
	for (; name; name = name_parent(name)) {
		HASH_FIND_STR(r->answered, name, a);
		if (a)
			return;
		a = mem_new(1, sizeof(*a));
		snprintf(a->name, sizeof(a->name), "%s", name);
		HASH_ADD_STR(r->answered, name, a);
	}
}

static void call_finish(struct recursor_call *c)
{
	const struct ub_result *result = c->result;
	struct recursor_reply reply = { .elapsed_ms = c->elapsed_ms };

	DL_DELETE(c->recursor->calls, c);
	if (c->queued)
		DL_DELETE2(c->recursor->waiting, c, wait_prev, wait_next);
	timer_stop(c->timer);
	if (!c->err.code) {
		reply.wire = result->answer_len > 0 ? result->answer_packet : NULL;
		reply.length = result->answer_len > 0 ? (size_t)result->answer_len : 0;
		reply.rcode = result->rcode;
		reply.secure = result->secure;
		reply.bogus = result->bogus;
		reply.why = result->why_bogus && *result->why_bogus ? result->why_bogus : NULL;
	}
	c->done(c->err.code ? NULL : &reply, &c->err, c->arg);
	ub_resolve_free(c->result);
	free(c);
}

static void on_tell(void *arg)
{
	struct recursor_call *c = arg;

	c->timer = NULL;
	if (!c->err.code)
		note_answered(c->recursor, c->name);
	call_finish(c);
}

/* The call is over; whoever asked hears of it from the loop. */
static void call_end(struct recursor_call *c)
{
	c->doubtful = false;
	c->elapsed_ms = loop_now_ms(c->recursor->loop) - c->started_ms;
	timer_stop(c->timer);
	c->timer = timer_start(c->recursor->loop, 0, on_tell, c);
}

/* ---- is it the name that fails, or all of DNS? ---- */

static bool is_stub(const struct recursor *r, const char *name)
{
	for (size_t i = 0; r->stubs[i]; i++)
		if (strcmp(r->stubs[i], ".") == 0 || name_is_below(name, r->stubs[i]))
			return true;
	return false;
}

/* Whoever waits for the root: their failure is the name's own when it answers. */
static void settle(struct recursor *r, bool alive)
{
	struct recursor_call *c;

	DL_FOREACH(r->calls, c) {
		if (!c->doubtful)
			continue;
		if (!alive)
			err_set(&c->err, ERR_UNREACHABLE, "no root name server answers: this host cannot look as an authority does");
		call_end(c);
	}
}

static void on_root(const struct recursor_reply *reply, const struct err *err, void *arg)
{
	struct recursor *r = arg;
	bool alive = reply && reply->rcode == DNS_NOERROR;

	r->root = NULL;
	if (err->code == ERR_CANCELLED)
		return;
	if (alive)
		r->root_ok_ms = loop_now_ms(r->loop);
	settle(r, alive);
}

static struct recursor_call *recursor_call_new(struct recursor *r, const char *name, int type, recursor_fn done, void *arg);
static void call_start(struct recursor_call *c);

static bool root_is_known(const struct recursor *r, const struct recursor_call *c)
{
	return c == r->root || is_stub(r, c->name) ||
	       (r->root_ok_ms >= 0 && loop_now_ms(r->loop) - r->root_ok_ms < ROOT_KNOWN_MS);
}

static void query_root(struct recursor *r)
{
	if (r->root)
		return;
	r->root = recursor_call_new(r, "", DNS_NS, on_root, r);
	call_start(r->root);
}

/* ---- one question ---- */

static void call_over(struct recursor_call *c)
{
	c->recursor->running--;
	timer_stop(c->timer);
	c->timer = NULL;
}

/* A failure may be the name's own, or that of all of DNS as seen from here. */
static void call_doubt(struct recursor_call *c)
{
	c->doubtful = true;
	if (root_is_known(c->recursor, c))
		call_end(c);
	else
		query_root(c->recursor);
}

static void on_result(void *arg, int error, struct ub_result *result)
{
	struct recursor_call *c = arg;
	struct recursor *r = c->recursor;

	call_over(c);
	c->result = result;
	if (error || !result)
		err_set(&c->err, ERR_IO, "libunbound: %s", ub_strerror(error));
	else if (result->rcode != DNS_SERVFAIL && !is_stub(r, c->name))
		r->root_ok_ms = loop_now_ms(r->loop);
	if (!c->err.code && result->rcode == DNS_SERVFAIL && !result->bogus)
		call_doubt(c);
	else
		call_end(c);
	start_waiting(r);
}

static void on_time_limit(void *arg)
{
	struct recursor_call *c = arg;
	struct recursor *r = c->recursor;

	c->timer = NULL;
	ub_cancel(r->ctx, c->id);
	call_over(c);
	err_set(&c->err, ERR_TIMEOUT, "query timed out looking up %s for %s", dns_type_name(c->type), c->name);
	call_doubt(c);
	start_waiting(r);
}

static void call_start(struct recursor_call *c)
{
	struct recursor *r = c->recursor;
	int rc = ub_resolve_async(r->ctx, *c->name ? c->name : ".", c->type, 1, c, on_result, &c->id);

	if (rc != 0) {
		err_set(&c->err, ERR_IO, "libunbound: %s", ub_strerror(rc));
		call_end(c);
		return;
	}
	r->running++;
	c->started_ms = loop_now_ms(r->loop);
	c->timer = timer_start(r->loop, c == r->root ? ROOT_TIMEOUT_MS : r->timeout_ms, on_time_limit, c);
}

static void start_waiting(struct recursor *r)
{
	while (!r->closing && r->waiting && r->running < r->concurrent) {
		struct recursor_call *c = r->waiting;

		DL_DELETE2(r->waiting, c, wait_prev, wait_next);
		c->queued = false;
		call_start(c);
	}
}

static void pause_over(void *arg)
{
	struct recursor_call *c = arg;

	c->timer = NULL;
	c->queued = true;
	DL_APPEND2(c->recursor->waiting, c, wait_prev, wait_next);
	start_waiting(c->recursor);
}

static struct recursor_call *recursor_call_new(struct recursor *r, const char *name, int type, recursor_fn done, void *arg)
{
	struct recursor_call *c = mem_new(1, sizeof(*c));

	*c = (struct recursor_call){ .recursor = r, .type = type, .done = done, .arg = arg, .started_ms = loop_now_ms(r->loop) };
	snprintf(c->name, sizeof(c->name), "%s", name);
	DL_APPEND(r->calls, c);
	return c;
}

/* How long a question must wait so that nothing kept of a forgotten name answers it. */
static int64_t pause_of(struct recursor *r, const char *name)
{
	int64_t now_ms = loop_wall_ms(r->loop), pause_ms = 0;

	for (struct forgotten **at = &r->forgotten, *f; (f = *at) != NULL;) {
		if (f->until_ms <= now_ms) {
			*at = f->next;
			free(f);
			continue;
		}
		if (name_is_below(name, f->name) && f->until_ms - now_ms > pause_ms)
			pause_ms = f->until_ms - now_ms;
		at = &f->next;
	}
	return pause_ms;
}

/* ---- the public face ---- */

static void on_readable(void *arg)
{
	struct recursor *r = arg;

	ub_process(r->ctx);
}

int recursor_new(struct loop *l, const struct recursor_options *options, struct recursor **ret, struct err *err)
{
	struct recursor *r = mem_new(1, sizeof(*r));

	r->loop = l;
	r->root_ok_ms = -1;
	r->timeout_ms = options->timeout_ms > 0 ? options->timeout_ms : TIMEOUT_MS;
	r->concurrent = options->concurrent ? options->concurrent : CONCURRENT;
	r->ctx = ub_ctx_create();
	if (!r->ctx) {
		free(r);
		return err_set(err, ERR_IO, "libunbound cannot be used");
	}
	if (configure(r, options, err) < 0) {
		recursor_free(r);
		return err->code;
	}
	r->watch = loop_watch_fd(l, ub_fd(r->ctx), on_readable, r);
	*ret = r;
	return 0;
}

void recursor_free(struct recursor *r)
{
	if (!r)
		return;
	r->closing = true;
	if (r->watch)
		loop_unwatch_fd(r->watch);
	ub_ctx_delete(r->ctx); /* ends its thread; it calls nobody back */
	while (r->calls) {
		err_set(&r->calls->err, ERR_CANCELLED, "the DNS query was called off");
		call_finish(r->calls);
	}
	answered_clear(r);
	while (r->forgotten) {
		struct forgotten *f = r->forgotten;

		r->forgotten = f->next;
		free(f);
	}
	for (size_t i = 0; r->stubs && r->stubs[i]; i++)
		free(r->stubs[i]);
	free(r->stubs);
	free(r);
}

bool recursor_is_idle(const struct recursor *r)
{
	return !r->calls;
}

int recursor_query(struct recursor *r, const char *name, int type, recursor_fn done, void *arg, struct err *err)
{
	struct recursor_call *c;
	int64_t pause_ms;

	if (r->closing)
		return err_set(err, ERR_CANCELLED, "the DNS resolver was closed");
	if (strlen(name) >= NAME_SIZE)
		return err_set(err, ERR_INVALID, "the name is too long");
	c = recursor_call_new(r, name, type, done, arg);
	pause_ms = pause_of(r, name);
	c->timer = timer_start(r->loop, pause_ms, pause_over, c); /* later in any case: `done` never comes from here */
	return 0;
}

void recursor_forget(struct recursor *r, const char *name)
{
	int64_t second = wall_second(r);
	struct answered *a;
	struct forgotten *f;

	if (r->second != second)
		return; /* nothing was answered in this second */
	HASH_FIND_STR(r->answered, name, a);
	if (!a)
		return;
	f = mem_new(1, sizeof(*f));
	f->until_ms = (second + 1) * 1000;
	snprintf(f->name, sizeof(f->name), "%s", name);
	f->next = r->forgotten;
	r->forgotten = f;
}
