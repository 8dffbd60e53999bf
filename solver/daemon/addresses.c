#include "solver/daemon/addresses.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "solver/base/mem.h"

static bool has_ipv6(void)
{
	int fd = socket(AF_INET6, SOCK_DGRAM | SOCK_CLOEXEC, 0);

	if (fd < 0)
		return false;
	close(fd);
	return true;
}

char **addresses_expand(char *const *listen)
{
	size_t count = 0, used = 0;
	char **list;

	while (listen && listen[count])
		count++;
	list = mem_new(2 * count + 1, sizeof(*list));
	for (size_t i = 0; i < count; i++) {
		if (strchr(listen[i], ':')) {
			list[used++] = mem_dup(listen[i]);
			continue;
		}
		list[used++] = mem_printf("0.0.0.0:%s", listen[i]);
		if (has_ipv6())
			list[used++] = mem_printf("[::]:%s", listen[i]);
	}
	return list;
}

void addresses_freep(char ***list)
{
	for (size_t i = 0; *list && (*list)[i]; i++)
		free((*list)[i]);
	free(*list);
}
