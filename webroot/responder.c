#include "webroot/responder.h"

#include <errno.h>
#include <netinet/tcp.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "solver/base/listen.h"
#include "solver/base/mem.h"
#include "solver/net/http_server.h"
#include "webroot/target.h"

#define OPTION "http.listen"
#define ANSWER_MAX 1024  /* a key authorization is a token, a dot and 43 characters */
#define CONNECTIONS 8192
#define THREADS_MAX 64
#define IDLE_S 15
#define HEAD_S 5         /* an authority sends its few lines at once */
#define HEAD_MAX 8192
#define REQUEST_MAX 1024 /* nobody has a reason to send a body */

/* One thread: a loop of its own, with one socket of each address (the kernel spreads connections over the threads). */
struct worker {
	pthread_t thread;
	bool running;
	struct loop *loop;
	struct http_server **servers;
	size_t count;
};

struct bound {
	struct listen_address address;
	char text[LISTEN_TEXT_SIZE];
};

struct responder {
	struct answers *answers;
	char *redirect;
	struct bound *bound;
	size_t count;
	struct worker workers[THREADS_MAX];
	unsigned worker_count;
};

/* ---- answers ---- */

static void reply_text(struct http_exchange *x, int status, const char *text)
{
	http_exchange_reply(x, status, "text/plain", text, strlen(text));
}

static void reply_unknown(struct http_exchange *x, const char *redirect, const char *token)
{
	CLEANUP(mem_freep) char *where = NULL;
	size_t length = redirect ? strlen(redirect) : 0;

	while (length && redirect[length - 1] == '/')
		length--;
	if (!length) {
		reply_text(x, 404, "not found\n");
		return;
	}
	where = mem_printf("%.*s%s%s", (int)length, redirect, TARGET_PATH, token);
	http_exchange_header(x, "Location", where);
	http_exchange_reply(x, 302, NULL, "", 0);
}

void responder_answer(struct http_exchange *x, struct answers *a, const char *redirect)
{
	/* As it was sent: "%2e%2e" or "%41" is never a token. The server saw to it that an absolute target names the Host. */
	const char *target = http_exchange_target(x), *method = http_exchange_method(x), *token = target_token(target);
	char host[TARGET_HOST_SIZE], body[ANSWER_MAX];
	long length;

	if (strcmp(method, "GET") != 0) {
		http_exchange_header(x, "Allow", "GET, HEAD");
		reply_text(x, 405, "method not allowed\n");
	} else if (!target_host(target, http_exchange_request_header(x, "Host"), host)) {
		reply_text(x, 400, "bad request\n");
	} else if (!token) {
		reply_text(x, 404, "not found: this port answers ACME HTTP-01 challenges and nothing else\n");
	} else if ((length = answers_get_http(a, host, token, body, sizeof(body))) >= 0) {
		http_exchange_reply(x, 200, "text/plain", body, (size_t)length);
	} else {
		reply_unknown(x, redirect, token);
	}
}

static void handle(struct http_exchange *x, void *arg)
{
	struct responder *r = arg;

	responder_answer(x, r->answers, r->redirect);
}

/* ---- threads ---- */

static void *worker_run(void *arg)
{
	struct worker *w = arg;

	loop_run(w->loop);
	return NULL;
}

static void stop_loop(void *arg)
{
	loop_stop(((struct worker *)arg)->loop);
}

static void worker_done(struct worker *w)
{
	if (w->running) {
		loop_post(w->loop, stop_loop, w);
		pthread_join(w->thread, NULL);
	}
	for (size_t i = 0; i < w->count; i++)
		http_server_stop(w->servers[i]);
	if (w->loop)
		loop_free(w->loop);
	free(w->servers);
}

static int workers_start(struct responder *r, struct err *err)
{
	for (unsigned i = 0; i < r->worker_count; i++) {
		errno = pthread_create(&r->workers[i].thread, NULL, worker_run, &r->workers[i]);
		if (errno)
			return err_errno(err, "the HTTP-01 responder cannot start a thread");
		r->workers[i].running = true;
	}
	return 0;
}

/* ---- sockets ---- */

/* A connection is accepted when its request is there: one turn of the loop less for each, and one that
 * never says anything costs us nothing. An optimisation only, so a refusal of the kernel is none of ours. */
static void wait_for_data(int fd)
{
	int seconds = IDLE_S;

	setsockopt(fd, IPPROTO_TCP, TCP_DEFER_ACCEPT, &seconds, sizeof(seconds));
}

static void worker_take(struct worker *w, int fd, struct responder *r, unsigned connections)
{
	const struct http_server_options options = { .max_body = REQUEST_MAX, .max_head = HEAD_MAX, .connections = connections,
	                                             .idle_seconds = IDLE_S, .head_seconds = HEAD_S, .body_seconds = HEAD_S };

	wait_for_data(fd);
	w->servers[w->count++] = http_server_start_on(w->loop, fd, &options, handle, r);
}

static int listen_one(struct responder *r, const char *listen, struct bound *b, unsigned connections, struct err *err)
{
	int fds[THREADS_MAX];

	if (listen_parse(listen, OPTION, &b->address, err) < 0 ||
	    listen_open(&b->address, SOCK_STREAM, r->worker_count, OPTION, fds, err) < 0)
		return err->code;
	listen_text(&b->address, b->text);
	for (unsigned i = 0; i < r->worker_count; i++)
		worker_take(&r->workers[i], fds[i], r, connections);
	return 0;
}

static unsigned thread_count(const struct responder_options *options)
{
	long online = options->threads ? (long)options->threads : sysconf(_SC_NPROCESSORS_ONLN);

	return online < 1 ? 1 : online > THREADS_MAX ? THREADS_MAX : (unsigned)online;
}

static int start(struct responder *r, const struct responder_options *options, struct err *err)
{
	unsigned connections = options->connections ? options->connections : CONNECTIONS;

	while (options->listen && options->listen[r->count])
		r->count++;
	r->bound = mem_new(r->count + 1, sizeof(*r->bound));
	r->worker_count = thread_count(options);
	for (unsigned i = 0; i < r->worker_count; i++) {
		r->workers[i].loop = loop_new();
		r->workers[i].servers = mem_new(r->count + 1, sizeof(*r->workers[i].servers));
	}
	if (r->count)
		connections /= (unsigned)r->count * r->worker_count;
	for (size_t i = 0; i < r->count; i++)
		if (listen_one(r, options->listen[i], &r->bound[i], connections ? connections : 1, err) < 0)
			return err->code;
	return workers_start(r, err);
}

int responder_start(const struct responder_options *options, struct answers *a, struct responder **ret, struct err *err)
{
	struct responder *r = mem_new(1, sizeof(*r));
	struct err scratch;

	if (!err)
		err = &scratch;
	r->answers = a;
	r->redirect = options->redirect_unknown ? mem_dup(options->redirect_unknown) : NULL;
	if (start(r, options, err) < 0) {
		responder_stop(r);
		return err->code;
	}
	*ret = r;
	return 0;
}

void responder_stop(struct responder *r)
{
	if (!r)
		return;
	for (unsigned i = 0; i < r->worker_count; i++)
		worker_done(&r->workers[i]);
	free(r->bound);
	free(r->redirect);
	free(r);
}

const char *responder_bound(const struct responder *r, size_t index)
{
	return index < r->count ? r->bound[index].text : NULL;
}
