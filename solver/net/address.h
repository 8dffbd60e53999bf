/* Socket addresses as text: "192.0.2.1", "192.0.2.1:53", "2001:db8::1", "[2001:db8::1]:53". No host names. */
#ifndef SOLVER_NET_ADDRESS_H
#define SOLVER_NET_ADDRESS_H

#include <stdbool.h>
#include <sys/socket.h>

#include "solver/base/err.h"

#define ADDRESS_TEXT_SIZE 64

int address_parse(const char *text, int default_port, struct sockaddr_storage *ret, struct err *err);
/* "192.0.2.1:53", "[2001:db8::1]:53"; returns text. */
const char *address_text(const struct sockaddr_storage *sa, char text[ADDRESS_TEXT_SIZE]);
/* Without the port and the brackets. */
const char *address_host(const struct sockaddr_storage *sa, char text[ADDRESS_TEXT_SIZE]);
int address_port(const struct sockaddr_storage *sa);
bool address_is_loopback(const struct sockaddr_storage *sa);
socklen_t address_length(const struct sockaddr_storage *sa);

#endif
