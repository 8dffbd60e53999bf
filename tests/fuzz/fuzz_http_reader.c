/* links: dcvd_net */
/* An HTTP response of a stranger's web server: byte by byte it reads as at once, and nothing is kept beyond the limits. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "solver/base/mem.h"
#include "solver/net/http_reader.h"

#define BODY_MAX 128

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static struct http_reader *read_in_steps(const uint8_t *data, size_t size, size_t step)
{
	struct http_reader *r = http_reader_new(BODY_MAX);
	bool more = true;

	for (size_t i = 0; more && i < size; i += step)
		more = http_reader_feed(r, data + i, step < size - i ? step : size - i);
	if (more)
		http_reader_end(r);
	return r;
}

static bool same(const char *a, const char *b)
{
	return a == b || (a && b && strcmp(a, b) == 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct http_reader *whole = read_in_steps(data, size, size ? size : 1), *bytes = read_in_steps(data, size, 1);
	struct http_response a, b;

	http_reader_response(whole, &a);
	http_reader_response(bytes, &b);
	if (a.read != b.read || a.status != b.status || a.body_length != b.body_length || memcmp(a.body, b.body, a.body_length) != 0 ||
	    !same(a.location, b.location) || !same(a.encoding, b.encoding) || !same(a.why, b.why))
		abort();
	if (a.body_length > BODY_MAX || a.status > 999 || (a.read == HTTP_READ_HEAD && size) || a.read == HTTP_READ_BODY)
		abort();
	http_reader_free(whole);
	http_reader_free(bytes);
	return 0;
}
