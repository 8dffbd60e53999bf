#include "solver/net/interface.h"

#include <errno.h>
#include <ifaddrs.h>
#include <net/if.h>
#include <string.h>
#include <unistd.h>

#include "solver/net/address.h"

#define DNS_PORT 53

bool interface_has(const char *address)
{
	char text[ADDRESS_TEXT_SIZE];
	struct ifaddrs *list;
	bool found = false;

	if (getifaddrs(&list) < 0)
		return false;
	for (struct ifaddrs *i = list; i && !found; i = i->ifa_next) {
		struct sockaddr_storage sa = { 0 };

		if (!i->ifa_addr || (i->ifa_flags & IFF_LOOPBACK) ||
		    (i->ifa_addr->sa_family != AF_INET && i->ifa_addr->sa_family != AF_INET6))
			continue;
		sa.ss_family = i->ifa_addr->sa_family;
		memcpy(&sa, i->ifa_addr, address_length(&sa));
		found = strcmp(address_host(&sa, text), address) == 0;
	}
	freeifaddrs(list);
	return found;
}

int interface_obstacle(const char *address)
{
	struct sockaddr_storage sa;
	int number = 0, fd;

	if (address_parse(address, DNS_PORT, &sa, NULL) < 0)
		return EINVAL;
	fd = socket(sa.ss_family, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	if (fd < 0)
		return errno;
	if (connect(fd, (const struct sockaddr *)&sa, address_length(&sa)) < 0) /* sends nothing */
		number = errno;
	close(fd);
	return number;
}

bool interface_is_short(int number)
{
	return number == EMFILE || number == ENFILE || number == ENOBUFS || number == ENOMEM;
}

int interface_family_obstacle(bool ipv6)
{
	static const char *const roots[2][2] = { { "198.41.0.4", "193.0.14.129" }, { "2001:503:ba3e::2:30", "2001:7fd::1" } };
	int number = interface_obstacle(roots[ipv6][0]);

	return number ? interface_obstacle(roots[ipv6][1]) : 0;
}
