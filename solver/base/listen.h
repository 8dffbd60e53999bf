/* Listening sockets: "127.0.0.1:53", "[::1]:80", port 0 for any free one.
 *
 * A failure names the address, the reason, and the option that moves it, so that a taken port is a
 * sentence and not a riddle. IPv6 sockets take IPv6 only: "0.0.0.0:80" and "[::]:80" stand side by side. */
#ifndef SOLVER_BASE_LISTEN_H
#define SOLVER_BASE_LISTEN_H

#include <netinet/in.h>
#include <stdbool.h>
#include <sys/socket.h>

#include "solver/base/err.h"

#define LISTEN_TEXT_SIZE 64

struct listen_address {
	union {
		struct sockaddr any;
		struct sockaddr_in v4;
		struct sockaddr_in6 v6;
	};
	socklen_t length;
};

/* `option` ("dns.listen") stands in the sentence of the error, here and below; listen_open() and listen_open_beside() take NULL too. */
int listen_parse(const char *text, const char *option, struct listen_address *ret_address, struct err *err);
/* "127.0.0.1:5353"; returns text. */
const char *listen_text(const struct listen_address *address, char text[LISTEN_TEXT_SIZE]);
/* Opens, binds and (for SOCK_STREAM) listens, non-blocking, `count` sockets that share the address:
 * the kernel spreads the load over them. Refuses an address anybody else holds. Port 0 is replaced in
 * `address` by the one the kernel chose. Gives the descriptors, or none. */
int listen_open(struct listen_address *address, int type, unsigned count, const char *option, int *ret_fds, struct err *err);
/* The same beside sockets of ours that are closed soon and hold a part of the address, as 0.0.0.0:53 holds 127.0.0.1:53: `own` let the new ones in. They
 * were opened with the same `count`. */
int listen_open_beside(struct listen_address *address, int type, unsigned count, const char *option, const int *own, size_t own_count, int *ret_fds,
                       struct err *err);

#endif
