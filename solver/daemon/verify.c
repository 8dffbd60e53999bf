#include "solver/daemon/verify.h"

#include "providers/registry.h"
#include "solver/api/api.h"
#include "solver/base/log.h"
#include "solver/base/mem.h"
#include "solver/daemon/https.h"
#include "solver/daemon/parts.h"
#include "solver/verdict/authority.h"

static void note(const struct config *c, struct buf *mistakes, const char *path, const char *text)
{
	CLEANUP(mem_freep) char *where = config_where(c, path);

	buf_printf(mistakes, "%s%s%s%s\n", where, path, *path ? ": " : "", text);
}

/* Opening contacts nobody: addresses, URLs, keys and files are looked at. */
static void verify_provider(const struct config *c, const struct config_provider *p, struct buf *mistakes)
{
	CLEANUP(mem_freep) char *path = mem_printf("providers.%s", p->name);
	const struct provider_api *api = provider_find(p->type);
	struct provider *provider = NULL;
	struct err err;

	if (!api)
		note(c, mistakes, path, "there is no such type in this build");
	else if (api->open(p->options, &provider, &err) < 0)
		note(c, mistakes, path, err.text);
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
	note(c, mistakes, path, buf_text(&text));
}

static void verify_authorities(const struct config *c, struct buf *mistakes)
{
	struct authorities *set = NULL;
	struct err err;

	if (authorities_load((const char *const *)c->check.authorities, &set, &err) < 0) {
		note(c, mistakes, "check.authorities", err.text);
		return;
	}
	verify_authority(c, set, "check.authority", c->check.authority, mistakes);
	for (size_t i = 0; i < c->route_count; i++) {
		CLEANUP(mem_freep) char *path = mem_printf("routes[%zu].authority", i);

		verify_authority(c, set, path, c->routes[i].authority, mistakes);
	}
	authorities_free(set);
}

/* The rest as the service opens it, with a journal that is not on disk. */
static void verify_parts(const struct config *c, struct buf *mistakes)
{
	struct parts parts = { 0 };
	struct err err;

	log_setup(LOG_ERROR, LOG_TEXT);
	if (parts_open(&parts, c, PARTS_IN_MEMORY, &err) < 0)
		note(c, mistakes, "", err.text);
	if (parts.loop && api_check(parts.loop, c, &err) < 0)
		note(c, mistakes, "", err.text);
	if (parts.loop && https_check(parts.loop, &c->http, &err) < 0)
		note(c, mistakes, "", err.text);
	parts_close(&parts);
}

void verify(const struct config *c, struct buf *mistakes)
{
	for (size_t i = 0; i < c->provider_count; i++)
		if (!c->providers[i].broken)
			verify_provider(c, &c->providers[i], mistakes);
	verify_authorities(c, mistakes);
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
	note(c, warnings, path, text);
}

/* Written before callbacks had rules. */
static void advise_callbacks(const struct config *c, struct buf *warnings)
{
	if (c->callback_secret_count && !c->callback_count)
		note(c, warnings, "callback-secrets", "no URL is called until callbacks: allows it, as callbacks: [{secret: NAME, urls: [\"https://ci.example.com/hooks/\"], clients: [ci]}]");
}

void verify_advise(const struct config *c, struct buf *warnings)
{
	struct authorities *set = NULL;
	struct err err;

	advise_callbacks(c, warnings);
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
