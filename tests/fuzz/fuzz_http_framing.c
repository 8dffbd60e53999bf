/* links: dcvd_net dcvd_webroot */
/* Bytes on a real connection to the HTTP server of the front doors, or to the HTTP-01 responder. A strict reader of our own says
 * which requests they hold; the server may take those and no others, as a front end would want it. Each reply is well formed, there
 * is at most one more than requests (the refusal of the rest), and the next client is answered.
 *
 * The first character chooses the listener, the second the size of the pieces that are written (0: all at once) and whether our side
 * of the connection stays open. */
#include <ctype.h>
#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <pthread.h>
#include <sched.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/socket.h>
#include <unistd.h>

#include "solver/base/buf.h"
#include "solver/base/mem.h"
#include "solver/net/http_server.h"
#include "webroot/responder.h"

#define REQUESTS_MAX 64
#define BODY_MAX 256          /* of a request to the front doors */
#define REPLY_MAX 1048576
#define SILENCE_MS 10         /* after it, an open connection is left */
#define ANSWER_MS 60000       /* a well-formed request is answered within it, also on a machine that is busy */
#define TOKEN "token"
#define PROBE "GET /.well-known/acme-challenge/" TOKEN " HTTP/1.1\r\nHost: www.example.com\r\nConnection: close\r\n\r\n"

#define NEED(what) ((what) ? (void)0 : fault(#what))

struct request {
	char method[64];              /* longer than any that is taken */
	size_t body_length;
	char first;                   /* byte of the body */
};

struct requests {
	struct request all[REQUESTS_MAX];
	size_t count;
};

static void fault(const char *what)
{
	fprintf(stderr, "not so: %s\n", what);
	abort();
}

/* ---- what a strict reader finds (RFC 9112) ---- */

struct input {
	const char *at, *end;
};

/* libmicrohttpd before 1.0 takes a zero byte and LF for CR LF, and nobody can see it afterwards (solver/guard/framing.h). */
static char *plain_ends(const char *bytes, size_t length)
{
	char *copy = mem_new(1, length + 1);

	for (size_t i = 0; i < length; i++)
		copy[i] = bytes[i] || i + 1 == length || bytes[i + 1] != '\n' ? bytes[i] : '\r';
	return copy;
}

/* One line up to CR LF, without them; NULL: there is none, or it holds another control character. */
static char *line_take(struct input *in)
{
	const char *end = memmem(in->at, (size_t)(in->end - in->at), "\r\n", 2);
	char *line;

	if (!end)
		return NULL;
	for (const char *c = in->at; c < end; c++)
		if (((unsigned char)*c < ' ' && *c != '\t') || *c == 0x7f)
			return NULL;
	line = mem_dup_n(in->at, (size_t)(end - in->at));
	in->at = end + 2;
	return line;
}

static size_t token_span(const char *text)
{
	size_t n = 0;

	while (isalnum((unsigned char)text[n]) || (text[n] && strchr("!#$%&'*+-.^_`|~", text[n])))
		n++;
	return n;
}

/* "GET /path HTTP/1.1". */
static bool start_read(const char *line, struct request *ret, bool *ret_http10)
{
	size_t method = token_span(line), target;
	const char *version;

	if (!method || method >= sizeof(ret->method) || line[method] != ' ')
		return false;
	snprintf(ret->method, sizeof(ret->method), "%.*s", (int)method, line);
	target = strcspn(line + method + 1, " \t");
	version = line + method + 1 + target;
	*ret_http10 = strcmp(version, " HTTP/1.0") == 0;
	return target > 0 && (*ret_http10 || strcmp(version, " HTTP/1.1") == 0);
}

struct head {
	size_t hosts, lengths, codings, length;
	bool broken, close;
};

