#include "solver/engine/binding.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "solver/base/log.h"
#include "solver/base/mem.h"
#include "solver/engine/entry.h"

#define KEY_PREFIX "delegation/"
#define BINDINGS_MAX 100000
#define BY_SIZE 128

struct binding {
	char name[NAME_SIZE], identifier[NAME_SIZE], by[BY_SIZE];
	bool first_use;
	int64_t created_ms;
	UT_hash_handle hh;
};

/* One write of the journal. */
struct writing {
	struct engine *e;
	struct binding b; /* what is written, or removed */
	enum { BINDS, REMOVES, CHANGES_NOTHING } what;
	void (*done)(const struct err *err, void *arg); /* NULL: the first use bound it */
	void *arg;
};

static struct binding *find(const struct engine *e, const char *name)
{
	struct binding *b;

	HASH_FIND_STR(e->bindings, name, b);
	return b;
}

static void add(struct engine *e, const struct binding *b)
{
	struct binding *own = find(e, b->name);

	if (own)
		return;
	own = mem_new(1, sizeof(*own));
	*own = *b;
	HASH_ADD_STR(e->bindings, name, own);
}

static void drop(struct engine *e, const char *name)
{
	struct binding *b = find(e, name);

	if (!b)
		return;
	HASH_DEL(e->bindings, b);
	free(b);
}

static struct engine_binding shown(const struct binding *b)
{
	return (struct engine_binding){ b->name, b->identifier, b->by, b->first_use, b->created_ms };
}

const char *engine_bound(const struct engine *e, const char *name)
{
	struct binding *b = find(e, name);

	return b ? b->identifier : NULL;
}

void engine_each_binding(const struct engine *e, void (*fn)(const struct engine_binding *b, void *arg), void *arg)
{
	for (struct binding *b = e->bindings; b; b = b->hh.next) {
		struct engine_binding seen = shown(b);

		fn(&seen, arg);
	}
}

/* ---- in the journal ---- */

static void tell(struct writing *w, const struct err *err)
{
	const struct engine_access *access = &w->e->parts.access;
	struct engine_binding b = shown(&w->b);

	if (w->done)
		w->done(err, w->arg);
	else if (err->code)
		log_event(LOG_ERROR, "the journal did not take a binding; the first use binds again", "name", b.name, "identifier", b.identifier, "error",
		          err->text, NULL);
	else if (access->bound && !w->e->closing)
		access->bound(&b, access->arg);
}

static void on_written(int code, const struct err *err, void *arg)
{
	struct writing *w = arg;

	if (code < 0 && w->what == REMOVES)
		add(w->e, &w->b);
	else if (code < 0 && w->what == BINDS)
		drop(w->e, w->b.name);
	tell(w, code < 0 ? err : &(struct err){ 0 });
	free(w);
}

static void write_binding(struct engine *e, const struct binding *b, int what, void (*done)(const struct err *err, void *arg), void *arg)
{
	CLEANUP(mem_freep) char *key = mem_printf(KEY_PREFIX "%s", b->name);
	CLEANUP(mem_freep) char *text = mem_printf("%" PRId64 " %s %s %s", b->created_ms, b->first_use ? "first-use" : "operator", b->identifier, b->by);
	struct writing *w = mem_new(1, sizeof(*w));
	struct store_txn *t = store_begin(e->parts.store);

	*w = (struct writing){ e, *b, what, done, arg };
	if (what != CHANGES_NOTHING)
		store_set(t, key, what == REMOVES ? NULL : text);
	store_commit(t, on_written, w);
}

static void load_one(const char *key, const char *value, void *arg)
{
	struct binding b = { 0 };
	char how[16];

	snprintf(b.name, sizeof(b.name), "%s", key + strlen(KEY_PREFIX));
	if (sscanf(value, "%" SCNd64 " %15s %253s %127s", &b.created_ms, how, b.identifier, b.by) == 4) {
		b.first_use = strcmp(how, "first-use") == 0;
		add(arg, &b);
	} else {
		log_event(LOG_ERROR, "a binding of the journal cannot be read: its name belongs to nobody", "name", b.name, NULL);
	}
}

