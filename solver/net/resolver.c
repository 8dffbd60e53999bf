#include "solver/net/resolver.h"

/* ares_send() gives the reply as it came. What c-ares has in its place since 1.28 gives a parsed one, and dcvd judges the bytes. */
#define CARES_NO_DEPRECATED
#include <ares.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <uthash.h>
#include <utlist.h>
#include <uv.h>

#include "solver/base/buf.h"
#include "solver/base/mem.h"
#include "solver/dns/message.h"
#include "solver/net/address.h"
#include "solver/net/exchange.h"
#include "solver/net/interface.h"
#include "solver/net/resolver_private.h"

#define TIMEOUT_MS 2000
#define TRIES 3
#define DNS_PORT 53
#define CHANNELS_MAX 4096 /* beyond it the longest idle one goes */
#define IN_FLIGHT_MAX 128 /* at one server: more would overflow its socket buffer and ours, and wait for repeats */
#define EDNS_SIZE 1232
#define KEY_SIZE (ADDRESS_TEXT_SIZE + 8)

/* One c-ares channel per server address, shared by all names; c-ares closes its sockets when nothing is asked, so
 * an idle channel holds no descriptor. The recursive resolvers share one channel of their own, which is not in the
 * table and so can never be reached with a server's address. */
struct channel {
	UT_hash_handle hh;
	struct channel *prev, *next; /* of retired ones */
	char key[KEY_SIZE];       /* "192.0.2.1:53 udp" */
	struct resolver *resolver;
	ares_channel ares;
	uv_timer_t timer;
	unsigned in_flight;
	bool pumping;
	bool recursive;           /* of the configured resolvers */
	bool retired;             /* others took its place: it goes with its last query */
	struct query *waiting;    /* over IN_FLIGHT_MAX: sent in turn */
	int64_t used_ms;
};

struct socket_watch {
	uv_poll_t uv;
	struct channel *channel;
	ares_socket_t fd;
	struct socket_watch *next;
};

/* c-ares has ended a query before the caller hears of it: the callback comes from a timer, because whoever is called back may free the
 * resolver, or make a channel go, and no channel may be destroyed inside c-ares. */
struct query {
	struct resolver *resolver;
	struct channel *channel;  /* until c-ares has ended it */
	int64_t started_ms, elapsed_ms;
	struct timer *tell;
	struct err err;
	dns_reply_fn done;
	void *arg;
	unsigned char *wire;      /* of a query that waits for its turn; then the reply, or NULL */
	size_t length;
	struct query *prev, *next;
	struct query *wait_prev, *wait_next;
};

struct resolver {
	struct loop *loop;
	int timeout_ms, tries, authority_port;
	struct channel *recursive;
	struct channel *channels; /* uthash by key */
	struct channel *retired;
	struct query *queries;
	struct exchanger *exchanger;
	struct socket_watch *watches;
	bool closing;
};

/* ---- c-ares and libuv wake each other ---- */

static void on_timeout(uv_timer_t *timer);

/* A timer that runs is early enough: later queries end later. Asking c-ares costs a walk over all queries,
 * so it is asked only when the timer has fired. */
static void channel_rearm(struct channel *ch)
{
	struct timeval tv, *next;

	if (uv_is_active((uv_handle_t *)&ch->timer))
		return;
	next = ares_timeout(ch->ares, NULL, &tv);
	if (!next)
		return;
	uv_update_time(loop_uv(ch->resolver->loop));
	uv_timer_start(&ch->timer, on_timeout, (uint64_t)next->tv_sec * 1000 + (uint64_t)next->tv_usec / 1000 + 1, 0);
}

static void on_timeout(uv_timer_t *timer)
{
	struct channel *ch = timer->data;

	ares_process_fd(ch->ares, ARES_SOCKET_BAD, ARES_SOCKET_BAD);
	channel_rearm(ch);
}

