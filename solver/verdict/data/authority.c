#include "solver/verdict/data/authority.h"

#include <authority_profiles.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "solver/base/buf.h"
#include "solver/base/clock.h"
#include "solver/base/mem.h"
#include "solver/verdict/data/codec.h"

#define PROFILE_BYTES_MAX 65536
#define AUTHORITIES_MAX 64
#define LIST_MAX 32
#define HOUR_MS 3600000
#define DAY_TEXT_MAX 1000
#define BASIS "letsencrypt.json" /* what a profile does not say is as here, where everything is said */

static const char *const trim_names[] = { "end", "both", "end-crlf-tab", "nothing", NULL };
static const char *const status_names[] = { "200", "2xx", "below-400", NULL };
static const char *const fallback_names[] = { "first-dial", "none", "any", NULL };
static const char *const persist_names[] = { "url", "hash", "both", NULL };
static const char *const known_names[] = { "no", "yes", "unknown", NULL };

#define TEXT(f) { #f, CODEC_TEXT, offsetof(struct authority, f), .required = true, .max = 100 }
#define FLAG(f) { #f, CODEC_BOOL, offsetof(struct authority, f) }
#define NUMBER(f, least, most) { #f, CODEC_INT64, offsetof(struct authority, f), .low = (least), .high = (most) }
#define TEXTS(f) { #f, CODEC_TEXTS, offsetof(struct authority, f), .max = LIST_MAX }
#define NAMED(f, list) { #f, CODEC_ENUM, offsetof(struct authority, f), .names = (list) }

#define TEXT_OF(s, f, ...) { #f, CODEC_TEXT, offsetof(struct s, f), .max = 300, __VA_ARGS__ }

static const struct codec_field profile_fields[] = {
	TEXT_OF(authority_profile, name, .required = true),
	TEXT_OF(authority_profile, life),
	TEXT_OF(authority_profile, pending),
	TEXT_OF(authority_profile, reuse),
	{ "names", CODEC_INT64, offsetof(struct authority_profile, names), .low = 0, .high = 100000 },
	{ "identifiers", CODEC_TEXTS, offsetof(struct authority_profile, identifiers), .max = LIST_MAX },
	TEXT_OF(authority_profile, from),
	TEXT_OF(authority_profile, until),
	{ 0 },
};

static const struct codec_field fields[] = {
	TEXT(name),
	TEXT(title),
	TEXTS(issuers),
	TEXTS(account_prefixes),
	FLAG(caa),
	FLAG(public_names),
	NUMBER(labels_max, 0, 127),
	FLAG(dnssec),
	FLAG(reserved_refused),
	NUMBER(redirects_max, 0, 30),
	NUMBER(redirects_promised, 0, 30),
	{ "redirect_statuses", CODEC_INTS, offsetof(struct authority, redirect_statuses), .low = 300, .high = 399, .max = LIST_MAX },
	FLAG(web_ports_only),
	FLAG(suffix_rule),
	NUMBER(body_max, 0, 1048576),
	NUMBER(path_max, 1, 65536),
	NAMED(trim, trim_names),
	NAMED(status, status_names),
	NAMED(fallback, fallback_names),
	NUMBER(dial_ms, 1, 600000),
	NUMBER(attempt_ms, 1, 600000),
	NUMBER(flaky_ms, 1, 600000),
	NUMBER(cname_max, 0, 100),
	NUMBER(query_ms, 1, 60000),
	NUMBER(query_tries, 1, 20),
	NUMBER(cache_ms, 0, 24 * HOUR_MS),
	NUMBER(failures_per_hour, 0, 1000000),
	NUMBER(failures_consecutive, 0, 1000000),
	FLAG(retry),
	NUMBER(perspectives, 0, 64),
	TEXTS(types),
	NAMED(persist, persist_names),
	TEXT_OF(authority, persist_prefix),
	NAMED(caa_parameters, known_names),
	NAMED(method_aliases, known_names),
	{ "profiles", CODEC_LIST, offsetof(struct authority, profiles), .max = LIST_MAX, .fields = profile_fields,
	  .size = sizeof(struct authority_profile), .count_offset = offsetof(struct authority, profile_count) },
	TEXT_OF(authority, ended),
	TEXT_OF(authority, note),
	{ 0 },
};

struct authorities {
	struct authority *list[AUTHORITIES_MAX];
	const char *names[AUTHORITIES_MAX + 1];
	size_t count;
};

void authority_free(struct authority *a)
{
	if (!a)
		return;
	for (size_t i = 0; i < a->day_count; i++) {
		free(a->days[i].day);
		free(a->days[i].what);
		authority_free(a->days[i].then);
	}
	free(a->days);
	codec_done(fields, a);
	free(a);
}

