/* From "queued" to "the provider has it", and back: the place, then the responder, a folder or a lane. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "solver/base/log.h"
#include "solver/base/mem.h"
#include "solver/engine/internal.h"
#include "solver/engine/request.h"

#define RETRY_FIRST_MS 500
#define RETRY_MAX_MS 30000

static int64_t retry_pause(unsigned tries)
{
	int64_t ms = RETRY_FIRST_MS;
	unsigned char noise;

	while (tries-- && ms < RETRY_MAX_MS)
		ms *= 2;
	id_random(&noise, 1);
	return ms + ms * noise / 512; /* up to half more, so that many do not come back at once */
}

/* ---- the place of a TXT record ---- */

static void place_again(void *arg)
{
	struct entry *n = arg;

	n->retry = NULL;
	place_start(n->e, n);
}

static void place_later(struct engine *e, struct entry *n, const struct err *err)
{
	if (!err_is_transient(err->code) && err->code != ERR_NOT_FOUND) {
		life_fail(e, n, err->text);
		return;
	}
	waiting_note(e, n, "nothing is published yet", err->text);
	n->retry = timer_start(e->parts.loop, retry_pause(n->tries++), place_again, n);
}

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
	char fqdn[NAME_SIZE];

	if (request_record_name(&n->c, fqdn, err) < 0)
		return err->code;
	if (!route || !route->provider)
		return no_route(n, l, fqdn, err);
	if (!instance_find(e, route->provider))
		return err_set(err, ERR_DENIED, "the route of %s names provider %s, which is not configured", l->fqdn, route->provider);
	if (instance_find(e, route->provider)->api->caps.local && !in_embedded_zone(e->config, l->fqdn))
		return err_set(err, ERR_DENIED, "the route of %s leads to dcvd's own DNS server, which does not serve it; delegate a zone and name it under dns.zones, or route it to another provider",
		               l->fqdn);
	if (route->zone && !name_is_below(l->fqdn, route->zone))
		return err_set(err, ERR_DENIED, "the route of %s names the zone %s, which does not hold it; correct zone: in that route", l->fqdn, route->zone);
	if (permit(e, n, l->fqdn, err) < 0)
		return err->code;
	mem_replace(&n->c.provider, route->provider);
	mem_replace(&n->c.sites, instance_find(e, route->provider)->site); /* nothing has left yet */
	mem_replace(&n->c.fqdn, l->fqdn);
	mem_replace(&n->c.zone, route->zone ? route->zone : l->zone);
	return 0;
}

void place_go(struct engine *e, struct entry *n)
{
	char sentence[2 * NAME_SIZE + 128];

	if (n->c.state != CHALLENGE_QUEUED || !n->preflight_over)
		return;
	if (n->c.type == CHALLENGE_HTTP01)
		snprintf(sentence, sizeof(sentence), "publishing through the %s", n->c.provider);
	else if (n->c.fqdn && !n->locate)
		snprintf(sentence, sizeof(sentence), "publishing at %s in zone %s through %s", n->c.fqdn, n->c.zone, n->c.provider);
	else
		return;
	life_input(e, n, INPUT_START, sentence);
}

static void on_located(struct location *l, const struct err *err, void *arg)
{
	struct entry *n = arg;
	struct engine *e = n->e;
	struct err reason;

	n->locate = NULL;
	if (!l) {
		place_later(e, n, err);
		return;
	}
	if (choose_provider(e, n, l, &reason) < 0) {
		location_free(l);
		life_fail(e, n, reason.text);
		return;
	}
	location_free(n->location);
	n->location = l;
	place_go(e, n);
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

void place_start(struct engine *e, struct entry *n)
{
	char fqdn[NAME_SIZE];
	const char *zone;
	struct err err;

	preflight_start(e, n);
	if (n->c.type == CHALLENGE_HTTP01) {
		place_go(e, n);
		return;
	}
	if (request_record_name(&n->c, fqdn, &err) < 0) {
		life_fail(e, n, err.text);
		return;
	}
	zone = own_zone(e, n, fqdn);
	if (!zone) {
		n->locate = locate_start(e->checker, fqdn, false, on_located, n);
		return;
	}
	if (permit(e, n, fqdn, &err) < 0) {
		life_fail(e, n, err.text);
		return;
	}
	mem_replace(&n->c.provider, config_route(e->config, n->c.type, fqdn)->provider);
	mem_replace(&n->c.sites, instance_find(e, n->c.provider)->site);
	mem_replace(&n->c.fqdn, fqdn);
	mem_replace(&n->c.zone, zone);
	place_go(e, n);
}

/* ---- http-01 ---- */

static bool in_folder(const struct challenge *c)
{
	return strcmp(c->provider, "folder") == 0;
}

static void http_again(void *arg)
{
	struct entry *n = arg;

	n->retry = NULL;
	if (n->c.state == CHALLENGE_PUBLISHING)
		publish_start(n->e, n);
	else
		withdraw_start(n->e, n);
}

static void http_later(struct engine *e, struct entry *n, const struct err *err)
{
	if (!n->tries)
		log_event(LOG_ERROR, err->text, "id", n->c.id, "domain", n->c.identifier, NULL);
	waiting_note(e, n, n->c.state == CHALLENGE_WITHDRAWING ? "not withdrawn yet" : "not published yet", err->text);
	n->retry = timer_start(e->parts.loop, retry_pause(n->tries++), http_again, n);
}

static void publish_http(struct engine *e, struct entry *n)
{
	struct err err;

	if (in_folder(&n->c) && e->parts.folder_put(n->c.zone, n->c.token, n->c.key_authorization, &err) < 0) {
		http_later(e, n, &err);
		return;
	}
	if (!in_folder(&n->c))
		answers_set_http(e->parts.answers, n->c.identifier, n->c.token, n->c.key_authorization);
	life_input(e, n, INPUT_PUBLISHED, "published; looking at it from outside");
}

static void withdraw_http(struct engine *e, struct entry *n)
{
	struct err err;

	if (!claim_is_free(e, n)) {
		life_input(e, n, INPUT_WITHDRAWN, "kept: another challenge needs the same token");
		return;
	}
	if (in_folder(&n->c) && e->parts.folder_remove(n->c.zone, n->c.token, n->c.key_authorization, &err) < 0) {
		http_later(e, n, &err);
		return;
	}
	if (!in_folder(&n->c))
		answers_clear_http(e->parts.answers, n->c.identifier, n->c.token);
	life_input(e, n, INPUT_WITHDRAWN, "withdrawn");
}

/* ---- both ---- */

void publish_start(struct engine *e, struct entry *n)
{
	if (n->c.type == CHALLENGE_HTTP01)
		publish_http(e, n);
	else
		lane_enqueue(e, n);
}

void withdraw_start(struct engine *e, struct entry *n)
{
	if (n->c.type == CHALLENGE_HTTP01)
		withdraw_http(e, n);
	else if (!n->c.fqdn || n->out == OUT_NEVER)
		life_input(e, n, INPUT_WITHDRAWN, "nothing was published");
	else
		lane_enqueue(e, n);
}
