/* links: dcvd_webroot */
/* A request target and a Host header, divided by the first line feed: what is read from them holds
 * only the characters that may go into a look-up. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "solver/base/mem.h"
#include "webroot/target.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	CLEANUP(mem_freep) char *target = mem_dup_n((const char *)data, size);
	char *header = strchr(target, '\n'), host[TARGET_HOST_SIZE];
	const char *token;

	if (header)
		*header++ = '\0';
	token = target_token(target);
	if (token && (!target_token_valid(token) || strpbrk(token, "./%\\ ")))
		abort();
	if (target_host(target, header, host) && (!*host || strlen(host) >= sizeof(host) || strpbrk(host, "/[]% ABCXYZ")))
		abort();
	return 0;
}
