/* What a check fetches: hops of an HTTP-01 attempt, certificates of TLS-ALPN-01. */
#include <arpa/inet.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "solver/base/mem.h"
#include "solver/check/query.h"
#include "solver/check/resolve.h"
#include "solver/check/web_request.h"
#include "solver/crypto/crypto.h"

#define SHOWN_MAX 4096 /* bytes of a header */

/* ---- HTTP ---- */

static char *escaped_header(const char *value)
{
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

static struct ev_hop *hop_new(struct query *q)
{
	struct ev_hop *hop = evidence_add_hop(q->run->e);

	if (!hop)
		return NULL;
	hop->attempt = (int64_t)q->attempt;
	hop->url = mem_dup(q->url);
	hop->host = host_of(q->url);
	hop->address = mem_dup(q->address);
	hop->fallback = q->fallback;
	hop->elapsed_ms = loop_now_ms(q->run->c->parts.loop) - q->started_ms;
	hop->at_ms = loop_wall_ms(q->run->c->parts.loop);
	return hop;
}

static void take_response(struct ev_hop *hop, const struct http_fetch_reply *reply)
{
	size_t length = reply->body_length < EVIDENCE_BODY_MAX ? reply->body_length : EVIDENCE_BODY_MAX;

	hop->failure = mem_dup(http_failure_name(reply->failure));
	hop->why = reply->failure ? mem_dup(reply->why) : NULL;
	hop->status = reply->status;
	hop->location = escaped_header(reply->location);
	hop->server = escaped_header(reply->server);
	hop->encoding = escaped_header(reply->encoding);
	hop->body = reply->status ? evidence_escape(reply->body, length) : NULL;
	hop->body_length = (int64_t)reply->body_length;
}

/* A request that could not even be begun. */
static void hop_refuse(struct query *q)
{
	struct ev_hop *hop = q->run->c->stopped ? NULL : hop_new(q);

	if (hop) {
		hop->failure = mem_dup("local");
		host_note_hop(q->run, hop);
	}
	query_over(q);
}

static void on_response(const struct http_fetch_reply *reply, void *arg)
{
	struct query *q = arg;
	struct check_run *r = q->run;
	struct ev_hop *hop;

	q->http = NULL;
	if (q->waiting && !r->over && (hop = hop_new(q)) != NULL) {
		take_response(hop, reply);
		if (hop->failure)
			host_note_hop(r, hop);
	}
	q->waiting = false;
	run_replied(r);
}

static size_t hops_of(const struct check_run *r, size_t attempt)
{
	size_t count = 0;

	for (size_t i = 0; i < r->e->hop_count; i++)
		count += r->e->hops[i].attempt == (int64_t)attempt;
	return count;
}

/* Other ports than 80 and 443 are configured for tests: they have no right to those. */
static int port_for(const struct check_run *r, const struct web_request *w)
{
	const struct config_check *check = &r->c->config->check;
	int configured = (int)(w->tls ? check->tls_port : check->http_port);

	return configured != (w->tls ? 443 : 80) ? configured : w->port;
}

/* The request that led to this one, or NULL. */
static const struct ev_hop *hop_before(const struct query *q)
{
	const struct ev_hop *last = NULL;

	for (size_t i = 0; i < q->run->e->hop_count; i++)
		if (q->run->e->hops[i].attempt == (int64_t)q->attempt)
			last = &q->run->e->hops[i];
	return last && !q->fallback && last->location ? last : NULL;
}

/* As Go's client says where a redirect came from: without the user, and not from https to http. Gives (free with free), or NULL. */
static char *referer_of(const struct query *q)
{
	const struct ev_hop *before = hop_before(q);
	const char *host = before ? strstr(before->url, "://") : NULL, *user;

	if (!host || (strncmp(before->url, "https:", 6) == 0 && strncmp(q->url, "https:", 6) != 0))
		return NULL;
	host += strlen("://");
	user = memchr(host, '@', strcspn(host, "/?"));
	return mem_printf("%.*s%s", (int)(host - before->url), before->url, user ? user + 1 : host);
}

static bool fetch(struct query *q, const struct http_next *next)
{
	struct check_run *r = q->run;
	struct http_fetch_request h = { .address = next->address, .user_agent = r->c->config->check.user_agent, .body_max = EVIDENCE_BODY_MAX + 1 };
	CLEANUP(mem_freep) char *referer = referer_of(q);
	struct web_request w;
	struct err err;
	bool begun;

	/* An attempt skips reserved addresses; this is the last test before a packet leaves. */
	if (resolve_check_open(r->c, &err) < 0 || address_is_reserved(next->address) || web_request_read(next->url, &w) < 0)
		return false;
	h.port = port_for(r, &w);
	h.tls = w.tls;
	h.sni = w.sni;
	h.host = w.host;
	h.target = w.target;
	h.authorization = w.authorization;
	h.referer = referer;
	h.timeout_ms = (int)next->left_ms;
	h.dial_ms = (int)r->authority->dial_ms;
	begun = http_fetch_start(r->c->parts.loop, &h, on_response, q, &q->http, &err) == 0;
	web_request_done(&w);
	return begun;
}

void run_fetch_hop(struct check_run *r, size_t attempt, const struct http_next *next)
{
	struct query *q = query_new(r, mem_printf("hop %zu %zu", attempt, hops_of(r, attempt)));

	if (!q)
		return;
	q->attempt = attempt;
	q->url = mem_dup(next->url);
	q->address = mem_dup(next->address);
	q->fallback = next->fallback;
	if (!fetch(q, next))
		hop_refuse(q);
}

bool run_attempt_is_busy(const struct check_run *r, size_t attempt)
{
	struct query *q, *tmp;

	HASH_ITER(hh, r->queries, q, tmp) {
		if (q->url && q->waiting && q->attempt == attempt)
			return true;
	}
	return false;
}

/* ---- TLS-ALPN-01 ---- */

static struct ev_certificate *certificate_new(struct query *q)
{
	struct ev_certificate *c = evidence_add_certificate(q->run->e);

	if (!c)
		return NULL;
	c->address = mem_dup(q->address);
	c->elapsed_ms = loop_now_ms(q->run->c->parts.loop) - q->started_ms;
	c->at_ms = loop_wall_ms(q->run->c->parts.loop);
	return c;
}

static void on_handshake(const struct tls_alpn_reply *reply, void *arg)
{
	struct query *q = arg;
	struct check_run *r = q->run;
	struct ev_certificate *c;

	q->tls = NULL;
	if (q->waiting && !r->over && (c = certificate_new(q)) != NULL) {
		c->failure = mem_dup(http_failure_name(reply->failure));
		c->why = mem_dup(reply->why);
		c->tls_version = mem_dup(reply->version);
		c->alpn = reply->alpn ? evidence_escape(reply->alpn, strlen(reply->alpn)) : NULL;
		c->der = reply->der_length ? crypto_base64(reply->der, reply->der_length) : NULL;
		c->chain_length = (int64_t)reply->chain_length;
		if (c->failure)
			host_note_shortage(r);
	}
	q->waiting = false;
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

void run_fetch_certificate(struct check_run *r, const char *address)
{
	struct query *q = query_new(r, mem_printf("certificate %s", address));
	CLEANUP(mem_freep) char *sni = r->e->ip ? reverse_name(r->e->identifier) : mem_dup(r->e->identifier);
	struct tls_alpn_request request = { .address = address, .sni = sni };
	struct err err;

	if (!q)
		return;
	q->address = mem_dup(address);
	q->certificate = true;
	request.port = (int)r->c->config->check.tls_port;
	request.dial_ms = (int)r->authority->dial_ms;
	request.timeout_ms = (int)r->authority->attempt_ms;
	if (resolve_check_open(r->c, &err) == 0 && !address_is_reserved(address) &&
	    tls_alpn_start(r->c->parts.loop, &request, on_handshake, q, &q->tls, &err) == 0)
		return;
	query_over(q);
}

void query_cancel_web(struct query *q)
{
	if (q->tls)
		tls_alpn_cancel(q->tls);
	else if (q->http)
		http_fetch_cancel(q->http);
	else
		return;
	q->tls = NULL;
	q->http = NULL;
	q->run->pending--;
}

void query_give_up_web(struct query *q)
{
	struct ev_certificate *c;
	struct ev_hop *hop;

	if (q->certificate) {
		if ((c = certificate_new(q)) != NULL)
			c->failure = mem_dup("timeout");
	} else if ((hop = hop_new(q)) != NULL) {
		hop->failure = mem_dup("timeout");
	}
	query_cancel_web(q);
}
