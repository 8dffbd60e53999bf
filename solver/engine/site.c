#include "solver/engine/site.h"

#include <stdlib.h>
#include <string.h>

#include "solver/base/buf.h"
#include "solver/base/mem.h"
#include "solver/base/shared.h"
#include "solver/engine/entry.h"

#define SITE_MAX 1024
#define SITES_MAX 8192 /* bytes of a list */
#define DOUBTFUL '?'   /* in front of a site where no update was ever confirmed */

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

/* The line of the list that is this site, or NULL. */
static const char *line_of(const char *sites, const char *site)
{
	size_t length = strlen(site);

	for (const char *line = sites; line && *line; line += strcspn(line, "\n"), line += *line == '\n') {
		const char *text = line + (*line == DOUBTFUL);

		if (strcspn(text, "\n") == length && strncmp(text, site, length) == 0)
			return line;
	}
	return NULL;
}

static const char *last_line(const struct challenge *c)
{
	const char *end = c->sites ? strrchr(c->sites, '\n') : NULL;

	return end ? end + 1 : c->sites;
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
	const char *line = line_of(c->sites, site), *end = line ? strchr(line, '\n') : NULL;
	CLEANUP(mem_freep) char *shorter = NULL;

	if (end) {
		shorter = mem_printf("%.*s%s", (int)(line - c->sites), c->sites, end + 1);
		shared_replace(&c->sites, shorter);
	} else if (line) {
		site_drop_last(c);
	}
}

static bool is_full(const struct challenge *c, const char *site)
{
	return c->sites && strlen(c->sites) + strlen(site) + 2 > SITES_MAX;
}

void site_add(struct challenge *c, const char *site)
{
	CLEANUP(mem_freep) char *longer = NULL;

	if (is_full(c, site))
		return;
	cross_out(c, site);
	longer = c->sites ? mem_printf("%s\n%s", c->sites, site) : mem_dup(site);
	shared_replace(&c->sites, longer);
}

void site_inherit(struct challenge *c, const char *site, bool doubtful)
{
	CLEANUP(mem_freep) char *longer = NULL;
	const char *line = line_of(c->sites, site);

	if (is_full(c, site) || (line && (doubtful || *line != DOUBTFUL)))
		return;
	cross_out(c, site);
	longer = mem_printf("%s%s%s%s", doubtful ? "?" : "", site, c->sites ? "\n" : "", c->sites ? c->sites : "");
	shared_replace(&c->sites, longer);
}

char *site_last(const struct challenge *c)
{
	const char *line = last_line(c);

	return line ? mem_dup(line + (*line == DOUBTFUL)) : NULL;
}

void site_drop_last(struct challenge *c)
{
	const char *line = last_line(c);
	CLEANUP(mem_freep) char *shorter = line && line != c->sites ? mem_dup_n(c->sites, (size_t)(line - c->sites) - 1) : NULL;

	shared_replace(&c->sites, shorter);
}

bool site_is_doubtful(const struct entry *n)
{
	const char *line = last_line(&n->c);

	return line && (*line == DOUBTFUL || n->publication.out == OUT_MAYBE);
}

void site_leave(struct entry *n)
{
	CLEANUP(mem_freep) char *site = site_last(&n->c);

	if (!site || n->publication.out == OUT_YES)
		return;
	site_drop_last(&n->c);
	if (n->publication.out == OUT_MAYBE)
		site_inherit(&n->c, site, true);
}
