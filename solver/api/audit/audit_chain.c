#include "solver/api/audit/audit_chain.h"

#include <inttypes.h>
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "solver/api/audit/audit.h"
#include "solver/base/clock.h"
#include "solver/base/mem.h"

#define TEXT_MAX 512
#define PAGE 1000

static void digest_of(const char *line, char ret[SHA256_TEXT_SIZE])
{
	unsigned char digest[SHA256_SIZE];
	CLEANUP(mem_freep) char *text = NULL;

	crypto_sha256(line, strlen(line), digest);
	text = crypto_base64url(digest, sizeof(digest));
	memcpy(ret, text, SHA256_TEXT_SIZE);
}

/* A sentence may quote a caller's bytes and be cut inside one of their characters. */
static json_t *text_json(const char *text)
{
	char ascii[TEXT_MAX];
	json_t *s = text && strlen(text) < TEXT_MAX ? json_string(text) : NULL;
	size_t i;

	if (s || !text)
		return s ? s : json_null();
	for (i = 0; text[i] && i + 1 < sizeof(ascii); i++)
		ascii[i] = text[i] & 0x80 ? '?' : text[i];
	ascii[i] = '\0';
	return json_string(ascii);
}

char *audit_chain_add(struct audit_chain *c, const struct audit_event *event, int64_t at_ms)
{
	const struct { const char *name, *text; } fields[] = {
		{ "door", event->door }, { "client", event->client }, { "peer", event->peer }, { "action", event->action },
		{ "type", event->type }, { "name", event->name }, { "result", event->result }, { "detail", event->detail },
	};
	char at[CLOCK_TEXT_SIZE];
	json_t *all = json_object();
	char *line;

	json_object_set_new(all, "number", json_integer(c->number + 1));
	json_object_set_new(all, "at", json_string(clock_text(at_ms, at)));
	for (size_t i = 0; i < ARRAY_LEN(fields); i++)
		json_object_set_new(all, fields[i].name, text_json(fields[i].text));
	json_object_set_new(all, "previous", json_string(c->digest));
	line = json_dumps(all, JSON_COMPACT);
	json_decref(all);
	c->number++;
	digest_of(line, c->digest);
	return line;
}

int audit_chain_check(struct audit_chain *c, const char *line, const char *digest, struct err *err)
{
	json_t *all = json_loads(line, JSON_REJECT_DUPLICATES, NULL);
	const char *previous = json_string_value(json_object_get(all, "previous"));
	int64_t number = json_integer_value(json_object_get(all, "number")), expected = c->number + 1;
	char computed[SHA256_TEXT_SIZE];
	int code = 0;

	digest_of(line, computed);
	if (!all || !previous || !number)
		code = err_set(err, ERR_CONFLICT, "entry %" PRId64 " is not a line of the audit log", expected);
	else if (number != expected)
		code = err_set(err, ERR_CONFLICT, "entry %" PRId64 " is missing: entry %" PRId64 " stands in its place", expected, number);
	else if (strcmp(previous, c->digest) != 0)
		code = err_set(err, ERR_CONFLICT, "entry %" PRId64 " does not follow the one before it", number);
	else if (digest && strcmp(digest, computed) != 0)
		code = err_set(err, ERR_CONFLICT, "entry %" PRId64 " was changed: its digest is another", number);
	json_decref(all);
	if (code < 0)
		return code;
	c->number = number;
	memcpy(c->digest, computed, sizeof(computed));
	return 0;
}

int audit_row_check(const struct store_audit *row, struct err *err)
{
	json_t *all = json_loads(row->line ? row->line : "", JSON_REJECT_DUPLICATES, NULL);
	int64_t number = json_integer_value(json_object_get(all, "number")), at_ms = -1;
	const char *at = json_string_value(json_object_get(all, "at"));
	int code = 0;

	if (!number || clock_parse(at, &at_ms) < 0)
		code = err_set(err, ERR_CONFLICT, "entry %" PRId64 " is not a line of the audit log", row->number);
	else if (number != row->number)
		code = err_set(err, ERR_CONFLICT, "entry %" PRId64 " stands under the number %" PRId64, number, row->number);
	else if (at_ms != row->at_ms)
		code = err_set(err, ERR_CONFLICT, "entry %" PRId64 " is of %s and stands under another time", number, at);
	json_decref(all);
	return code;
}

/* ---- from the first entry to the last ---- */

/* The first entry is accepted wherever it is; a later entry about retention must explain it. */
static void walk_begin(struct audit_walk *w, const json_t *entry)
{
	const char *previous = json_string_value(json_object_get(entry, "previous"));
	int64_t number = json_integer_value(json_object_get(entry, "number"));

	if (number < 2 || !previous || strlen(previous) != SHA256_TEXT_SIZE - 1)
		return;
	w->cut.number = number - 1;
	memcpy(w->cut.digest, previous, SHA256_TEXT_SIZE);
	w->chain = w->cut;
}

static void walk_explain(struct audit_walk *w, const json_t *entry)
{
	const char *action = json_string_value(json_object_get(entry, "action")), *name = json_string_value(json_object_get(entry, "name"));
	const char *at = json_string_value(json_object_get(entry, "at"));
	struct audit_chain removed;
	struct err err;

	if (!action || !name || strcmp(action, AUDIT_RETENTION) != 0 || audit_head_read(name, &removed, &err) < 0)
		return;
	if (removed.number != w->cut.number || strcmp(removed.digest, w->cut.digest) != 0)
		return;
	w->explained = true;
	snprintf(w->cut_at, sizeof(w->cut_at), "%s", at ? at : "");
}

