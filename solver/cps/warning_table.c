#include "solver/cps/warning_table.h"

#include <ctype.h>
#include <jansson.h>
#include <stdlib.h>
#include <string.h>
#include <cps_warnings.h>

#include "solver/base/mem.h"

#define TEXTS_MAX 256
#define STEPS_MAX 200000 /* of one comparison; a text that needs more fits nothing */
#define START_MIN 8      /* bytes before the first value that make a text recognisable */
#define VALUE_MAX 32768

/* What may stand in the place of a value. */
enum value {
	VALUE_WORD,   /* no white space, no comma */
	VALUE_NAMES,  /* host names with commas between */
	VALUE_PHRASE, /* a few words of letters */
	VALUE_LINE,   /* one line, one sentence */
	VALUE_DN,     /* key=value, key=value */
	VALUE_BLOCK,  /* lines that show certificates, at the end of a text */
};

struct place { const char *name; enum value value; };

static const struct place places[] = {
	{ "sanString", VALUE_NAMES }, { "caaIssuers", VALUE_NAMES }, { "issuers", VALUE_NAMES },
	{ "dataType", VALUE_PHRASE }, { "trustChainDescription", VALUE_PHRASE }, { "subjectfield", VALUE_PHRASE },
	{ "issuerX500Principal", VALUE_DN }, { "trustChainData", VALUE_BLOCK },
	{ "actualDescription", VALUE_LINE }, { "actualName", VALUE_LINE }, { "expectedDescription", VALUE_LINE },
	{ "expectedName", VALUE_LINE }, { "certificateDescription", VALUE_LINE }, { "certificateSubjectValue", VALUE_LINE },
	{ "csrSubjectValue", VALUE_LINE }, { "certificateText", VALUE_LINE }, { "chainEntityCn", VALUE_LINE },
	{ "chainEntityNotAfter", VALUE_LINE }, { "endEntityCn", VALUE_LINE }, { "endEntityNotAfter", VALUE_LINE },
	{ "exceptionMessage", VALUE_LINE }, { "expectedValue", VALUE_LINE }, { "foundValue", VALUE_LINE },
	{ "intermediateCertificateText", VALUE_LINE }, { "rootCertificateText", VALUE_LINE }, { "issuer", VALUE_LINE },
	{ "serialNumber", VALUE_LINE }, { "trustChainCn", VALUE_LINE },
};

struct text { const char *code, *text; };

static struct text texts[TEXTS_MAX];
static size_t text_count;
static json_t *table; /* kept for the life of the process: the texts point into it */

static void add_text(const char *code, const json_t *text)
{
	if (json_is_string(text) && text_count < TEXTS_MAX)
		texts[text_count++] = (struct text){ code, json_string_value(text) };
}

/* Only the loop thread asks, and it is small: read when it is first wanted. */
static void load(void)
{
	const char *code;
	json_t *entry, *one;
	size_t i;

	if (table)
		return;
	table = json_loadb((const char *)warning_texts, sizeof(warning_texts), 0, NULL);
	json_object_foreach(json_object_get(table, "warnings"), code, entry) {
		add_text(code, entry);
		json_array_foreach(entry, i, one)
			add_text(code, one);
	}
}

__attribute__((destructor)) static void unload(void)
{
	json_decref(table);
	table = NULL;
	text_count = 0;
}

size_t cps_warning_codes(void)
{
	load();
	return json_object_size(json_object_get(table, "warnings"));
}

void cps_warning_each(void (*fn)(const char *code, const char *text, void *arg), void *arg)
{
	load();
	for (size_t i = 0; i < text_count; i++)
		fn(texts[i].code, texts[i].text, arg);
}

/* ---- values */

static bool is_space(char c)
{
	return c == ' ' || c == '\t' || c == '\n';
}

static bool is_name(const char *text, size_t length)
{
	if (length == 2 && memcmp(text, "%s", 2) == 0) /* CPS has printed a place without its value */
		return true;
	return length > 2 && memchr(text, '.', length) != NULL && text[length - 1] != '.';
}

/* Host names with ", " or "," between: how far they go. */
static size_t names_length(const char *text, size_t length)
{
	size_t taken = 0, at = 0;

	while (at < length) {
		size_t word = 0;

		while (at + word < length && !is_space(text[at + word]) && text[at + word] != ',')
			word++;
		if (!is_name(text + at, word))
			break;
		taken = at += word;
		if (at >= length || text[at] != ',')
			break;
		at++;
		while (at < length && text[at] == ' ')
			at++;
	}
	return taken;
}

