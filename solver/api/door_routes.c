/* The doors of clients that prefix a URL of their own choice to a fixed word. */
#include <stdlib.h>
#include <string.h>

#include "solver/api/door/door.h"

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

void door_reply_error(struct api *a, struct http_exchange *x, int status, const char *text)
{
	door_reply_later(a, x, status, text, 0);
}

void door_reply_later(struct api *a, struct http_exchange *x, int status, const char *text, int retry_after_s)
{
	json_t *said = json_string(text), *error = json_pack("{so}", "error", said ? said : json_string("the request holds what is no UTF-8"));
	char *body = json_dumps(error, 0); /* with the space behind the colon, as acme-dns writes it */

	a->refused++;
	if (status == 401)
		http_exchange_header(x, "WWW-Authenticate", "Basic realm=\"dcvd\"");
	reply_retry_after(x, status, retry_after_s);
	http_exchange_header(x, "Cache-Control", "no-store");
	http_exchange_reply(x, status, JSON_TYPE, body, strlen(body));
	free(body);
	json_decref(error);
}