static void field_read(const char *line, struct head *f)
{
	size_t name = token_span(line);
	const char *value = line + name + 1;
	char *end;

	f->broken |= !name || line[name] != ':';
	if (f->broken)
		return;
	value += strspn(value, " \t");
	if (name == 4 && strncasecmp(line, "Host", 4) == 0)
		f->hosts++;
	if (name == 10 && strncasecmp(line, "Connection", 10) == 0)
		f->close |= strcasestr(value, "close") != NULL;
	if (name == 17 && strncasecmp(line, "Transfer-Encoding", 17) == 0) {
		f->codings++;
		f->broken |= strncasecmp(value, "chunked", 7) != 0 || value[7 + strspn(value + 7, " \t")];
	}
	if (name == 14 && strncasecmp(line, "Content-Length", 14) == 0) {
		f->lengths++;
		f->length = strtoul(value, &end, 10);
		f->broken |= !isdigit((unsigned char)*value) || end - value > 9 || end[strspn(end, " \t")];
	}
}

static bool fields_read(struct input *in, struct head *f)
{
	char *line;

	while ((line = line_take(in)) && *line) {
		field_read(line, f);
		free(line);
	}
	free(line);
	return line && !f->broken;
}

static bool body_take(struct input *in, size_t length, struct request *r)
{
	if ((size_t)(in->end - in->at) < length)
		return false;
	if (length && !r->body_length)
		r->first = *in->at;
	r->body_length += length;
	in->at += length;
	return true;
}

/* Chunks without extensions, and no trailers. */
static bool chunks_take(struct input *in, struct request *r)
{
	for (;;) {
		CLEANUP(mem_freep) char *line = line_take(in);
		size_t digits = line ? strspn(line, "0123456789abcdefABCDEF") : 0, length = digits && digits < 8 ? strtoul(line, NULL, 16) : 0;

		if (!digits || digits >= 8 || line[digits] || !body_take(in, length, r))
			return false;
		if (in->end - in->at < 2 || memcmp(in->at, "\r\n", 2) != 0)
			return false;
		in->at += 2;
		if (!length)
			return true;
	}
}

/* Goes on to the next CR or LF, or to the end. */
static void line_end_find(struct input *in)
{
	while (in->at < in->end && *in->at != '\r' && *in->at != '\n')
		in->at++;
}

/* Empty lines before a request, which a server should ignore (RFC 9112 section 2.2). libmicrohttpd ignores each CR and LF there, and
 * before 1.0 a line that begins with a zero byte, too (solver/guard/framing.h). */
static void empty_lines_skip(struct input *in)
{
	while (in->at < in->end && strchr("\r\n", *in->at)) /* finds a zero byte, too */
		if (*in->at)
			in->at++;
		else
			line_end_find(in);
}

/* True when the whole request is there and says in one way only where it ends. */
static bool request_take(struct input *in, struct request *ret, bool *ret_last)
{
	CLEANUP(mem_freep) char *line = NULL;
	struct head f = { 0 };
	bool http10;

	empty_lines_skip(in);
	line = line_take(in);
	if (!line || !start_read(line, ret, &http10) || !fields_read(in, &f))
		return false;
	*ret_last = f.close || http10;
	if (f.lengths + f.codings > 1 || f.hosts > 1 || (!f.hosts && !http10) || (f.codings && http10))
		return false;
	return f.codings ? chunks_take(in, ret) : body_take(in, f.length, ret);
}

static void requests_read(const char *bytes, size_t length, struct requests *ret)
{
	CLEANUP(mem_freep) char *plain = plain_ends(bytes, length);
	struct input in = { plain, plain + length };
	bool last = false;

	while (in.at < in.end && !last && ret->count < REQUESTS_MAX) {
		struct request one = { 0 };

		if (!request_take(&in, &one, &last))
			break;
		ret->all[ret->count++] = one;
	}
}

/* ---- the servers ---- */

static struct server {
	struct http_server *doors;
	struct responder *responder;
	int ports[2];
	pthread_mutex_t lock;
	char peer[32];            /* whose requests are noted */
	struct requests seen;
} server = { .lock = PTHREAD_MUTEX_INITIALIZER };

static void note(struct http_exchange *x)
{
	struct request *r;

	pthread_mutex_lock(&server.lock);
	if (strcmp(server.peer, http_exchange_peer(x)) == 0 && server.seen.count < REQUESTS_MAX) {
		r = &server.seen.all[server.seen.count++];
		snprintf(r->method, sizeof(r->method), "%s", http_exchange_method(x));
		r->body_length = http_exchange_body_length(x);
		r->first = r->body_length ? *http_exchange_body(x) : '\0';
	}
	pthread_mutex_unlock(&server.lock);
}

