/* links: dcvd_api */
/* Bodies of httpreq, acmeproxy and acme-dns: an error never shows the value, an echo is valid JSON. The first byte chooses. */
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "solver/api/acmedns/acme_dns_body.h"
#include "solver/api/door/door.h"
#include "solver/api/httpreq/httpreq_body.h"
#include "solver/api/door/sentence.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define VALUE "LoqXcYV8q5ONbJQxbmR7SCTNo3tiAXDfowyjxAjEuX0"

static void try_httpreq(const char *text, size_t size)
{
	struct problem problem = { 0 };
	struct httpreq_body b;
	char hidden[ERR_TEXT_MAX];

	if (httpreq_body_read(text, size, &b, &problem) < 0) {
		if (problem.status < 400)
			abort();
		return;
	}
	json_decref(httpreq_body_echo(&b));
	httpreq_body_hide(&b, b.request.value ? b.request.value : b.request.key_authorization, hidden, sizeof(hidden));
	if (b.request.value && strlen(b.request.value) >= 43 && strstr(hidden, b.request.value))
		abort();
	httpreq_body_done(&b);
}

static void try_acme_dns(const char *text, size_t size)
{
	struct register_body r = { 0 };
	struct update_body u;

	if (!register_body_read(text, size, &r))
		free(r.allow_from);
	update_body_read(text, size, &u);
	if (u.txt[0] && strlen(u.txt) != ACME_DNS_VALUE_LENGTH)
		abort();
}

static void try_texts(const char *text, size_t size)
{
	const char *const hidden[] = { VALUE, NULL };
	char *copy = strndup(text, size), settled[200], identifier[254], uuid[UUID_SIZE];

	sentence_settle(copy, hidden, settled, sizeof(settled));
	if (strstr(settled, VALUE))
		abort();
	door_identifier(copy, identifier);
	uuid_read(copy, uuid);
	acme_dns_password_is_well_formed(copy);
	acme_dns_subdomain_is_valid(copy);
	free(copy);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const char *text = (const char *)data + 1;

	if (size < 1)
		return 0;
	switch (data[0] % 3) {
	case 0: try_httpreq(text, size - 1); break;
	case 1: try_acme_dns(text, size - 1); break;
	default: try_texts(text, size - 1); break;
	}
	return 0;
}