static void on_socket_ready(uv_poll_t *uv, int status, int events)
{
	struct socket_watch *w = uv->data;
	struct channel *ch = w->channel;
	bool readable = status < 0 || (events & UV_READABLE), writable = status < 0 || (events & UV_WRITABLE);

	ares_process_fd(ch->ares, readable ? w->fd : ARES_SOCKET_BAD, writable ? w->fd : ARES_SOCKET_BAD);
	channel_rearm(ch);
}

static void free_data(uv_handle_t *handle)
{
	free(handle->data);
}

static struct socket_watch *watch_of(struct channel *ch, ares_socket_t fd)
{
	struct socket_watch *w;

	LL_FOREACH(ch->resolver->watches, w) {
		if (w->fd == fd)
			return w;
	}
	return NULL;
}

static void on_ares_socket(void *arg, ares_socket_t fd, int readable, int writable)
{
	struct channel *ch = arg;
	struct socket_watch *w = watch_of(ch, fd);

	if (!readable && !writable) {
		if (!w)
			return;
		LL_DELETE(ch->resolver->watches, w);
		uv_poll_stop(&w->uv); /* c-ares closes the descriptor next */
		uv_close((uv_handle_t *)&w->uv, free_data);
		return;
	}
	if (!w) {
		w = mem_new(1, sizeof(*w));
		*w = (struct socket_watch){ .channel = ch, .fd = fd };
		if (uv_poll_init_socket(loop_uv(ch->resolver->loop), &w->uv, fd) < 0) {
			free(w); /* the query ends by its timeout */
			return;
		}
		w->uv.data = w;
		LL_PREPEND(ch->resolver->watches, w);
	}
	uv_poll_start(&w->uv, (readable ? UV_READABLE : 0) | (writable ? UV_WRITABLE : 0), on_socket_ready);
}

/* ---- channels ---- */

static int channel_open(struct resolver *r, const char *key, const char *servers, bool tcp, struct channel **ret, struct err *err)
{
	struct channel *ch = mem_new(1, sizeof(*ch));
	/* Replies of every rcode are replies; ARES_FLAG_EDNS lets UDP replies of up to 1232 bytes through. */
	struct ares_options options = {
		.flags = ARES_FLAG_NOALIASES | ARES_FLAG_NOCHECKRESP | ARES_FLAG_NOSEARCH | ARES_FLAG_EDNS | (tcp ? ARES_FLAG_USEVC : 0),
		.timeout = r->timeout_ms, .tries = r->tries, .ednspsz = EDNS_SIZE, .sock_state_cb = on_ares_socket, .sock_state_cb_data = ch,
	};
	int mask = ARES_OPT_FLAGS | ARES_OPT_TIMEOUTMS | ARES_OPT_TRIES | ARES_OPT_EDNSPSZ | ARES_OPT_SOCK_STATE_CB, rc;

	snprintf(ch->key, sizeof(ch->key), "%s", key);
	ch->resolver = r;
	rc = ares_init_options(&ch->ares, &options, mask);
	if (rc == ARES_SUCCESS && servers) {
		rc = ares_set_servers_ports_csv(ch->ares, servers);
		if (rc != ARES_SUCCESS)
			ares_destroy(ch->ares);
	}
	if (rc != ARES_SUCCESS) {
		free(ch);
		return err_set(err, ERR_IO, "DNS resolver for %s: %s", servers ? servers : "the system's servers", ares_strerror(rc));
	}
	uv_timer_init(loop_uv(r->loop), &ch->timer);
	ch->timer.data = ch;
	*ret = ch;
	return 0;
}

static void channel_close(struct channel *ch)
{
	ares_destroy(ch->ares);
	uv_close((uv_handle_t *)&ch->timer, free_data);
}

static bool is_over(const struct channel *ch)
{
	return ch->retired && ch->in_flight == 0 && !ch->waiting;
}

static void on_over(uv_timer_t *timer)
{
	struct channel *ch = timer->data;

	DL_DELETE(ch->resolver->retired, ch);
	channel_close(ch);
}

/* c-ares may be at work further up: it goes in the next turn of the loop. */
static void channel_end(struct channel *ch)
{
	uv_timer_start(&ch->timer, on_over, 0, 0);
}

