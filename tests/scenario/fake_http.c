#include "solver/net/http_fetch.h"
#include "solver/net/interface.h"
#include "solver/net/tls_alpn.h"
#include "tests/scenario/fake_http.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <utlist.h>

#include "solver/base/mem.h"

#define REPLY_MS 5

static struct answers *answers;
static char unroutable;
static struct { int hops; const char *port; } redirects;
static char referer[200];
static struct { const char *address, *body; int status; } odd;

static fake_http_api_fn api;
static void *api_arg;

struct http_call {
	struct http_client *client;
	int api_status;
	char *api_body, *api_headers;
	struct timer *timer;
	char *url, *address;
	void (*done)(const struct http_reply *reply, const struct err *err, void *arg);
	void *arg;
	struct http_call *prev, *next;
};

struct http_client {
	struct loop *loop;
	struct http_call *calls;
};

void fake_http_reset(struct answers *a)
{
	answers = a;
	fake_http_odd(NULL, 0, NULL);
	fake_http_api(NULL, NULL);
	fake_http_unroutable(0);
	fake_http_redirects(0, "");
}

void fake_http_odd(const char *address, int status, const char *body)
{
	odd.address = address;
	odd.status = status;
	odd.body = body;
}

void fake_http_unroutable(char family)
{
	unroutable = family;
}

void fake_http_api(fake_http_api_fn fn, void *arg)
{
	api = fn;
	api_arg = arg;
}

void fake_http_redirects(int hops, const char *port)
{
	redirects.hops = hops;
	redirects.port = port;
}

const char *fake_http_referer(void)
{
	return referer;
}

struct http_client *fake_http_client_new(struct loop *l)
{
	struct http_client *c = mem_new(1, sizeof(*c));

	c->loop = l;
	return c;
}

static void call_free(struct http_call *call)
{
	DL_DELETE(call->client->calls, call);
	free(call->url);
	free(call->address);
	free(call->api_body);
	free(call->api_headers);
	free(call);
}

/* http://HOST[:PORT]/[HOP/].well-known/acme-challenge/TOKEN */
static long serve(const char *url, char *body, size_t room)
{
	const char *host = url + strlen("http://"), *token = strrchr(url, '/') + 1;
	CLEANUP(mem_freep) char *name = mem_dup_n(host, strcspn(host, ":/"));

	return answers_get_http(answers, name, token, body, room);
}

/* What the API said when the request came. */
static void tell_api(struct http_call *call, const struct err *err)
{
	struct http_reply reply = { .status = call->api_status, .headers = call->api_headers ? call->api_headers : "",
	                            .body = call->api_body ? call->api_body : "", .final_url = call->url, .address = "" };
	struct err none = *err;

	reply.body_length = strlen(reply.body);
	if (none.code == 0 && !call->api_status)
		err_set(&none, ERR_TIMEOUT, "%s: no answer", call->url);
	call->done(none.code ? NULL : &reply, &none, call->arg);
	call_free(call);
}

static void tell(struct http_call *call, const struct err *err)
{
	char body[1024] = "";
	struct http_reply reply = { .body = body, .headers = "", .final_url = call->url, .address = call->address };
	long length = serve(call->url, body, sizeof(body) - 1);

	reply.status = length < 0 ? 404 : 200;
	reply.body_length = length < 0 ? 0 : (size_t)length;
	if (odd.address && strcmp(odd.address, call->address) == 0) {
		reply.status = odd.status;
		reply.body = odd.body;
		reply.body_length = strlen(odd.body);
	}
	call->done(err->code ? NULL : &reply, err, call->arg);
	call_free(call);
}

static void arrived(void *arg)
{
	struct http_call *call = arg;
	struct err err = { 0 };

	call->timer = NULL;
	if (strncmp(call->url, "https://", 8) == 0) {
		tell_api(call, &err);
		return;
	}
	if (interface_obstacle(call->address))
		err_set(&err, ERR_UNREACHABLE, "%s: no connection", call->url);
	tell(call, &err);
}

int http_start(struct http_client *c, const struct http_request *request,
               void (*done)(const struct http_reply *reply, const struct err *err, void *arg), void *arg,
               struct http_call **ret_call, struct err *err)
{
	struct http_call *call = mem_new(1, sizeof(*call));

