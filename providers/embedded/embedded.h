/* The provider of the zones that dcvd serves itself: asks the engine to set or clear the values among
 * the published answers, which solver/nameserver reads. Nothing leaves the process. */
#ifndef PROVIDERS_EMBEDDED_EMBEDDED_H
#define PROVIDERS_EMBEDDED_EMBEDDED_H

#include "providers/provider.h"

extern const struct provider_api embedded_provider;

#endif
