#include "solver/cps/memory.h"

#include <inttypes.h>
#include <jansson.h>
#include <stdlib.h>
#include <string.h>

#include "solver/base/mem.h"
#include "solver/cps/choose.h"

#define VALIDATION "cps-validation/"
#define ACKNOWLEDGED "cps-ack/"

int cps_memory_put(struct store *s, const char *home, const struct cps_memory *m, struct err *err)
{
	CLEANUP(mem_freep) char *key = mem_printf(VALIDATION "%s", home);
	json_t *o = json_pack("{s:I, s:I, s:I, s:b, s:b, s:b, s:I, s:i}", "change", (json_int_t)m->change, "started", (json_int_t)m->started_ms,
	                      "give_up", (json_int_t)m->give_up_ms, "names_valid", m->names_valid, "watched", m->watched,
	                      "replaces", m->replaces, "not_before", (json_int_t)m->not_before_ms, "follow", m->follow);
	CLEANUP(mem_freep) char *value = json_dumps(o, JSON_COMPACT);

	json_decref(o);
	return store_put_setting(s, key, value, err);
}

static int read_memory(const char *value, struct cps_memory *ret)
{
	json_t *o = json_loads(value, 0, NULL);

	if (!json_is_object(o)) {
		json_decref(o);
		return ERR_DAMAGED;
	}
	*ret = (struct cps_memory){
		.change = json_integer_value(json_object_get(o, "change")),
		.started_ms = json_integer_value(json_object_get(o, "started")),
		.give_up_ms = json_integer_value(json_object_get(o, "give_up")),
		.names_valid = json_is_true(json_object_get(o, "names_valid")),
		.watched = json_is_true(json_object_get(o, "watched")),
		.replaces = json_is_true(json_object_get(o, "replaces")),
		.not_before_ms = json_integer_value(json_object_get(o, "not_before")),
		.follow = (int)json_integer_value(json_object_get(o, "follow")),
	};
	json_decref(o);
	return 0;
}

int cps_memory_get(struct store *s, const char *home, struct cps_memory *ret, struct err *err)
{
	CLEANUP(mem_freep) char *key = mem_printf(VALIDATION "%s", home);
	CLEANUP(mem_freep) char *value = NULL;

	if (store_get_setting(s, key, &value, err) < 0)
		return err->code;
	if (!value)
		return err_set(err, ERR_NOT_FOUND, "nothing is remembered of enrollment %s", home);
	if (read_memory(value, ret) < 0)
		return err_set(err, ERR_DAMAGED, "the journal's entry %s is no JSON object", key);
	return 0;
}

void cps_memory_forget(struct store *s, const char *home)
{
	CLEANUP(mem_freep) char *key = mem_printf(VALIDATION "%s", home);
	struct store_txn *t = store_begin(s);

	store_set(t, key, NULL);
	store_commit(t, NULL, NULL);
}

struct visit {
	void (*fn)(const char *home, const struct cps_memory *m, void *arg);
	void *arg;
};

static void visit_row(const char *key, const char *value, void *arg)
{
	const struct visit *v = arg;
	struct cps_memory m;

	if (read_memory(value, &m) == 0)
		v->fn(key + strlen(VALIDATION), &m, v->arg);
}

int cps_memory_each(struct store *s, void (*fn)(const char *home, const struct cps_memory *m, void *arg), void *arg, struct err *err)
{
	struct visit v = { fn, arg };

	return store_each_setting(s, VALIDATION, visit_row, &v, err);
}

/* ---- "<change> <fingerprint> <fingerprint> …" */

bool cps_memory_acknowledged(struct store *s, const char *home, int64_t change, const char *generation)
{
	CLEANUP(mem_freep) char *key = mem_printf(ACKNOWLEDGED "%s", home);
	CLEANUP(mem_freep) char *value = NULL;
	char *rest;

	if (store_get_setting(s, key, &value, NULL) < 0 || !value)
		return false;
	if (strtoll(value, &rest, 10) != change || *rest != ' ')
		return false;
	return cps_generation_covers(rest + 1, generation);
}

int cps_memory_acknowledge(struct store *s, const char *home, int64_t change, const char *generation, struct err *err)
{
	CLEANUP(mem_freep) char *key = mem_printf(ACKNOWLEDGED "%s", home);
	CLEANUP(mem_freep) char *value = mem_printf("%" PRId64 " %s", change, generation);

	return store_put_setting(s, key, value, err);
}
