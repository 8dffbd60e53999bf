#include "solver/api/access/grants.h"
#include "solver/api/audit/audit.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <uthash.h>
#include <utlist.h>

#include "solver/api/audit/audit_chain.h"
#include "solver/api/audit/refusals.h"
#include "solver/base/clock.h"
#include "solver/base/log.h"
#include "solver/base/mem.h"

#define WAITING_MAX 100000 /* entries while the journal does not take them */
#define RETRY_MS 1000
#define WINDOW_MS 60000    /* refusals are gathered for */
#define SERIES_MAX 2000    /* rows of the metric */
#define HOUR_MS 3600000
#define HEAD_EVERY 1000    /* entries after which the head is logged, or an hour */
#define REMOVED_MAX 2000   /* entries in one transaction */
#define REMOVE_NEXT_MS 5000 /* when there are more */

struct note {
	struct audit_event event; /* its texts are ours */
	int64_t at_ms;
	int64_t removes; /* the entries up to this one go in the same transaction; 0: none */
	struct note *next;
};

struct series {
	char *key, *door, *client, *result;
	uint64_t count;
	UT_hash_handle hh;
};

/* One transaction at a time: an entry is numbered when the one before it is durable, so that a failed write leaves no gap. */
struct audit {
	struct api *api;
	struct audit_chain durable, written; /* written: with what is under way */
	struct note *waiting, *under_way;
	size_t waiting_count;
	bool full;
	struct timer *retry, *window, *hourly;
	int64_t logged; /* number of the head in the log */
	unsigned hours; /* since retention looked */
	bool more;      /* retention has more to remove */
	struct refusals *refusals;
	struct series *series;
};

static void notes_free(struct note *list)
{
	struct note *n, *tmp;

	LL_FOREACH_SAFE(list, n, tmp) {
		audit_event_done(&n->event);
		free(n);
	}
}

/* ---- into the journal ---- */

static void flush(struct audit *l);

/* A copy of this line in another log proves later whether the end of the audit log was cut off. */
static void log_head(struct audit *l)
{
	char number[24];

	snprintf(number, sizeof(number), "%" PRId64, l->durable.number);
	log_event(LOG_INFO, "audit log", "entries", number, "digest", l->durable.digest[0] ? l->durable.digest : NULL, NULL);
	l->logged = l->durable.number;
}

static void on_retry(void *arg)
{
	struct audit *l = arg;

	l->retry = NULL;
	flush(l);
}

static void on_durable(int code, const struct err *err, void *arg)
{
	struct audit *l = arg;
	struct note *n;

	if (code < 0) {
		log_event(LOG_ERROR, "the audit log cannot be written; it is tried again", "error", err ? err->text : "", NULL);
		LL_CONCAT(l->under_way, l->waiting);
		l->waiting = l->under_way;
		LL_COUNT(l->waiting, n, l->waiting_count);
		l->under_way = NULL;
		l->written = l->durable;
		if (!l->retry)
			l->retry = timer_start(l->api->parts.loop, RETRY_MS, on_retry, l);
		return;
	}
	notes_free(l->under_way);
	l->under_way = NULL;
	l->durable = l->written;
	if (l->durable.number - l->logged >= HEAD_EVERY)
		log_head(l);
	flush(l);
}

static void flush(struct audit *l)
{
	struct store_txn *t;
	struct note *n;

	if (l->under_way || !l->waiting || l->retry)
		return;
	l->under_way = l->waiting;
	l->waiting = NULL;
	t = store_begin(l->api->parts.store);
	LL_FOREACH(l->under_way, n) {
		CLEANUP(mem_freep) char *line = audit_chain_add(&l->written, &n->event, n->at_ms);
		const struct store_audit entry = { l->written.number, n->at_ms, line, l->written.digest };

		store_add_audit(t, &entry);
		if (n->removes)
			store_trim_audit(t, n->removes);
	}
	l->waiting_count = 0;
	l->full = false;
	store_commit(t, on_durable, l);
}

