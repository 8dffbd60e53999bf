#include "webroot/responder.h"

#include <fcntl.h>
#include <microhttpd.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "solver/base/listen.h"
#include "solver/base/mem.h"
#include "solver/guard/guard.h"
#include "webroot/runner.h"
#include "webroot/target.h"

#define OPTION "http.listen"
#define BODY_MAX 1024           /* a key authorization is a token, a dot and 43 characters */
#define CONNECTIONS 8192
#define HEAD_S 10
#define IDLE_S 15
#define MEMORY_PER_CONNECTION 8192 /* bounds the request header */

struct listener {
	char *asked; /* as in the options */
	struct listen_address address;
	char text[LISTEN_TEXT_SIZE];
	int fd;      /* -1: not open */
	bool kept;   /* its socket serves a newer responder too */
	struct runner **workers;
	size_t worker_count;
};

struct responder {
	struct answers *answers;
	char *redirect;
	struct fixed {
		struct MHD_Response *not_found, *bad_request, *bad_method;
	} fixed[2];                  /* of one that retires: with "Connection: close" */
	bool retiring;
	struct guard *guard;
	struct listener *listeners;
	size_t count;
};

static bool is_retiring(const struct responder *r)
{
	return __atomic_load_n(&r->retiring, __ATOMIC_ACQUIRE);
}

static const struct fixed *fixed_of(const struct responder *r)
{
	return &r->fixed[is_retiring(r)];
}

static enum MHD_Result send_once(struct MHD_Connection *c, unsigned status, struct MHD_Response *response)
{
	enum MHD_Result queued = response ? MHD_queue_response(c, status, response) : MHD_NO;

	if (response)
		MHD_destroy_response(response);
	return queued;
}

static enum MHD_Result send_body(const struct responder *r, struct MHD_Connection *c, char *body, size_t length)
{
	struct MHD_Response *response = MHD_create_response_from_buffer(length, body, MHD_RESPMEM_MUST_COPY);

	if (response)
		MHD_add_response_header(response, MHD_HTTP_HEADER_CONTENT_TYPE, "text/plain");
	if (response && is_retiring(r))
		MHD_add_response_header(response, MHD_HTTP_HEADER_CONNECTION, "close");
	return send_once(c, MHD_HTTP_OK, response);
}

static enum MHD_Result send_redirect(const struct responder *r, struct MHD_Connection *c, const char *token)
{
	CLEANUP(mem_freep) char *where = mem_printf("%s%s%s", r->redirect, TARGET_PATH, token);
	struct MHD_Response *response = MHD_create_response_from_buffer(0, "", MHD_RESPMEM_PERSISTENT);

	if (response)
		MHD_add_response_header(response, MHD_HTTP_HEADER_LOCATION, where);
	if (response && is_retiring(r))
		MHD_add_response_header(response, MHD_HTTP_HEADER_CONNECTION, "close");
	return send_once(c, MHD_HTTP_FOUND, response);
}

static enum MHD_Result answer(struct responder *r, struct MHD_Connection *c, const char *url)
{
	const char *header = MHD_lookup_connection_value(c, MHD_HEADER_KIND, MHD_HTTP_HEADER_HOST), *token = target_token(url);
	char host[TARGET_HOST_SIZE], body[BODY_MAX];
	long length;

	if (!header || !target_host(url, header, host))
		return MHD_queue_response(c, MHD_HTTP_BAD_REQUEST, fixed_of(r)->bad_request);
	if (!token)
		return MHD_queue_response(c, MHD_HTTP_NOT_FOUND, fixed_of(r)->not_found);
	length = answers_get_http(r->answers, host, token, body, sizeof(body));
	if (length >= 0)
		return send_body(r, c, body, (size_t)length);
	if (r->redirect)
		return send_redirect(r, c, token);
	return MHD_queue_response(c, MHD_HTTP_NOT_FOUND, fixed_of(r)->not_found);
}

static enum MHD_Result refuse_head(struct MHD_Connection *c, int status, const char *why)
{
	CLEANUP(mem_freep) char *text = mem_printf("bad request: %s\n", why);
	struct MHD_Response *response = MHD_create_response_from_buffer(strlen(text), text, MHD_RESPMEM_MUST_COPY);

	if (response)
		MHD_add_response_header(response, MHD_HTTP_HEADER_CONTENT_TYPE, "text/plain");
	return send_once(c, (unsigned)status, response);
}

static enum MHD_Result handle(void *arg, struct MHD_Connection *c, const char *url, const char *method,
	const char *version, const char *upload, size_t *upload_size, void **state)
{
	static char seen;
	struct responder *r = arg;
	const char *why;
	int status = *state ? 0 : guard_judge(c, url, method, version, &why);

	(void)upload;
	if (status)
		return refuse_head(c, status, why);
	if (strcmp(method, MHD_HTTP_METHOD_GET) != 0 && strcmp(method, MHD_HTTP_METHOD_HEAD) != 0)
		return MHD_queue_response(c, MHD_HTTP_METHOD_NOT_ALLOWED, fixed_of(r)->bad_method);
	/* An answer to the first call would end the connection: libmicrohttpd takes it for the refusal of a body. */
	if (!*state || *upload_size) {
		*state = &seen;
		*upload_size = 0;
		return MHD_YES;
	}
	guard_idle(guard_visit(c));
	return answer(r, c, url);
}

