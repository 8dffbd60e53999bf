/* The doors of clients that prefix a URL of their own choice to a fixed word. */
#include "solver/api/door_routes.h"

#include <string.h>

#include "solver/api/acmedns/acme_dns.h"
#include "solver/api/httpreq/httpreq.h"

static const struct {
	const char *word;
	void (*run)(struct api *a, struct http_exchange *x);
} doors[] = {
	{ "/present", httpreq_present },
	{ "/cleanup", httpreq_cleanup },
	{ "/register", acme_dns_register },
	{ "/update", acme_dns_update },
	{ "/health", acme_dns_health },
};

static bool ends_in(const char *path, const char *word)
{
	size_t length = strlen(path), end = strlen(word);

	return length >= end && strcmp(path + length - end, word) == 0;
}

bool doors_handle(struct api *a, struct http_exchange *x)
{
	const char *path = http_exchange_path(x);

	if (strncmp(path, "/v1/", 4) == 0 || strncmp(path, "/apis/", 6) == 0)
		return false;
	for (size_t i = 0; i < sizeof(doors) / sizeof(doors[0]); i++) {
		if (!ends_in(path, doors[i].word))
			continue;
		doors[i].run(a, x);
		return true;
	}
	return false;
}
