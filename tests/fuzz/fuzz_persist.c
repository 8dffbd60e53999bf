/* links: dcvd_verdict */
/* A dns-persist-01 record as it came; what is accepted is written again and means the same. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "solver/base/mem.h"
#include "solver/verdict/judge.h"
#include "solver/verdict/dns/persist_record.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct persist_record r, again;
	struct err err;
	char *value;

	if (persist_record_parse(data, size, &r, &err) < 0) {
		if (!*err.text)
			abort();
		persist_record_done(&r);
		return 0;
	}
	value = persist_value(r.issuer, r.account_uri, persist_record_is_wildcard(&r), r.has_until ? r.until_s : 0);
	if (persist_record_parse((const uint8_t *)value, strlen(value), &again, &err) < 0 || strcmp(again.issuer, r.issuer) != 0 ||
	    strcmp(again.account_uri, r.account_uri) != 0 || again.until_s != (r.has_until ? r.until_s : 0) ||
	    persist_record_is_wildcard(&again) != persist_record_is_wildcard(&r))
		abort();
	free(value);
	persist_record_done(&r);
	persist_record_done(&again);
	return 0;
}
