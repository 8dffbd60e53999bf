#include "solver/net/http.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <utlist.h>
#include <uv.h>

#include "solver/base/buf.h"
#include "solver/base/mem.h"
#include "solver/net/address.h"
#include "solver/net/http_certificate.h"

#define MAX_REPLY (1024 * 1024)
#define TIMEOUT_MS 30000
#define CONNECT_TIMEOUT_MS 10000
#define CONNECTIONS_MAX 256

/* libcurl tells which sockets and which time it waits for; libuv waits; every wake-up goes back through
 * curl_multi_socket_action(), and what has finished is collected afterwards, never inside a callback of libcurl. Whoever asked hears of
 * it from a timer of the call, so that a callback may cancel other calls and free the client. */
struct http_client {
	struct loop *loop;
	CURLM *multi;
	uv_timer_t timer;
	struct http_call *calls;
	bool closing;
};

struct socket_watch {
	uv_poll_t uv;
	struct http_client *client;
	curl_socket_t fd;
};

struct http_call {
	struct http_client *client;
	CURL *easy;
	struct http_request request; /* flags and limits; the texts are the copies below */
	char *method, *url, *connect_address, *ca_file, *unix_socket, *body;
	char *where;                 /* "https://host:port": what an error may show of the URL */
	struct curl_slist *headers, *connect_to;
	struct buf reply_body, reply_headers;
	char error_text[CURL_ERROR_SIZE];
	int redirects;
	bool cut, too_large, headers_too_large, with_body;
	char refused[ADDRESS_TEXT_SIZE]; /* the address that may not be connected to, or "" */
	bool head_whole;             /* the empty line after the headers came */
	int64_t started_ms, elapsed_ms;
	int status;
	struct err err;
	struct timer *tell;          /* the call is over */
	void (*done)(const struct http_reply *reply, const struct err *err, void *arg);
	void *arg;
	struct http_call *prev, *next;
};

static void collect_finished(struct http_client *c);

static void call_free(struct http_call *call)
{
	timer_stop(call->tell);
	curl_easy_cleanup(call->easy);
	curl_slist_free_all(call->headers);
	curl_slist_free_all(call->connect_to);
	buf_done(&call->reply_body);
	buf_done(&call->reply_headers);
	free(call->method);
	free(call->url);
	free(call->connect_address);
	free(call->ca_file);
	free(call->unix_socket);
	free(call->body);
	free(call->where);
	free(call);
}

/* ---- the end of a call ---- */

static void call_tell(struct http_call *call)
{
	struct http_reply reply = { .status = call->status, .redirects = call->redirects, .cut = call->cut };
	char *address = NULL;

	DL_DELETE(call->client->calls, call);
	curl_easy_getinfo(call->easy, CURLINFO_PRIMARY_IP, &address);
	reply.headers = buf_text(&call->reply_headers);
	reply.body = buf_text(&call->reply_body);
	reply.body_length = call->reply_body.length;
	reply.final_url = call->url;
	reply.address = address ? address : "";
	reply.elapsed_ms = (long)call->elapsed_ms;
	call->done(call->err.code ? NULL : &reply, &call->err, call->arg);
	call_free(call);
}

static void on_tell(void *arg)
{
	struct http_call *call = arg;

	call->tell = NULL;
	call_tell(call);
}

static void call_end(struct http_call *call)
{
	curl_multi_remove_handle(call->client->multi, call->easy);
	call->elapsed_ms = loop_now_ms(call->client->loop) - call->started_ms;
	call->tell = timer_start(call->client->loop, 0, on_tell, call);
}

void http_cancel(struct http_call *call)
{
	if (!call)
		return;
	curl_multi_remove_handle(call->client->multi, call->easy);
	DL_DELETE(call->client->calls, call);
	call_free(call);
}

/* ---- libcurl and libuv wake each other ---- */

