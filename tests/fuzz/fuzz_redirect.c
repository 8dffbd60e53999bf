/* links: dcvd_verdict */
/* A base URL and a Location, divided by the first line feed: what is read from them can be asked, and reading it again changes nothing.
 * Then a walk that is sent there ends or asks within the rules. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "solver/base/mem.h"
#include "solver/verdict/network/address.h"
#include "solver/verdict/judge.h"
#include "solver/verdict/http/url.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check_url(const char *base, const char *reference)
{
	static struct url first, once, twice;

	if (url_resolve("http://www.example.com/", base, &first) < 0 || url_resolve(first.text, reference, &once) < 0)
		return;
	for (const char *p = once.text; *p; p++)
		if (*p < ' ' || *p > '~' || (*p == ' ' && !memchr(once.text, '?', (size_t)(p - once.text))))
			abort();
	if (strlen(once.text) >= URL_SIZE || strlen(once.host) >= URL_HOST_SIZE)
		abort();
	if (url_resolve(once.text, once.text, &twice) < 0 || strcmp(once.text, twice.text) != 0 || strcmp(once.host, twice.host) != 0)
		abort();
}

static void add_hop(struct evidence *e, const struct http_next *next, const uint8_t *location, size_t length)
{
	struct ev_hop *hop = evidence_add_hop(e);

	hop->url = mem_dup(next->url);
	hop->host = mem_dup(next->host);
	hop->address = mem_dup(next->address);
	hop->status = 302;
	hop->location = evidence_escape(location, length);
}

/* A web server that answers everything with this redirect, at an address. */
static void check_walk(const uint8_t *location, size_t length)
{
	static struct authorities *set;
	struct evidence *e = evidence_new();
	struct http_next next;
	const struct authority *a;

	if (!set && authorities_load(NULL, &set, NULL) < 0)
		abort();
	a = authorities_find(set, "letsencrypt");
	e->identifier = mem_dup("93.184.215.14");
	e->ip = true;
	e->type = mem_dup("http-01");
	e->token = mem_dup("token");
	for (int i = 0; i < 20; i++) {
		http_attempt_next(e, a, 0, &next);
		if (next.want != HTTP_FETCH)
			break;
		if (i == 15 || address_is_reserved(next.address) || strncmp(next.url, "http", 4) != 0)
			abort();
		add_hop(e, &next, location, length);
	}
	evidence_free(e);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	CLEANUP(mem_freep) char *base = mem_dup_n((const char *)data, size);
	char *reference = strchr(base, '\n');

	if (!reference)
		return 0;
	*reference++ = '\0';
	check_url(base, reference);
	check_walk(data + (reference - base), size - (size_t)(reference - base));
	return 0;
}