static void handle(struct http_exchange *x, void *arg)
{
	const char *path = http_exchange_path(x), *wanted = http_exchange_query(x, "header");

	(void)arg;
	note(x);
	free(http_exchange_request_header_all(x, "Accept"));
	if (wanted && http_exchange_request_header(x, wanted))
		http_exchange_header(x, "X-Echo", http_exchange_request_header(x, wanted));
	if (strncmp(path, "/stream", 7) != 0) {
		http_exchange_reply(x, 200, "text/plain", path, strlen(path));
		return;
	}
	http_exchange_stream(x, "text/event-stream");
	for (size_t i = 0; i < http_exchange_body_length(x) % 3; i++)
		http_exchange_write(x, "data\n");
	http_exchange_end(x);
}

static void *serve(void *loop)
{
	loop_run(loop);
	return NULL;
}

static void start(void)
{
	static const char *const listen[] = { "127.0.0.1:0", NULL };
	static const struct http_server_options doors = { .max_body = BODY_MAX };
	const struct responder_options responder = { .listen = listen, .threads = 1 };
	struct answers *answers = answers_new();
	struct loop *loop = loop_new();
	pthread_t thread;
	struct err err;

	answers_set_http(answers, "www.example.com", TOKEN, TOKEN ".thumbprint");
	if (http_server_start(loop, listen[0], &doors, handle, NULL, &server.doors, &err) < 0 ||
	    responder_start(&responder, answers, &server.responder, &err) < 0)
		fault(err.text);
	server.ports[0] = http_server_port(server.doors);
	server.ports[1] = atoi(strrchr(responder_bound(server.responder, 0), ':') + 1);
	if (pthread_create(&thread, NULL, serve, loop) != 0)
		fault("a thread");
}

/* ---- a client ---- */

/* From an address of its own in 127.0.0.0/8, so that what the server sees can be told apart. */
static int client_open(int port, uint32_t from)
{
	struct sockaddr_in own = { .sin_family = AF_INET, .sin_addr.s_addr = htonl(0x7f010000 + from) };
	struct sockaddr_in to = { .sin_family = AF_INET, .sin_port = htons((uint16_t)port), .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	struct timeval limit = { .tv_sec = ANSWER_MS / 1000 };
	struct linger reset = { .l_onoff = 1 }; /* no TIME_WAIT: many thousands of these follow each other */
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0), one = 1;

	setsockopt(fd, SOL_IP, IP_BIND_ADDRESS_NO_PORT, &one, sizeof(one));
	setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof(one));
	setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &limit, sizeof(limit));
	setsockopt(fd, SOL_SOCKET, SO_LINGER, &reset, sizeof(reset));
	if (bind(fd, (struct sockaddr *)&own, sizeof(own)) < 0 || TEMP_FAILURE_RETRY(connect(fd, (struct sockaddr *)&to, sizeof(to))) < 0)
		fault("a connection");
	return fd;
}

static void client_write(int fd, const char *bytes, size_t length, size_t piece)
{
	for (size_t at = 0, n; at < length; at += n) {
		n = piece && piece < length - at ? piece : length - at;
		if (TEMP_FAILURE_RETRY(send(fd, bytes + at, n, MSG_NOSIGNAL)) != (ssize_t)n)
			return; /* refused and closed already */
		if (piece)
			sched_yield(); /* let the server read it alone */
	}
}

/* All that comes until the end of the connection, or until nothing came for so long. */
static void client_read(int fd, int silence_ms, struct buf *ret)
{
	struct pollfd p = { .fd = fd, .events = POLLIN };
	char part[4096];
	ssize_t n = 1;

	while (n > 0 && TEMP_FAILURE_RETRY(poll(&p, 1, silence_ms)) > 0) { /* the fuzzer's timer interrupts */
		n = TEMP_FAILURE_RETRY(recv(fd, part, sizeof(part), 0));
		if (n > 0)
			buf_add(ret, part, (size_t)n);
	}
}

/* ---- the replies ---- */

static const char *header_of(const char *head, const char *name)
{
	const char *line = strcasestr(head, name);

	return line ? line + strlen(name) : NULL;
}

