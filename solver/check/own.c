#include "solver/check/own.h"

#include <string.h>

#include "solver/base/mem.h"
#include "solver/dns/name.h"

char *own_address(const char *listen)
{
	if (!strchr(listen, ':'))
		return mem_printf("127.0.0.1:%s", listen);
	if (strncmp(listen, "0.0.0.0:", 8) == 0)
		return mem_printf("127.0.0.1:%s", listen + 8);
	if (strncmp(listen, "[::]:", 5) == 0)
		return mem_printf("[::1]:%s", listen + 5);
	return mem_dup(listen);
}

bool own_listener(const struct checker *c, const char *address)
{
	for (char *const *listen = (char *const *)c->config->dns.listen; listen && *listen; listen++) {
		CLEANUP(mem_freep) char *own = own_address(*listen);

		if (strcmp(own, address) == 0)
			return true;
	}
	return false;
}

const char *own_zone(const struct checker *c, const char *fqdn)
{
	char *const *zones = (char *const *)c->config->dns.zones;

	for (size_t i = 0; zones && zones[i]; i++)
		if (name_is_below(fqdn, zones[i]) && name_is_below(zones[i], "test"))
			return zones[i];
	return NULL;
}
