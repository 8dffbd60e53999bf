#include "solver/cps/warnings.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "solver/base/mem.h"
#include "solver/cps/warning_table.h"
#include "solver/crypto/crypto.h"

#define WARNINGS_MAX 1000

/* ---- taking a text apart */

static void add(struct cps_warnings *w, const char *code, const char *text, size_t length)
{
	while (length && isspace((unsigned char)text[length - 1]))
		length--;
	if (length == 0)
		return;
	w->items = mem_resize(w->items, w->count + 1, sizeof(*w->items));
	w->items[w->count++] = (struct cps_warning){ code, mem_dup_n(text, length) };
}

/* "[WARNINGS]" on a line of its own. */
static size_t header_length(const char *start, const char *at)
{
	size_t length = 1 + strspn(at + (*at != '\0'), "ABCDEFGHIJKLMNOPQRSTUVWXYZ -");

	if (*at != '[' || (at > start && at[-1] != '\n') || at[length] != ']')
		return 0;
	return at[length + 1] == '\n' || !at[length + 1] ? length + 1 : 0;
}

/* "CODE", "CODE: names" or "CODE: text of the table"; what it takes, and 0 when it is something else. */
static size_t coded_length(const char *at, const char **ret_code, const char **ret_other)
{
	size_t word = strspn(at, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_-"), rest, space;
	const char *code = cps_warning_code(at, word);

	*ret_other = NULL;
	*ret_code = code;
	if (!code)
		return 0;
	if (at[word] != ':')
		return at[word] == '\n' || at[word] == ',' || !at[word] ? word : 0;
	space = word + 1 + strspn(at + word + 1, " ");
	*ret_other = cps_warning_match(at + space, &rest);
	if (*ret_other)
		return space + rest;
	rest = cps_warning_names(at + space);
	return rest && strchr("\n,", at[space + rest]) ? space + rest : 0;
}

/* The warning that begins at `at`, added; how many bytes it takes, and 0 when none is known that does. */
static size_t take_known(struct cps_warnings *w, const char *at)
{
	const char *code, *other;
	size_t length;

	code = cps_warning_match(at, &length);
	if (code) {
		add(w, code, at, length);
		return length;
	}
	length = coded_length(at, &code, &other);
	if (length == 0)
		return 0;
	add(w, code, at, length);
	if (other && strcmp(other, code) != 0)
		add(w, other, at, length);
	return length;
}

static bool is_known(const char *at)
{
	struct cps_warnings probe = { 0 };
	bool known = take_known(&probe, at) > 0;

	cps_warnings_done(&probe);
	return known;
}

/* Up to the next line or entry that begins with something known. */
static size_t unknown_length(const char *at)
{
	size_t length = 1;

	for (; at[length]; length++) {
		bool entry = at[length - 1] == '\n' || (at[length - 1] == ' ' && (length < 2 || at[length - 2] == ',' || at[length - 2] == '.'));

		if (entry && is_known(at + length))
			break;
	}
	return length;
}

/* A comma stands between two warnings and nowhere else. */
static size_t gap_length(const struct cps_warnings *w, const char *at)
{
	size_t comma = *at == ',' && w->count ? 1 : 0;
	size_t length = comma + strspn(at + comma, " \t\n");

	return comma && !is_known(at + length) ? 0 : length;
}

static char *with_plain_newlines(const char *text)
{
	char *copy = mem_dup(text), *to = copy;

	for (const char *from = copy; *from; from++)
		if (from[0] != '\r' || from[1] != '\n')
			*to++ = *from;
	*to = '\0';
	return copy;
}

void cps_warnings_read(const char *text, struct cps_warnings *ret)
{
	CLEANUP(mem_freep) char *copy = with_plain_newlines(text);
	struct cps_warnings w = { 0 };
	const char *at = copy;

	while (*at && w.count < WARNINGS_MAX) {
		size_t length = gap_length(&w, at);

		if (length == 0)
			length = header_length(copy, at);
		if (length == 0)
			length = take_known(&w, at);
		if (length == 0) {
			length = unknown_length(at);
			add(&w, CPS_WARNING_UNKNOWN, at, length);
		}
		at += length;
	}
	if (*at)
		add(&w, CPS_WARNING_UNKNOWN, at, strlen(at));
	*ret = w;
}

void cps_warnings_done(struct cps_warnings *w)
{
	for (size_t i = 0; i < w->count; i++)
		free(w->items[i].text);
	free(w->items);
	memset(w, 0, sizeof(*w));
}

/* ---- what is allowed */

const char *cps_warnings_digest(const char *text, char ret[CPS_DIGEST_SIZE])
{
	unsigned char digest[SHA256_SIZE];

	crypto_sha256(text, strlen(text), digest);
	for (size_t i = 0; i < SHA256_SIZE; i++)
		snprintf(ret + 2 * i, 3, "%02x", digest[i]);
	return ret;
}

static bool is_listed(const char *code, char *const *allowed)
{
	if (strcmp(code, CPS_WARNING_UNKNOWN) == 0)
		return false;
	for (; allowed && *allowed; allowed++)
		if (strcmp(*allowed, code) == 0)
			return true;
	return false;
}

static bool is_listed_text(const char *text, char *const *allowed)
{
	size_t prefix = strlen(CPS_DIGEST_PREFIX);
	char digest[CPS_DIGEST_SIZE];

	cps_warnings_digest(text, digest);
	for (; allowed && *allowed; allowed++)
		if (strncmp(*allowed, CPS_DIGEST_PREFIX, prefix) == 0 && strcasecmp(*allowed + prefix, digest) == 0)
			return true;
	return false;
}

/* On one line, whatever it holds. */
static void describe(struct buf *out, const struct cps_warning *w, bool listed)
{
	buf_printf(out, "%s%s%s: ", out->length ? "\n" : "", w->code, listed ? "" : " (not in cps.acknowledge-warnings)");
	for (const char *c = w->text; *c; c++)
		buf_add_char(out, *c == '\n' || *c == '\r' ? ' ' : *c);
}

bool cps_warnings_acceptable(const char *text, char *const *allowed, struct buf *described)
{
	bool whole = is_listed_text(text, allowed), acceptable = true;
	struct cps_warnings w;

	cps_warnings_read(text, &w);
	for (size_t i = 0; i < w.count; i++) {
		bool listed = whole || is_listed(w.items[i].code, allowed);

		describe(described, &w.items[i], listed);
		acceptable &= listed;
	}
	cps_warnings_done(&w);
	return acceptable;
}
