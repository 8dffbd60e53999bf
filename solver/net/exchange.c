#include "solver/net/exchange.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <utlist.h>
#include <uv.h>

#include "solver/base/mem.h"
#include "solver/net/address.h"

#define HEADER_SIZE 12
#define MESSAGE_MAX 65535
#define OPCODE_UPDATE 5

struct exchanger {
	struct loop *loop;
	int timeout_ms, tries;
	struct exchange *exchanges;
};

/* A socket under watch. Freed in its close callback, so it is apart from the exchange, which may have two in turn. */
struct port {
	uv_poll_t uv;
	struct exchange *exchange;
	int fd;
};

struct exchange {
	struct exchanger *exchanger;
	struct sockaddr_storage server;
	bool tcp, cut;           /* cut: UDP led to TCP */
	int tries_left;
	struct port *port;
	struct timer *timer;
	int64_t started_ms;
	unsigned char *out;      /* two bytes of length, then the message */
	size_t out_length, sent;
	unsigned char *in;       /* the same, growing up to what the length says */
	size_t received;
	struct err err;
	dns_reply_fn done;
	void *arg;
	struct exchange *prev, *next;
};

static void free_data(uv_handle_t *handle)
{
	free(handle->data);
}

static void port_close(struct port *p)
{
	if (!p)
		return;
	uv_poll_stop(&p->uv);
	uv_close((uv_handle_t *)&p->uv, free_data);
	close(p->fd);
}

static void exchange_finish(struct exchange *x, const unsigned char *wire, size_t length)
{
	DL_DELETE(x->exchanger->exchanges, x);
	timer_stop(x->timer);
	port_close(x->port);
	x->done(wire, length, loop_now_ms(x->exchanger->loop) - x->started_ms, &x->err, x->arg);
	free(x->out);
	free(x->in);
	free(x);
}

static void on_failed(void *arg)
{
	struct exchange *x = arg;

	x->timer = NULL;
	exchange_finish(x, NULL, 0);
}

/* Ends the exchange soon: also from inside its own start. */
static void exchange_fail(struct exchange *x, int code, const char *what)
{
	char server[ADDRESS_TEXT_SIZE];

	port_close(x->port);
	x->port = NULL;
	err_set(&x->err, code, "%s over %s: %s", address_text(&x->server, server), x->cut ? EXCHANGE_CUT : x->tcp ? "TCP" : "UDP", what);
	timer_stop(x->timer);
	x->timer = timer_start(x->exchanger->loop, 0, on_failed, x);
}

static bool is_reply(const struct exchange *x, const unsigned char *wire, size_t length)
{
	const unsigned char *asked = x->out + 2;

	return length >= HEADER_SIZE && memcmp(wire, asked, 2) == 0 && (wire[2] & 0x80) && (wire[2] & 0x78) == (asked[2] & 0x78);
}

static void exchange_open(struct exchange *x);

/* ---- UDP ---- */

static void udp_send(struct exchange *x)
{
	if (send(x->port->fd, x->out + 2, x->out_length - 2, 0) < 0 && errno != EAGAIN && errno != EINTR)
		exchange_fail(x, ERR_UNREACHABLE, strerror(errno));
}

static void udp_receive(struct exchange *x)
{
	unsigned char wire[MESSAGE_MAX];
	ssize_t n = recv(x->port->fd, wire, sizeof(wire), 0);

	if (n < 0) {
		if (errno != EAGAIN && errno != EINTR)
			exchange_fail(x, ERR_UNREACHABLE, strerror(errno));
		return;
	}
	if (!is_reply(x, wire, (size_t)n))
		return; /* a stray or forged packet: the real one may still come */
	if (wire[2] & 0x02) {
		port_close(x->port);
		x->port = NULL;
		x->tcp = x->cut = true;
		exchange_open(x);
		return;
	}
	exchange_finish(x, wire, (size_t)n);
}

/* ---- TCP ---- */

static void tcp_send(struct exchange *x)
{
	ssize_t n = send(x->port->fd, x->out + x->sent, x->out_length - x->sent, MSG_NOSIGNAL);

	if (n >= 0)
		x->sent += (size_t)n;
	else if (errno != EAGAIN && errno != EINTR)
		exchange_fail(x, ERR_UNREACHABLE, strerror(errno));
}

/* How many bytes are to be read altogether, as far as is known. */
static size_t tcp_wanted(const struct exchange *x)
{
	return x->received < 2 ? 2 : 2 + ((size_t)x->in[0] << 8 | x->in[1]);
}

static void tcp_receive(struct exchange *x)
{
	while (x->received < tcp_wanted(x)) {
		ssize_t n = recv(x->port->fd, x->in + x->received, tcp_wanted(x) - x->received, 0);

		if (n < 0 && (errno == EAGAIN || errno == EINTR))
			return;
		if (n <= 0) {
			exchange_fail(x, ERR_TIMEOUT, n == 0 ? "the connection was closed before the reply came" : strerror(errno));
			return;
		}
		x->received += (size_t)n;
	}
	if (is_reply(x, x->in + 2, x->received - 2))
		exchange_finish(x, x->in + 2, x->received - 2);
	else
		exchange_fail(x, ERR_PROTOCOL, "the reply belongs to another message");
}

