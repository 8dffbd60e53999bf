/* TCP: several queries a connection, each with its length in front (RFC 7766). Connections are bounded;
 * one that completes no query for 10 s is closed, and the longest idle one makes room for a new one. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>
#include <utlist.h>

#include "solver/base/clock.h"
#include "solver/base/mem.h"
#include "solver/nameserver/respond.h"
#include "solver/nameserver/worker.h"

#define IDLE_MS 10000
#define QUERY_MAX 4096
#define PREFIX 2

struct connection {
	struct source source;
	struct connection *prev, *next;
	int64_t active_ms;
	uint8_t in[PREFIX + QUERY_MAX];
	size_t in_length;
	uint8_t *out;     /* what the peer did not take yet; nothing is read meanwhile */
	size_t out_length, out_at;
};

struct tcp {
	struct connection *live; /* the longest idle first */
	struct connection *dead; /* closed in this turn; events may still point to them */
	unsigned count, max;
	int epoll;
	uint8_t reply[PREFIX + RESPOND_TCP_MAX];
};

struct tcp *tcp_new(unsigned connections)
{
	struct tcp *t = mem_new(1, sizeof(*t));

	t->max = connections;
	t->epoll = -1;
	return t;
}

/* Taken out of the epoll by hand: a child that another thread is just forking holds the socket open for a moment, and
 * as long as anybody does, closing it leaves it in. */
static void connection_close(struct tcp *t, struct connection *c)
{
	epoll_ctl(t->epoll, EPOLL_CTL_DEL, c->source.fd, NULL);
	close(c->source.fd);
	c->source.fd = -1;
	DL_DELETE(t->live, c);
	DL_APPEND(t->dead, c);
	t->count--;
}

static void bury(struct tcp *t)
{
	struct connection *c, *next;

	DL_FOREACH_SAFE(t->dead, c, next) {
		DL_DELETE(t->dead, c);
		free(c->out);
		free(c);
	}
}

void tcp_free(struct tcp *t)
{
	if (!t)
		return;
	while (t->live)
		connection_close(t, t->live);
	bury(t);
	free(t);
}

static void connection_touch(struct tcp *t, struct connection *c)
{
	c->active_ms = clock_monotonic_ms();
	DL_DELETE(t->live, c);
	DL_APPEND(t->live, c);
}

static bool no_descriptor_left(int error)
{
	return error == EMFILE || error == ENFILE || error == ENOBUFS || error == ENOMEM;
}

void tcp_accept(struct worker *w, int listener)
{
	struct tcp *t = w->tcp;
	int fd;

	t->epoll = w->epoll;
	while ((fd = accept4(listener, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC)) >= 0 || no_descriptor_left(errno)) {
		struct connection *c;

		if ((fd < 0 || t->count >= t->max) && t->live)
			connection_close(t, t->live);
		if (fd < 0) {
			worker_pause(w);
			return;
		}
		c = mem_new(1, sizeof(*c));
		c->source = (struct source){ SOURCE_CONNECTION, fd };
		c->active_ms = clock_monotonic_ms();
		DL_APPEND(t->live, c);
		t->count++;
		if (worker_watch(w, &c->source, EPOLLIN) < 0)
			connection_close(t, c);
	}
}

static void watch_change(struct worker *w, struct connection *c, uint32_t events)
{
	struct epoll_event e = { .events = events, .data.ptr = &c->source };

	epoll_ctl(w->epoll, EPOLL_CTL_MOD, c->source.fd, &e);
}

/* Sends the reply; what the socket does not take is kept. Negative: the connection is of no more use. */
static int reply_send(struct worker *w, struct connection *c, const uint8_t *bytes, size_t length)
{
	ssize_t sent = send(c->source.fd, bytes, length, MSG_NOSIGNAL);

	if (sent < 0 && errno != EAGAIN && errno != EINTR)
		return -1;
	if (sent < 0)
		sent = 0;
	if ((size_t)sent == length)
		return 0;
	c->out_length = length - (size_t)sent;
	c->out_at = 0;
	c->out = mem_new(1, c->out_length);
	memcpy(c->out, bytes + sent, c->out_length);
	watch_change(w, c, EPOLLOUT);
	return 0;
}

/* Length of the query at `at` when it is there as a whole; 0 when more bytes are needed; negative when too long. */
static long query_at(const struct connection *c, size_t at)
{
	size_t there = c->in_length - at;
	long length;

	if (there < PREFIX)
		return 0;
	length = c->in[at] << 8 | c->in[at + 1];
	if (length < WIRE_HEADER || length > QUERY_MAX)
		return -1;
	return there >= PREFIX + (size_t)length ? length : 0;
}

static int answer_one(struct worker *w, struct connection *c, const uint8_t *query, size_t length)
{
	struct tcp *t = w->tcp;
	size_t reply = nameserver_respond(w->zones, w->answers, query, length, true, t->reply + PREFIX, RESPOND_TCP_MAX);

	if (!reply)
		return -1;
	connection_touch(t, c);
	t->reply[0] = (uint8_t)(reply >> 8);
	t->reply[1] = (uint8_t)reply;
	return reply_send(w, c, t->reply, PREFIX + reply);
}

/* Answers the whole queries that are there, until the peer stops taking replies. */
static int answer_all(struct worker *w, struct connection *c)
{
	size_t at = 0;
	long length = 0;

	while (!c->out && (length = query_at(c, at)) > 0) {
		if (answer_one(w, c, c->in + at + PREFIX, (size_t)length) < 0)
			return -1;
		at += PREFIX + (size_t)length;
	}
	memmove(c->in, c->in + at, c->in_length - at);
	c->in_length -= at;
	return length < 0 ? -1 : 0;
}

static int connection_read(struct worker *w, struct connection *c)
{
	ssize_t count = recv(c->source.fd, c->in + c->in_length, sizeof(c->in) - c->in_length, 0);

	if (count < 0)
		return errno == EAGAIN || errno == EINTR ? 0 : -1;
	if (count == 0)
		return -1;
	c->in_length += (size_t)count;
	return answer_all(w, c);
}

static int connection_write(struct worker *w, struct connection *c)
{
	ssize_t sent = send(c->source.fd, c->out + c->out_at, c->out_length - c->out_at, MSG_NOSIGNAL);

	if (sent < 0)
		return errno == EAGAIN || errno == EINTR ? 0 : -1;
	c->out_at += (size_t)sent;
	if (c->out_at < c->out_length)
		return 0;
	free(c->out);
	c->out = NULL;
	watch_change(w, c, EPOLLIN);
	return answer_all(w, c);
}

void tcp_serve(struct worker *w, struct source *source, uint32_t events)
{
	struct connection *c = (struct connection *)source;
	int code;

	if (source->fd < 0)
		return;
	if (c->out)
		code = events & (EPOLLERR | EPOLLHUP) ? -1 : connection_write(w, c);
	else
		code = connection_read(w, c);
	if (code < 0)
		connection_close(w->tcp, c);
}

int tcp_tidy(struct worker *w)
{
	struct tcp *t = w->tcp;
	int64_t now;

	bury(t);
	now = clock_monotonic_ms();
	while (t->live && now - t->live->active_ms >= IDLE_MS)
		connection_close(t, t->live);
	bury(t);
	if (w->paused)
		return WORKER_PAUSE_MS;
	return t->live ? (int)(IDLE_MS - (now - t->live->active_ms)) + 1 : -1;
}