static json_t *load_text(const char *text, size_t length, const char *where, struct err *err)
{
	json_error_t why;
	json_t *json = json_loadb(text, length, JSON_REJECT_DUPLICATES, &why);

	if (!json)
		err_set(err, ERR_INVALID, "%s:%d:%d: %s", where, why.line, why.column, why.text);
	return json;
}

static void clear(char ***texts)
{
	codec_texts_free(*texts);
	*texts = mem_new(1, sizeof(**texts));
}

static const char *const own_keys[] = { "changes", "profiles", "ended", "note" };

/* The rules of Let's Encrypt without its name, issuers and URLs. */
static struct authority *basis(void)
{
	struct authority *a = mem_new(1, sizeof(*a));
	struct err err;

	for (size_t i = 0; i < ARRAY_LEN(profiles); i++) {
		json_t *json;

		if (strcmp(profiles[i].name, BASIS) != 0)
			continue;
		json = load_text((const char *)profiles[i].text, profiles[i].length, BASIS, &err);
		for (size_t k = 0; k < ARRAY_LEN(own_keys); k++)
			json_object_del(json, own_keys[k]);
		if (!json || codec_decode(fields, a, json, &err) < 0)
			abort(); /* compiled in */
		json_decref(json);
	}
	clear(&a->issuers);
	clear(&a->account_prefixes);
	a->caa_parameters = a->method_aliases = KNOWN_UNKNOWN; /* only its own profile can set these */
	return a;
}

static bool name_is_fine(const char *name)
{
	return *name && strspn(name, "abcdefghijklmnopqrstuvwxyz0123456789-_.") == strlen(name);
}

static int day_parse(const char *text, int64_t *ret_ms)
{
	char moment[CLOCK_TEXT_SIZE];

	if (strlen(text) != strlen("2026-12-15"))
		return ERR_INVALID;
	snprintf(moment, sizeof(moment), "%sT00:00:00Z", text);
	return clock_parse(moment, ret_ms);
}

/* What no single row can say. */
static int check_whole(const struct authority *a, const char *where, struct err *err)
{
	int64_t ended_ms;

	if (!name_is_fine(a->name))
		return err_set(err, ERR_INVALID, "%s: /name: must be lower-case letters, digits, '-', '_' and '.'", where);
	if (a->caa && !a->issuers[0])
		return err_set(err, ERR_INVALID, "%s: /issuers: name the issuer domains, or set \"caa\" to false", where);
	if (!a->types[0])
		return err_set(err, ERR_INVALID, "%s: /types: must name a challenge type", where);
	if (a->persist != PERSIST_URL && !a->persist_prefix)
		return err_set(err, ERR_INVALID, "%s: /persist_prefix: needed for the hash form: accountHashPrefix of the authority's directory", where);
	if (a->ended && day_parse(a->ended, &ended_ms) < 0)
		return err_set(err, ERR_INVALID, "%s: /ended: a day as \"2026-12-15\"", where);
	if (a->flaky_ms > a->attempt_ms)
		return err_set(err, ERR_INVALID, "%s: /flaky_ms: must be at most attempt_ms, %lld", where, (long long)a->attempt_ms);
	if (a->redirects_promised > a->redirects_max)
		return err_set(err, ERR_INVALID, "%s: /redirects_promised: must be at most redirects_max, %lld", where,
		               (long long)a->redirects_max);
	return 0;
}

static int decode(const json_t *json, const char *where, struct authority **ret, struct err *err)
{
	struct authority *a = basis();
	int rc = codec_decode(fields, a, json, err);

	rc = rc < 0 ? err_in(err, "%s", where) : check_whole(a, where, err);
	if (rc < 0)
		authority_free(a);
	else
		*ret = a;
	return rc;
}

/* ---- what holds from a day on, or until a day ---- */

static int change_read(const json_t *change, const char *key, int64_t absent_ms, int64_t *ret_ms)
{
	const json_t *day = json_object_get(change, key);

	*ret_ms = absent_ms;
	if (!day)
		return 0;
	return json_is_string(day) ? day_parse(json_string_value(day), ret_ms) : ERR_INVALID;
}

static bool change_holds(const json_t *change, int64_t at_ms)
{
	int64_t from_ms, until_ms;

	return change_read(change, "from", INT64_MIN, &from_ms) == 0 && change_read(change, "until", INT64_MAX, &until_ms) == 0 &&
	       from_ms <= at_ms && at_ms < until_ms;
}

