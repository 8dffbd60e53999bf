/* One look at an HTTP-01 token: fetched from every address of the host, as an authority would (RFC 8555
 * section 8.3): port 80, redirects to web ports followed, certificates not looked at, body trimmed at its end. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "solver/base/mem.h"
#include "solver/check/internal.h"
#include "solver/check/look_run.h"
#include "solver/check/resolve.h"
#include "solver/verdict/body.h"

#define BODY_MAX 4096 /* an authority reads little more than a key authorization */

struct fetch {
	struct look_run *run;
	struct look *look;
};

static void conclude_http(struct look_run *r)
{
	struct verdict *v = r->verdict;
	struct look *bad;

	if (v->detail)
		return; /* the lookup failed and said so */
	look_count(v);
	bad = look_first_bad(v);
	if (bad && r->unsure)
		v->result = VERDICT_UNKNOWN;
	if (!bad) {
		v->detail = mem_printf("all %zu addresses of %s answer%s", v->look_count, r->identifier,
		                       r->expected ? " with the key authorization" : "");
		return;
	}
	v->problem = bad->value_count ? PROBLEM_UNAUTHORIZED : PROBLEM_CONNECTION;
	v->detail = mem_printf("%s: %s", bad->address, bad->detail ? bad->detail : bad->status);
	verdict_find(v, FINDING_ERROR, STAGE_VALIDATION, "address-differs", mem_dup(v->detail),
	             mem_printf("make http://%s/.well-known/acme-challenge/ at %s reach dcvd, or redirect it there", r->identifier, bad->address));
}

static size_t trimmed(const char *body, size_t length)
{
	while (length && strchr(" \t\r\n", body[length - 1]))
		length--;
	return length;
}

static void take_reply(struct look_run *r, struct look *l, const struct http_reply *reply)
{
	size_t length = trimmed(reply->body, reply->body_length);

	l->status = mem_printf("%d", reply->status);
	l->authoritative = true;
	l->values[l->value_count++] = body_digest(reply->body, length); /* who reads the journal is not known */
	l->ok = reply->status == 200 && !reply->cut;
	if (r->expected)
		l->ok = l->ok && length == strlen(r->expected) && memcmp(reply->body, r->expected, length) == 0;
	else
		l->ok = true;
	if (l->ok)
		return;
	r->unsure = r->unsure || reply->status == 200; /* it may be compressed, or framed as an authority reads it and libcurl does not */
	if (reply->status != 200)
		l->detail = mem_printf("invalid response from %s: %d", reply->final_url, reply->status);
	else
		l->detail = mem_printf("the key authorization file from %s does not match: got %s", reply->final_url, l->values[0]);
}

static void on_reply(const struct http_reply *reply, const struct err *err, void *arg)
{
	struct fetch *f = arg;
	struct look_run *r = f->run;
	struct look *l = f->look;

	free(f);
	if (!r->cancelled) {
		l->at_ms = loop_wall_ms(r->c->parts.loop);
		if (reply) {
			l->elapsed_ms = reply->elapsed_ms;
			take_reply(r, l, reply);
		} else {
			look_fail(l, err);
			r->unsure = r->unsure || (err->code != ERR_UNREACHABLE && err->code != ERR_TIMEOUT);
		}
	}
	look_over(r);
}

static void fetch(struct look_run *r, const char *address)
{
	const struct config_check *check = &r->c->config->check;
	CLEANUP(mem_freep) char *url = NULL;
	struct fetch *f = mem_new(1, sizeof(*f));
	struct http_call *call;
	struct err err;
	struct http_request h = { .max_reply = BODY_MAX, .cut_at_max = true, .timeout_ms = (int)check->http_timeout_ms,
	                          .max_redirects = (int)check->http_redirects, .connect_address = address,
	                          .insecure_tls = true, .redirects_web_ports_only = check->http_port == 80,
	                          .may_connect = address_may_connect };

	if (check->http_port == 80)
		url = mem_printf("http://%s/.well-known/acme-challenge/%s", r->identifier, r->token);
	else
		url = mem_printf("http://%s:%d/.well-known/acme-challenge/%s", r->identifier, (int)check->http_port, r->token);
	h.url = url;
	*f = (struct fetch){ r, verdict_look(r->verdict, r->identifier, address) };
	if (f->look && http_start(r->c->parts.http, &h, on_reply, f, &call, &err) == 0) {
		r->pending++;
		return;
	}
	if (f->look)
		look_fail(f->look, &err);
	free(f);
}

static void on_addresses(const char *const *addresses, const struct err *err, void *arg)
{
	struct look_run *r = arg;

	if (!r->cancelled) {
		for (size_t i = 0; addresses && addresses[i]; i++)
			fetch(r, addresses[i]);
		if (!r->verdict->look_count) {
			r->verdict->result = VERDICT_FAIL;
			r->verdict->problem = PROBLEM_DNS;
			r->verdict->detail = err->code ? mem_printf("looking up the addresses of %s: %s", r->identifier, err->text) :
			                                 mem_printf("no valid A records found for %s; no valid AAAA records found for %s",
			                                            r->identifier, r->identifier);
			verdict_find(r->verdict, FINDING_ERROR, STAGE_LOOKUP, "no-address", mem_dup(r->verdict->detail),
			             mem_printf("add an A or AAAA record for %s", r->identifier));
		}
	}
	look_over(r);
}

static void begun(void *arg)
{
	look_over(arg);
}

struct look_run *look_http(struct checker *c, const struct look_request *request, look_fn done, void *arg)
{
	struct look_run *r = look_new(c, request, done, arg);
	struct err err;

	r->conclude = conclude_http;
	r->pending = 1;
	if (resolve_addresses(c, request->identifier, on_addresses, r, &err) < 0) {
		r->verdict->result = VERDICT_FAIL;
		r->verdict->detail = mem_dup(err.text);
		later(&c->laters, 0, begun, r);
	}
	return r;
}