static void channel_retire(struct channel *ch)
{
	ch->retired = true;
	DL_APPEND(ch->resolver->retired, ch);
	if (is_over(ch))
		channel_end(ch);
}

/* Makes room in the table; false when all are at work. */
static bool channel_evict(struct resolver *r)
{
	struct channel *ch, *tmp, *oldest = NULL;

	HASH_ITER(hh, r->channels, ch, tmp) {
		if (ch->in_flight == 0 && (!oldest || ch->used_ms < oldest->used_ms))
			oldest = ch;
	}
	if (!oldest)
		return false;
	HASH_DEL(r->channels, oldest);
	channel_close(oldest);
	return true;
}

static int channel_of(struct resolver *r, const char *address, bool tcp, struct channel **ret, struct err *err)
{
	char key[KEY_SIZE];
	int rc;

	snprintf(key, sizeof(key), "%s %s", address, tcp ? "tcp" : "udp");
	HASH_FIND_STR(r->channels, key, *ret);
	if (*ret)
		return 0;
	if (HASH_COUNT(r->channels) >= CHANNELS_MAX && !channel_evict(r))
		return err_set(err, ERR_BUSY, "%d name servers are being asked at once", CHANNELS_MAX);
	rc = channel_open(r, key, address, tcp, ret, err);
	if (rc == 0)
		HASH_ADD_STR(r->channels, key, *ret);
	return rc;
}

/* ---- queries ---- */

static void query_finish(struct query *q)
{
	timer_stop(q->tell);
	DL_DELETE(q->resolver->queries, q);
	q->done(q->err.code ? NULL : q->wire, q->err.code ? 0 : q->length, q->elapsed_ms, &q->err, q->arg);
	free(q->wire);
	free(q);
}

static void on_tell(void *arg)
{
	struct query *q = arg;

	q->tell = NULL;
	query_finish(q);
}

/* The query is over: `wire` is copied, NULL for a failure. */
static void query_end(struct query *q, const unsigned char *wire, size_t length)
{
	free(q->wire);
	q->wire = wire ? mem_new(length, 1) : NULL;
	q->length = length;
	if (wire)
		memcpy(q->wire, wire, length);
	q->channel = NULL;
	q->elapsed_ms = loop_now_ms(q->resolver->loop) - q->started_ms;
	q->tell = timer_start(q->resolver->loop, 0, on_tell, q);
}

/* What this host cannot send says nothing about the server. */
static bool is_own_fault(struct query *q)
{
	const char *key = q->channel->key;
	char address[KEY_SIZE];
	int number;

	if (q->channel->recursive)
		return false;
	snprintf(address, sizeof(address), "%.*s", (int)strcspn(key, " "), key);
	number = interface_obstacle(address);
	if (number)
		err_set(&q->err, ERR_UNREACHABLE, "this host %s %s: %s", interface_is_short(number) ? "cannot connect to" : "has no way to", address,
		        strerror(number));
	return number;
}

static void set_failure(struct query *q, int status)
{
	const char *who = q->channel->recursive ? "the recursive resolvers" : q->channel->key;

	if ((status == ARES_ETIMEOUT || status == ARES_ECONNREFUSED) && is_own_fault(q))
		return;
	switch (status) {
	case ARES_ETIMEOUT:
		err_set(&q->err, ERR_TIMEOUT, "no DNS answer from %s", who);
		break;
	case ARES_ECONNREFUSED:
		err_set(&q->err, ERR_UNREACHABLE, "no DNS connection to %s: refused, or not to be reached", who);
		break;
	case ARES_ECANCELLED:
	case ARES_EDESTRUCTION:
		err_set(&q->err, ERR_CANCELLED, "the DNS query was called off");
		break;
	case ARES_EBADQUERY:
		err_set(&q->err, ERR_INVALID, "not a DNS query");
		break;
	default:
		err_set(&q->err, ERR_PROTOCOL, "%s: %s", who, ares_strerror(status));
	}
}

