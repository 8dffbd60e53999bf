/* One DNS message to one server and back, byte for byte, over libuv's sockets: for what c-ares cannot carry
 * (UPDATE, TSIG). The reply is matched by id and opcode only; whoever asked checks the rest. */
#ifndef SOLVER_NET_EXCHANGE_H
#define SOLVER_NET_EXCHANGE_H

#include <string.h>
#include <sys/socket.h>

#include "solver/net/resolver.h"

struct exchanger;

struct exchanger *exchanger_new(struct loop *l, int timeout_ms, int tries);
void exchanger_reconfigure(struct exchanger *e, int timeout_ms, int tries); /* of exchanges that start from now on */
void exchanger_free(struct exchanger *e); /* what is under way is told ERR_CANCELLED */
/* UDP falls back to TCP when the reply is truncated. `done` comes as loop.h says. */
int exchange_start(struct exchanger *e, const struct sockaddr_storage *server, const unsigned char *wire, size_t length, bool tcp,
                   dns_reply_fn done, void *arg, struct err *err);

#define EXCHANGE_CUT "TCP, after an answer over UDP that was cut off"
/* Whether an exchange failed over TCP where a cut answer over UDP had led it. */
static inline bool exchange_was_cut(const struct err *err)
{
	return err->code && strstr(err->text, EXCHANGE_CUT);
}

#endif
