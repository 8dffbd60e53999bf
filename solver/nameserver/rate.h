/* Response rate limiting over UDP: the address of a query may be forged, and whoever it names must not be flooded with our replies.
 * Replies to one network (/24 of IPv4, /56 of IPv6) come from a bucket; beyond it they are cut to the question with TC set, which is
 * no larger than the query and brings an honest asker back by TCP, or dropped. Pure: time comes in. One table a worker. */
#ifndef SOLVER_NAMESERVER_RATE_H
#define SOLVER_NAMESERVER_RATE_H

#include <stdint.h>
#include <sys/socket.h>

#include "solver/base/network.h"

enum rate_verdict { RATE_ANSWER, RATE_TRUNCATE, RATE_DROP };

struct rate_options {
	unsigned per_second;             /* replies to one network; twice as many at once. 0: no limit */
	unsigned slip;                   /* of the limited replies every how many-th is truncated and not dropped; 0: none */
	const struct networks *exempt;   /* borrowed; NULL: none. Loopback always is */
};

struct rate_limit;
struct rate_limit *rate_limit_new(const struct rate_options *options); /* gives (free with rate_limit_free) */
void rate_limit_free(struct rate_limit *r);                            /* NULL is allowed */
enum rate_verdict rate_limit_take(struct rate_limit *r, const struct sockaddr_storage *peer, int64_t now_ms);

#endif