static int check_changes(const json_t *changes, const char *where, struct err *err)
{
	int64_t from_ms, until_ms;
	const json_t *change;
	size_t i;

	if (changes && !json_is_array(changes))
		return err_set(err, ERR_INVALID, "%s: /changes: must be a list", where);
	if (json_array_size(changes) > LIST_MAX)
		return err_set(err, ERR_TOO_LARGE, "%s: /changes: at most %d items", where, LIST_MAX);
	json_array_foreach(changes, i, change)
		if (change_read(change, "from", INT64_MIN, &from_ms) < 0 || change_read(change, "until", INT64_MAX, &until_ms) < 0 ||
		    (from_ms == INT64_MIN && until_ms == INT64_MAX) || from_ms >= until_ms)
			return err_set(err, ERR_INVALID, "%s: /changes/%zu: needs \"from\" or \"until\", days as \"2026-12-15\"", where, i);
	return 0;
}

/* The profile with the changes that hold then; gives. */
static json_t *merged_at(const json_t *profile, const json_t *changes, int64_t at_ms)
{
	json_t *merged = json_copy((json_t *)profile), *change;
	size_t i;

	json_array_foreach(changes, i, change)
		if (change_holds(change, at_ms))
			json_object_update(merged, change);
	json_object_del(merged, "from");
	json_object_del(merged, "until");
	return merged;
}

/* "perspectives 5": what begins to hold on that day, or holds no more; gives. */
static char *what_changes(const json_t *changes, const char *day)
{
	struct buf text = BUF_INIT(DAY_TEXT_MAX);
	const char *key, *from;
	json_t *change, *value;
	size_t i;

	json_array_foreach(changes, i, change) {
		from = json_string_value(json_object_get(change, "from"));
		json_object_foreach(change, key, value) {
			CLEANUP(mem_freep) char *shown = json_dumps(value, JSON_ENCODE_ANY | JSON_COMPACT);

			if (strcmp(key, "from") != 0 && strcmp(key, "until") != 0 && from && strcmp(from, day) == 0)
				buf_printf(&text, "%s%s %s", text.length ? ", " : "", key, shown);
			else if (strcmp(key, "until") == 0 && strcmp(json_string_value(value), day) == 0)
				buf_printf(&text, "%swhat held until then ends", text.length ? ", " : "");
		}
	}
	return buf_take(&text);
}

static bool has_day(const struct authority *a, const char *day)
{
	for (size_t i = 0; i < a->day_count; i++)
		if (strcmp(a->days[i].day, day) == 0)
			return true;
	return false;
}

static int add_day(struct authority *a, const json_t *profile, const json_t *changes, const char *text, const char *where, struct err *err)
{
	CLEANUP(mem_freep) char *there = mem_printf("%s, from %s", where, text);
	struct authority_day day = { 0 };
	json_t *merged;
	int rc;

	day_parse(text, &day.from_ms);
	merged = merged_at(profile, changes, day.from_ms);
	rc = decode(merged, there, &day.then, err);
	json_decref(merged);
	if (rc < 0)
		return rc;
	day.then->undated = a;
	day.day = mem_dup(text);
	day.what = what_changes(changes, text);
	*(struct authority_day *)codec_list_add(&a->days, &a->day_count, sizeof(day), 2 * LIST_MAX) = day;
	return 0;
}

static int compare_days(const void *a, const void *b)
{
	return strcmp(((const struct authority_day *)a)->day, ((const struct authority_day *)b)->day);
}

static int add_days(struct authority *a, const json_t *profile, const json_t *changes, const char *where, struct err *err)
{
	static const char *const keys[] = { "from", "until" };
	const json_t *change;
	size_t i;

	json_array_foreach(changes, i, change)
		for (size_t k = 0; k < ARRAY_LEN(keys); k++) {
			const char *day = json_string_value(json_object_get(change, keys[k]));

			if (day && !has_day(a, day) && add_day(a, profile, changes, day, where, err) < 0)
				return err->code;
		}
	if (a->day_count)
		qsort(a->days, a->day_count, sizeof(a->days[0]), compare_days);
	return 0;
}

const struct authority *authority_at(const struct authority *a, int64_t at_ms)
{
	const struct authority *dated = a->undated ? a->undated : a, *now = dated;

	for (size_t i = 0; i < dated->day_count && dated->days[i].from_ms <= at_ms; i++)
		now = dated->days[i].then;
	return dated->day_count ? now : a;
}

bool authority_has_ended(const struct authority *a, int64_t at_ms)
{
	int64_t ended_ms;

	return a->ended && day_parse(a->ended, &ended_ms) == 0 && at_ms >= ended_ms;
}

struct authority authority_copy(const struct authority *a)
{
	struct authority copy = *a;

	copy.days = NULL;
	copy.day_count = 0;
	copy.undated = NULL;
	return copy;
}

/* ---- one profile ---- */

