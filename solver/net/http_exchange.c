/* An exchange: what is read of a request, and how it is answered. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <time.h>
#include <utlist.h>

#include "solver/base/mem.h"
#include "solver/net/http_server_private.h"

#define HEADER_LIST_MAX 65536 /* over what is taken of a head */
#define ARGUMENTS_MAX 100

/* ---- decoding ---- */

static int hex(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	c |= 0x20;
	return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

/* Percent-decoding in place that leaves "%00" alone: a zero byte would cut the text short, and what is checked would not be
 * what was sent. */
static void unescape(char *text)
{
	char *out = text;

	for (const char *in = text; *in; in++) {
		int high = *in == '%' ? hex(in[1]) : -1;
		int low = high >= 0 ? hex(in[2]) : -1;

		if (low >= 0 && (high | low) != 0) {
			*out++ = (char)(high << 4 | low);
			in += 2;
		} else {
			*out++ = *in;
		}
	}
	*out = '\0';
}

static void plus_to_space(char *text)
{
	for (; *text; text++)
		if (*text == '+')
			*text = ' ';
}

/* ---- an exchange ---- */

struct http_exchange *exchange_new(struct connection *c)
{
	struct http_exchange *x = mem_new(1, sizeof(*x));

	x->connection = c;
	x->path = mem_dup(c->head.target);
	unescape(x->path);
	address_host(&c->peer, x->peer);
	return x;
}

static void headers_free(struct header *list)
{
	struct header *h, *tmp;

	LL_FOREACH_SAFE(list, h, tmp) {
		free(h->name);
		free(h->value);
		free(h);
	}
}

void exchange_free(struct http_exchange *x)
{
	headers_free(x->headers);
	headers_free(x->arguments);
	free(x->path);
	if (x->prefix)
		explicit_bzero(x->prefix, strlen(x->prefix));
	free(x->prefix);
	free(x);
}

/* ---- reading the request ---- */

const char *http_exchange_method(const struct http_exchange *x)
{
	return x->connection->head_only ? "GET" : x->connection->head.method;
}

const char *http_exchange_path(const struct http_exchange *x)
{
	return x->path;
}

const char *http_exchange_target(const struct http_exchange *x)
{
	return x->connection->head.target;
}

void http_exchange_cut_path(struct http_exchange *x, size_t length)
{
	size_t rest = strlen(x->path) - length;

	free(x->prefix);
	x->prefix = mem_dup_n(x->path, length);
	memmove(x->path, x->path + length, rest);
	explicit_bzero(x->path + rest, length);
}

const char *http_exchange_prefix(const struct http_exchange *x)
{
	return x->prefix;
}

static void add_header(struct header **list, char *name, char *value)
{
	struct header *h = mem_new(1, sizeof(*h));

	*h = (struct header){ .name = name, .value = value };
	LL_APPEND(*list, h);
}

static void read_argument(struct http_exchange *x, char *text)
{
	char *equals = strchr(text, '=');

	if (equals)
		*equals++ = '\0';
	plus_to_space(text);
	unescape(text);
	if (equals) {
		plus_to_space(equals);
		unescape(equals);
	}
	add_header(&x->arguments, mem_dup(text), mem_dup(equals ? equals : ""));
}

static void read_arguments(struct http_exchange *x)
{
	CLEANUP(mem_freep) char *query = mem_dup(x->connection->head.query ? x->connection->head.query : "");
	char *at, *text = strtok_r(query, "&", &at);

	x->arguments_read = true;
	for (int i = 0; text && i < ARGUMENTS_MAX; i++, text = strtok_r(NULL, "&", &at))
		read_argument(x, text);
}

const char *http_exchange_query(struct http_exchange *x, const char *name)
{
	struct header *h;

	if (!x->arguments_read)
		read_arguments(x);
	LL_FOREACH(x->arguments, h)
		if (strcmp(h->name, name) == 0)
			return h->value; /* the first one counts */
	return NULL;
}

const char *http_exchange_request_header(struct http_exchange *x, const char *name)
{
	return http_head_field(&x->connection->head, name);
}

char *http_exchange_request_header_all(struct http_exchange *x, const char *name)
{
	const struct http_head *head = &x->connection->head;
	struct buf text = BUF_INIT(HEADER_LIST_MAX);

	for (size_t i = 0; i < head->count; i++)
		if (strcasecmp(head->fields[i].name, name) == 0)
			buf_printf(&text, "%s%s", text.length ? ", " : "", head->fields[i].value);
	return text.length ? buf_take(&text) : NULL;
}

const char *http_exchange_body(const struct http_exchange *x)
{
	return buf_text(&x->connection->body);
}

size_t http_exchange_body_length(const struct http_exchange *x)
{
	return x->connection->body.length;
}

const char *http_exchange_peer(const struct http_exchange *x)
{
	return x->peer;
}

bool http_exchange_from_loopback(const struct http_exchange *x)
{
	return address_is_loopback(&x->connection->peer);
}

bool http_exchange_tls(const struct http_exchange *x)
{
	return x->connection->tls != NULL;
}

const struct http_certificate *http_exchange_client_certificate(const struct http_exchange *x)
{
	return x->connection->tls ? tls_session_certificate(x->connection->tls) : NULL;
}

/* ---- replying ---- */

const char *exchange_status_text(int status)
{
	static const struct { int status; const char *text; } texts[] = {
		{ 200, "OK" }, { 201, "Created" }, { 202, "Accepted" }, { 204, "No Content" }, { 302, "Found" }, { 304, "Not Modified" },
		{ 400, "Bad Request" }, { 401, "Unauthorized" }, { 403, "Forbidden" }, { 404, "Not Found" }, { 405, "Method Not Allowed" },
		{ 408, "Request Timeout" }, { 409, "Conflict" }, { 411, "Length Required" }, { 413, "Content Too Large" },
		{ 415, "Unsupported Media Type" }, { 417, "Expectation Failed" }, { 422, "Unprocessable Content" },
		{ 429, "Too Many Requests" }, { 431, "Request Header Fields Too Large" }, { 500, "Internal Server Error" },
		{ 501, "Not Implemented" }, { 502, "Bad Gateway" }, { 503, "Service Unavailable" }, { 504, "Gateway Timeout" },
	};

	for (size_t i = 0; i < ARRAY_LEN(texts); i++)
		if (texts[i].status == status)
			return texts[i].text;
	return status < 400 ? "OK" : "Error";
}

int http_exchange_header(struct http_exchange *x, const char *name, const char *value)
{
	if (strpbrk(name, "\r\n: ") || strpbrk(value, "\r\n"))
		return ERR_INVALID;
	add_header(&x->headers, mem_dup(name), mem_dup(value));
	return 0;
}

static void write_date(struct buf *out)
{
	char text[64];
	time_t now = time(NULL);
	struct tm tm;

	if (gmtime_r(&now, &tm) && strftime(text, sizeof(text), "%a, %d %b %Y %H:%M:%S GMT", &tm))
		buf_printf(out, "Date: %s\r\n", text);
}

static void write_head(struct http_exchange *x, int status, const char *content_type)
{
	struct connection *c = x->connection;
	struct header *h;

	buf_printf(&c->out, "HTTP/1.1 %d %s\r\n", status, exchange_status_text(status));
	write_date(&c->out);
	if (c->close_after)
		buf_add_text(&c->out, "Connection: close\r\n");
	if (content_type)
		buf_printf(&c->out, "Content-Type: %s\r\n", content_type);
	LL_FOREACH(x->headers, h)
		buf_printf(&c->out, "%s: %s\r\n", h->name, h->value);
	x->answered = true;
}

/* Who replies may still hold `x`: it is sent, and ends, when the loop comes round. */
void http_exchange_reply(struct http_exchange *x, int status, const char *content_type, const void *body, size_t length)
{
	struct connection *c = x->connection;

	if (x->gone || x->answered)
		return;
	write_head(x, status, content_type);
	if (status != 204 && status != 304)
		buf_printf(&c->out, "Content-Length: %zu\r\n", length);
	buf_add_text(&c->out, "\r\n");
	if (!c->head_only && status != 204 && status != 304)
		buf_add(&c->out, body, length);
	server_kick(c);
}

void http_exchange_stream(struct http_exchange *x, const char *content_type)
{
	struct connection *c = x->connection;

	if (x->gone || x->answered)
		return;
	c->close_after = c->close_after || c->head.http10; /* which knows no chunks */
	write_head(x, 200, content_type);
	buf_add_text(&c->out, c->head.http10 ? "\r\n" : "Transfer-Encoding: chunked\r\n\r\n");
	x->streaming = true;
	x->ended = c->head_only;
	server_kick(c);
}

/* A reader that far behind would not notice a polite end: the connection is shut under it. */
static int stream_cut(struct http_exchange *x)
{
	x->gone = true;
	server_kick(x->connection);
	return ERR_TOO_LARGE;
}

int http_exchange_write(struct http_exchange *x, const char *text)
{
	struct connection *c = x->connection;

	if (x->gone || !x->streaming || x->ended)
		return ERR_CANCELLED;
	if (c->out.length - c->sent + strlen(text) > HTTP_STREAM_MAX)
		return stream_cut(x);
	if (c->head.http10)
		buf_add_text(&c->out, text);
	else if (*text)
		buf_printf(&c->out, "%zx\r\n%s\r\n", strlen(text), text);
	server_kick(c);
	return 0;
}

void http_exchange_end(struct http_exchange *x)
{
	struct connection *c = x->connection;

	if (x->streaming && !x->ended && !c->head.http10)
		buf_add_text(&c->out, "0\r\n\r\n");
	x->ended = true;
	server_kick(c);
}

void http_exchange_on_gone(struct http_exchange *x, void (*fn)(void *arg), void *arg)
{
	x->on_gone = fn;
	x->on_gone_arg = arg;
}
