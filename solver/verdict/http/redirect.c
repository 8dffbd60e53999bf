#include "solver/verdict/http/redirect.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "solver/base/mem.h"
#include "solver/verdict/network/address.h"
#include "solver/verdict/network/suffix.h"
#include "solver/verdict/http/url.h"

#define NOT_UNDERSTOOD "Error getting validation data"

struct question {
	const struct redirect_history *history;
	const struct authority *a;
	const struct ev_hop *hop;
	const struct url *url;
};

bool redirect_is(const struct ev_hop *hop)
{
	static const int statuses[] = { 301, 302, 303, 307, 308 };

	for (size_t i = 0; hop->location && *hop->location && i < ARRAY_LEN(statuses); i++)
		if (hop->status == statuses[i])
			return true;
	return false;
}

static char *too_many(const struct question *q)
{
	return q->history->redirects >= q->a->redirects_max ? mem_dup("Too many redirects") : NULL;
}

static char *wrong_status(const struct question *q)
{
	static const int64_t usual[] = { 301, 302, 307, 308, 0 };

	for (const int64_t *s = q->a->redirect_statuses ? q->a->redirect_statuses : usual; *s; s++)
		if (*s == q->hop->status)
			return NULL;
	return mem_dup("received disallowed redirect status code");
}

static char *wrong_scheme(const struct question *q)
{
	if (strcmp(q->url->scheme, "http") == 0 || strcmp(q->url->scheme, "https") == 0)
		return NULL;
	return mem_printf("Invalid protocol scheme in redirect target. Only \"http\" and \"https\" protocol schemes are supported, not \"%s\"",
	                  q->url->scheme);
}

static char *wrong_port(const struct question *q)
{
	long port = strtol(q->url->port, NULL, 10);

	if (!q->url->port[0]) /* an empty one is the scheme's own */
		return NULL;
	if (strlen(q->url->port) > 9)
		return mem_dup(NOT_UNDERSTOOD);
	if (q->a->web_ports_only && port != 80 && port != 443)
		return mem_printf("Invalid port in redirect target. Only ports 80 and 443 are supported, not %ld", port);
	return port < 1 || port > 65535 ? mem_dup(NOT_UNDERSTOOD) : NULL;
}

static char *empty_host(const struct question *q)
{
	return q->url->host[0] ? NULL : mem_dup("Invalid empty host in redirect target");
}

static char *missing_slash(const struct question *q)
{
	static const char tail[] = ".well-known";
	size_t length = strlen(q->url->host);

	if (length < strlen(tail) || strcmp(q->url->host + length - strlen(tail), tail) != 0)
		return NULL;
	return mem_printf("Invalid host in redirect target \"%s\". Check webserver config for missing '/' in redirect target.",
	                  q->url->host);
}

static char *reserved_address(const struct question *q)
{
	char canonical[64];
	const char *block;

	if (!address_canonical(q->url->host, canonical))
		return q->url->literal ? mem_dup("Invalid host in redirect target, must end in IANA registered TLD") : NULL;
	if (strchr(q->url->host, '%'))
		return mem_dup("Invalid host in redirect target: contains scope zone");
	block = q->a->reserved_refused ? address_block(canonical) : NULL;
	return block ? mem_printf("Invalid host in redirect target: IP address is in a reserved address block: %s", block) : NULL;
}

static char *unknown_suffix(const struct question *q)
{
	const char *host = q->url->host;
	char canonical[64];

	if (!q->a->suffix_rule || address_canonical(host, canonical) || (host[strlen(host) - 1] != '.' && suffix_of(host)))
		return NULL;
	return mem_dup("Invalid host in redirect target, must end in IANA registered TLD");
}

static char *long_path(const struct question *q)
{
	bool too_long = q->a->path_max > 0 && q->url->path_length > (size_t)q->a->path_max;

	return too_long ? mem_dup("Redirect target too long") : NULL;
}

static char *looping(const struct question *q)
{
	for (size_t i = 0; i < q->history->count; i++)
		if (strcmp(q->history->urls[i], q->url->text) == 0)
			return mem_dup("Redirect loop detected");
	return NULL;
}

/* The first rule that is broken gives the sentence. */
static const struct rule {
	const char *code;
	char *(*broken)(const struct question *q);
} rules[] = {
	{ "redirect-count", too_many },
	{ "redirect-status", wrong_status },
	{ "redirect-scheme", wrong_scheme },
	{ "redirect-port", wrong_port },
	{ "redirect-host-empty", empty_host },
	{ "redirect-slash", missing_slash },
	{ "redirect-address", reserved_address },
	{ "redirect-suffix", unknown_suffix },
	{ "redirect-path", long_path },
	{ "redirect-loop", looping },
};

static int read_target(const struct redirect_history *h, const char *location, struct url *ret)
{
	CLEANUP(mem_freep) unsigned char *bytes = NULL;
	size_t length;

	if (evidence_unescape(location, &bytes, &length) < 0 || strlen((char *)bytes) != length)
		return ERR_INVALID;
	return url_resolve(redirect_current(h), (char *)bytes, ret);
}

static int refuse(struct redirect_refusal *ret, const char *code, char *sentence, const char *target)
{
	*ret = (struct redirect_refusal){ code, sentence, mem_dup(target) };
	return ERR_DENIED;
}

int redirect_follow(struct redirect_history *h, const struct ev_hop *hop, const struct authority *a, struct redirect_refusal *ret)
{
	struct url url;
	struct question q = { h, a, hop, &url };
	int rc = read_target(h, hop->location, &url);

	if (rc < 0)
		return refuse(ret, rc == ERR_TOO_LARGE ? "redirect-path" : "redirect-unreadable",
		              mem_dup(rc == ERR_TOO_LARGE ? "Redirect target too long" : NOT_UNDERSTOOD), NULL);
	for (size_t i = 0; i < ARRAY_LEN(rules); i++) {
		char *sentence = rules[i].broken(&q);

		if (sentence)
			return refuse(ret, rules[i].code, sentence, hop->location);
	}
	h->redirects++;
	snprintf(h->host, sizeof(h->host), "%s", url.host);
	redirect_visit(h, url.text);
	return 0;
}

void redirect_visit(struct redirect_history *h, const char *url)
{
	h->urls = mem_resize(h->urls, h->count + 1, sizeof(*h->urls));
	h->urls[h->count++] = mem_dup(url);
}

const char *redirect_current(const struct redirect_history *h)
{
	return h->count ? h->urls[h->count - 1] : "";
}

void redirect_history_done(struct redirect_history *h)
{
	for (size_t i = 0; i < h->count; i++)
		free(h->urls[i]);
	free(h->urls);
	*h = (struct redirect_history){ 0 };
}