static int parse(json_t *profile, const char *where, struct authority **ret, struct err *err)
{
	json_t *changes = json_incref(json_object_get(profile, "changes")), *first;
	struct authority *a = NULL;
	int rc = check_changes(changes, where, err);

	json_object_del(profile, "changes");
	if (rc == 0) {
		first = json_is_object(profile) ? merged_at(profile, changes, INT64_MIN) : json_incref(profile);
		rc = decode(first, where, &a, err);
		json_decref(first);
	}
	if (rc == 0)
		rc = add_days(a, profile, changes, where, err);
	json_decref(changes);
	if (rc < 0)
		authority_free(a);
	else
		*ret = a;
	return rc;
}

int authority_parse(const char *text, size_t length, const char *where, struct authority **ret, struct err *err)
{
	json_t *profile;
	int rc;

	if (length > PROFILE_BYTES_MAX)
		return err_set(err, ERR_TOO_LARGE, "%s: over %d bytes", where, PROFILE_BYTES_MAX);
	profile = load_text(text, length, where, err);
	if (!profile)
		return ERR_INVALID;
	rc = parse(profile, where, ret, err);
	json_decref(profile);
	return rc;
}

/* Takes `a`; one of the same name gives way to it. */
static int add(struct authorities *s, struct authority *a, const char *where, struct err *err)
{
	for (size_t i = 0; i < s->count; i++) {
		if (strcmp(s->list[i]->name, a->name) == 0) {
			authority_free(s->list[i]);
			s->list[i] = a;
			return 0;
		}
	}
	if (s->count == AUTHORITIES_MAX) {
		authority_free(a);
		return err_set(err, ERR_TOO_LARGE, "%s: over %d authorities", where, AUTHORITIES_MAX);
	}
	s->list[s->count++] = a;
	return 0;
}

static int add_text(struct authorities *s, const char *text, size_t length, const char *where, struct err *err)
{
	struct authority *a = NULL;
	int rc = authority_parse(text, length, where, &a, err);

	return rc < 0 ? rc : add(s, a, where, err);
}

static int add_file(struct authorities *s, const char *path, struct err *err)
{
	struct buf text = BUF_INIT(PROFILE_BYTES_MAX);
	FILE *file = fopen(path, "re");
	char part[4096];
	size_t got;
	int rc;

	if (!file)
		return err_errno(err, "check.authorities: open %s", path);
	while ((got = fread(part, 1, sizeof(part), file)) > 0 && !text.overflow)
		buf_add(&text, part, got);
	if (ferror(file))
		rc = err_errno(err, "check.authorities: read %s", path);
	else if (text.overflow)
		rc = err_set(err, ERR_TOO_LARGE, "%s: over %d bytes", path, PROFILE_BYTES_MAX);
	else
		rc = add_text(s, buf_text(&text), text.length, path, err);
	fclose(file);
	buf_done(&text);
	return rc;
}

static int compare(const void *a, const void *b)
{
	return strcmp((*(struct authority *const *)a)->name, (*(struct authority *const *)b)->name);
}

static void sort(struct authorities *s)
{
	qsort(s->list, s->count, sizeof(s->list[0]), compare);
	for (size_t i = 0; i < s->count; i++)
		s->names[i] = s->list[i]->name;
}

int authorities_load(const char *const *files, struct authorities **ret, struct err *err)
{
	struct authorities *s = mem_new(1, sizeof(*s));
	int rc = 0;

	for (size_t i = 0; i < ARRAY_LEN(profiles) && rc == 0; i++)
		rc = add_text(s, (const char *)profiles[i].text, profiles[i].length, profiles[i].name, err);
	for (size_t i = 0; files && files[i] && rc == 0; i++)
		rc = add_file(s, files[i], err);
	if (rc < 0) {
		authorities_free(s);
		return rc;
	}
	sort(s);
	*ret = s;
	return 0;
}

void authorities_free(struct authorities *s)
{
	if (!s)
		return;
	for (size_t i = 0; i < s->count; i++)
		authority_free(s->list[i]);
	free(s);
}

const struct authority *authorities_find(const struct authorities *s, const char *name)
{
	for (size_t i = 0; i < s->count; i++)
		if (strcmp(s->list[i]->name, name) == 0)
			return s->list[i];
	return NULL;
}

const char *const *authorities_names(const struct authorities *s)
{
	return s->names;
}

bool authority_relaxes(const struct authority *a)
{
	return !a->public_names || !a->reserved_refused || !a->web_ports_only || !a->suffix_rule;
}

struct authority authority_for_own(const struct authority *a)
{
	struct authority own = authority_copy(a);

	own.public_names = own.reserved_refused = own.web_ports_only = own.suffix_rule = own.caa = false;
	return own;
}