static void channel_pump(struct channel *ch);

static void on_ares_reply(void *arg, int status, int timeouts, unsigned char *wire, int length)
{
	struct query *q = arg;
	struct channel *ch = q->channel;

	(void)timeouts;
	ch->in_flight--;
	if (status != ARES_SUCCESS)
		set_failure(q, status);
	query_end(q, status == ARES_SUCCESS ? wire : NULL, (size_t)length);
	channel_pump(ch);
}

static void query_go(struct query *q, const unsigned char *wire, size_t length)
{
	struct channel *ch = q->channel;

	ch->in_flight++;
	ch->used_ms = loop_now_ms(ch->resolver->loop);
	ares_send(ch->ares, wire, (int)length, on_ares_reply, q);
	channel_rearm(ch);
}

/* A query may end inside its start, and then c-ares comes back here while we are still in the list. */
static void channel_pump(struct channel *ch)
{
	if (ch->pumping || ch->resolver->closing)
		return;
	ch->pumping = true;
	while (ch->waiting && ch->in_flight < IN_FLIGHT_MAX) {
		struct query *q = ch->waiting;

		DL_DELETE2(ch->waiting, q, wait_prev, wait_next);
		query_go(q, q->wire, q->length);
	}
	ch->pumping = false;
	if (is_over(ch))
		channel_end(ch);
}

static void query_send(struct resolver *r, struct channel *ch, const unsigned char *wire, size_t length, dns_reply_fn done, void *arg)
{
	struct query *q = mem_new(1, sizeof(*q));

	*q = (struct query){ .resolver = r, .channel = ch, .started_ms = loop_now_ms(r->loop), .done = done, .arg = arg };
	DL_APPEND(r->queries, q);
	if (ch->in_flight < IN_FLIGHT_MAX && !ch->waiting) {
		query_go(q, wire, length);
		return;
	}
	q->wire = mem_new(length, 1);
	q->length = length;
	memcpy(q->wire, wire, length);
	DL_APPEND2(ch->waiting, q, wait_prev, wait_next);
}

void resolver_defer(struct resolver *r, dns_reply_fn done, void *arg)
{
	struct query *q = mem_new(1, sizeof(*q));

	*q = (struct query){ .resolver = r, .started_ms = loop_now_ms(r->loop), .done = done, .arg = arg };
	DL_APPEND(r->queries, q);
	query_end(q, NULL, 0);
}

int resolver_query(struct resolver *r, const char *name, int type, dns_reply_fn done, void *arg, struct err *err)
{
	unsigned char wire[DNS_QUERY_MAX];
	int length;

	if (r->closing)
		return err_set(err, ERR_CANCELLED, "the DNS resolver was closed");
	length = dns_query_build(name, type, true, wire, sizeof(wire), err);
	if (length < 0)
		return length;
	query_send(r, r->recursive, wire, (size_t)length, done, arg);
	return 0;
}

/* c-ares compares the question of a reply and may take away the OPT record of the query when a server does not
 * know EDNS. So it gets what it understands: a query that ends in a bare OPT record. All else (UPDATE, whose
 * reply may leave out the zone section by RFC 2136 section 3.8; TSIG, which covers every byte) goes by exchange.h. */
static bool is_plain_query(const unsigned char *wire, size_t length)
{
	static const unsigned char opt[] = { 0, 0, 41 };

	return length >= 12 + 5 + 11 && (wire[2] & 0x78) == 0 && wire[4] == 0 && wire[5] == 1 && wire[10] == 0 && wire[11] == 1 &&
	       memcmp(wire + length - 11, opt, sizeof(opt)) == 0 && wire[length - 1] == 0 && wire[length - 2] == 0;
}

