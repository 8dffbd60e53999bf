/* links: dcvd_verdict */
/* Any text as the profile of an authority. What is accepted must be whole. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "solver/verdict/data/authority.h"
#include "solver/verdict/judge.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct authority *a = NULL;
	struct err err = { 0 };

	if (authority_parse((const char *)data, size, "fuzz", &a, &err) < 0) {
		if (!err.text[0] || a)
			abort();
		return 0;
	}
	if (!a->name || !a->title || !a->issuers || !a->account_prefixes || !a->types || !a->types[0] || !a->redirect_statuses)
		abort();
	identifier_check("www.example.org", false, "dns-01", a, &err);
	authority_free(a);
	return 0;
}