static bool is_assignment(const char *text, size_t length)
{
	size_t key = strspn(text, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789.");

	return key > 0 && key < length && text[key] == '=';
}

/* "CN=R3, O=Let's Encrypt, C=US": how far it goes. */
static size_t dn_length(const char *text, size_t length)
{
	size_t taken = 0, at = 0;

	while (at < length) {
		const char *comma = memchr(text + at, ',', length - at), *newline = memchr(text + at, '\n', length - at);
		size_t end = length;

		if (comma)
			end = (size_t)(comma - text);
		if (newline && (size_t)(newline - text) < end)
			end = (size_t)(newline - text);
		if (!is_assignment(text + at, end - at))
			break;
		taken = end;
		at = end + 1;
		if (end < length && text[end] == '\n')
			break;
		while (at < length && text[at] == ' ')
			at++;
	}
	return taken;
}

static bool is_detail(const char *line, size_t length)
{
	return length > 0 && (is_space(*line) || strchr("#-[0123456789", *line) || memchr(line, '=', length) || !memchr(line, ' ', length));
}

/* Where a known text begins, no value goes on. */
static bool begins_known(const char *text)
{
	for (size_t i = 0; i < text_count; i++) {
		size_t start = strcspn(texts[i].text, "<");

		if (start >= START_MIN && strncmp(text, texts[i].text, start) == 0)
			return true;
	}
	return false;
}

/* Lines that show something, one below the other. */
static size_t block_length(const char *text)
{
	size_t taken = 0, at = 0;

	while (text[at]) {
		size_t line = strcspn(text + at, "\n");

		if (!is_detail(text + at, line) || begins_known(text + at))
			break;
		taken = at + line;
		at = taken + (text[taken] == '\n');
	}
	return taken;
}

static bool has_known_inside(const char *value, size_t length)
{
	for (size_t i = 0; i < length; i++)
		if (begins_known(value + i))
			return true;
	return false;
}

static bool is_one_sentence(const char *value, size_t length)
{
	for (size_t i = 0; i + 1 < length; i++)
		if (strchr(".,!?;", value[i]) && value[i + 1] == ' ')
			return false;
	return true;
}

static bool is_phrase(const char *value, size_t length)
{
	for (size_t i = 0; i < length; i++)
		if (!isalnum((unsigned char)value[i]) && !strchr(" '_-/", value[i]))
			return false;
	return length <= 64;
}

static bool value_fits(enum value kind, bool bracketed, const char *value, size_t length)
{
	switch (kind) {
	case VALUE_NAMES:
		return names_length(value, length) == length;
	case VALUE_DN:
		return dn_length(value, length) == length;
	case VALUE_PHRASE:
		return is_phrase(value, length) && !has_known_inside(value, length);
	case VALUE_LINE:
		return (bracketed || is_one_sentence(value, length)) && !has_known_inside(value, length);
	default:
		return true;
	}
}

/* No value of the kind has this byte. */
static bool ends_value(enum value kind, bool bracketed, char c)
{
	if (c == '\0' || c == '\n')
		return true;
	if (kind == VALUE_WORD)
		return is_space(c) || c == ',';
	return bracketed && (c == '[' || c == ']');
}

static enum value value_of(const char *name, size_t length)
{
	for (size_t i = 0; i < ARRAY_LEN(places); i++)
		if (strlen(places[i].name) == length && strncmp(places[i].name, name, length) == 0)
			return places[i].value;
	return VALUE_WORD;
}

/* ---- one text of the table against what CPS said */

static bool is_end(const char *text)
{
	return *text == '\0' || *text == ',' || is_space(*text);
}

static const char *match_rest(const char *pattern, const char *text, unsigned *steps);

/* The lines that a text may end in; there may be none. */
static const char *match_block(const char *text)
{
	size_t shown = *text == '\n' ? block_length(text + 1) : 0;

	if (shown)
		return text + 1 + shown;
	return is_end(text) ? text : NULL;
}

/* The longest value at the end of a text of the table. */
static const char *match_last(enum value kind, const char *text)
{
	size_t length = strcspn(text, "\n");

	if (kind == VALUE_NAMES)
		length = names_length(text, strlen(text));
	else if (kind == VALUE_DN)
		length = dn_length(text, strlen(text));
	else if (kind == VALUE_WORD)
		length = strcspn(text, " \t\n,");
	if (length == 0 || !value_fits(kind, false, text, length))
		return NULL;
	return text + length;
}

/* `pattern` stands at a '<'. The shortest value with which the rest fits. */
static const char *match_value(const char *pattern, const char *text, bool bracketed, unsigned *steps)
{
	size_t name = strcspn(pattern + 1, ">");
	enum value kind = value_of(pattern + 1, name);
	const char *rest = pattern + name + 2;

	if (!*rest)
		return match_last(kind, text);
	for (size_t length = 1; length < VALUE_MAX && !ends_value(kind, bracketed, text[length - 1]); length++) {
		const char *end;

		if (text[length] != *rest)
			continue;
		end = match_rest(rest, text + length, steps);
		if (end && value_fits(kind, bracketed, text, length))
			return end;
	}
	return NULL;
}

static const char *match_rest(const char *pattern, const char *text, unsigned *steps)
{
	bool bracketed = false;

	while (*pattern && *pattern != '<') {
		bracketed = *pattern == '[';
		if (strcmp(pattern, "\n<trustChainData>") == 0)
			return match_block(text);
		if (*pattern++ != *text++)
			return NULL;
	}
	if (++*steps > STEPS_MAX)
		return NULL;
	if (*pattern == '<')
		return match_value(pattern, text, bracketed, steps);
	return is_end(text) ? text : NULL;
}

const char *cps_warning_match(const char *text, size_t *ret_length)
{
	const char *code = NULL;
	size_t longest = 0;

	load();
	for (size_t i = 0; i < text_count; i++) {
		unsigned steps = 0;
		const char *end = match_rest(texts[i].text, text, &steps);

		if (!end || (size_t)(end - text) <= longest)
			continue;
		longest = (size_t)(end - text);
		code = texts[i].code;
	}
	*ret_length = longest;
	return code;
}

const char *cps_warning_code(const char *text, size_t length)
{
	load();
	for (size_t i = 0; i < text_count; i++) {
		const char *code = texts[i].code;
		size_t at = 0;

		while (at < length && code[at] && (text[at] == code[at] || (isalpha((unsigned char)code[at]) && text[at] == tolower((unsigned char)code[at])) ||
		                                   (code[at] == '_' && text[at] == '-')))
			at++;
		if (at == length && !code[at])
			return code;
	}
	return NULL;
}

size_t cps_warning_names(const char *text)
{
	return names_length(text, strcspn(text, "\n"));
}