int resolver_exchange(struct resolver *r, const char *server, const unsigned char *wire, size_t length, bool tcp,
                      dns_reply_fn done, void *arg, struct err *err)
{
	struct sockaddr_storage address;
	char text[ADDRESS_TEXT_SIZE];
	struct channel *ch;
	int rc;

	if (r->closing)
		return err_set(err, ERR_CANCELLED, "the DNS resolver was closed");
	if (length < 12 || length > DNS_MESSAGE_MAX)
		return err_set(err, ERR_INVALID, "%zu bytes are not a DNS message", length);
	rc = address_parse(server, r->authority_port, &address, err);
	if (rc < 0)
		return rc;
	if (!is_plain_query(wire, length))
		return exchange_start(r->exchanger, &address, wire, length, tcp, done, arg, err);
	rc = channel_of(r, address_text(&address, text), tcp, &ch, err);
	if (rc < 0)
		return rc;
	query_send(r, ch, wire, length, done, arg);
	return 0;
}

/* ---- life ---- */

static void init_once(void)
{
	ares_library_init(ARES_LIB_INIT_ALL);
}

/* "127.0.0.1:5300,[::1]:53" */
static int servers_text(const char *const *servers, struct buf *out, struct err *err)
{
	char text[ADDRESS_TEXT_SIZE];

	for (; *servers; servers++) {
		struct sockaddr_storage address;
		int rc = address_parse(*servers, DNS_PORT, &address, err);

		if (rc < 0)
			return err_in(err, "DNS resolver");
		buf_printf(out, "%s%s", out->length ? "," : "", address_text(&address, text));
	}
	return 0;
}

static int open_recursive(struct resolver *r, const struct resolver_options *options, struct channel **ret, struct err *err)
{
	CLEANUP(buf_done) struct buf servers = BUF_INIT(65536);

	if ((options->servers && servers_text(options->servers, &servers, err) < 0) ||
	    channel_open(r, "recursive", servers.length ? buf_text(&servers) : NULL, false, ret, err) < 0)
		return err->code;
	(*ret)->recursive = true;
	return 0;
}

static void set_numbers(struct resolver *r, const struct resolver_options *options)
{
	r->timeout_ms = options->timeout_ms > 0 ? options->timeout_ms : TIMEOUT_MS;
	r->tries = options->tries > 0 ? options->tries : TRIES;
	r->authority_port = options->authority_port > 0 ? options->authority_port : DNS_PORT;
}

struct resolver *resolver_new(struct loop *l, const struct resolver_options *options, struct err *err)
{
	static pthread_once_t once = PTHREAD_ONCE_INIT;
	struct resolver *r = mem_new(1, sizeof(*r));

	pthread_once(&once, init_once);
	r->loop = l;
	set_numbers(r, options);
	if (open_recursive(r, options, &r->recursive, err) < 0) {
		free(r);
		return NULL;
	}
	r->exchanger = exchanger_new(l, r->timeout_ms, r->tries);
	return r;
}

int resolver_reconfigure(struct resolver *r, const struct resolver_options *options, struct err *err)
{
	struct resolver before = *r;
	struct channel *fresh, *ch, *tmp;

	set_numbers(r, options);
	if (open_recursive(r, options, &fresh, err) < 0) {
		*r = before;
		return err->code;
	}
	channel_retire(r->recursive);
	r->recursive = fresh;
	exchanger_reconfigure(r->exchanger, r->timeout_ms, r->tries);
	HASH_ITER(hh, r->channels, ch, tmp) {
		HASH_DEL(r->channels, ch);
		channel_retire(ch);
	}
	return 0;
}

void resolver_free(struct resolver *r)
{
	struct channel *ch, *tmp;

	if (!r)
		return;
	r->closing = true;
	exchanger_free(r->exchanger);
	channel_close(r->recursive);
	HASH_ITER(hh, r->channels, ch, tmp) {
		HASH_DEL(r->channels, ch);
		channel_close(ch);
	}
	DL_FOREACH_SAFE(r->retired, ch, tmp)
		channel_close(ch);
	while (r->queries) {
		if (!r->queries->err.code)
			err_set(&r->queries->err, ERR_CANCELLED, "the DNS query was called off");
		query_finish(r->queries);
	}
	free(r);
}
