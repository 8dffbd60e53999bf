#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "solver/api/common/internal.h"
#include "solver/base/mem.h"
#include "solver/crypto/crypto.h"

/* Replies are about live state and may name clients and domains: no cache keeps them. */
static void reply(struct http_exchange *x, int status, const char *type, const char *body)
{
	http_exchange_header(x, "Cache-Control", "no-store");
	http_exchange_reply(x, status, type, body, strlen(body));
}

void reply_json(struct http_exchange *x, int status, json_t *takes)
{
	char *body = json_dumps(takes, JSON_COMPACT);

	reply(x, status, JSON_TYPE, body);
	free(body);
	json_decref(takes);
}

void reply_json_tagged(struct http_exchange *x, json_t *takes)
{
	const char *known = http_exchange_request_header(x, "If-None-Match");
	char *body = json_dumps(takes, JSON_COMPACT);
	unsigned char digest[SHA256_SIZE];

	crypto_sha256(body, strlen(body), digest);
	CLEANUP(mem_freep) char *text = crypto_base64url(digest, sizeof(digest));
	CLEANUP(mem_freep) char *tag = mem_printf("\"%s\"", text);
	http_exchange_header(x, "ETag", tag);
	if (known && strcmp(known, tag) == 0)
		reply(x, 304, JSON_TYPE, "");
	else
		reply(x, 200, JSON_TYPE, body);
	free(body);
	json_decref(takes);
}

void reply_retry_after(struct http_exchange *x, int status, int seconds)
{
	char text[16];

	if (status != 503 && status != 429)
		return;
	snprintf(text, sizeof(text), "%d", seconds > 0 ? seconds : 1);
	http_exchange_header(x, "Retry-After", text);
}

void reply_problem(struct api *a, struct http_exchange *x, const struct problem *p)
{
	int status = p->status ? p->status : problem_status(p->err.code);
	char *body = problem_json(p);

	a->refused++;
	if (status == 401) {
		http_exchange_header(x, "WWW-Authenticate", "Bearer realm=\"dcvd\"");
		http_exchange_header(x, "WWW-Authenticate", "Basic realm=\"dcvd\", charset=\"UTF-8\""); /* browsers ask for it */
	}
	reply_retry_after(x, status, p->retry_after_s);
	reply(x, status, PROBLEM_TYPE, body);
	free(body);
}

void reply_err(struct api *a, struct http_exchange *x, const struct err *err)
{
	struct problem p = { .err = *err };

	reply_problem(a, x, &p);
}

int limit_read(const char *text, size_t *ret, struct problem *problem)
{
	size_t digits = text ? strspn(text, "0123456789") : 0;
	unsigned long number = digits && digits < 6 ? strtoul(text, NULL, 10) : 0;

	if (!text)
		return 0;
	if (text[digits] || number < 1 || number > PAGE_MAX)
		return problem_set(problem, 400, ERR_INVALID, NULL, "limit is a number from 1 to %d", PAGE_MAX);
	*ret = number;
	return 0;
}

bool body_is_form(struct http_exchange *x)
{
	const char *type = http_exchange_request_header(x, "Content-Type"), *body = http_exchange_body(x);
	size_t length = http_exchange_body_length(x);

	if (!type || (strncasecmp(type, "application/x-www-form-urlencoded", 33) != 0 && strncasecmp(type, "multipart/form-data", 19) != 0))
		return false;
	while (length && isspace((unsigned char)*body)) {
		body++;
		length--;
	}
	return length && *body != '{' && *body != '[';
}
