/* Sites: where providers write, so that a record is withdrawn from where it stands although the configuration has changed.
 *
 * A site is the type of a provider and the options that say where it writes ("rfc2136 server=192.0.2.1"), without secrets: it stands
 * in the journal. A key that was exchanged or a provider that got another name leads to the same site. A challenge lists the sites
 * that it was written to; each is crossed out when the record was removed there, or when nothing can have arrived there.
 *
 * After a reload the old instance of a provider stays as long as a record stands at its site, until a newer one has proved that it
 * works there (for a record that was written with a key of its own: with that key), for the newer one may have a wrong key. After a restart that knows only another site, the record
 * is said to stand where it stands. A site where no update was ever confirmed is given up after a while (result.c).
 */
#include <stdlib.h>
#include <string.h>

#include "solver/base/buf.h"
#include "solver/base/mem.h"
#include "solver/engine/internal.h"

#define SITE_MAX 1024
#define SITES_MAX 8192 /* bytes of a list */
#define DOUBTFUL '?'   /* in front of a site where no update was ever confirmed */
#define UNPROVEN_MAX 4 /* instances that nobody used yet, kept for one site */

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
static char *line_of(char *sites, const char *site)
{
	size_t length = strlen(site);

	for (char *line = sites; line && *line; line += strcspn(line, "\n"), line += *line == '\n') {
		const char *text = line + (*line == DOUBTFUL);

		if (strcspn(text, "\n") == length && strncmp(text, site, length) == 0)
			return line;
	}
	return NULL;
}

static char *last_line(const struct challenge *c)
{
	char *end = c->sites ? strrchr(c->sites, '\n') : NULL;

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
	char *line = line_of(c->sites, site), *end = line ? strchr(line, '\n') : NULL;

	if (end)
		memmove(line, end + 1, strlen(end + 1) + 1);
	else if (line)
		site_drop_last(c);
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
	mem_replace(&c->sites, longer);
}

void site_inherit(struct challenge *c, const char *site, bool doubtful)
{
	CLEANUP(mem_freep) char *longer = NULL;
	const char *line = line_of(c->sites, site);

	if (is_full(c, site) || (line && (doubtful || *line != DOUBTFUL)))
		return;
	cross_out(c, site);
	longer = mem_printf("%s%s%s%s", doubtful ? "?" : "", site, c->sites ? "\n" : "", c->sites ? c->sites : "");
	mem_replace(&c->sites, longer);
}

char *site_last(const struct challenge *c)
{
	const char *line = last_line(c);

	return line ? mem_dup(line + (*line == DOUBTFUL)) : NULL;
}

void site_drop_last(struct challenge *c)
{
	char *line = last_line(c);

	if (line && line != c->sites)
		line[-1] = '\0';
	else
		mem_replace(&c->sites, NULL);
}

bool site_is_doubtful(const struct entry *n)
{
	const char *line = last_line(&n->c);

	return line && (*line == DOUBTFUL || n->out == OUT_MAYBE);
}

void site_leave(struct entry *n)
{
	CLEANUP(mem_freep) char *site = site_last(&n->c);

	if (!site || n->out == OUT_YES)
		return;
	site_drop_last(&n->c);
	if (n->out == OUT_MAYBE)
		site_inherit(&n->c, site, true);
}

/* ---- through whom ---- */

static bool leads_there(const struct instance *i, const char *site)
{
	return strcmp(i->site, site) == 0;
}

static bool wrote_it(const struct instance *i, const struct challenge *c)
{
	return c->handle && i->handle && strcmp(c->handle, i->handle) == 0;
}

/* Whom to ask first: those of the configuration, and among them the one that wrote the record, as far as its handle tells. */
static unsigned rank_of(const struct instance *i, const struct challenge *c)
{
	return (i->retired ? 2 : 0) + (wrote_it(i, c) ? 0 : 1);
}
#define RANKS 4

/* A key that is new in the configuration may be a wrong one, so the others have their turn after each try that failed. */
struct instance *site_of_withdrawal(struct engine *e, const struct entry *n)
{
	CLEANUP(mem_freep) char *site = site_last(&n->c);
	unsigned count = 0, turn;

	if (!site)
		return instance_find(e, n->c.provider);
	for (struct instance *i = e->instances; i; i = i->next)
		count += leads_there(i, site);
	turn = count ? n->turns % count : 0;
	for (unsigned rank = 0; rank < RANKS; rank++)
		for (struct instance *i = e->instances; i; i = i->next)
			if (leads_there(i, site) && rank_of(i, &n->c) == rank && !turn--)
				return i;
	return NULL;
}

bool site_is_configured(struct engine *e, const struct entry *n)
{
	CLEANUP(mem_freep) char *site = site_last(&n->c);

	for (struct instance *i = e->instances; site && i; i = i->next)
		if (!i->retired && leads_there(i, site))
			return true;
	return false;
}

/* How many newer ones lead there. `ret_works`: one of them works, with this handle when it is not NULL. */
static unsigned newer_than(struct engine *e, const struct instance *i, const char *handle, bool *ret_works)
{
	unsigned count = 0;

	*ret_works = false;
	for (struct instance *newer = e->instances; newer != i; newer = newer->next) {
		if (!leads_there(newer, i->site))
			continue;
		*ret_works |= newer->works && (!handle || (newer->handle && strcmp(newer->handle, handle) == 0));
		count++;
	}
	return count;
}

bool site_is_needed(struct engine *e, const struct instance *i)
{
	bool replaced, replaced_for_its_own;
	unsigned newer = newer_than(e, i, NULL, &replaced);
	struct entry *n;

	newer_than(e, i, i->handle, &replaced_for_its_own);
	replaced |= !i->works && newer >= UNPROVEN_MAX;
	DL_FOREACH(e->entries, n)
		if (!challenge_is_over(n->c.state) && site_is_listed(&n->c, i->site) && (!replaced || (!replaced_for_its_own && wrote_it(i, &n->c))))
			return true;
	return false;
}