static void on_socket_ready(uv_poll_t *uv, int status, int events)
{
	struct socket_watch *w = uv->data;
	struct http_client *c = w->client;
	int flags = status < 0 ? CURL_CSELECT_IN | CURL_CSELECT_OUT : 0, running; /* reading tells which error it is */

	if (events & UV_READABLE)
		flags |= CURL_CSELECT_IN;
	if (events & UV_WRITABLE)
		flags |= CURL_CSELECT_OUT;
	curl_multi_socket_action(c->multi, w->fd, flags, &running);
	collect_finished(c);
}

static void on_timeout(uv_timer_t *timer)
{
	struct http_client *c = timer->data;
	int running;

	curl_multi_socket_action(c->multi, CURL_SOCKET_TIMEOUT, 0, &running);
	collect_finished(c);
}

static void free_data(uv_handle_t *handle)
{
	free(handle->data);
}

static struct socket_watch *watch_new(struct http_client *c, curl_socket_t fd)
{
	struct socket_watch *w = mem_new(1, sizeof(*w));

	w->client = c;
	w->fd = fd;
	if (uv_poll_init_socket(loop_uv(c->loop), &w->uv, fd) < 0) {
		free(w);
		return NULL;
	}
	w->uv.data = w;
	curl_multi_assign(c->multi, fd, w);
	return w;
}

static int on_curl_socket(CURL *easy, curl_socket_t fd, int what, void *arg, void *assigned)
{
	struct http_client *c = arg;
	struct socket_watch *w = assigned;
	int events = 0;

	(void)easy;
	if (what == CURL_POLL_REMOVE) {
		if (w)
			uv_close((uv_handle_t *)&w->uv, free_data);
		curl_multi_assign(c->multi, fd, NULL);
		return 0;
	}
	if (!w)
		w = watch_new(c, fd);
	if (!w)
		return -1;
	if (what & CURL_POLL_IN)
		events |= UV_READABLE;
	if (what & CURL_POLL_OUT)
		events |= UV_WRITABLE;
	uv_poll_start(&w->uv, events, on_socket_ready);
	return 0;
}

static int on_curl_timer(CURLM *multi, long timeout_ms, void *arg)
{
	struct http_client *c = arg;

	(void)multi;
	if (timeout_ms < 0) {
		uv_timer_stop(&c->timer);
	} else {
		uv_update_time(loop_uv(c->loop));
		uv_timer_start(&c->timer, on_timeout, (uint64_t)timeout_ms, 0);
	}
	return 0;
}

static void init_once(void)
{
	curl_global_init(CURL_GLOBAL_DEFAULT);
}

struct http_client *http_client_new(struct loop *l)
{
	static pthread_once_t once = PTHREAD_ONCE_INIT;
	struct http_client *c = mem_new(1, sizeof(*c));

	pthread_once(&once, init_once);
	c->loop = l;
	c->multi = curl_multi_init();
	uv_timer_init(loop_uv(l), &c->timer);
	c->timer.data = c;
	curl_multi_setopt(c->multi, CURLMOPT_SOCKETFUNCTION, on_curl_socket);
	curl_multi_setopt(c->multi, CURLMOPT_SOCKETDATA, c);
	curl_multi_setopt(c->multi, CURLMOPT_TIMERFUNCTION, on_curl_timer);
	curl_multi_setopt(c->multi, CURLMOPT_TIMERDATA, c);
	curl_multi_setopt(c->multi, CURLMOPT_MAX_TOTAL_CONNECTIONS, (long)CONNECTIONS_MAX);
	return c;
}

void http_client_free(struct http_client *c)
{
	if (!c)
		return;
	c->closing = true;
	while (c->calls) {
		curl_multi_remove_handle(c->multi, c->calls->easy);
		err_set(&c->calls->err, ERR_CANCELLED, "the HTTP client was closed");
		call_tell(c->calls);
	}
	curl_multi_cleanup(c->multi);
	uv_close((uv_handle_t *)&c->timer, free_data);
}

/* ---- what comes back ---- */

