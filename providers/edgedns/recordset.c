#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "providers/edgedns/internal.h"
#include "solver/base/mem.h"
#include "solver/dns/message.h"

void edgedns_set_forget(struct recordset *s)
{
	json_decref(s->rdata);
	s->rdata = NULL;
	s->known = s->exists = false;
}

bool edgedns_set_read(struct recordset *s, const json_t *object)
{
	json_t *rdata = json_object_get(object, "rdata");
	json_t *ttl = json_object_get(object, "ttl"), *text;
	size_t i;

	if (!json_is_array(rdata))
		return false;
	json_array_foreach(rdata, i, text)
		if (!json_is_string(text))
			return false;
	edgedns_set_forget(s);
	s->rdata = json_incref(rdata);
	s->ttl = json_is_integer(ttl) && json_integer_value(ttl) > 0 ? (unsigned)json_integer_value(ttl) : 0;
	s->known = s->exists = true;
	return true;
}

/* Others write the same value quoted, unquoted or in pieces. */
static bool same_value(const char *rdata, const char *value)
{
	CLEANUP(mem_freep) char *plain = NULL;

	if (dns_txt_unquote(rdata, &plain) < 0)
		return strcmp(rdata, value) == 0;
	return strcmp(plain, value) == 0;
}

static bool rdata_has(const json_t *rdata, const char *value)
{
	json_t *text;
	size_t i;

	json_array_foreach(rdata, i, text)
		if (same_value(json_string_value(text), value))
			return true;
	return false;
}

static bool rdata_add(json_t *rdata, const char *value)
{
	CLEANUP(mem_freep) char *quoted = NULL;

	if (rdata_has(rdata, value))
		return false;
	quoted = dns_txt_quote(value);
	json_array_append_new(rdata, json_string(quoted));
	return true;
}

static bool rdata_remove(json_t *rdata, const char *value)
{
	bool changed = false;

	for (size_t i = json_array_size(rdata); i-- > 0;) {
		if (!same_value(json_string_value(json_array_get(rdata, i)), value))
			continue;
		json_array_remove(rdata, i);
		changed = true;
	}
	return changed;
}

static bool is_pending(const struct work *w, const struct recordset *s, size_t change)
{
	return &w->sets[w->set_of[change]] == s && w->job->changes[change].status == CHANGE_PENDING;
}

/* Applies one change; true when it made a difference. */
static bool apply(json_t *rdata, const struct change *c)
{
	return c->op == CHANGE_ADD ? rdata_add(rdata, c->value) : rdata_remove(rdata, c->value);
}

static json_t *rdata_now(const struct recordset *s)
{
	return s->exists ? json_copy(s->rdata) : json_array();
}

json_t *edgedns_set_target(const struct work *w, const struct recordset *s, bool *ret_dirty)
{
	json_t *rdata = rdata_now(s);

	*ret_dirty = false;
	for (size_t i = 0; i < w->job->count; i++)
		if (is_pending(w, s, i) && apply(rdata, &w->job->changes[i]))
			*ret_dirty = true;
	return rdata;
}

void edgedns_set_touch(struct work *w, const struct recordset *s)
{
	json_t *rdata = rdata_now(s);

	for (size_t i = 0; i < w->job->count; i++)
		if (is_pending(w, s, i) && apply(rdata, &w->job->changes[i]))
			w->touched[i] = true;
	json_decref(rdata);
}

static unsigned set_ttl(const struct work *w, const struct provider *p, const struct recordset *s)
{
	unsigned ttl = (unsigned)p->options->ttl;

	if (s->exists && s->ttl)
		return s->ttl;
	for (size_t i = 0; i < w->job->count; i++)
		if (is_pending(w, s, i) && w->job->changes[i].ttl > EDGEDNS_TTL_MIN && w->job->changes[i].ttl > ttl)
			ttl = w->job->changes[i].ttl;
	return ttl;
}

json_t *edgedns_set_body(const struct work *w, const struct provider *p, const struct recordset *s, json_t *rdata)
{
	return json_pack("{s:s, s:s, s:i, s:o}", "name", s->fqdn, "type", "TXT", "ttl", (int)set_ttl(w, p, s), "rdata",
	                 rdata);
}

void edgedns_set_settle(struct work *w, const struct recordset *s)
{
	for (size_t i = 0; i < w->job->count; i++)
		if (is_pending(w, s, i))
			w->job->changes[i].status = w->touched[i] ? CHANGE_DONE : CHANGE_NOOP;
}

void edgedns_set_fail(struct work *w, const struct recordset *s, enum change_status status, const char *format, ...)
{
	char text[256];
	va_list args;

	va_start(args, format);
	vsnprintf(text, sizeof(text), format, args);
	va_end(args);
	for (size_t i = 0; i < w->job->count; i++)
		if (is_pending(w, s, i))
			kit_change_set(&w->job->changes[i], status, "%s", text);
}

bool edgedns_set_pending(const struct work *w, const struct recordset *s)
{
	for (size_t i = 0; i < w->job->count; i++)
		if (is_pending(w, s, i))
			return true;
	return false;
}

bool edgedns_set_only_adds(const struct work *w, const struct recordset *s)
{
	for (size_t i = 0; i < w->job->count; i++)
		if (is_pending(w, s, i) && w->job->changes[i].op != CHANGE_ADD)
			return false;
	return true;
}
