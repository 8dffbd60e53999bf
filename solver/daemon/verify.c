#include "solver/daemon/verify.h"

#include <string.h>

#include "providers/registry.h"
#include "solver/api/api.h"
#include "solver/base/log.h"
#include "solver/base/mem.h"
#include "solver/daemon/host.h"
#include "solver/daemon/https.h"
#include "solver/daemon/parts.h"
#include "solver/daemon/recursion.h"
#include "solver/verdict/data/authority.h"

#define LINES_MAX (256 * 1024)

/* Opening contacts nobody: addresses, URLs, keys and files are looked at. */
static void verify_provider(const struct config *c, const struct config_provider *p, struct buf *mistakes)
{
	CLEANUP(mem_freep) char *path = mem_printf("providers.%s", p->name);
	const struct provider_api *api = provider_find(p->type);
	struct provider *provider = NULL;
	struct err err;

	if (!api)
		verify_note(c, mistakes, path, "there is no such type in this build");
	else if (api->open(p->options, &provider, &err) < 0)
		verify_note(c, mistakes, path, err.text);
	else
		api->close(provider);
}

static void verify_authority(const struct config *c, const struct authorities *set, const char *path, const char *name, struct buf *mistakes)
{
	CLEANUP(buf_done) struct buf text = BUF_INIT(4096);

	if (!name || authorities_find(set, name))
		return;
	buf_printf(&text, "there is no authority \"%.64s\"; it is one of", name);
	for (const char *const *known = authorities_names(set); *known; known++)
		buf_printf(&text, " %s", *known);
	verify_note(c, mistakes, path, buf_text(&text));
}

static void verify_authorities(const struct config *c, struct buf *mistakes)
{
	struct authorities *set = NULL;
	struct err err;

	if (authorities_load((const char *const *)c->check.authorities, &set, &err) < 0) {
		verify_note(c, mistakes, "check.authorities", err.text);
		return;
	}
	verify_authority(c, set, "check.authority", c->check.authority, mistakes);
	for (size_t i = 0; i < c->route_count; i++) {
		CLEANUP(mem_freep) char *path = mem_printf("routes[%zu].authority", i);

		verify_authority(c, set, path, c->routes[i].authority, mistakes);
	}
	authorities_free(set);
}

/* With one of the files at a time, so that each is looked at. */
static void verify_recursion(struct loop *l, const struct config *c, const char *path, char *root_hints, char *trust_anchor, struct buf *mistakes)
{
	struct config one = *c;
	struct err err;

	one.check.root_hints = root_hints;
	one.check.trust_anchor = trust_anchor;
	if ((root_hints || trust_anchor) && recursion_check(l, &one, &err) < 0)
		verify_note(c, mistakes, path, err.text);
}

/* The sentence names the option. */
static void note_sentence(const struct config *c, const char *path, const struct err *err, struct buf *mistakes)
{
	CLEANUP(mem_freep) char *where = config_where(c, path);

	buf_printf(mistakes, "%s%s\n", where, err->text);
}

static void verify_peers(const struct config *c, struct buf *mistakes)
{
	struct err err;

	for (char **peer = c->perspectives.peers; peer && *peer; peer++)
		if (mpic_check_peer(*peer, &err) < 0)
			note_sentence(c, "perspectives.peers", &err, mistakes);
}

/* Sentences that begin with the option that they are about. */
static void note_lines(const struct config *c, struct buf *lines, struct buf *out)
{
	char *at = NULL;

	for (char *line = lines->data ? strtok_r(lines->data, "\n", &at) : NULL; line; line = strtok_r(NULL, "\n", &at)) {
		CLEANUP(mem_freep) char *path = mem_dup_n(line, strcspn(line, ": "));
		CLEANUP(mem_freep) char *where = config_where(c, path);

		buf_printf(out, "%s%s\n", where, line);
	}
}

/* One of both may be NULL. */
static void verify_doors(const struct config *c, struct buf *mistakes, struct buf *warnings)
{
	CLEANUP(buf_done) struct buf wrong = BUF_INIT(LINES_MAX);
	CLEANUP(buf_done) struct buf unwise = BUF_INIT(LINES_MAX);

	api_check(c, &wrong, &unwise);
	https_check(&c->http, &wrong, &unwise);
	if (mistakes)
		note_lines(c, &wrong, mistakes);
	if (warnings)
		note_lines(c, &unwise, warnings);
}

/* What does not need the other parts. Each is looked at, whatever is wrong elsewhere. */
static void verify_each(const struct config *c, struct buf *mistakes)
{
	struct loop *l = loop_new();

	verify_recursion(l, c, "check.root-hints", c->check.root_hints, NULL, mistakes);
	verify_recursion(l, c, "check.trust-anchor", NULL, c->check.trust_anchor, mistakes);
	verify_peers(c, mistakes);
	verify_doors(c, mistakes, NULL);
	host_verify(c, mistakes);
	loop_free(l);
}

/* All together as the service opens it, with a journal that is not on disk. */
static void verify_parts(const struct config *c, struct buf *mistakes)
{
	struct parts parts = { 0 };
	struct err err;

	if (parts_open(&parts, c, PARTS_IN_MEMORY, &err) < 0)
		verify_note(c, mistakes, "", err.text);
	parts_close(&parts);
}

void verify_config(const struct config *c, struct buf *mistakes)
{
	log_setup(LOG_ERROR, LOG_TEXT);
	for (size_t i = 0; i < c->provider_count; i++)
		if (!c->providers[i].broken)
			verify_provider(c, &c->providers[i], mistakes);
	verify_authorities(c, mistakes);
	verify_each(c, mistakes);
	if (!mistakes->length)
		verify_parts(c, mistakes);
}

static void advise_authority(const struct config *c, const struct authorities *set, const char *path, const char *name, struct buf *warnings)
{
	const struct authority *a = name ? authorities_find(set, name) : NULL;
	CLEANUP(mem_freep) char *text = NULL;

	if (!a || a->reserved_refused)
		return;
	text = mem_printf("%s accepts addresses that are not public, but dcvd connects to none of them until check.allow-addresses names "
	                  "their networks; if there are such hosts or name servers, add them there, as check: {allow-addresses: [10.0.0.0/8]}", name);
	verify_note(c, warnings, path, text);
}

/* Written before callbacks had rules. */
static void advise_callbacks(const struct config *c, struct buf *warnings)
{
	if (c->callback_secret_count && !c->callback_count)
		verify_note(c, warnings, "callback-secrets", "no URL is called until callbacks: allows it, as callbacks: [{secret: NAME, urls: [\"https://ci.example.com/hooks/\"], clients: [ci]}]");
}

void verify_advise(const struct config *c, struct buf *warnings)
{
	struct authorities *set = NULL;
	struct err err;

	advise_callbacks(c, warnings);
	verify_doors(c, NULL, warnings);
	host_advise(c, warnings);
	if ((c->check.allow_addresses && c->check.allow_addresses[0]) ||
	    authorities_load((const char *const *)c->check.authorities, &set, &err) < 0)
		return;
	advise_authority(c, set, "check.authority", c->check.authority, warnings);
	for (size_t i = 0; i < c->route_count; i++) {
		CLEANUP(mem_freep) char *path = mem_printf("routes[%zu].authority", i);

		advise_authority(c, set, path, c->routes[i].authority, warnings);
	}
	authorities_free(set);
}
