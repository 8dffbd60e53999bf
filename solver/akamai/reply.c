#include "solver/akamai/reply.h"

#include <ctype.h>
#include <jansson.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <time.h>

#include "solver/base/buf.h"
#include "solver/base/clock.h"
#include "solver/base/mem.h"
#include "solver/net/http.h"

#define RETRY_MAX_MS (15 * 60 * 1000) /* an answer may not silence us for longer */

/* The body as one line: controls and runs of space become one space. */
static void excerpt_add(struct buf *out, const char *body, size_t length)
{
	bool space = true;

	for (size_t i = 0; i < length && i < AKAMAI_EXCERPT_MAX; i++) {
		unsigned char c = (unsigned char)body[i];

		if (c <= ' ' || c == 0x7f) {
			if (!space)
				buf_add_char(out, ' ');
			space = true;
			continue;
		}
		buf_add_char(out, c < 0x80 ? (char)c : '?');
		space = false;
	}
}

static const char *problem_text(json_t *problem, const char *key)
{
	const char *text = json_string_value(json_object_get(problem, key));

	return text ? text : "";
}

/* "title: detail", or the first bytes of whatever it is. */
static void describe(struct buf *out, json_t *problem, const char *body, size_t length)
{
	const char *title = problem_text(problem, "title");
	const char *detail = problem_text(problem, "detail");

	if (*title || *detail) {
		excerpt_add(out, title, strlen(title));
		if (*title && *detail)
			buf_add_text(out, ": ");
		excerpt_add(out, detail, strlen(detail));
		return;
	}
	if (length == 0)
		buf_add_text(out, "(no text)");
	excerpt_add(out, body, length);
}

static int code_of_status(int status)
{
	switch (status) {
	case 401:
	case 403:
		return ERR_DENIED;
	case 404:
	case 410:
		return ERR_NOT_FOUND;
	case 409:
		return ERR_CONFLICT;
	case 413:
		return ERR_TOO_LARGE;
	case 429:
		return ERR_RATE;
	default:
		return status >= 500 ? ERR_PROTOCOL : ERR_INVALID;
	}
}

static const char *hint_of(int status, const char *type)
{
	if (strstr(type, "/pep-authn/") || status == 401)
		return " - the credentials were refused: check client_token, client_secret, access_token and host, and the clock";
	if (strstr(type, "/pep-authz/") || status == 403)
		return " - the API client has no grant for this: it needs CPS with READ-WRITE";
	return "";
}

int akamai_reply_error(int status, const char *headers, const char *body, size_t length, struct err *err)
{
	json_t *problem = json_loadb(body ? body : "", body ? length : 0, 0, NULL);
	struct buf text = BUF_INIT(ERR_TEXT_MAX);
	int code;

	if (status >= 300 && status < 400) {
		CLEANUP(mem_freep) char *location = http_header(headers ? headers : "", "Location");

		json_decref(problem);
		return err_set(err, ERR_PROTOCOL, "CPS answered %d to %.200s; redirects are not followed: check the host", status,
		               location ? location : "nowhere");
	}
	describe(&text, problem, body ? body : "", body ? length : 0);
	code = err_set(err, code_of_status(status), "CPS answered %d: %s%s", status, buf_text(&text),
	               hint_of(status, problem_text(problem, "type")));
	buf_done(&text);
	json_decref(problem);
	return code;
}

bool akamai_reply_blames_clock(int status, const char *body, size_t length)
{
	char *text;
	bool blames;

	if (status != 400 && status != 401 && status != 403)
		return false;
	text = mem_dup_n(body ? body : "", body && length < 4096 ? length : 0);
	blames = strcasestr(text, "timestamp") != NULL;
	free(text);
	return blames;
}

int akamai_http_date(const char *text, int64_t *ret_wall_ms)
{
	struct tm parts = { 0 };
	const char *end = strptime(text, "%a, %d %b %Y %H:%M:%S", &parts);

	if (!end || strncmp(end, " GMT", 4) != 0)
		return ERR_INVALID;
	*ret_wall_ms = (int64_t)timegm(&parts) * 1000;
	return 0;
}

static int64_t parse_retry_after(const char *text, int64_t now_ms)
{
	char *end;
	long seconds;
	int64_t at;

	if (akamai_http_date(text, &at) == 0)
		return at;
	seconds = strtol(text, &end, 10);
	if (end == text || seconds < 0)
		return 0;
	return now_ms + (seconds > RETRY_MAX_MS / 1000 ? RETRY_MAX_MS : seconds * 1000);
}

/* "…Please try after 2026-11-21T14:20:00.123Z…" */
static int64_t parse_try_after(const char *body)
{
	static const char marker[] = "try after ";
	const char *at = body ? strcasestr(body, marker) : NULL;
	char stamp[CLOCK_TEXT_SIZE];
	int64_t wall_ms;
	size_t length;

	if (!at)
		return 0;
	at += strlen(marker);
	length = strspn(at, "0123456789-:.TZtz+");
	while (length > 0 && at[length - 1] == '.')
		length--;
	if (length == 0 || length >= sizeof(stamp))
		return 0;
	memcpy(stamp, at, length);
	stamp[length] = '\0';
	return clock_parse(stamp, &wall_ms) == 0 ? wall_ms : 0;
}

static int64_t within_reason(int64_t at_ms, int64_t now_ms)
{
	if (at_ms <= now_ms)
		return now_ms + 1;
	return at_ms - now_ms > RETRY_MAX_MS ? now_ms + RETRY_MAX_MS : at_ms;
}

static const char *const limits[] = { "Akamai-RateLimit-Next", "X-RateLimit-Next", "X-RateLimit-Reset" };

/* A time as RFC 3339, as a date of HTTP, or in seconds: since 1970 when it is that large, from now otherwise. */
static int64_t parse_limit(const char *text, int64_t now_ms)
{
	int64_t at, seconds;
	char *end;

	if (clock_parse(text, &at) == 0 || akamai_http_date(text, &at) == 0)
		return at;
	seconds = strtoll(text, &end, 10);
	if (end == text || *end || seconds < 0 || seconds > INT64_MAX / 2000)
		return 0;
	return seconds > 1000000000 ? seconds * 1000 : now_ms + seconds * 1000;
}

int64_t akamai_reply_retry_at(const char *headers, const char *body, int64_t now_ms)
{
	CLEANUP(mem_freep) char *after = http_header(headers, "Retry-After");
	int64_t at = 0;

	if (after)
		at = parse_retry_after(after, now_ms);
	for (size_t i = 0; at == 0 && i < ARRAY_LEN(limits); i++) {
		CLEANUP(mem_freep) char *value = http_header(headers, limits[i]);

		at = value ? parse_limit(value, now_ms) : 0;
	}
	if (at == 0)
		at = parse_try_after(body);
	return at == 0 ? 0 : within_reason(at, now_ms);
}
