/* Sites: where providers write, so that a record is withdrawn from where it stands although the configuration has changed.
 *
 * A site is the type of a provider and the options that say where it writes ("rfc2136 server=192.0.2.1"), without secrets: it stands
 * in the journal. A key that was exchanged or a provider that got another name leads to the same site. A challenge lists the sites
 * that it was written to; each is crossed out when the record was removed there. After a reload the old instance of a provider stays
 * as long as a record stands at its site; after a restart that knows only another site, the record is said to stand where it stands.
 */
#include <stdlib.h>
#include <string.h>

#include "solver/base/buf.h"
#include "solver/base/mem.h"
#include "solver/engine/internal.h"

#define SITE_MAX 1024
#define SITES_MAX 8192 /* bytes of a list */

/* A URL may hold a password before its host. */
static void add_value(struct buf *out, const char *text)
{
	const char *host = strstr(text, "://"), *at = host ? strchr(host, '@') : NULL;

	if (at && at < host + 3 + strcspn(host + 3, "/?#")) {
		buf_add(out, text, (size_t)(host - text) + 3);
		text = at + 1;
	}
	option_dump_text(text, out);
}

char *site_text(const struct provider_api *api, const void *options)
{
	struct buf out = BUF_INIT(SITE_MAX);

	buf_add_text(&out, api->name);
	for (const struct option *o = api->options; o->name; o++) {
		const char *text = o->site ? *(char *const *)((const char *)options + o->offset) : NULL;

		if (!text)
			continue;
		buf_printf(&out, " %s=", o->name);
		add_value(&out, text);
	}
	return buf_take(&out);
}

struct instance *site_instance(struct engine *e, const char *site)
{
	struct instance *i;

	for (i = e->instances; i && strcmp(i->site, site) != 0; i = i->next)
		;
	return i;
}

/* The line of the list that is this site, or NULL. */
static const char *line_of(const char *sites, const char *site)
{
	size_t length = strlen(site);

	for (const char *line = sites; line && *line; line += strcspn(line, "\n"), line += *line == '\n')
		if (strcspn(line, "\n") == length && strncmp(line, site, length) == 0)
			return line;
	return NULL;
}

bool site_is_listed(const struct challenge *c, const char *site)
{
	return line_of(c->sites, site) != NULL;
}

bool site_is_last(const struct challenge *c, const char *site)
{
	CLEANUP(mem_freep) char *last = site_last(c);

	return last && strcmp(last, site) == 0;
}

static void cross_out(struct challenge *c, const char *site)
{
	char *line = (char *)line_of(c->sites, site);

	if (!line)
		return;
	if (!line[strlen(site)]) {
		site_drop_last(c);
		return;
	}
	memmove(line, line + strlen(site) + 1, strlen(line + strlen(site) + 1) + 1);
}

void site_add(struct challenge *c, const char *site)
{
	CLEANUP(mem_freep) char *longer = NULL;

	if (c->sites && strlen(c->sites) + strlen(site) > SITES_MAX)
		return;
	cross_out(c, site);
	longer = c->sites ? mem_printf("%s\n%s", c->sites, site) : mem_dup(site);
	mem_replace(&c->sites, longer);
}

char *site_last(const struct challenge *c)
{
	const char *end = c->sites ? strrchr(c->sites, '\n') : NULL;

	return c->sites ? mem_dup(end ? end + 1 : c->sites) : NULL;
}

void site_drop_last(struct challenge *c)
{
	char *end = c->sites ? strrchr(c->sites, '\n') : NULL;

	if (end)
		*end = '\0';
	else
		mem_replace(&c->sites, NULL);
}

struct instance *site_of_withdrawal(struct engine *e, const struct challenge *c)
{
	CLEANUP(mem_freep) char *site = site_last(c);

	return site ? site_instance(e, site) : instance_find(e, c->provider);
}

bool site_is_needed(struct engine *e, const struct instance *i)
{
	struct entry *n;

	if (site_instance(e, i->site) != i)
		return false; /* a newer one leads there */
	DL_FOREACH(e->entries, n)
		if (!challenge_is_over(n->c.state) && site_is_listed(&n->c, i->site))
			return true;
	return false;
}
