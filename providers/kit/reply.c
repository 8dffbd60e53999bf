#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <time.h>

#include "providers/kit/kit.h"
#include "solver/base/mem.h"

json_t *kit_json(const struct answer *a)
{
	if (!a->body || !a->length || a->length > KIT_BODY_MAX)
		return NULL;
	return json_loadb(a->body, a->length, 0, NULL);
}

void kit_json_freep(json_t **json)
{
	json_decref(*json);
}

const char *kit_json_text(const json_t *object, const char *key)
{
	return json_string_value(json_object_get(object, key));
}

char *kit_json_dump(json_t *json)
{
	char *text = json_dumps(json, JSON_COMPACT);

	json_decref(json);
	return text ? text : mem_dup("null");
}

char *kit_header(const struct answer *a, const char *name)
{
	size_t length = strlen(name);
	const char *line = a->headers ? a->headers : "";

	while (*line) {
		size_t size = strcspn(line, "\r\n");

		if (size > length && line[length] == ':' && strncasecmp(line, name, length) == 0) {
			const char *value = line + length + 1;

			size -= length + 1;
			while (size && strchr(" \t", *value)) {
				value++;
				size--;
			}
			while (size && strchr(" \t", value[size - 1]))
				size--;
			return mem_dup_n(value, size);
		}
		line += size;
		line += strspn(line, "\r\n");
	}
	return NULL;
}

unsigned kit_retry_after_ms(const struct answer *a, long long now_seconds)
{
	CLEANUP(mem_freep) char *text = kit_header(a, "Retry-After");
	struct tm tm = { 0 };
	long long seconds;
	char *end;

	if (!text || !*text)
		return 0;
	seconds = strtoll(text, &end, 10);
	if (*end) {
		if (!strptime(text, "%a, %d %b %Y %H:%M:%S GMT", &tm))
			return 0;
		seconds = (long long)timegm(&tm) - now_seconds;
	}
	if (seconds <= 0)
		return 0;
	return seconds > KIT_RETRY_MAX_MS / 1000 ? KIT_RETRY_MAX_MS : (unsigned)seconds * 1000;
}

/* Printable ASCII on one line, cut to what fits; bytes of other scripts become '?'. */
static const char *tidy(const char *said, size_t length, char text[KIT_DETAIL_SIZE])
{
	size_t used = 0;

	for (size_t i = 0; i < length && used + 1 < KIT_DETAIL_SIZE; i++) {
		unsigned char c = (unsigned char)said[i];

		if (c == '\n' || c == '\r' || c == '\t')
			c = ' ';
		if (c == ' ' && (!used || text[used - 1] == ' '))
			continue;
		text[used++] = (char)(c < ' ' || c > '~' ? '?' : c);
	}
	while (used && text[used - 1] == ' ')
		used--;
	text[used] = '\0';
	return text;
}

static const char *said_in(const json_t *json)
{
	static const char *const keys[] = { "detail", "title", "error", "message" };
	const json_t *first = json_array_get(json_object_get(json, "errors"), 0);

	for (size_t i = 0; i < ARRAY_LEN(keys); i++)
		if (kit_json_text(json, keys[i]))
			return kit_json_text(json, keys[i]);
	return json_is_object(first) ? said_in(first) : json_string_value(first);
}

const char *kit_detail(const struct answer *a, char text[KIT_DETAIL_SIZE])
{
	CLEANUP(kit_json_freep) json_t *json = NULL;
	const char *said;

	if (a->code) {
		said = a->error ? a->error : err_name(a->code);
		return tidy(said, strlen(said), text);
	}
	json = kit_json(a);
	said = said_in(json);
	if (said)
		return tidy(said, strlen(said), text);
	if (a->length)
		return tidy(a->body, a->length, text);
	return tidy("no details", 10, text);
}

enum change_status kit_status(const struct answer *a)
{
	if (a->code)
		return a->code == ERR_TIMEOUT || a->code == ERR_PROTOCOL ? CHANGE_UNKNOWN : CHANGE_RETRY;
	if (a->status >= 200 && a->status < 300)
		return CHANGE_DONE;
	if (a->status == 401 || a->status == 403)
		return CHANGE_DENIED;
	if (a->status == 429)
		return CHANGE_RATE_LIMITED;
	if (a->status == 408 || a->status == 425 || a->status >= 500 || a->status < 100)
		return CHANGE_RETRY;
	return CHANGE_FATAL;
}
