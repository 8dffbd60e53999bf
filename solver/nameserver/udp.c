/* UDP in batches: one system call reads up to 64 queries, one sends their replies. */
#include <errno.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include "solver/base/clock.h"
#include "solver/base/mem.h"
#include "solver/nameserver/respond.h"
#include "solver/nameserver/worker.h"

#define BATCH 64
#define QUERY_MAX 1232
#define ROUNDS 16 /* batches before the other sockets get their turn */

struct udp_batch {
	struct mmsghdr in[BATCH], out[BATCH];
	struct iovec in_bytes[BATCH], out_bytes[BATCH];
	struct sockaddr_storage peers[BATCH];
	union {
		char bytes[CMSG_SPACE(sizeof(struct in6_pktinfo))];
		struct cmsghdr align;
	} control[BATCH];
	uint8_t queries[BATCH][QUERY_MAX];
	uint8_t replies[BATCH][RESPOND_UDP_MAX];
};

struct udp_batch *udp_batch_new(void)
{
	struct udp_batch *b = mem_new(1, sizeof(*b));

	for (size_t i = 0; i < BATCH; i++) {
		b->in_bytes[i] = (struct iovec){ b->queries[i], QUERY_MAX };
		b->in[i].msg_hdr.msg_iov = &b->in_bytes[i];
		b->in[i].msg_hdr.msg_iovlen = 1;
		b->in[i].msg_hdr.msg_name = &b->peers[i];
		b->in[i].msg_hdr.msg_control = b->control[i].bytes;
	}
	return b;
}

void udp_batch_free(struct udp_batch *b)
{
	free(b);
}

static bool address_is_any(const struct sockaddr_storage *address)
{
	if (address->ss_family == AF_INET6)
		return IN6_IS_ADDR_UNSPECIFIED(&((const struct sockaddr_in6 *)address)->sin6_addr);
	return ((const struct sockaddr_in *)address)->sin_addr.s_addr == INADDR_ANY;
}

int udp_prepare(int fd)
{
	struct sockaddr_storage address;
	socklen_t length = sizeof(address);
	int on = 1, room = 4 << 20;

	setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &room, sizeof(room)); /* as much as the system allows */
	setsockopt(fd, SOL_SOCKET, SO_SNDBUF, &room, sizeof(room));
	if (getsockname(fd, (struct sockaddr *)&address, &length) < 0)
		return -1;
	if (!address_is_any(&address))
		return 0;
	if (address.ss_family == AF_INET6)
		return setsockopt(fd, IPPROTO_IPV6, IPV6_RECVPKTINFO, &on, sizeof(on));
	return setsockopt(fd, IPPROTO_IP, IP_PKTINFO, &on, sizeof(on));
}

/* The reply leaves from the address that was asked, by whatever interface the routes say. */
static void keep_source(struct msghdr *reply, const struct msghdr *query)
{
	struct cmsghdr *c = CMSG_FIRSTHDR(query);

	reply->msg_control = NULL;
	reply->msg_controllen = 0;
	if (!c)
		return;
	if (c->cmsg_level == IPPROTO_IP && c->cmsg_type == IP_PKTINFO)
		((struct in_pktinfo *)CMSG_DATA(c))->ipi_ifindex = 0;
	reply->msg_control = query->msg_control;
	reply->msg_controllen = query->msg_controllen;
}

static int receive(struct udp_batch *b, int fd)
{
	for (size_t i = 0; i < BATCH; i++) {
		b->in[i].msg_hdr.msg_namelen = sizeof(b->peers[i]);
		b->in[i].msg_hdr.msg_controllen = sizeof(b->control[i]);
	}
	return recvmmsg(fd, b->in, BATCH, MSG_DONTWAIT, NULL);
}

/* What of the reply may go to that peer: all, the question with TC, or nothing. */
static size_t limit(struct worker *w, const struct sockaddr_storage *peer, uint8_t *reply, size_t length, int64_t now_ms)
{
	switch (rate_limit_take(w->rate, peer, now_ms)) {
	case RATE_TRUNCATE:
		return nameserver_truncate(reply, length);
	case RATE_DROP:
		return 0;
	default:
		return length;
	}
}

static size_t respond(struct worker *w, struct udp_batch *b, size_t count)
{
	int64_t now_ms = clock_monotonic_ms();
	size_t replies = 0;

	for (size_t i = 0; i < count; i++) {
		struct msghdr *query = &b->in[i].msg_hdr, *reply = &b->out[replies].msg_hdr;
		size_t length;

		if (query->msg_flags & MSG_TRUNC)
			continue;
		length = nameserver_respond(w->zones, w->answers, b->queries[i], b->in[i].msg_len, false,
			b->replies[replies], RESPOND_UDP_MAX);
		if (length)
			length = limit(w, query->msg_name, b->replies[replies], length, now_ms);
		if (!length)
			continue;
		b->out_bytes[replies] = (struct iovec){ b->replies[replies], length };
		reply->msg_name = query->msg_name;
		reply->msg_namelen = query->msg_namelen;
		reply->msg_iov = &b->out_bytes[replies];
		reply->msg_iovlen = 1;
		reply->msg_flags = 0;
		keep_source(reply, query);
		replies++;
	}
	return replies;
}

/* A reply that cannot be sent is lost, as UDP may; the next ones still go. */
static void transmit(struct udp_batch *b, int fd, size_t count)
{
	size_t at = 0;

	while (at < count) {
		int sent = sendmmsg(fd, b->out + at, (unsigned)(count - at), MSG_DONTWAIT);

		if (sent > 0)
			at += (size_t)sent;
		else if (errno != EINTR)
			at++;
	}
}

void udp_serve(struct worker *w, int fd)
{
	for (int round = 0; round < ROUNDS; round++) {
		int count = receive(w->udp, fd);

		if (count <= 0)
			return;
		transmit(w->udp, fd, respond(w, w->udp, (size_t)count));
		if (count < BATCH)
			return;
	}
}
