#include "providers/registry.h"

#include <string.h>

#include "providers/edgedns/edgedns.h"
#include "providers/embedded/embedded.h"
#include "providers/exec/exec.h"
#include "providers/memory/memory.h"
#include "providers/powerdns/powerdns.h"
#include "providers/rfc2136/rfc2136.h"

static const struct provider_api *const providers[] = {
	&embedded_provider,
	&edgedns_provider,
	&rfc2136_provider,
	&powerdns_provider,
	&exec_provider,
	&memory_provider,
	NULL,
};

const struct provider_api *const *provider_list(void)
{
	return providers;
}

const struct provider_api *provider_find(const char *name)
{
	for (size_t i = 0; providers[i]; i++) {
		if (strcmp(providers[i]->name, name) == 0)
			return providers[i];
	}
	return NULL;
}