	(void)err;
	*call = (struct http_call){ .client = c, .url = mem_dup(request->url), .done = done, .arg = arg };
	call->address = mem_dup(request->connect_address ? request->connect_address : "");
	if (api && strncmp(request->url, "https://", 8) == 0)
		call->api_status = api(request, &call->api_body, &call->api_headers, api_arg);
	DL_APPEND(c->calls, call);
	call->timer = timer_start(c->loop, REPLY_MS, arrived, call);
	*ret_call = call;
	return 0;
}

void http_cancel(struct http_call *call)
{
	if (!call)
		return;
	timer_stop(call->timer);
	call_free(call);
}

void http_client_free(struct http_client *c)
{
	struct err err;

	err_set(&err, ERR_CANCELLED, "called off");
	while (c->calls) {
		timer_stop(c->calls->timer);
		if (strncmp(c->calls->url, "https://", 8) == 0)
			tell_api(c->calls, &err);
		else
			tell(c->calls, &err);
	}
	free(c);
}

/* ---- the requests of a check ---- */

struct http_fetch {
	struct timer *timer;
	char *url, *address;
	http_fetch_fn done;
	void *arg;
};

static void fetch_free(struct http_fetch *f)
{
	timer_stop(f->timer);
	free(f->url);
	free(f->address);
	free(f);
}

/* Where the redirects lead next; gives (free with free), or NULL. */
static char *next_hop(const char *url)
{
	const char *host = url + strlen("http://"), *path = strchr(host, '/');
	int hop = (int)strtol(path + 1, NULL, 10);

	if (hop >= redirects.hops)
		return NULL;
	return mem_printf("http://%.*s%s/%d%s", (int)strcspn(host, ":/"), host, redirects.port, hop + 1, strstr(path, "/.well-known/"));
}

static void fetched(void *arg)
{
	struct http_fetch *f = arg;
	char body[1024] = "";
	long length = serve(f->url, body, sizeof(body) - 1);
	struct http_fetch_reply reply = { .status = length < 0 ? 404 : 200, .body = body, .body_length = length < 0 ? 0 : (size_t)length };
	const struct http_fetch_reply none = { .failure = HTTP_CONNECT_UNREACHABLE, .why = "Network is unreachable" };
	CLEANUP(mem_freep) char *location = next_hop(f->url);

	f->timer = NULL;
	if (odd.address && strcmp(odd.address, f->address) == 0) {
		reply.status = odd.status;
		reply.body = odd.body;
		reply.body_length = strlen(odd.body);
	}
	if (location) {
		reply.status = 302;
		reply.location = location;
	}
	f->done(interface_obstacle(f->address) ? &none : &reply, f->arg);
	fetch_free(f);
}

int http_fetch_start(struct loop *l, const struct http_fetch_request *request, http_fetch_fn done, void *arg, struct http_fetch **ret,
                     struct err *err)
{
	struct http_fetch *f = mem_new(1, sizeof(*f));

	(void)err;
	*f = (struct http_fetch){ .address = mem_dup(request->address), .done = done, .arg = arg };
	f->url = mem_printf("http://%s%s", request->host, request->target);
	snprintf(referer, sizeof(referer), "%s", request->referer ? request->referer : "");
	f->timer = timer_start(l, REPLY_MS, fetched, f);
	*ret = f;
	return 0;
}

void http_fetch_cancel(struct http_fetch *f)
{
	fetch_free(f);
}

/* ---- what else the checker takes from net ---- */

const char *http_failure_name(enum http_failure failure)
{
	return failure == HTTP_CONNECT_UNREACHABLE ? "connect-unreachable" : failure ? "connect-refused" : NULL;
}

int tls_alpn_start(struct loop *l, const struct tls_alpn_request *request, tls_alpn_fn done, void *arg, struct tls_alpn_call **ret,
                   struct err *err)
{
	(void)l, (void)request, (void)done, (void)arg, (void)ret;
	return err_set(err, ERR_UNSUPPORTED, "no scenario speaks TLS");
}

void tls_alpn_cancel(struct tls_alpn_call *c)
{
	(void)c;
}

bool interface_has(const char *address)
{
	(void)address;
	return false;
}

int interface_obstacle(const char *address)
{
	return unroutable && strchr(address, unroutable) ? ENETUNREACH : 0;
}

bool interface_is_short(int number)
{
	return number == EMFILE;
}

int interface_family_obstacle(bool ipv6)
{
	return unroutable == (ipv6 ? ':' : '.') ? ENETUNREACH : 0;
}
