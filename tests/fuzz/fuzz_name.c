/* links: dcvd_dns */
/* Names from strangers: whatever is accepted must be a plain name that is its own normal form. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "solver/base/mem.h"
#include "solver/dns/message.h"
#include "solver/dns/name.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	CLEANUP(mem_freep) char *text = mem_dup_n((const char *)data, size);
	CLEANUP(mem_freep) char *value = NULL;
	CLEANUP(mem_freep) char *quoted = NULL;
	char name[NAME_SIZE], again[NAME_SIZE], fqdn[NAME_SIZE];
	bool wildcard;
	struct err err;

	if (name_identifier(text, name, &wildcard, &err) == 0) {
		if (name_normalize(name, again, &err) < 0 || strcmp(name, again) != 0 || !*name)
			abort();
		name_challenge(name, fqdn, &err);
	}
	quoted = dns_txt_quote(text);
	if (dns_txt_unquote(quoted, &value) < 0 || (size < DNS_MESSAGE_MAX && strcmp(value, text) != 0))
		abort();
	free(value);
	value = NULL;
	dns_txt_unquote(text, &value);
	return 0;
}
