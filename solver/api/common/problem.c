#include "solver/api/common/problem.h"

#include <jansson.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "solver/base/mem.h"

static const struct { int code, status; } statuses[] = {
	{ ERR_INVALID, 422 },     { ERR_NOT_FOUND, 404 }, { ERR_EXISTS, 409 },   { ERR_DENIED, 403 },
	{ ERR_TOO_LARGE, 422 },   { ERR_CONFLICT, 409 },  { ERR_RATE, 429 },     { ERR_TIMEOUT, 504 },
	{ ERR_UNREACHABLE, 502 }, { ERR_PROTOCOL, 502 },  { ERR_BUSY, 503 },     { ERR_IO, 503 },
	{ ERR_UNSUPPORTED, 501 }, { ERR_CANCELLED, 503 },
	{ ERR_DAMAGED, 500 },
};

static const struct { int status; const char *title; } titles[] = {
	{ 400, "Bad Request" },       { 401, "Unauthorized" },           { 403, "Forbidden" },
	{ 404, "Not Found" },         { 405, "Method Not Allowed" },     { 409, "Conflict" },
	{ 413, "Content Too Large" }, { 415, "Unsupported Media Type" }, { 422, "Unprocessable Content" },
	{ 429, "Too Many Requests" }, { 500, "Internal Server Error" },  { 501, "Not Implemented" },
	{ 502, "Bad Gateway" },       { 503, "Service Unavailable" },    { 504, "Gateway Timeout" },
};

int problem_status(int code)
{
	for (size_t i = 0; i < ARRAY_LEN(statuses); i++)
		if (statuses[i].code == code)
			return statuses[i].status;
	return 500;
}

int problem_set(struct problem *p, int status, int code, const char *pointer, const char *format, ...)
{
	va_list args;

	p->status = status;
	p->err.code = code;
	snprintf(p->pointer, sizeof(p->pointer), "%s", pointer ? pointer : "");
	va_start(args, format);
	vsnprintf(p->err.text, sizeof(p->err.text), format, args);
	va_end(args);
	return code;
}

void problem_inside(struct problem *p, const char *step)
{
	char old[POINTER_MAX];

	memcpy(old, p->pointer, sizeof(old));
	snprintf(p->pointer, sizeof(p->pointer), "/%.60s%.60s", step, old);
}

static const char *title_of(int status)
{
	for (size_t i = 0; i < ARRAY_LEN(titles); i++)
		if (titles[i].status == status)
			return titles[i].title;
	return "Error";
}

/* A sentence may quote a caller's bytes and be cut inside one of their characters. */
static json_t *text_json(const char *text)
{
	char ascii[ERR_TEXT_MAX];
	json_t *s = json_string(text);
	size_t i;

	if (s)
		return s;
	for (i = 0; text[i] && i + 1 < sizeof(ascii); i++)
		ascii[i] = text[i] & 0x80 ? '?' : text[i];
	ascii[i] = '\0';
	return json_string(ascii);
}

char *problem_json(const struct problem *p)
{
	int status = p->status ? p->status : problem_status(p->err.code);
	CLEANUP(mem_freep) char *type = mem_printf("urn:dcvd:error:%s", err_name(p->err.code));
	json_t *all = json_pack("{ss ss si so ss}", "type", type, "title", title_of(status), "status", status, "detail",
	                        text_json(p->err.text), "code", err_name(p->err.code));
	char *out;

	if (p->pointer[0])
		json_object_set_new(all, "pointer", text_json(p->pointer));
	out = json_dumps(all, JSON_COMPACT);
	json_decref(all);
	return out;
}
