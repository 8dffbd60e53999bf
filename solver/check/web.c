/* What a check fetches: hops of an HTTP walk, certificates of TLS-ALPN-01. */
#include <arpa/inet.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "solver/base/mem.h"
#include "solver/check/ask.h"
#include "solver/crypto/crypto.h"

#define SHOWN_MAX 4096 /* bytes of a header */

/* ---- HTTP ---- */

static char *escaped_header(const char *headers, const char *name)
{
	CLEANUP(mem_freep) char *value = http_header(headers, name);
	size_t length = value ? strlen(value) : 0;

	return value ? evidence_escape(value, length < SHOWN_MAX ? length : SHOWN_MAX) : NULL;
}

static char *host_of(const char *url)
{
	const char *host = strstr(url, "://");
	const char *at;
	size_t length;

	host = host ? host + 3 : url;
	length = strcspn(host, "/?#");
	at = memchr(host, '@', length);
	if (at) {
		length -= (size_t)(at + 1 - host);
		host = at + 1;
	}
	if (host[0] == '[')
		return mem_dup_n(host, strcspn(host, "]") + 1 < length ? strcspn(host, "]") + 1 : length);
	return mem_dup_n(host, memchr(host, ':', length) ? strcspn(host, ":") : length);
}

static struct ev_hop *hop_new(struct ask *a)
{
	struct ev_hop *hop = evidence_add_hop(a->run->e);

	if (!hop)
		return NULL;
	hop->walk = (int64_t)a->walk;
	hop->url = mem_dup(a->url);
	hop->host = host_of(a->url);
	hop->address = mem_dup(a->address);
	hop->fallback = a->fallback;
	hop->elapsed_ms = loop_now_ms(a->run->c->parts.loop) - a->started_ms;
	hop->at_ms = loop_wall_ms(a->run->c->parts.loop);
	return hop;
}

static void take_response(struct ev_hop *hop, const struct http_reply *reply)
{
	size_t length = reply->body_length < EVIDENCE_BODY_MAX ? reply->body_length : EVIDENCE_BODY_MAX;

	hop->status = reply->status;
	hop->location = escaped_header(reply->headers, "Location");
	hop->server = escaped_header(reply->headers, "Server");
	hop->body = evidence_escape(reply->body, length);
	hop->body_length = (int64_t)reply->body_length;
}

static void on_response(const struct http_reply *reply, const struct err *err, void *arg)
{
	struct ask *a = arg;
	struct check_run *r = a->run;
	struct ev_hop *hop;

	a->http = NULL;
	if (err->code == ERR_CANCELLED && a->waiting)
		r->c->closing = true;
	if (a->waiting && !r->over && (hop = hop_new(a)) != NULL) {
		if (reply) {
			take_response(hop, reply);
		} else {
			hop->failure = mem_dup(a->trace.failure ? http_failure_name(a->trace.failure) : "garbage");
			hop->why = mem_dup(err->text);
			hop->status = a->trace.status;
		}
	}
	a->waiting = false;
	run_replied(r);
}

/* Another port than 80 or 443 is for tests: they have no right to those. */
static int port_for(const struct check_run *r, const char *url)
{
	const struct config_check *check = &r->c->config->check;
	bool tls = strncmp(url, "https:", 6) == 0;

	if (tls)
		return check->tls_port != 443 ? (int)check->tls_port : 0;
	return check->http_port != 80 ? (int)check->http_port : 0;
}

static size_t hops_of(const struct check_run *r, size_t walk)
{
	size_t count = 0;

	for (size_t i = 0; i < r->e->hop_count; i++)
		count += r->e->hops[i].walk == (int64_t)walk;
	return count;
}