/* Paths stay as they were sent: "%2e%2e" or "%41" is never a token. */
static size_t keep_escapes(void *arg, struct MHD_Connection *c, char *text)
{
	(void)arg;
	(void)c;
	return strlen(text);
}

static void on_connection(void *arg, struct MHD_Connection *c, void **slot, enum MHD_ConnectionNotificationCode what)
{
	struct responder *r = arg;

	if (what == MHD_CONNECTION_NOTIFY_CLOSED)
		guard_leave(*slot);
	else
		*slot = guard_enter(r->guard, c);
}

static void keep_quiet(void *arg, const char *format, va_list args)
{
	(void)arg;
	(void)format;
	(void)args;
}

static struct MHD_Response *fixed_response(const char *text, bool closing)
{
	struct MHD_Response *response = MHD_create_response_from_buffer(strlen(text), (void *)text, MHD_RESPMEM_PERSISTENT);

	if (response)
		MHD_add_response_header(response, MHD_HTTP_HEADER_CONTENT_TYPE, "text/plain");
	if (response && closing)
		MHD_add_response_header(response, MHD_HTTP_HEADER_CONNECTION, "close");
	return response;
}

static void fixed_fill(struct fixed *f, bool closing)
{
	f->not_found = fixed_response("not found: this port answers ACME HTTP-01 challenges and nothing else; the API has one of its own\n", closing);
	f->bad_request = fixed_response("bad request\n", closing);
	f->bad_method = fixed_response("method not allowed: this port answers ACME HTTP-01 challenges to GET and HEAD, and nothing else; the API (and httpreq) has one of its own\n", closing);
	if (f->bad_method)
		MHD_add_response_header(f->bad_method, MHD_HTTP_HEADER_ALLOW, "GET, HEAD");
}

static void fixed_done(struct fixed *f)
{
	MHD_destroy_response(f->not_found);
	MHD_destroy_response(f->bad_request);
	MHD_destroy_response(f->bad_method);
}

static unsigned thread_count(const struct responder_options *options)
{
	long online = options->threads ? (long)options->threads : sysconf(_SC_NPROCESSORS_ONLN);

	return online < 1 ? 1 : online > 64 ? 64 : (unsigned)online;
}

/* A connection is accepted when its request is there: one turn of the loop less for each, and one that
 * never says anything costs us nothing. It is only an optimisation, so an error is ignored. */
static void wait_for_data(int fd)
{
	int seconds = IDLE_S;

	setsockopt(fd, IPPROTO_TCP, TCP_DEFER_ACCEPT, &seconds, sizeof(seconds));
}

static struct listener *listener_find(const struct responder *r, const char *asked)
{
	for (size_t i = 0; r && i < r->count; i++)
		if (strcmp(r->listeners[i].asked, asked) == 0)
			return &r->listeners[i];
	return NULL;
}

/* An address that stays keeps its socket and the connections that wait in it. */
static int socket_open(struct listener *l, const struct responder *before, int *ret_fd, struct err *err)
{
	struct listener *old = listener_find(before, l->asked);
	size_t count = before ? before->count : 0, going = 0;
	CLEANUP(mem_freep) char *memory = mem_new(count + 1, sizeof(int));
	int *fds = (int *)(void *)memory;

	if (old) {
		l->address = old->address;
		*ret_fd = fcntl(old->fd, F_DUPFD_CLOEXEC, 0);
		return *ret_fd < 0 ? err_errno(err, "keep %s: cannot listen on %s", OPTION, old->text) : 0;
	}
	for (size_t i = 0; i < count; i++)
		if (!before->listeners[i].kept)
			fds[going++] = before->listeners[i].fd;
	return listen_open_beside(&l->address, SOCK_STREAM, 1, OPTION, fds, going, ret_fd, err);
}

static void mark_kept(const struct responder_options *options)
{
	for (size_t i = 0; options->before && i < options->before->count; i++)
		options->before->listeners[i].kept = false;
	for (size_t i = 0; options->listen && options->listen[i]; i++) {
		struct listener *old = listener_find(options->before, options->listen[i]);

		if (old)
			old->kept = true;
	}
}

static struct MHD_Daemon *daemon_start(struct responder *r, int fd)
{
	return MHD_start_daemon(MHD_USE_EPOLL | MHD_USE_TURBO | MHD_USE_ERROR_LOG, 0, guard_accept, r->guard, handle, r,
		MHD_OPTION_EXTERNAL_LOGGER, keep_quiet, NULL,
		MHD_OPTION_LISTEN_SOCKET, fd,
		MHD_OPTION_CONNECTION_LIMIT, guard_limit(r->guard),
		MHD_OPTION_NOTIFY_CONNECTION, on_connection, r,
		MHD_OPTION_URI_LOG_CALLBACK, guard_target, r->guard,
		MHD_OPTION_STRICT_FOR_CLIENT, guard_strictness(),
		MHD_OPTION_CONNECTION_TIMEOUT, (unsigned)IDLE_S,
		MHD_OPTION_CONNECTION_MEMORY_LIMIT, (size_t)MEMORY_PER_CONNECTION,
		MHD_OPTION_CONNECTION_MEMORY_INCREMENT, (size_t)1024,
		MHD_OPTION_UNESCAPE_CALLBACK, keep_escapes, NULL,
		MHD_OPTION_END);
}