int audit_walk_next(struct audit_walk *w, const char *line, const char *digest, struct err *err)
{
	json_t *entry = json_loads(line, JSON_REJECT_DUPLICATES, NULL);
	int code;

	if (!w->chain.number)
		walk_begin(w, entry);
	code = audit_chain_check(&w->chain, line, digest, err);
	if (code == 0 && w->cut.number)
		walk_explain(w, entry);
	json_decref(entry);
	return code;
}

int audit_walk_row(struct audit_walk *w, const struct store_audit *row, struct err *err)
{
	if (audit_row_check(row, err) < 0)
		return err->code;
	return audit_walk_next(w, row->line, row->digest ? row->digest : "", err);
}

int audit_walk_end(const struct audit_walk *w, struct err *err)
{
	if (!w->cut.number || w->explained)
		return 0;
	return err_set(err, ERR_CONFLICT, "entries 1 to %" PRId64 " are missing, and no entry says that retention removed them", w->cut.number);
}

int audit_head_read(const char *text, struct audit_chain *ret, struct err *err)
{
	size_t digits = strspn(text, "0123456789");

	if (digits < 1 || digits > 15 || text[digits] != ':' || strlen(text + digits + 1) != SHA256_TEXT_SIZE - 1)
		return err_set(err, ERR_INVALID, "\"%.80s\" is not NUMBER:DIGEST, as \"dcvd audit head\" prints it", text);
	ret->number = strtoll(text, NULL, 10);
	memcpy(ret->digest, text + digits + 1, SHA256_TEXT_SIZE);
	return 0;
}

struct verification {
	struct audit_walk walk;
	struct err err;
	int64_t after;
	size_t count; /* of this page */
	int code;
};

static void verify_entry(const struct store_audit *entry, void *arg)
{
	struct verification *v = arg;

	v->count++;
	v->after = entry->number;
	if (v->code == 0)
		v->code = audit_walk_row(&v->walk, entry, &v->err);
}

int audit_chain_verify(struct store *s, struct err *err)
{
	struct verification v = { .count = PAGE, .after = AUDIT_BEGIN };

	while (v.code == 0 && v.count == PAGE) {
		v.count = 0;
		if (store_each_audit(s, v.after, PAGE, verify_entry, &v, err) < 0)
			return err->code;
	}
	return v.code < 0 ? err_set(err, v.code, "%s", v.err.text) : audit_walk_end(&v.walk, err);
}

/* ---- retention ---- */

struct old {
	int64_t before_ms, stays; /* the last entry of all */
	struct audit_chain last; /* that may go */
	size_t count;
	bool over; /* the first that stays was seen */
	struct audit_walk walk;
	struct err err;
};

static void consider(const struct store_audit *entry, void *arg)
{
	struct old *o = arg;

	o->over = o->over || audit_walk_row(&o->walk, entry, &o->err) < 0 || entry->number == o->stays || entry->at_ms >= o->before_ms;
	if (o->over)
		return;
	o->count++;
	o->last.number = entry->number;
	memcpy(o->last.digest, entry->digest, SHA256_TEXT_SIZE);
}

int audit_old_find(struct store *s, int64_t before_ms, size_t max, struct audit_chain *ret, size_t *ret_count, struct err *err)
{
	struct old o = { .before_ms = before_ms };
	struct audit_chain last;

	if (audit_chain_load(s, &last, err) < 0)
		return err->code;
	o.stays = last.number;
	if (store_each_audit(s, AUDIT_BEGIN, max, consider, &o, err) < 0)
		return err->code;
	if (o.err.code)
		return err_set(err, o.err.code, "the audit log is broken: %.400s", o.err.text);
	*ret_count = o.count;
	*ret = o.last;
	return 0;
}

int audit_chain_load(struct store *s, struct audit_chain *ret, struct err *err)
{
	struct store_audit last = { 0 };

	if (store_last_audit(s, &last, err) < 0)
		return err->code;
	*ret = (struct audit_chain){ .number = last.number };
	if (last.number && last.digest && strlen(last.digest) == SHA256_TEXT_SIZE - 1)
		memcpy(ret->digest, last.digest, SHA256_TEXT_SIZE);
	free(last.line);
	free(last.digest);
	return 0;
}

struct written {
	int code;
	struct err err;
};

static void on_written(int code, const struct err *err, void *arg)
{
	struct written *w = arg;

	w->code = code;
	if (code < 0 && err)
		w->err = *err;
}

int audit_append(struct store *s, const struct audit_event *event, struct err *err)
{
	struct written w = { .code = ERR_IO };
	struct audit_chain chain;
	struct store_audit entry = { .at_ms = clock_wall_ms() };
	struct store_txn *t;

	if (audit_chain_load(s, &chain, err) < 0)
		return err->code;
	entry.line = audit_chain_add(&chain, event, entry.at_ms);
	entry.number = chain.number;
	entry.digest = chain.digest;
	t = store_begin(s);
	store_add_audit(t, &entry);
	store_commit(t, on_written, &w);
	store_drain(s);
	free(entry.line);
	return w.code < 0 ? err_set(err, w.code, "%s", w.err.text) : 0;
}