void run_ask_hop(struct check_run *r, size_t walk, const struct http_next *next)
{
	static const char *const headers[] = { "Accept: */*", "Connection: close", NULL };
	struct ask *a = ask_new(r, mem_printf("hop %zu %zu", walk, hops_of(r, walk)));
	struct http_request h = { .url = next->url, .headers = headers, .max_reply = EVIDENCE_BODY_MAX + 1, .cut_at_max = true,
	                          .connect_address = next->address, .insecure_tls = true, .as_authority = true };
	struct err err;

	if (!a)
		return;
	a->walk = walk;
	a->url = mem_dup(next->url);
	a->address = mem_dup(next->address);
	a->fallback = next->fallback;
	h.timeout_ms = (int)next->left_ms;
	h.connect_timeout_ms = (int)r->authority->dial_ms;
	h.connect_port = port_for(r, next->url);
	h.user_agent = r->c->config->check.user_agent;
	h.trace = &a->trace;
	if (!r->c->closing && http_start(r->c->parts.http, &h, on_response, a, &a->http, &err) == 0)
		return;
	a->waiting = false;
	r->pending--;
}

bool run_walk_is_busy(const struct check_run *r, size_t walk)
{
	struct ask *a, *tmp;

	HASH_ITER(hh, r->asks, a, tmp) {
		if (a->url && a->waiting && a->walk == walk)
			return true;
	}
	return false;
}

/* ---- TLS-ALPN-01 ---- */

static struct ev_certificate *certificate_new(struct ask *a)
{
	struct ev_certificate *c = evidence_add_certificate(a->run->e);

	if (!c)
		return NULL;
	c->address = mem_dup(a->address);
	c->elapsed_ms = loop_now_ms(a->run->c->parts.loop) - a->started_ms;
	c->at_ms = loop_wall_ms(a->run->c->parts.loop);
	return c;
}

static void on_handshake(const struct tls_alpn_reply *reply, const struct err *err, void *arg)
{
	struct ask *a = arg;
	struct check_run *r = a->run;
	struct ev_certificate *c;

	(void)err;
	a->tls = NULL;
	if (a->waiting && !r->over && reply && (c = certificate_new(a)) != NULL) {
		c->failure = mem_dup(http_failure_name(reply->failure));
		c->why = mem_dup(reply->why);
		c->tls_version = mem_dup(reply->version);
		c->alpn = reply->alpn ? evidence_escape(reply->alpn, strlen(reply->alpn)) : NULL;
		c->der = reply->der_length ? crypto_base64(reply->der, reply->der_length) : NULL;
		c->chain_length = (int64_t)reply->chain_length;
	}
	a->waiting = false;
	run_replied(r);
}

/* "4.3.2.1.in-addr.arpa" and the like: RFC 8738 section 6. */
static char *reverse_name(const char *address)
{
	unsigned char b[16];
	char text[80], *at = text;

	if (inet_pton(AF_INET, address, b) == 1)
		return mem_printf("%u.%u.%u.%u.in-addr.arpa", b[3], b[2], b[1], b[0]);
	if (inet_pton(AF_INET6, address, b) != 1)
		return NULL;
	for (int i = 15; i >= 0; i--)
		at += snprintf(at, sizeof(text) - (size_t)(at - text), "%x.%x.", b[i] & 15, b[i] >> 4);
	return mem_printf("%sip6.arpa", text);
}

void run_ask_certificate(struct check_run *r, const char *address)
{
	struct ask *a = ask_new(r, mem_printf("certificate %s", address));
	CLEANUP(mem_freep) char *sni = r->e->ip ? reverse_name(r->e->identifier) : mem_dup(r->e->identifier);
	struct tls_alpn_request request = { .address = address, .sni = sni };
	struct err err;

	if (!a)
		return;
	a->address = mem_dup(address);
	a->certificate = true;
	request.port = (int)r->c->config->check.tls_port;
	request.dial_ms = (int)r->authority->dial_ms;
	request.timeout_ms = (int)r->authority->attempt_ms;
	if (!r->c->closing && tls_alpn_start(r->c->parts.loop, &request, on_handshake, a, &a->tls, &err) == 0)
		return;
	a->waiting = false;
	r->pending--;
}

void ask_give_up_web(struct ask *a)
{
	struct ev_certificate *c;
	struct ev_hop *hop;

	if (a->certificate) {
		if ((c = certificate_new(a)) != NULL)
			c->failure = mem_dup("timeout");
		tls_alpn_cancel(a->tls);
		return;
	}
	if ((hop = hop_new(a)) != NULL)
		hop->failure = mem_dup("timeout");
	http_cancel(a->http);
}
