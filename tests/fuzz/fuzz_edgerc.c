/* links: dcvd_crypto */
/* .edgerc files: an error with a sentence, or credentials; never a crash. */
#include <stddef.h>
#include <stdint.h>

#include "solver/crypto/edgegrid.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct edgegrid_credentials c = { 0 };
	struct err err = { 0 };

	edgegrid_credentials_parse((const char *)data, size, "edgerc", NULL, &c, &err);
	edgegrid_credentials_done(&c);
	return 0;
}