static void write_removing(struct audit *l, const struct audit_event *event, int64_t removes)
{
	struct note *n;

	log_event(strcmp(event->result, "ok") == 0 ? LOG_INFO : LOG_WARNING, "audit", "door", event->door, "client", event->client, "peer", event->peer,
	          "action", event->action, "type", event->type, "name", event->name, "result", event->result, "detail", event->detail, NULL);
	if (l->waiting_count >= WAITING_MAX) {
		if (!l->full)
			log_line(LOG_ERROR, "the audit log is behind by %d entries; what follows is in this log only", WAITING_MAX);
		l->full = true;
		return;
	}
	n = mem_new(1, sizeof(*n));
	audit_event_copy(&n->event, event);
	n->at_ms = clock_wall_ms();
	n->removes = removes;
	LL_APPEND(l->waiting, n);
	l->waiting_count++;
	flush(l);
}

static void write_note(struct audit *l, const struct audit_event *event)
{
	write_removing(l, event, 0);
}

static void write_refusal(const struct audit_event *event, void *arg)
{
	write_note(arg, event);
}

/* ---- refusals ---- */

static void on_window(void *arg)
{
	struct audit *l = arg;

	l->window = NULL;
	refusals_end(l->refusals, write_refusal, l);
}

static bool first_refusal(struct audit *l, const struct audit_event *event)
{
	if (!l->window)
		l->window = timer_start(l->api->parts.loop, WINDOW_MS, on_window, l);
	return refusals_first(l->refusals, event);
}

/* ---- retention ---- */

static void on_hour(void *arg);

static void remove_old(struct audit *l, const struct audit_chain *last, size_t count)
{
	CLEANUP(mem_freep) char *name = mem_printf("%" PRId64 ":%s", last->number, last->digest);
	CLEANUP(mem_freep) char *detail = mem_printf("%zu entries older than audit.keep were removed, up to this one", count);

	write_removing(l, &(struct audit_event){ .door = "engine", .action = AUDIT_RETENTION, .name = name, .result = "ok", .detail = detail }, last->number);
}

void audit_retain(struct api *a)
{
	struct audit *l = a->audit;
	int64_t keep_ms = a->config ? a->config->audit.keep_ms : 0;
	struct audit_chain last;
	size_t count = 0;
	struct err err;

	timer_stop(l->hourly);
	if (keep_ms && audit_old_find(a->parts.store, clock_wall_ms() - keep_ms, REMOVED_MAX, &last, &count, &err) < 0)
		log_event(LOG_ERROR, "old entries of the audit log were not removed", "error", err.text, NULL);
	if (count)
		remove_old(l, &last, count);
	l->hours = 0;
	l->more = count == REMOVED_MAX;
	l->hourly = timer_start(a->parts.loop, l->more ? REMOVE_NEXT_MS : HOUR_MS, on_hour, l);
}

static void on_hour(void *arg)
{
	struct audit *l = arg;

	l->hourly = NULL;
	if (l->durable.number != l->logged)
		log_head(l);
	if (l->more || ++l->hours == 24)
		audit_retain(l->api);
	else
		l->hourly = timer_start(l->api->parts.loop, HOUR_MS, on_hour, l);
}

/* ---- numbers ---- */

const struct audit_chain *audit_head(const struct api *a)
{
	return &a->audit->durable;
}

/* The digest is a label, because metrics have no text values. Each scrape stores the head outside of this host. */
static void head_metrics(const struct audit *l, struct buf *out)
{
	buf_printf(out, "# HELP dcvd_audit_last_number Number of the last entry of the audit log.\n# TYPE dcvd_audit_last_number gauge\n"
	           "dcvd_audit_last_number %" PRId64 "\n# HELP dcvd_audit_head_info Digest of that entry, for dcvd audit verify --expect.\n"
	           "# TYPE dcvd_audit_head_info gauge\ndcvd_audit_head_info{number=\"%" PRId64 "\",digest=\"%s\"} 1\n",
	           l->durable.number, l->durable.number, l->durable.digest);
}

