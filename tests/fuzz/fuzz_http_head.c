/* links: dcvd_net */
/* Any bytes as a request: the head, then its body in chunks. What is taken must hold nothing that another reader could read otherwise,
 * and must be the same when it comes in two pieces. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "solver/net/http_head.h"

static void require(int fact)
{
	if (!fact)
		abort();
}

static size_t count(const struct http_head *h, const char *name)
{
	size_t n = 0;

	for (size_t i = 0; i < h->count; i++)
		n += strcasecmp(h->fields[i].name, name) == 0;
	return n;
}

static void look(const struct http_head *h)
{
	require(*h->method && (*h->target == '/' || strcmp(h->target, "*") == 0));
	require(count(h, "Host") == 1 || (h->http10 && count(h, "Host") == 0));
	require(count(h, "Content-Length") + count(h, "Transfer-Encoding") <= 1);
	for (size_t i = 0; i < h->count; i++)
		require(!strpbrk(h->fields[i].name, " \t:\r\n") && !strpbrk(h->fields[i].value, "\r\n"));
}

static void chunks(const char *bytes, size_t length)
{
	struct http_chunks c = { 0 };
	bool done = false;
	long used = 1;

	while (used > 0 && !done) {
		const char *data = NULL;
		size_t size = 0;

		used = http_chunks_next(&c, bytes, length, &data, &size, &done);
		require(used <= (long)length && size <= length);
		bytes += used > 0 ? used : 0;
		length -= used > 0 ? (size_t)used : 0;
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const char *bytes = (const char *)data, *why = NULL;
	long length = http_head_length(bytes, size, 0, &why);
	struct http_head head;

	require(length >= 0 || why);
	if (length == 0)
		require(http_head_length(bytes, size, size / 2, &why) == 0);
	if (length <= 0)
		return 0;
	require(http_head_length(bytes, size, (size_t)length / 2, &why) == length);
	if (http_head_parse(bytes, (size_t)length, &head, &why) == 0) {
		look(&head);
		if (head.framing == HTTP_FRAMING_CHUNKED)
			chunks(bytes + length, size - (size_t)length);
	}
	http_head_done(&head);
	return 0;
}
