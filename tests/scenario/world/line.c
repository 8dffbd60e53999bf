#include "tests/scenario/world/line.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "solver/base/buf.h"
#include "solver/base/mem.h"

#define HEADERS_MAX 65536

const char *line_read(void)
{
	static char *line;
	static size_t room;
	ssize_t length = getline(&line, &room, stdin);

	if (length < 0) {
		free(line);
		line = NULL;
		return NULL;
	}
	line[strcspn(line, "\n")] = '\0';
	return line;
}

char *line_read_block(size_t length)
{
	char *block = mem_new(length + 1, 1);

	if (fread(block, 1, length, stdin) != length)
		exit(1);
	return block;
}

void line_write(const char *format, ...)
{
	va_list args;

	va_start(args, format);
	vprintf(format, args);
	va_end(args);
	fputc('\n', stdout);
	fflush(stdout);
}

void line_write_text(const char *text)
{
	printf("text %zu\n%s", strlen(text), text);
	fflush(stdout);
}

static void write_request(long long now_ms, const struct http_request *request)
{
	CLEANUP(buf_done) struct buf headers = BUF_INIT(HEADERS_MAX);
	size_t length = request->body ? request->body_length ? request->body_length : strlen(request->body) : 0;

	for (size_t i = 0; request->headers && request->headers[i]; i++)
		buf_printf(&headers, "%s\n", request->headers[i]);
	printf("ask %lld %s %zu %zu %s\n%s", now_ms, request->method ? request->method : "GET", headers.length, length, request->url,
	       headers.length ? buf_text(&headers) : "");
	fwrite(request->body ? request->body : "", 1, length, stdout);
	fflush(stdout);
}

int line_ask(long long now_ms, const struct http_request *request, char **ret_body, char **ret_headers, char **ret_zones)
{
	const char *line;
	size_t headers, body, zones;
	int status;

	write_request(now_ms, request);
	line = line_read();
	if (!line || sscanf(line, "%d %zu %zu %zu", &status, &headers, &body, &zones) != 4)
		exit(1);
	*ret_headers = line_read_block(headers);
	*ret_body = line_read_block(body);
	*ret_zones = line_read_block(zones);
	return status;
}
