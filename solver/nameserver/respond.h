/* From a DNS query to its reply: no sockets, no allocation, every read and write bounded. */
#ifndef SOLVER_NAMESERVER_RESPOND_H
#define SOLVER_NAMESERVER_RESPOND_H

#include <stddef.h>
#include <stdint.h>

#include "solver/answers/answers.h"
#include "solver/nameserver/zones.h"

#define RESPOND_UDP_MAX 1232  /* no fragments on any usual path (DNS flag day 2020) */
#define RESPOND_TCP_MAX 65535

/* Length of the reply; 0 when there is to be none (no query, or a response). `room` is at least
 * RESPOND_UDP_MAX. Over UDP, what does not fit the asker's size is left out with TC set. */
size_t nameserver_respond(const struct zones *z, struct answers *a, const uint8_t *query, size_t length,
	bool tcp, uint8_t *reply, size_t room);
/* Takes everything but the question off a reply and sets TC, so that the asker comes back by TCP. Returns the length left. */
size_t nameserver_truncate(uint8_t *reply, size_t length);

#endif