static int worker_start(struct responder *r, struct listener *l, struct runner **ret, struct err *err)
{
	struct MHD_Daemon *daemon = daemon_start(r, l->fd);

	if (daemon)
		return runner_start(daemon, ret, err);
	return err_set(err, ERR_IO, "the HTTP server on %s did not start; check the limits on threads and open files", l->text);
}

static int listener_start(struct responder *r, struct listener *l, const struct responder_options *options, struct err *err)
{
	unsigned threads = thread_count(options);

	if (socket_open(l, options->before, &l->fd, err) < 0)
		return err->code;
	listen_text(&l->address, l->text);
	wait_for_data(l->fd);
	l->workers = mem_new(threads, sizeof(*l->workers));
	for (; l->worker_count < threads; l->worker_count++)
		if (worker_start(r, l, &l->workers[l->worker_count], err) < 0)
			return err->code;
	return 0;
}

static int listeners_start(struct responder *r, const struct responder_options *options, struct err *err)
{
	mark_kept(options);
	for (size_t i = 0; i < r->count; i++) {
		r->listeners[i].asked = mem_dup(options->listen[i]);
		r->listeners[i].fd = -1;
		if (listen_parse(options->listen[i], OPTION, &r->listeners[i].address, err) < 0 ||
		    listener_start(r, &r->listeners[i], options, err) < 0)
			return err->code;
	}
	return 0;
}

static struct guard *guard_open(const struct responder_options *options)
{
	unsigned connections = options->connections ? options->connections : CONNECTIONS;
	const struct guard_options guard = { .listener = "http", .connections = connections, .per_address = connections / 2 + 1,
	                                     .head_s = HEAD_S, .idle_s = IDLE_S };

	return guard_new(&guard);
}

static char *redirect_base(const char *text)
{
	size_t length = text ? strlen(text) : 0;

	while (length && text[length - 1] == '/')
		length--;
	return length ? mem_dup_n(text, length) : NULL;
}

int responder_start(const struct responder_options *options, struct answers *a, struct responder **ret, struct err *err)
{
	struct responder *r = mem_new(1, sizeof(*r));
	struct err scratch;

	if (!err)
		err = &scratch;
	r->answers = a;
	r->redirect = redirect_base(options->redirect_unknown);
	r->guard = guard_open(options);
	fixed_fill(&r->fixed[0], false);
	fixed_fill(&r->fixed[1], true);
	while (options->listen && options->listen[r->count])
		r->count++;
	r->listeners = mem_new(r->count + 1, sizeof(*r->listeners));
	if (listeners_start(r, options, err) < 0) {
		responder_abandon(r);
		return err->code;
	}
	*ret = r;
	return 0;
}

static void listener_stop(struct listener *l)
{
	for (size_t i = 0; i < l->worker_count; i++)
		runner_stop(l->workers[i]);
	if (l->fd >= 0)
		close(l->fd);
	free(l->workers);
	free(l->asked);
}

void responder_stop(struct responder *r)
{
	if (!r)
		return;
	for (size_t i = 0; i < r->count; i++)
		listener_stop(&r->listeners[i]);
	guard_free(r->guard);
	fixed_done(&r->fixed[0]);
	fixed_done(&r->fixed[1]);
	free(r->listeners);
	free(r->redirect);
	free(r);
}

static void listener_retire(struct listener *l)
{
	for (size_t i = 0; i < l->worker_count; i++)
		runner_quiesce(l->workers[i]);
	if (!l->kept)
		shutdown(l->fd, SHUT_RDWR);
}

void responder_retire(struct responder *r)
{
	__atomic_store_n(&r->retiring, true, __ATOMIC_RELEASE);
	for (size_t i = 0; i < r->count; i++)
		listener_retire(&r->listeners[i]);
}

/* The sockets that it shares with the one before stay open. */
void responder_abandon(struct responder *r)
{
	for (size_t i = 0; r && i < r->count; i++)
		r->listeners[i].kept = true;
	if (r)
		responder_retire(r);
	responder_stop(r);
}

bool responder_idle(const struct responder *r)
{
	for (size_t i = 0; i < r->count; i++)
		for (size_t k = 0; k < r->listeners[i].worker_count; k++)
			if (!runner_is_quiet(r->listeners[i].workers[k]))
				return false;
	return guard_count(r->guard) == 0;
}

struct guard *responder_guard(const struct responder *r)
{
	return r->guard;
}

const char *responder_bound(const struct responder *r, size_t index)
{
	return index < r->count ? r->listeners[index].text : NULL;
}