static size_t on_body(char *bytes, size_t size, size_t count, void *arg)
{
	struct http_call *call = arg;
	size_t length = size * count, room = call->request.max_reply - call->reply_body.length;

	if (length <= room) {
		buf_add(&call->reply_body, bytes, length);
		return length;
	}
	call->cut = call->request.cut_at_max;
	call->too_large = !call->cut;
	if (call->cut)
		buf_add(&call->reply_body, bytes, room);
	return 0; /* ends the transfer */
}

static size_t on_header(char *bytes, size_t size, size_t count, void *arg)
{
	struct http_call *call = arg;
	size_t length = size * count;

	if (length >= 5 && memcmp(bytes, "HTTP/", 5) == 0)
		buf_reset(&call->reply_headers); /* only the last response counts */
	else if (length > 2)
		buf_add(&call->reply_headers, bytes, length);
	call->head_whole = length <= 2;
	call->headers_too_large = call->reply_headers.overflow;
	return call->headers_too_large ? 0 : length;
}

static int failure_code(struct http_call *call, CURLcode rc)
{
	curl_off_t connected = 0;

	switch (rc) {
	case CURLE_OPERATION_TIMEDOUT:
		curl_easy_getinfo(call->easy, CURLINFO_PRETRANSFER_TIME_T, &connected);
		return connected > 0 ? ERR_TIMEOUT : ERR_UNREACHABLE;
	case CURLE_GOT_NOTHING:
	case CURLE_SEND_ERROR:
	case CURLE_RECV_ERROR:
		return ERR_TIMEOUT; /* the request may have been carried out */
	case CURLE_COULDNT_RESOLVE_HOST:
	case CURLE_COULDNT_RESOLVE_PROXY:
	case CURLE_COULDNT_CONNECT:
	case CURLE_SSL_CONNECT_ERROR:
	case CURLE_PEER_FAILED_VERIFICATION:
		return ERR_UNREACHABLE;
	case CURLE_SSL_CACERT_BADFILE:
		return ERR_INVALID;
	default:
		return ERR_PROTOCOL;
	}
}

static void call_fail(struct http_call *call, CURLcode rc)
{
	if (call->too_large)
		err_set(&call->err, ERR_TOO_LARGE, "%s: the reply is longer than %zu bytes", call->where, call->request.max_reply);
	else if (call->headers_too_large)
		err_set(&call->err, ERR_TOO_LARGE, "%s: the headers of the reply are longer than %d bytes", call->where, HTTP_HEADERS_MAX);
	else if (call->refused[0])
		err_set(&call->err, ERR_DENIED, "%s: its address %s is not public, and check.allow-addresses does not name it", call->where,
		        call->refused);
	else
		err_set(&call->err, failure_code(call, rc), "%s: %s", call->where,
		        call->error_text[0] ? call->error_text : curl_easy_strerror(rc));
	call_end(call);
}

/* ---- what goes out ---- */

/* Reads scheme, host and port into "scheme://host:port"; gives *ret_where. */
static int url_check(const char *text, char **ret_where, char **ret_port, struct err *err)
{
	CURLU *url = curl_url();
	char *scheme = NULL, *host = NULL, *port = NULL;
	int rc = 0;

	if (curl_url_set(url, CURLUPART_URL, text, CURLU_PATH_AS_IS) || curl_url_get(url, CURLUPART_SCHEME, &scheme, 0) ||
	    curl_url_get(url, CURLUPART_HOST, &host, 0) || curl_url_get(url, CURLUPART_PORT, &port, CURLU_DEFAULT_PORT) ||
	    (strcmp(scheme, "http") != 0 && strcmp(scheme, "https") != 0)) {
		rc = err_set(err, ERR_INVALID, "not an http or https URL");
	} else {
		*ret_where = mem_printf("%s://%s:%s", scheme, host, port);
		*ret_port = mem_dup(port);
	}
	curl_free(scheme);
	curl_free(host);
	curl_free(port);
	curl_url_cleanup(url);
	return rc;
}

