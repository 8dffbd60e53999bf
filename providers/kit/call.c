#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "providers/kit/kit.h"
#include "solver/base/buf.h"
#include "solver/base/mem.h"

static void wipe(char *text)
{
	if (text)
		explicit_bzero(text, strlen(text));
	free(text);
}

void kit_call_done(struct kit_call *call)
{
	for (size_t i = 0; i < call->header_count; i++)
		wipe(call->headers[i]);
	free(call->headers);
	free(call->method);
	free(call->url);
	free(call->body);
	*call = (struct kit_call){ 0 };
}

void kit_call_start(struct kit_call *call, const char *method, const char *url, char *body)
{
	struct kit_call next = { .method = mem_dup(method), .url = mem_dup(url), .body = body };

	kit_call_done(call);
	*call = next;
	call->headers = mem_new(1, sizeof(*call->headers));
}

void kit_call_header(struct kit_call *call, const char *format, ...)
{
	va_list args;
	char *line = NULL;

	va_start(args, format);
	if (vasprintf(&line, format, args) < 0)
		abort();
	va_end(args);
	call->headers = mem_resize(call->headers, call->header_count + 2, sizeof(*call->headers));
	call->headers[call->header_count++] = line;
	call->headers[call->header_count] = NULL;
}

static bool call_has(const struct kit_call *call, const char *name)
{
	for (size_t i = 0; i < call->header_count; i++)
		if (strncasecmp(call->headers[i], name, strlen(name)) == 0 && call->headers[i][strlen(name)] == ':')
			return true;
	return false;
}

void kit_call_request(struct kit_call *call, const char *ca_file, struct request *ret)
{
	if (call->body && !call_has(call, "Content-Type"))
		kit_call_header(call, "Content-Type: application/json");
	*ret = (struct request){
		.want = WANT_HTTP,
		.method = call->method,
		.url = call->url,
		.headers = (const char *const *)call->headers,
		.body = call->body,
		.ca_file = ca_file,
	};
}

void kit_pause(struct request *ret, unsigned milliseconds)
{
	*ret = (struct request){ .want = WANT_PAUSE, .timeout_ms = milliseconds };
}

void kit_finish(struct request *ret)
{
	*ret = (struct request){ .want = WANT_NOTHING };
}

char *kit_escape(const char *text)
{
	struct buf out = BUF_INIT(KIT_BODY_MAX);

	for (; *text; text++) {
		unsigned char c = (unsigned char)*text;

		if ((c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || strchr("-._~", c))
			buf_add_char(&out, (char)c);
		else
			buf_printf(&out, "%%%02X", c);
	}
	return buf_take(&out);
}

bool kit_same_name(const char *a, const char *b)
{
	size_t la = strlen(a), lb = strlen(b);

	if (la && a[la - 1] == '.')
		la--;
	if (lb && b[lb - 1] == '.')
		lb--;
	return la == lb && strncasecmp(a, b, la) == 0;
}
