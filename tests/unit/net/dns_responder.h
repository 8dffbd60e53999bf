/* A name server for tests of those who ask it. */
#ifndef TESTS_UNIT_NET_DNS_RESPONDER_H
#define TESTS_UNIT_NET_DNS_RESPONDER_H

#include <arpa/inet.h>
#include <netinet/in.h>
#include <poll.h>
#include <pthread.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "solver/dns/message.h"

/* A name server in a thread, on UDP and TCP of one port. The first label of the question says how it answers:
 * "silent" not at all, "cut" truncated over UDP, "servfail", "host" with an address, others without records. An
 * UPDATE is answered by a bare header, as RFC 2136 section 3.8 allows. */
struct responder {
	int udp, tcp, stop[2], port;
	pthread_t thread;
	unsigned char update[600];
	size_t update_length;
	int updates, over_tcp;
};

static inline size_t question_end(const unsigned char *wire, size_t length)
{
	size_t at = 12;

	while (at < length && wire[at])
		at += wire[at] + 1u;
	return at + 5;
}

static inline size_t answer(struct responder *r, const unsigned char *asked, size_t length, unsigned char *out, bool tcp)
{
	static const unsigned char a[] = { 0xc0, 12, 0, 1, 0, 1, 0, 0, 0, 9, 0, 4, 192, 0, 2, 7 };
	size_t end = question_end(asked, length);

	r->over_tcp += tcp;
	memcpy(out, asked, 12);
	out[2] |= 0x84;
	memset(out + 4, 0, 8);
	if ((asked[2] & 0x78) == 5 << 3) {
		memcpy(r->update, asked, length);
		r->update_length = length;
		r->updates++;
		return memcmp(asked + 13, "silent", 6) == 0 ? 0 : 12;
	}
	memcpy(out + 12, asked + 12, end - 12);
	out[5] = 1;
	if (memcmp(asked + 13, "silent", 6) == 0)
		return 0;
	if (memcmp(asked + 13, "servfail", 8) == 0)
		out[3] = DNS_SERVFAIL;
	if (memcmp(asked + 13, "cut", 3) == 0 && !tcp)
		out[2] |= 0x02;
	if (memcmp(asked + 13, "host", 4) == 0 && asked[end - 3] == DNS_A) {
		memcpy(out + end, a, sizeof(a));
		out[7] = 1;
		end += sizeof(a);
	}
	return end;
}

static inline void answer_tcp(struct responder *r)
{
	unsigned char in[2048], out[2048];
	int fd = accept(r->tcp, NULL, NULL);
	size_t n;

	if (recv(fd, in, 2, MSG_WAITALL) == 2 && (n = (size_t)in[0] << 8 | in[1]) <= sizeof(in) &&
	    recv(fd, in, n, MSG_WAITALL) == (ssize_t)n) {
		n = answer(r, in, n, out + 2, true);
		out[0] = (unsigned char)(n >> 8);
		out[1] = (unsigned char)n;
		assert_int_equal(send(fd, out, n + 2, MSG_NOSIGNAL), n + 2);
	}
	close(fd);
}

static inline void answer_udp(struct responder *r)
{
	unsigned char in[2048], out[2048];
	struct sockaddr_in from;
	socklen_t from_length = sizeof(from);
	ssize_t n = recvfrom(r->udp, in, sizeof(in), 0, (struct sockaddr *)&from, &from_length);
	size_t length = n > 12 ? answer(r, in, (size_t)n, out, false) : 0;

	if (length)
		sendto(r->udp, out, length, 0, (struct sockaddr *)&from, from_length);
}

static inline void *respond(void *arg)
{
	struct responder *r = arg;
	struct pollfd fds[] = { { r->stop[0], POLLIN, 0 }, { r->udp, POLLIN, 0 }, { r->tcp, POLLIN, 0 } };

	while (poll(fds, 3, -1) > 0 && !fds[0].revents) {
		if (fds[1].revents)
			answer_udp(r);
		if (fds[2].revents)
			answer_tcp(r);
	}
	return NULL;
}

static inline void responder_start(struct responder *r)
{
	struct sockaddr_in address = { .sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	socklen_t length = sizeof(address);
	int size = 4 << 20;

	r->tcp = socket(AF_INET, SOCK_STREAM, 0);
	assert_int_equal(bind(r->tcp, (struct sockaddr *)&address, sizeof(address)), 0);
	assert_int_equal(listen(r->tcp, 64), 0);
	getsockname(r->tcp, (struct sockaddr *)&address, &length);
	r->port = ntohs(address.sin_port);
	r->udp = socket(AF_INET, SOCK_DGRAM, 0);
	setsockopt(r->udp, SOL_SOCKET, SO_RCVBUF, &size, sizeof(size));
	assert_int_equal(bind(r->udp, (struct sockaddr *)&address, sizeof(address)), 0);
	assert_int_equal(pipe(r->stop), 0);
	pthread_create(&r->thread, NULL, respond, r);
}

static inline void responder_stop(struct responder *r)
{
	assert_int_equal(write(r->stop[1], "x", 1), 1);
	pthread_join(r->thread, NULL);
	close(r->udp);
	close(r->tcp);
	close(r->stop[0]);
	close(r->stop[1]);
}

#endif
