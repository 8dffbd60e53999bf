#include "providers/powerdns/rrset.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "providers/kit/kit.h"
#include "solver/base/mem.h"
#include "solver/dns/message.h"

bool powerdns_version_extends(const char *version)
{
	unsigned major = 0, minor = 0, patch = 0;

	if (sscanf(version, "%u.%u.%u", &major, &minor, &patch) < 2)
		return false;
	if (major != 4 && major != 5)
		return major > 5;
	return major == 4 ? minor > 9 || (minor == 9 && patch >= 12) : minor > 0 || patch >= 2;
}

static const char *job_name(const struct job *job, const char *name)
{
	for (size_t i = 0; i < job->count; i++) {
		if (kit_same_name(job->changes[i].fqdn, name))
			return job->changes[i].fqdn;
	}
	return NULL;
}

static void set_put(json_t *sets, const char *name, const json_t *rrset)
{
	json_t *records = json_object_get(rrset, "records"), *ttl = json_object_get(rrset, "ttl");
	json_t *set = json_object();

	json_object_set_new(set, "records", json_is_array(records) ? json_deep_copy(records) : json_array());
	if (json_is_integer(ttl))
		json_object_set(set, "ttl", ttl);
	json_object_set_new(sets, name, set);
}

/* Every name of the job that has no set yet gets an empty one; `only`: just that name. */
static void sets_fill(json_t *sets, const struct job *job, const char *only)
{
	for (size_t i = 0; i < job->count; i++) {
		const char *name = job->changes[i].fqdn;

		if (!json_object_get(sets, name) && (!only || strcmp(only, name) == 0))
			set_put(sets, name, NULL);
	}
}

void rrset_read(json_t *sets, const struct job *job, const json_t *zone, const char *asked, bool whole)
{
	json_t *rrset;
	size_t i;

	json_array_foreach(json_object_get(zone, "rrsets"), i, rrset) {
		const char *name = kit_json_text(rrset, "name"), *type = kit_json_text(rrset, "type");
		bool txt = type && strcmp(type, "TXT") == 0;
		const char *ours = name ? job_name(job, name) : NULL;

		if (ours && txt)
			set_put(sets, ours, rrset);
		if (!txt || !asked || !name || !kit_same_name(name, asked))
			whole = true;
	}
	sets_fill(sets, job, whole ? NULL : asked);
}

static bool record_has(const json_t *record, const char *value)
{
	const char *content = kit_json_text(record, "content");
	CLEANUP(mem_freep) char *text = NULL;

	return content && dns_txt_unquote(content, &text) == 0 && strcmp(text, value) == 0;
}

static json_t *record_new(const char *value)
{
	CLEANUP(mem_freep) char *quoted = dns_txt_quote(value);

	return json_pack("{s:s, s:b}", "content", quoted, "disabled", 0);
}

/* Takes all copies of the value out; tells whether one of them was alive. */
static bool records_take(json_t *records, const char *value, bool *ret_alive)
{
	bool found = false;

	*ret_alive = false;
	for (size_t i = json_array_size(records); i-- > 0;) {
		const json_t *record = json_array_get(records, i);

		if (!record_has(record, value))
			continue;
		found = true;
		*ret_alive |= !json_is_true(json_object_get(record, "disabled"));
		json_array_remove(records, i);
	}
	return found;
}

/* Returns whether the set is another one afterwards. */
static bool set_change(json_t *set, struct change *c, unsigned ttl_min)
{
	json_t *records = json_object_get(set, "records");
	bool alive, found = records_take(records, c->value, &alive), changed = found;

	if (c->op == CHANGE_ADD) {
		json_array_append_new(records, record_new(c->value));
		changed = !alive;
		if (!json_object_get(set, "ttl")) /* a set that was there keeps its own */
			json_object_set_new(set, "ttl", json_integer(c->ttl > ttl_min ? c->ttl : ttl_min));
	}
	if (!changed)
		kit_change_set(c, CHANGE_NOOP, "%s", "");
	return changed;
}

static void rrset_add(json_t *rrsets, const char *fqdn, const char *changetype, json_t *records, json_int_t ttl)
{
	CLEANUP(mem_freep) char *name = mem_printf("%s.", fqdn);
	json_t *rrset = json_pack("{s:s, s:s, s:s}", "name", name, "type", "TXT", "changetype", changetype);

	if (ttl > 0)
		json_object_set_new(rrset, "ttl", json_integer(ttl));
	if (records)
		json_object_set_new(rrset, "records", records);
	json_array_append_new(rrsets, rrset);
}

/* Gives NULL for no sets. */
static char *body(json_t *rrsets)
{
	json_t *root;

	if (json_array_size(rrsets) == 0) {
		json_decref(rrsets);
		return NULL;
	}
	root = json_object();
	json_object_set_new(root, "rrsets", rrsets);
	return kit_json_dump(root);
}

char *rrset_merge(json_t *sets, struct job *job, unsigned ttl_min)
{
	json_t *rrsets = json_array(), *set;
	const char *name;

	for (size_t i = 0; i < job->count; i++) {
		set = json_object_get(sets, job->changes[i].fqdn);
		if (set && set_change(set, &job->changes[i], ttl_min))
			json_object_set_new(set, "changed", json_true());
	}
	json_object_foreach(sets, name, set) {
		json_t *records = json_object_get(set, "records");

		if (!json_object_get(set, "changed"))
			continue;
		if (json_array_size(records) == 0)
			rrset_add(rrsets, name, "DELETE", NULL, 0);
		else
			rrset_add(rrsets, name, "REPLACE", json_incref(records), json_integer_value(json_object_get(set, "ttl")));
	}
	return body(rrsets);
}

static json_int_t extend_ttl(const json_t *sets, const struct change *c, unsigned ttl_min)
{
	json_int_t stands = json_integer_value(json_object_get(json_object_get(sets, c->fqdn), "ttl"));

	if (stands > 0)
		return stands;
	return c->ttl > ttl_min ? c->ttl : ttl_min;
}

char *rrset_extend(const json_t *sets, const struct job *job, unsigned ttl_min)
{
	json_t *rrsets = json_array();

	for (size_t i = 0; i < job->count; i++) {
		const struct change *c = &job->changes[i];
		json_t *records = json_array();

		json_array_append_new(records, record_new(c->value));
		rrset_add(rrsets, c->fqdn, c->op == CHANGE_ADD ? "EXTEND" : "PRUNE", records, extend_ttl(sets, c, ttl_min));
	}
	return body(rrsets);
}
