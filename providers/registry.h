/* All providers that are built in, by name. */
#ifndef PROVIDERS_REGISTRY_H
#define PROVIDERS_REGISTRY_H

#include "providers/provider.h"

/* NULL-ended list. */
const struct provider_api *const *provider_list(void);
/* NULL when there is none. */
const struct provider_api *provider_find(const char *name);

#endif