static void set_method(struct http_call *call)
{
	bool expects_body = strcmp(call->method, "POST") == 0 || strcmp(call->method, "PUT") == 0 || strcmp(call->method, "PATCH") == 0;

	curl_easy_setopt(call->easy, CURLOPT_HTTPGET, 1L);
	curl_easy_setopt(call->easy, CURLOPT_CUSTOMREQUEST, NULL);
	if (strcmp(call->method, "HEAD") == 0) {
		curl_easy_setopt(call->easy, CURLOPT_NOBODY, 1L);
		return;
	}
	curl_easy_setopt(call->easy, CURLOPT_NOBODY, 0L);
	if (call->with_body || expects_body) {
		curl_easy_setopt(call->easy, CURLOPT_POST, 1L);
		curl_easy_setopt(call->easy, CURLOPT_POSTFIELDS, call->body);
		curl_easy_setopt(call->easy, CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t)call->request.body_length);
	}
	curl_easy_setopt(call->easy, CURLOPT_CUSTOMREQUEST, call->method);
}

static void set_headers(struct http_call *call, const char *const *headers)
{
	bool content_type = false;

	curl_slist_free_all(call->headers);
	call->headers = curl_slist_append(NULL, "Expect:");
	for (; headers && *headers; headers++) {
		content_type |= strncasecmp(*headers, "Content-Type:", 13) == 0;
		call->headers = curl_slist_append(call->headers, *headers);
	}
	if (!content_type) /* libcurl would claim a web form */
		call->headers = curl_slist_append(call->headers, "Content-Type:");
	curl_easy_setopt(call->easy, CURLOPT_HTTPHEADER, call->headers);
}

/* Only the first hop goes to the pinned address; a redirect leads wherever its host lives. */
static void set_address(struct http_call *call)
{
	const char *address = call->connect_address;
	CLEANUP(mem_freep) char *to = NULL;

	if (!address)
		return;
	to = mem_printf(strchr(address, ':') ? "::[%s]:" : "::%s:", address);
	call->connect_to = curl_slist_append(NULL, to);
	curl_easy_setopt(call->easy, CURLOPT_CONNECT_TO, call->connect_to);
	curl_easy_setopt(call->easy, CURLOPT_PROXY, "");
	curl_easy_setopt(call->easy, CURLOPT_FRESH_CONNECT, 1L); /* each call connects anew */
	curl_easy_setopt(call->easy, CURLOPT_FORBID_REUSE, 1L);
}

/* The last step before a packet leaves: what libcurl looked up is what is judged and used. */
static curl_socket_t open_socket(void *arg, curlsocktype purpose, struct curl_sockaddr *address)
{
	struct http_call *call = arg;
	struct sockaddr_storage copy = { 0 };
	char host[ADDRESS_TEXT_SIZE];

	(void)purpose;
	memcpy(&copy, &address->addr, address->addrlen < sizeof(copy) ? address->addrlen : sizeof(copy));
	if (call->request.may_connect(address_host(&copy, host)))
		return socket(address->family, address->socktype | SOCK_CLOEXEC, address->protocol);
	snprintf(call->refused, sizeof(call->refused), "%s", host);
	return CURL_SOCKET_BAD;
}

static void set_guard(struct http_call *call)
{
	if (!call->request.may_connect)
		return;
	curl_easy_setopt(call->easy, CURLOPT_OPENSOCKETFUNCTION, open_socket);
	curl_easy_setopt(call->easy, CURLOPT_OPENSOCKETDATA, call);
	curl_easy_setopt(call->easy, CURLOPT_PROXY, "");
	curl_easy_setopt(call->easy, CURLOPT_FRESH_CONNECT, 1L);
	curl_easy_setopt(call->easy, CURLOPT_FORBID_REUSE, 1L);
}

