/* A server of raw bytes in a thread: answers each connection with the same bytes, and ends it in one of several ways. */
#ifndef TESTS_UNIT_NET_RAW_SERVER_H
#define TESTS_UNIT_NET_RAW_SERVER_H

#include <arpa/inet.h>
#include <poll.h>
#include <pthread.h>
#include <stdbool.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

enum raw_end { RAW_CLOSE, RAW_RESET, RAW_STAY };

struct raw_server {
	int fd, port;
	const char *bytes;
	size_t length;
	enum raw_end end;
	bool read_first; /* waits for what the client says */
	pthread_t thread;
	int held[8];
	int held_count;
};

static inline void raw_answer(struct raw_server *s, int fd)
{
	const struct linger reset = { 1, 0 };
	char request[4096];

	if (s->read_first && read(fd, request, sizeof(request)) <= 0)
		s->read_first = true;
	if (s->length && write(fd, s->bytes, s->length) < 0)
		s->length = 0;
	if (s->end == RAW_STAY && s->held_count < 8) {
		s->held[s->held_count++] = fd;
		return;
	}
	if (s->end == RAW_RESET)
		setsockopt(fd, SOL_SOCKET, SO_LINGER, &reset, sizeof(reset));
	close(fd);
}

static inline void *raw_serve(void *arg)
{
	struct raw_server *s = arg;
	int fd;

	while ((fd = accept(s->fd, NULL, NULL)) >= 0)
		raw_answer(s, fd);
	return NULL;
}

static inline void raw_start(struct raw_server *s)
{
	struct sockaddr_in sa = { .sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	socklen_t length = sizeof(sa);

	s->fd = socket(AF_INET, SOCK_STREAM, 0);
	assert_true(s->fd >= 0 && bind(s->fd, (struct sockaddr *)&sa, sizeof(sa)) == 0 && listen(s->fd, 8) == 0);
	assert_int_equal(getsockname(s->fd, (struct sockaddr *)&sa, &length), 0);
	s->port = ntohs(sa.sin_port);
	assert_int_equal(pthread_create(&s->thread, NULL, raw_serve, s), 0);
}

static inline void raw_stop(struct raw_server *s)
{
	shutdown(s->fd, SHUT_RDWR);
	pthread_join(s->thread, NULL);
	close(s->fd);
	while (s->held_count)
		close(s->held[--s->held_count]);
}

#endif
