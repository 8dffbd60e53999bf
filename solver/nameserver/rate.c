#include "solver/nameserver/rate.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

#include "solver/base/mem.h"

#define BUCKETS 65536
#define BURST 2 /* seconds' worth of replies at once */

struct bucket {
	uint64_t prefix;    /* 0: nobody's */
	int64_t filled_ms;
	uint32_t tokens;    /* thousandths of a reply */
	uint32_t limited;
};

struct rate_limit {
	struct rate_options options;
	uint64_t salt;      /* so that a sender cannot find out whose buckets collide */
	struct bucket buckets[BUCKETS];
};

struct rate_limit *rate_limit_new(const struct rate_options *options)
{
	struct rate_limit *r = mem_new(1, sizeof(*r));

	r->options = *options;
	if (getrandom(&r->salt, sizeof(r->salt), 0) != sizeof(r->salt))
		r->salt = (uint64_t)(uintptr_t)r;
	return r;
}

void rate_limit_free(struct rate_limit *r)
{
	free(r);
}

/* Never 0: the family stands in the lowest byte. */
static uint64_t prefix_of(const struct sockaddr_storage *peer)
{
	const struct sockaddr_in6 *v6 = (const struct sockaddr_in6 *)peer;
	uint64_t prefix = 0;

	if (peer->ss_family == AF_INET6 && !IN6_IS_ADDR_V4MAPPED(&v6->sin6_addr)) {
		memcpy(&prefix, &v6->sin6_addr, 7);
		return be64toh(prefix) | 6;
	}
	if (peer->ss_family == AF_INET6)
		memcpy(&prefix, v6->sin6_addr.s6_addr + 12, 3);
	else
		memcpy(&prefix, &((const struct sockaddr_in *)peer)->sin_addr, 3);
	return be64toh(prefix) | 4;
}

static bool is_loopback(const struct sockaddr_storage *peer)
{
	const struct in6_addr *v6 = &((const struct sockaddr_in6 *)peer)->sin6_addr;

	if (peer->ss_family == AF_INET6)
		return IN6_IS_ADDR_LOOPBACK(v6) || (IN6_IS_ADDR_V4MAPPED(v6) && v6->s6_addr[12] == 127);
	return ntohl(((const struct sockaddr_in *)peer)->sin_addr.s_addr) >> 24 == 127;
}

static bool is_exempt(const struct rate_limit *r, const struct sockaddr_storage *peer)
{
	const void *address = &((const struct sockaddr_in *)peer)->sin_addr;
	char text[INET6_ADDRSTRLEN];

	if (peer->ss_family == AF_INET6)
		address = &((const struct sockaddr_in6 *)peer)->sin6_addr;
	return r->options.exempt && inet_ntop(peer->ss_family, address, text, sizeof(text)) && networks_hold(r->options.exempt, text);
}

static void refill(struct bucket *b, uint32_t per_second, int64_t now_ms)
{
	uint64_t most = (uint64_t)per_second * 1000 * BURST, tokens = b->tokens + (uint64_t)(now_ms - b->filled_ms) * per_second;

	b->tokens = (uint32_t)(tokens < most ? tokens : most);
	b->filled_ms = now_ms;
}

/* A bucket that is full limits nobody, and may become another's. Two networks that want one at once share it. */
static struct bucket *bucket_of(struct rate_limit *r, uint64_t prefix, int64_t now_ms)
{
	struct bucket *b = &r->buckets[(prefix ^ r->salt) * UINT64_C(0x9e3779b97f4a7c15) >> 48];
	uint32_t full = r->options.per_second * 1000 * BURST;

	refill(b, r->options.per_second, now_ms);
	if (b->prefix != prefix && (!b->prefix || b->tokens == full))
		*b = (struct bucket){ .prefix = prefix, .filled_ms = now_ms, .tokens = full };
	return b;
}

enum rate_verdict rate_limit_take(struct rate_limit *r, const struct sockaddr_storage *peer, int64_t now_ms)
{
	struct bucket *b;

	if (!r->options.per_second || is_loopback(peer))
		return RATE_ANSWER;
	b = bucket_of(r, prefix_of(peer), now_ms);
	if (b->tokens >= 1000) {
		b->tokens -= 1000;
		return RATE_ANSWER;
	}
	if (is_exempt(r, peer))
		return RATE_ANSWER;
	return r->options.slip && b->limited++ % r->options.slip == 0 ? RATE_TRUNCATE : RATE_DROP;
}
