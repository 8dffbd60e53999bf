#include "solver/api/access/subject.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "solver/base/buf.h"
#include "solver/base/mem.h"

#define SUBJECT_MAX 1024
#define PARTS_MAX 32
#define FINGERPRINT_LENGTH 64

/* Lower-case hex digits without colons; false when it is none. */
static bool fingerprint_read(const char *text, char ret[FINGERPRINT_LENGTH + 1])
{
	size_t used = 0;

	if (strncasecmp(text, "sha256:", 7) == 0)
		text += 7;
	for (; *text && used <= FINGERPRINT_LENGTH; text++) {
		if (*text == ':')
			continue;
		if (!isxdigit((unsigned char)*text) || used == FINGERPRINT_LENGTH)
			return false;
		ret[used++] = (char)tolower((unsigned char)*text);
	}
	ret[used] = '\0';
	return used == FINGERPRINT_LENGTH;
}

/* Where the next part begins: behind a comma that no backslash stands before. */
static size_t part_length(const char *text)
{
	size_t i;

	for (i = 0; text[i] && text[i] != ','; i++)
		if (text[i] == '\\' && text[i + 1])
			i++;
	return i;
}

/* "cn = a" as "CN=a". */
static char *part_read(const char *text, size_t length)
{
	const char *equals = memchr(text, '=', length), *end = text + length;
	struct buf b = BUF_INIT(SUBJECT_MAX);

	while (text < end && *text == ' ')
		text++;
	while (end > text && end[-1] == ' ' && !(end - text > 1 && end[-2] == '\\'))
		end--;
	for (; equals && text < equals && *text != ' '; text++)
		buf_add_char(&b, (char)toupper((unsigned char)*text));
	buf_add_char(&b, '=');
	if (equals)
		for (text = equals + 1; text < end && *text == ' '; text++)
			;
	buf_add(&b, text, text < end ? (size_t)(end - text) : 0);
	return buf_take(&b);
}

static int compare(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

/* Tools write the parts of a subject in either direction: sorted, both are one. NULL: too much of it. */
static char *subject_key(const char *text)
{
	char *parts[PARTS_MAX];
	struct buf key = BUF_INIT(2 * SUBJECT_MAX);
	size_t count = 0;

	if (strlen(text) > SUBJECT_MAX)
		return NULL;
	while (count < PARTS_MAX && *text) {
		size_t length = part_length(text);

		parts[count++] = part_read(text, length);
		text += length + (text[length] == ',');
	}
	qsort(parts, count, sizeof(parts[0]), compare);
	for (size_t i = 0; i < count; i++) {
		buf_printf(&key, "%s%s", i ? "," : "", parts[i]);
		free(parts[i]);
	}
	if (!*text)
		return buf_take(&key);
	buf_done(&key);
	return NULL;
}

int subject_rule_read(const char *text, struct subject_rule *ret, struct err *err)
{
	char fingerprint[FINGERPRINT_LENGTH + 1];
	struct subject_rule r = { .kind = SUBJECT_CN };

	if (!*text || strlen(text) > SUBJECT_MAX)
		return err_set(err, ERR_INVALID, "a certificate is named by 1 to %d characters", SUBJECT_MAX);
	if (fingerprint_read(text, fingerprint)) {
		r.kind = SUBJECT_FINGERPRINT;
		r.key = mem_dup(fingerprint);
	} else if (strncasecmp(text, "sha256:", 7) == 0) {
		return err_set(err, ERR_INVALID, "\"%.80s\": a SHA-256 fingerprint has %d hex digits", text, FINGERPRINT_LENGTH);
	} else if (strchr(text, '=')) {
		r.kind = SUBJECT_WHOLE;
		r.key = subject_key(text);
	} else {
		r.key = mem_dup(text);
	}
	if (!r.key)
		return err_set(err, ERR_INVALID, "\"%.80s\" has too many parts", text);
	r.text = mem_dup(text);
	*ret = r;
	return 0;
}

void subject_rule_done(struct subject_rule *r)
{
	free(r->text);
	free(r->key);
	*r = (struct subject_rule){ 0 };
}

static bool whole_fits(const struct subject_rule *r, const char *subject)
{
	CLEANUP(mem_freep) char *key = subject ? subject_key(subject) : NULL;

	return key && strcmp(key, r->key) == 0;
}

bool subject_rule_fits(const struct subject_rule *r, const char *subject, const char *cn, const char *fingerprint)
{
	switch (r->kind) {
	case SUBJECT_FINGERPRINT:
		return fingerprint && strcmp(fingerprint, r->key) == 0;
	case SUBJECT_WHOLE:
		return whole_fits(r, subject);
	case SUBJECT_CN:
		break;
	}
	return cn && strcmp(cn, r->key) == 0;
}