static void set_options(struct http_call *call)
{
	CURL *e = call->easy;

	curl_easy_setopt(e, CURLOPT_PRIVATE, call);
	curl_easy_setopt(e, CURLOPT_ERRORBUFFER, call->error_text);
	curl_easy_setopt(e, CURLOPT_NOSIGNAL, 1L);
	curl_easy_setopt(e, CURLOPT_PATH_AS_IS, 1L);
	curl_easy_setopt(e, CURLOPT_FOLLOWLOCATION, 0L);
	curl_easy_setopt(e, CURLOPT_PROTOCOLS_STR, "http,https");
	curl_easy_setopt(e, CURLOPT_USERAGENT, "dcvd/" DCVD_VERSION);
	curl_easy_setopt(e, CURLOPT_WRITEFUNCTION, on_body);
	curl_easy_setopt(e, CURLOPT_WRITEDATA, call);
	curl_easy_setopt(e, CURLOPT_HEADERFUNCTION, on_header);
	curl_easy_setopt(e, CURLOPT_HEADERDATA, call);
	curl_easy_setopt(e, CURLOPT_CONNECTTIMEOUT_MS, (long)call->request.connect_timeout_ms);
	curl_easy_setopt(e, CURLOPT_SSLVERSION, (long)CURL_SSLVERSION_TLSv1_2); /* or newer, whatever the default of the system */
	curl_easy_setopt(e, CURLOPT_SSL_VERIFYPEER, call->request.insecure_tls ? 0L : 1L);
	curl_easy_setopt(e, CURLOPT_SSL_VERIFYHOST, call->request.insecure_tls ? 0L : 2L);
	if (call->ca_file)
		curl_easy_setopt(e, CURLOPT_CAINFO, call->ca_file);
	if (call->unix_socket)
		curl_easy_setopt(e, CURLOPT_UNIX_SOCKET_PATH, call->unix_socket);
	if (call->request.certificate_only)
		http_certificate_ask(e);
	set_guard(call);
}

/* Sends the request of this hop: the first one, or the next after a redirect. */
static void hop_start(struct http_call *call)
{
	int64_t left = call->started_ms + call->request.timeout_ms - loop_now_ms(call->client->loop);

	buf_reset(&call->reply_body);
	buf_reset(&call->reply_headers);
	call->head_whole = false;
	call->error_text[0] = '\0';
	set_method(call);
	curl_easy_setopt(call->easy, CURLOPT_URL, call->url);
	curl_easy_setopt(call->easy, CURLOPT_TIMEOUT_MS, (long)(left > 1 ? left : 1));
	curl_multi_add_handle(call->client->multi, call->easy);
}

static void request_copy(struct http_call *call, const struct http_request *r)
{
	call->request = *r;
	call->request.headers = NULL; /* nothing of the caller's is kept by pointer */
	call->request.max_reply = r->max_reply ? r->max_reply : MAX_REPLY;
	call->request.timeout_ms = r->timeout_ms > 0 ? r->timeout_ms : TIMEOUT_MS;
	call->request.connect_timeout_ms = r->connect_timeout_ms > 0 ? r->connect_timeout_ms : CONNECT_TIMEOUT_MS;
	call->method = mem_dup(r->method ? r->method : "GET");
	call->url = mem_dup(r->url);
	call->connect_address = mem_dup(r->connect_address);
	call->ca_file = mem_dup(r->ca_file);
	call->unix_socket = mem_dup(r->unix_socket);
	call->with_body = r->body != NULL;
	call->body = mem_new(r->body_length + 1, 1);
	if (r->body_length)
		memcpy(call->body, r->body, r->body_length);
	call->reply_body = BUF_INIT(call->request.max_reply);
	call->reply_headers = BUF_INIT(HTTP_HEADERS_MAX);
}

int http_start(struct http_client *c, const struct http_request *request,
               void (*done)(const struct http_reply *reply, const struct err *err, void *arg), void *arg,
               struct http_call **ret_call, struct err *err)
{
	CLEANUP(mem_freep) char *where = NULL;
	CLEANUP(mem_freep) char *port = NULL;
	struct http_call *call;
	int rc;

