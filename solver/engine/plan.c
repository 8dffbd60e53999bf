#include "solver/engine/plan.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "solver/base/mem.h"
#include "solver/base/shared.h"
#include "solver/check/poll.h"
#include "solver/engine/entry.h"
#include "solver/engine/instance.h"
#include "solver/engine/permit.h"
#include "solver/engine/preflight.h"
#include "solver/engine/record.h"

#define RETRY_MAX_MS 30000

struct plan {
	struct preflight preflight;
	struct locate *locate; /* asks where the record must stand */
	bool placed;           /* that is known, and permitted */
};

/* Both are known: it starts. */
static void go(struct entry *n)
{
	char sentence[2 * NAME_SIZE + 128];

	if (!n->plan->placed || n->plan->preflight.state != PREFLIGHT_OVER)
		return;
	if (n->c.type == CHALLENGE_HTTP01)
		snprintf(sentence, sizeof(sentence), "publishing through the %s", n->c.provider);
	else
		snprintf(sentence, sizeof(sentence), "publishing at %s in zone %s through %s", n->c.fqdn, n->c.zone, n->c.provider);
	life_input(n->e, n, INPUT_START, sentence);
}

static void place(struct entry *n, const struct instance *i, const char *fqdn, const char *zone)
{
	shared_replace(&n->c.provider, i->name);
	shared_replace(&n->c.sites, i->site); /* nothing has left yet */
	mem_replace(&n->c.fqdn, fqdn);
	shared_replace(&n->c.zone, zone);
	n->plan->placed = true;
	n->plan->preflight.quiet = false;
}

/* ---- the place of a record ---- */

static bool in_embedded_zone(const struct config *config, const char *fqdn)
{
	for (size_t i = 0; config->dns.zones && config->dns.zones[i]; i++)
		if (name_is_below(fqdn, config->dns.zones[i]))
			return true;
	return false;
}

static int no_route(const struct entry *n, const struct location *l, const char *fqdn, struct err *err)
{
	if (strcmp(l->fqdn, fqdn) != 0)
		return err_set(err, ERR_DENIED, "%s is a CNAME to %s, and no route of the configuration serves %s there: add one under routes:, or remove the CNAME "
		               "to have the record at the name itself", fqdn, l->fqdn, challenge_type_name(n->c.type));
	if (l->wildcard)
		return err_set(err, ERR_DENIED, "no route of the configuration serves %s for %s; add one under routes:, or a CNAME of its own there (that to %s "
		               "comes from a wildcard)", challenge_type_name(n->c.type), l->fqdn, l->wildcard);
	return err_set(err, ERR_DENIED, "no route of the configuration serves %s for %s (the record of %s); add one under routes:",
	               challenge_type_name(n->c.type), l->fqdn, n->c.identifier);
}

static int choose_provider(struct engine *e, struct entry *n, const struct location *l, struct err *err)
{
	const struct config_route *route = config_route(e->config, n->c.type, l->fqdn);
	const struct instance *i = route && route->provider ? instance_find(e, route->provider) : NULL;
	char fqdn[NAME_SIZE];

	if (record_name(&n->c, fqdn, err) < 0)
		return err->code;
	if (!route || !route->provider)
		return no_route(n, l, fqdn, err);
	if (!i)
		return err_set(err, ERR_DENIED, "the route of %s names provider %s, which is not configured", l->fqdn, route->provider);
	if (i->api->caps.local && !in_embedded_zone(e->config, l->fqdn))
		return err_set(err, ERR_DENIED, "the route of %s leads to dcvd's own DNS server, which does not serve it; delegate a zone and name it under dns.zones, or route it to another provider",
		               l->fqdn);
	if (route->zone && !name_is_below(l->fqdn, route->zone))
		return err_set(err, ERR_DENIED, "the route of %s names the zone %s, which does not hold it; correct zone: in that route", l->fqdn, route->zone);
	if (permit(e, n, l->fqdn, err) < 0)
		return err->code;
	place(n, i, l->fqdn, route->zone ? route->zone : l->zone);
	return 0;
}

static void place_later(struct engine *e, struct entry *n, const struct err *err)
{
	if (!err_is_transient(err->code) && err->code != ERR_NOT_FOUND) {
		life_fail(e, n, err->text);
		return;
	}
	life_wait(e, n, "nothing is published yet", err->text);
	life_retry(e, n, RETRY_MAX_MS, 0);
}

static void on_located(struct location *l, const struct err *err, void *arg)
{
	struct entry *n = arg;
	struct err reason;

	n->plan->locate = NULL;
	if (!l) {
		place_later(n->e, n, err);
		return;
	}
	location_free(n->publication.delivery->location);
	n->publication.delivery->location = l;
	if (choose_provider(n->e, n, l, &reason) < 0)
		life_fail(n->e, n, reason.text);
	else
		go(n);
}

/* The zone of our own DNS server that the name lies in, when its route leads there. No CNAME can stand in it, so nobody
 * needs to be asked before the value is there; NULL: somebody must. */
static const char *own_zone(struct engine *e, const struct entry *n, const char *fqdn)
{
	const struct config_route *route = config_route(e->config, n->c.type, fqdn);
	const struct instance *i = route && route->provider ? instance_find(e, route->provider) : NULL;
	const char *zone = NULL;

	for (char **own = e->config->dns.zones; i && i->api->caps.local && own && *own; own++)
		if (name_is_below(fqdn, *own) && (!zone || strlen(*own) > strlen(zone)))
			zone = *own;
	return zone;
}

static void place_own(struct engine *e, struct entry *n, const char *fqdn, const char *zone)
{
	struct err err;

	if (permit(e, n, fqdn, &err) < 0) {
		life_fail(e, n, err.text);
		return;
	}
	place(n, instance_find(e, config_route(e->config, n->c.type, fqdn)->provider), fqdn, zone);
	go(n);
}

static void find_place(struct engine *e, struct entry *n)
{
	char fqdn[NAME_SIZE];
	const char *zone;
	struct err err;

	if (n->c.type == CHALLENGE_HTTP01) {
		n->plan->placed = true;
		go(n);
		return;
	}
	if (record_name(&n->c, fqdn, &err) < 0) {
		life_fail(e, n, err.text);
		return;
	}
	zone = own_zone(e, n, fqdn);
	if (zone)
		place_own(e, n, fqdn, zone);
	else
		n->plan->locate = locate_start(e->checker, fqdn, false, on_located, n);
	if (n->plan)
		n->plan->preflight.quiet = n->plan->locate != NULL;
}

/* Again, when the place was not found: the preflight goes on beside it. */
void plan_start(struct engine *e, struct entry *n)
{
	if (!n->plan)
		n->plan = mem_new(1, sizeof(*n->plan));
	if (!n->plan->locate && !n->plan->placed)
		find_place(e, n);
	if (n->plan)
		preflight_start(&n->plan->preflight, n, go);
}

void plan_stop(struct engine *e, struct entry *n)
{
	struct plan *p = n->plan;

	(void)e;
	if (!p)
		return;
	n->plan = NULL;
	preflight_stop(&p->preflight);
	if (p->locate)
		locate_cancel(p->locate);
	free(p);
}
