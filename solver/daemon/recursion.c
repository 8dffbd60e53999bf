#include "solver/daemon/recursion.h"

#include <sys/socket.h>
#include <unistd.h>

static bool has_ipv6(void)
{
	int fd = socket(AF_INET6, SOCK_DGRAM | SOCK_CLOEXEC, 0);

	if (fd < 0)
		return false;
	close(fd);
	return true;
}

int recursion_open(struct loop *l, const struct config *config, struct recursor **ret, struct err *err)
{
	const struct config_check *c = &config->check;
	/* A root of one's own, a stub or an allowed network may well be on this host. */
	const struct recursor_options options = {
		.root_hints = c->root_hints, .trust_anchor = c->trust_anchor, .stub_zones = (const char *const *)c->stub_zones,
		.localhost = c->root_hints || (c->stub_zones && c->stub_zones[0]) || (c->allow_addresses && c->allow_addresses[0]),
		.ipv6 = has_ipv6(),
	};

	*ret = NULL;
	return c->authority_view ? recursor_new(l, &options, ret, err) : 0;
}