	if (c->closing)
		return err_set(err, ERR_CANCELLED, "the HTTP client was closed");
	rc = url_check(request->url, &where, &port, err);
	if (rc < 0)
		return rc;
	call = mem_new(1, sizeof(*call));
	call->client = c;
	call->done = done;
	call->arg = arg;
	call->started_ms = loop_now_ms(c->loop);
	call->easy = curl_easy_init();
	call->where = mem_dup(where);
	request_copy(call, request);
	set_options(call);
	set_headers(call, request->headers);
	set_address(call);
	DL_APPEND(c->calls, call);
	hop_start(call);
	if (ret_call)
		*ret_call = call;
	return 0;
}

/* ---- redirects ---- */

/* Credentials were meant for the first host, so no header of the caller's follows to another one. */
static void forget_headers(struct http_call *call, char **where)
{
	if (strcmp(call->where, *where) != 0)
		set_headers(call, NULL);
	free(call->where);
	call->where = *where;
	*where = NULL;
}

/* RFC 9110 section 15.4: a redirected POST becomes a GET, except after 307 and 308. */
static void forget_body(struct http_call *call, long status)
{
	if (status == 307 || status == 308 || strcmp(call->method, "HEAD") == 0)
		return;
	mem_replace(&call->method, "GET");
	call->request.body_length = 0;
	call->with_body = false;
}

static int redirect_check(struct http_call *call, const char *target, char **ret_where, struct err *err)
{
	CLEANUP(mem_freep) char *port = NULL;

	if (call->redirects >= call->request.max_redirects)
		return err_set(err, ERR_PROTOCOL, "%s: more than %d redirects", call->where, call->request.max_redirects);
	if (url_check(target, ret_where, &port, err) < 0)
		return err_in(err, "%s redirects to a place that is refused", call->where);
	if (call->request.redirects_web_ports_only && strcmp(port, "80") != 0 && strcmp(port, "443") != 0)
		return err_set(err, ERR_PROTOCOL, "%s redirects to port %s; an authority follows to 80 and 443 only", call->where, port);
	return 0;
}

static void redirect_follow(struct http_call *call, const char *target, long status)
{
	CLEANUP(mem_freep) char *url = mem_dup(target); /* libcurl's own copy dies with the hop */
	CLEANUP(mem_freep) char *where = NULL;

	if (redirect_check(call, url, &where, &call->err) < 0) {
		call_end(call);
		return;
	}
	curl_multi_remove_handle(call->client->multi, call->easy);
	curl_easy_setopt(call->easy, CURLOPT_CONNECT_TO, NULL);
	forget_headers(call, &where);
	forget_body(call, status);
	mem_replace(&call->url, url);
	call->redirects++;
	call->cut = false;
	hop_start(call);
}

static void call_completed(struct http_call *call, CURLcode rc)
{
	char *target = NULL;
	long status = 0;

	if (rc == CURLE_OK && !call->head_whole && !call->request.certificate_only)
		rc = CURLE_RECV_ERROR; /* libcurl takes the end of the connection for the end of the headers */
	if (rc != CURLE_OK && !call->cut) {
		call_fail(call, rc);
		return;
	}
	curl_easy_getinfo(call->easy, CURLINFO_RESPONSE_CODE, &status);
	curl_easy_getinfo(call->easy, CURLINFO_REDIRECT_URL, &target);
	if (target && call->request.max_redirects > 0 && status >= 301 && status <= 308 && status != 304) {
		redirect_follow(call, target, status);
		return;
	}
	call->status = (int)status;
	if (call->request.certificate_only)
		http_certificate_take(call->easy, &call->reply_body);
	call_end(call);
}

static void collect_finished(struct http_client *c)
{
	CURLMsg *message;
	int left;

	while ((message = curl_multi_info_read(c->multi, &left)) != NULL) {
		CURLcode rc = message->data.result;
		struct http_call *call = NULL;

		if (message->msg != CURLMSG_DONE)
			continue;
		curl_easy_getinfo(message->easy_handle, CURLINFO_PRIVATE, (char **)&call);
		call_completed(call, rc);
	}
}
