#include "solver/net/interface.h"

#include <ifaddrs.h>
#include <net/if.h>
#include <string.h>
#include <unistd.h>

#include "solver/net/address.h"

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

bool interface_reaches(const char *address)
{
	struct sockaddr_storage sa;
	bool reaches;
	int fd;

	if (address_parse(address, 53, &sa, NULL) < 0)
		return false;
	fd = socket(sa.ss_family, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	if (fd < 0)
		return false;
	reaches = connect(fd, (const struct sockaddr *)&sa, address_length(&sa)) == 0; /* sends nothing */
	close(fd);
	return reaches;
}
