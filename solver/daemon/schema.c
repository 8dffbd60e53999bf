#include "solver/daemon/schema.h"

#include "providers/registry.h"

const struct option *schema_provider_table(const char *type, size_t *ret_size)
{
	const struct provider_api *api = provider_find(type);

	if (!api)
		return NULL;
	*ret_size = api->options_size;
	return api->options;
}