/* All accounts of acme-dns ("acme-dns:<subdomain>") count as one client here, because strangers can register them. */
static char *client_label(const struct audit *l, const char *client)
{
	if (HASH_COUNT(l->series) >= SERIES_MAX)
		return mem_dup("other");
	return client ? mem_dup_n(client, strcspn(client, ":")) : mem_dup("");
}

static void count(struct audit *l, const struct audit_event *e)
{
	CLEANUP(mem_freep) char *client = client_label(l, e->client);
	CLEANUP(mem_freep) char *key = mem_printf("%s|%s|%s", e->door, client, e->result);
	struct series *s;

	HASH_FIND_STR(l->series, key, s);
	if (!s) {
		s = mem_new(1, sizeof(*s));
		*s = (struct series){ mem_dup(key), mem_dup(e->door), mem_dup(client), mem_dup(e->result), 0 };
		HASH_ADD_KEYPTR(hh, l->series, s->key, strlen(s->key), s);
	}
	s->count++;
}

void audit_metrics(const struct api *a, const struct caller *caller, struct buf *out)
{
	struct series *s, *tmp;

	head_metrics(a->audit, out);
	buf_add_text(out, "# HELP dcvd_door_results_total Changes and refusals by door, client and result.\n"
	             "# TYPE dcvd_door_results_total counter\n");
	HASH_ITER(hh, a->audit->series, s, tmp)
		if (grants_see_all(caller->grants) || strcmp(s->client, caller->name) == 0)
			buf_printf(out, "dcvd_door_results_total{door=\"%s\",client=\"%s\",result=\"%s\"} %" PRIu64 "\n", s->door, s->client,
			           s->result, s->count);
}

/* ---- start and end ---- */

void audit_note(struct api *a, const struct audit_event *event)
{
	struct audit *l = a->audit;

	count(l, event);
	if (strcmp(event->result, "denied") != 0 || first_refusal(l, event))
		write_note(l, event);
}

void audit_caller(struct api *a, const struct caller *caller, const char *action, const char *type, const char *name,
                  const char *result, const char *detail)
{
	audit_note(a, &(struct audit_event){ caller->door ? caller->door : DOOR_REST, caller->name, caller->peer, action, type, name, result, detail });
}

void audit_challenge(struct api *a, const struct caller *caller, const char *action, const struct challenge *c, const char *result,
                     const char *detail)
{
	CLEANUP(mem_freep) char *name = mem_printf("%s%s", c->wildcard ? "*." : "", c->identifier);

	audit_caller(a, caller, action, challenge_type_name(c->type), name, result, detail);
}

struct audit *audit_new(struct api *a)
{
	struct audit *l = mem_new(1, sizeof(*l));
	struct err err;

	l->api = a;
	l->refusals = refusals_new();
	if (audit_chain_load(a->parts.store, &l->durable, &err) < 0)
		log_event(LOG_ERROR, "the audit log cannot be read", "error", err.text, NULL);
	l->written = l->durable;
	log_head(l);
	return l;
}

void audit_free(struct audit *l)
{
	struct series *s, *tmp;

	if (!l)
		return;
	refusals_end(l->refusals, write_refusal, l);
	while (!l->retry && (l->under_way || l->waiting))
		store_drain(l->api->parts.store);
	if (l->durable.number != l->logged)
		log_head(l);
	timer_stop(l->retry);
	timer_stop(l->window);
	timer_stop(l->hourly);
	refusals_free(l->refusals);
	notes_free(l->waiting);
	HASH_ITER(hh, l->series, s, tmp) {
		HASH_DEL(l->series, s);
		free(s->key);
		free(s->door);
		free(s->client);
		free(s->result);
		free(s);
	}
	free(l);
}
