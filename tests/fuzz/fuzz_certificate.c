/* links: dcvd_crypto */
/* A certificate of a stranger, DER. */
#include <stdint.h>
#include <stdlib.h>

#include "solver/crypto/certificate.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct certificate c;

	if (certificate_parse(data, size, &c, NULL) < 0)
		return 0;
	if (!c.shown || (c.dns_count && !c.dns) || (c.has_names && !c.names) || (c.digest_valid && !c.has_identifier))
		abort();
	certificate_done(&c);
	return 0;
}