/* ---- both ---- */

/* libuv says "bad file descriptor" for every error of a socket; the socket knows which one it was. */
static const char *socket_error(int fd)
{
	int code = 0;
	socklen_t size = sizeof(code);

	if (getsockopt(fd, SOL_SOCKET, SO_ERROR, &code, &size) < 0)
		return strerror(errno);
	return code ? strerror(code) : "the connection was closed before the reply came";
}

static void on_ready(uv_poll_t *uv, int status, int events)
{
	struct port *p = uv->data;
	struct exchange *x = p->exchange;

	(void)events;
	if (status < 0) {
		exchange_fail(x, x->sent ? ERR_TIMEOUT : ERR_UNREACHABLE, socket_error(p->fd)); /* what was sent may have arrived */
	} else if (!x->tcp) {
		udp_receive(x);
	} else if (x->sent < x->out_length) {
		tcp_send(x);
		if (x->port && x->sent == x->out_length)
			uv_poll_start(&p->uv, UV_READABLE, on_ready);
	} else {
		tcp_receive(x);
	}
}

/* An update is sent once: it may be answered when a first one that arrived was not, and then the answer to the repetition, say a
 * refusal, hides that the first was carried out; or the repetition overtakes what was sent after it. Whoever sent it reads the zone
 * before it tries again, unless it cannot have arrived. */
static bool is_repeatable(const unsigned char *wire)
{
	return (wire[2] & 0x78) != OPCODE_UPDATE << 3;
}

static void on_timeout(void *arg)
{
	struct exchange *x = arg;

	x->timer = NULL;
	if (x->tcp || --x->tries_left <= 0) {
		exchange_fail(x, x->tcp && !x->sent && !is_repeatable(x->out + 2) ? ERR_UNREACHABLE : ERR_TIMEOUT, "no DNS answer");
		return;
	}
	x->timer = timer_start(x->exchanger->loop, x->exchanger->timeout_ms, on_timeout, x);
	udp_send(x);
}

static int port_open(struct exchange *x)
{
	int fd = socket(x->server.ss_family, (x->tcp ? SOCK_STREAM : SOCK_DGRAM) | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	struct port *p;

	if (fd < 0)
		return -errno;
	if (connect(fd, (const struct sockaddr *)&x->server, address_length(&x->server)) < 0 && errno != EINPROGRESS) {
		int saved = errno;

		close(fd);
		return -saved;
	}
	p = mem_new(1, sizeof(*p));
	p->exchange = x;
	p->fd = fd;
	uv_poll_init(loop_uv(x->exchanger->loop), &p->uv, fd);
	p->uv.data = p;
	uv_poll_start(&p->uv, x->tcp ? UV_WRITABLE : UV_READABLE, on_ready);
	x->port = p;
	return 0;
}

static void exchange_open(struct exchange *x)
{
	const struct exchanger *e = x->exchanger;
	int rc = port_open(x);

	if (rc < 0) {
		exchange_fail(x, ERR_UNREACHABLE, strerror(-rc));
		return;
	}
	timer_stop(x->timer);
	x->timer = timer_start(e->loop, x->tcp ? (int64_t)e->timeout_ms * e->tries : e->timeout_ms, on_timeout, x);
	if (x->tcp)
		x->in = mem_new(1, 2 + MESSAGE_MAX);
	else
		udp_send(x);
}

int exchange_start(struct exchanger *e, const struct sockaddr_storage *server, const unsigned char *wire, size_t length, bool tcp,
                   dns_reply_fn done, void *arg, struct err *err)
{
	struct exchange *x;

	if (length < HEADER_SIZE || length > MESSAGE_MAX)
		return err_set(err, ERR_INVALID, "%zu bytes are not a DNS message", length);
	x = mem_new(1, sizeof(*x));
	*x = (struct exchange){ .exchanger = e, .server = *server, .tcp = tcp, .done = done, .arg = arg,
	                        .tries_left = is_repeatable(wire) ? e->tries : 1, .started_ms = loop_now_ms(e->loop), .out_length = length + 2 };
	x->out = mem_new(1, x->out_length);
	x->out[0] = (unsigned char)(length >> 8);
	x->out[1] = (unsigned char)length;
	memcpy(x->out + 2, wire, length);
	DL_APPEND(e->exchanges, x);
	exchange_open(x);
	return 0;
}

struct exchanger *exchanger_new(struct loop *l, int timeout_ms, int tries)
{
	struct exchanger *e = mem_new(1, sizeof(*e));

	*e = (struct exchanger){ .loop = l, .timeout_ms = timeout_ms, .tries = tries };
	return e;
}

void exchanger_reconfigure(struct exchanger *e, int timeout_ms, int tries)
{
	e->timeout_ms = timeout_ms;
	e->tries = tries;
}

void exchanger_free(struct exchanger *e)
{
	if (!e)
		return;
	while (e->exchanges) {
		err_set(&e->exchanges->err, ERR_CANCELLED, "the DNS exchange was called off");
		exchange_finish(e->exchanges, NULL, 0);
	}
	free(e);
}