static void chunked_skip(struct input *in)
{
	struct request unused = { 0 };

	NEED(chunks_take(in, &unused));
}

/* One reply to `method` (NULL: to bytes that are no request). An interim reply (1xx) is not counted. */
static bool reply_take(struct input *in, const char *method)
{
	const char *end = memmem(in->at, (size_t)(in->end - in->at), "\r\n\r\n", 4), *length;
	CLEANUP(mem_freep) char *head = end ? mem_dup_n(in->at, (size_t)(end + 2 - in->at)) : NULL;
	struct request body = { 0 };
	int status;

	NEED(head && strncmp(head, "HTTP/1.", 7) == 0 && (head[7] == '0' || head[7] == '1') && head[8] == ' ' && strlen(head) == (size_t)(end + 2 - in->at));
	status = atoi(head + 9);
	NEED(status >= 100 && status < 600);
	in->at = end + 4;
	if (status < 200)
		return false;
	if (!method)
		NEED(status >= 400);
	if ((method && strcmp(method, "HEAD") == 0) || status == 204 || status == 304)
		return true;
	if (!method && header_of(head, "\r\nConnection: close")) {
		in->at = in->end; /* libmicrohttpd writes the head of some refusals twice; the connection ends anyway */
		return true;
	}
	length = header_of(head, "\r\nContent-Length:");
	if (header_of(head, "\r\nTransfer-Encoding:"))
		chunked_skip(in);
	else if (length)
		NEED(body_take(in, strtoul(length, NULL, 10), &body) || !method);
	else
		in->at = in->end;
	return true;
}

static size_t replies_check(const struct buf *bytes, const struct requests *asked)
{
	struct input in = { buf_text(bytes), buf_text(bytes) + bytes->length };
	size_t count = 0;

	while (in.at < in.end) {
		NEED(count <= asked->count);
		count += reply_take(&in, count < asked->count ? asked->all[count].method : NULL);
	}
	return count;
}

static void seen_check(const struct requests *seen, const struct requests *asked)
{
	NEED(seen->count <= asked->count);
	for (size_t i = 0; i < seen->count; i++) {
		const char *method = strcmp(asked->all[i].method, "HEAD") == 0 ? "GET" : asked->all[i].method;

		NEED(strcmp(seen->all[i].method, method) == 0 && seen->all[i].body_length == asked->all[i].body_length &&
		     seen->all[i].first == asked->all[i].first);
	}
}

static void probe(int port)
{
	struct buf reply = BUF_INIT(REPLY_MAX);
	int fd = client_open(port, 0);

	client_write(fd, PROBE, strlen(PROBE), 0);
	client_read(fd, ANSWER_MS, &reply);
	close(fd);
	NEED(strncmp(buf_text(&reply), "HTTP/1.1 200 ", 13) == 0);
	buf_done(&reply);
}

static void expect_from(uint32_t from)
{
	pthread_mutex_lock(&server.lock);
	snprintf(server.peer, sizeof(server.peer), "127.1.%u.%u", from >> 8 & 255, from & 255);
	server.seen.count = 0;
	pthread_mutex_unlock(&server.lock);
}

static void try(int which, unsigned mode, const char *bytes, size_t length)
{
	static uint32_t from;
	struct requests asked = { 0 }, seen;
	struct buf replies = BUF_INIT(REPLY_MAX);
	int fd;

	from = from % 65533 + 1;
	expect_from(from);
	requests_read(bytes, length, &asked);
	fd = client_open(server.ports[which], from);
	client_write(fd, bytes, length, mode & 15);
	if (!(mode & 16))
		shutdown(fd, SHUT_WR);
	client_read(fd, SILENCE_MS, &replies);
	close(fd);
	replies_check(&replies, &asked);
	buf_done(&replies);
	probe(server.ports[which]); /* after it, nothing of ours is under way any more */
	pthread_mutex_lock(&server.lock);
	seen = server.seen;
	pthread_mutex_unlock(&server.lock);
	if (which == 0)
		seen_check(&seen, &asked);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	if (size < 2)
		return 0;
	if (!server.doors)
		start();
	try(data[0] & 1, (unsigned)(data[1] - '0'), (const char *)data + 2, size - 2);
	return 0;
}
