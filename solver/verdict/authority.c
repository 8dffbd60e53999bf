#include "solver/verdict/authority.h"

#include <authority_profiles.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "solver/base/buf.h"
#include "solver/base/mem.h"
#include "solver/verdict/codec.h"

#define PROFILE_BYTES_MAX 65536
#define AUTHORITIES_MAX 64
#define LIST_MAX 32
#define HOUR_MS 3600000
#define BASIS "letsencrypt.json" /* what a profile does not say is as here, where everything is said */

static const char *const trim_names[] = { "end", "both", "end-crlf-tab", "nothing", NULL };
static const char *const status_names[] = { "200", "2xx", "below-400", NULL };
static const char *const fallback_names[] = { "first-dial", "none", "any", NULL };

#define TEXT(f) { #f, CODEC_TEXT, offsetof(struct authority, f), .required = true, .max = 100 }
#define FLAG(f) { #f, CODEC_BOOL, offsetof(struct authority, f) }
#define NUMBER(f, least, most) { #f, CODEC_INT64, offsetof(struct authority, f), .low = (least), .high = (most) }
#define TEXTS(f) { #f, CODEC_TEXTS, offsetof(struct authority, f), .max = LIST_MAX }
#define NAMED(f, list) { #f, CODEC_ENUM, offsetof(struct authority, f), .names = (list) }

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
	codec_done(fields, a);
	free(a);
}

static int decode(struct authority *a, const char *text, size_t length, const char *where, struct err *err)
{
	json_error_t why;
	json_t *json = json_loadb(text, length, JSON_REJECT_DUPLICATES, &why);
	int rc;

	if (!json)
		return err_set(err, ERR_INVALID, "%s:%d:%d: %s", where, why.line, why.column, why.text);
	rc = codec_decode(fields, a, json, err);
	json_decref(json);
	return rc < 0 ? err_in(err, "%s", where) : 0;
}

static void clear(char ***texts)
{
	codec_texts_free(*texts);
	*texts = mem_new(1, sizeof(**texts));
}

/* Let's Encrypt, but for what makes it that authority. */
static struct authority *basis(void)
{
	struct authority *a = mem_new(1, sizeof(*a));
	struct err err;

	for (size_t i = 0; i < ARRAY_LEN(profiles); i++) {
		if (strcmp(profiles[i].name, BASIS) != 0)
			continue;
		if (decode(a, (const char *)profiles[i].text, profiles[i].length, BASIS, &err) < 0)
			abort(); /* compiled in */
	}
	clear(&a->issuers);
	clear(&a->account_prefixes);
	return a;
}

static bool name_is_fine(const char *name)
{
	return *name && strspn(name, "abcdefghijklmnopqrstuvwxyz0123456789-_.") == strlen(name);
}

/* What no single row can say. */
static int check_whole(const struct authority *a, const char *where, struct err *err)
{
	if (!name_is_fine(a->name))
		return err_set(err, ERR_INVALID, "%s: /name: must be lower-case letters, digits, '-', '_' and '.'", where);
	if (a->caa && !a->issuers[0])
		return err_set(err, ERR_INVALID, "%s: /issuers: name the issuer domains, or set \"caa\" to false", where);
	if (!a->types[0])
		return err_set(err, ERR_INVALID, "%s: /types: must name a challenge type", where);
	if (a->flaky_ms > a->attempt_ms)
		return err_set(err, ERR_INVALID, "%s: /flaky_ms: must be at most attempt_ms, %lld", where, (long long)a->attempt_ms);
	if (a->redirects_promised > a->redirects_max)
		return err_set(err, ERR_INVALID, "%s: /redirects_promised: must be at most redirects_max, %lld", where,
		               (long long)a->redirects_max);
	return 0;
}

int authority_parse(const char *text, size_t length, const char *where, struct authority **ret, struct err *err)
{
	struct authority *a;
	int rc;

	if (length > PROFILE_BYTES_MAX)
		return err_set(err, ERR_TOO_LARGE, "%s: over %d bytes", where, PROFILE_BYTES_MAX);
	a = basis();
	rc = decode(a, text, length, where, err);
	if (rc == 0)
		rc = check_whole(a, where, err);
	if (rc < 0) {
		authority_free(a);
		return rc;
	}
	*ret = a;
	return 0;
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

struct authority authority_for_own(const struct authority *a)
{
	struct authority own = *a;

	own.public_names = own.reserved_refused = own.web_ports_only = own.suffix_rule = own.caa = false;
	return own;
}
