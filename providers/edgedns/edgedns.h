/* Akamai Edge DNS through its zone management API, config-dns v2. */
#ifndef PROVIDERS_EDGEDNS_EDGEDNS_H
#define PROVIDERS_EDGEDNS_EDGEDNS_H

#include "providers/provider.h"

extern const struct provider_api edgedns_provider;

#endif