/* Bindings of before the rule: whoever owns the name by its form or digest may have a CNAME to it. */
static void warn_of_foreign(const struct engine *e)
{
	struct err why;

	for (struct binding *b = e->bindings; b; b = b->hh.next) {
		const struct config_route *zone = config_delegation(e->config, b->name);

		if (zone && target_check_binding(b->name, zone->suffix, b->identifier, &why) < 0)
			log_event(LOG_WARNING, "a name is bound to one identifier and may belong to another; the binding decides until it is removed with "
			          "\"dcvd delegate unbind NAME\"", "name", b->name, "bound", b->identifier, "why", why.text, NULL);
	}
}

void bindings_load(struct engine *e)
{
	struct err err;

	if (store_each_setting(e->parts.store, KEY_PREFIX, load_one, e, &err) < 0)
		log_event(LOG_ERROR, "the bindings of delegation zones cannot be read: none is in force", "error", err.text, NULL);
	warn_of_foreign(e);
}

void bindings_free(struct engine *e)
{
	struct binding *b, *tmp;

	HASH_ITER(hh, e->bindings, b, tmp)
		drop(e, b->name);
}

/* ---- made and removed ---- */

static int check_room(const struct engine *e, struct err *err)
{
	if (HASH_COUNT(e->bindings) < BINDINGS_MAX)
		return 0;
	return err_set(err, ERR_BUSY, "%d names are bound, which is the most; remove some with \"dcvd delegate unbind NAME\"", BINDINGS_MAX);
}

static void bind_name(struct engine *e, struct binding *b, const char *by, void (*done)(const struct err *err, void *arg), void *arg)
{
	b->created_ms = loop_wall_ms(e->parts.loop);
	snprintf(b->by, sizeof(b->by), "%s", by);
	add(e, b);
	write_binding(e, b, BINDS, done, arg);
}

int binding_first_use(struct engine *e, const struct challenge *c, const char *name, struct err *err)
{
	struct binding b = { .first_use = true };

	if (check_room(e, err) < 0)
		return err->code;
	snprintf(b.name, sizeof(b.name), "%s", name);
	snprintf(b.identifier, sizeof(b.identifier), "%s", c->identifier);
	log_event(LOG_INFO, "bound by its first use", "name", b.name, "identifier", b.identifier, "client", c->client, "id", c->id, NULL);
	bind_name(e, &b, c->client, NULL, NULL);
	return 0;
}

int engine_bind(struct engine *e, const char *name, const char *identifier, const char *by, void (*done)(const struct err *err, void *arg),
                void *arg, struct err *err)
{
	struct binding b = { 0 };
	const struct config_route *zone;
	const struct binding *old;
	bool wildcard;

	if (name_normalize(name, b.name, err) < 0 || name_identifier(identifier, b.identifier, &wildcard, err) < 0)
		return err->code;
	if (name_is_address(b.identifier))
		return err_set(err, ERR_INVALID, "%s is an address, and no DNS record proves an address (RFC 8738 section 7)", b.identifier);
	zone = config_delegation(e->config, b.name);
	if (!zone)
		return err_set(err, ERR_INVALID, "%s lies in no delegation zone; say delegation: on in the route of its zone", b.name);
	old = find(e, b.name);
	if (old && strcmp(old->identifier, b.identifier) != 0)
		return err_set(err, ERR_EXISTS, "%s is bound to %s; run \"dcvd delegate unbind %s\" first", b.name, old->identifier, b.name);
	if (old) {
		write_binding(e, old, CHANGES_NOTHING, done, arg);
		return 0;
	}
	if (target_check_binding(b.name, zone->suffix, b.identifier, err) < 0)
		return err->code;
	if (check_room(e, err) < 0)
		return err->code;
	bind_name(e, &b, by, done, arg);
	return 0;
}

int engine_unbind(struct engine *e, const char *name, void (*done)(const struct err *err, void *arg), void *arg, struct err *err)
{
	char normal[NAME_SIZE];
	struct binding gone;

	if (name_normalize(name, normal, err) < 0)
		return err->code;
	if (!find(e, normal))
		return err_set(err, ERR_NOT_FOUND, "%s is not bound", normal);
	gone = *find(e, normal);
	drop(e, normal);
	write_binding(e, &gone, REMOVES, done, arg);
	return 0;
}
