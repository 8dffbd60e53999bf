#include "tests/scenario/cps_world.h"

#include <stdio.h>
#include <stdlib.h>

#include "solver/base/mem.h"

static void open_cps(struct world *w)
{
	const struct cps_parts parts = { .loop = w->s->loop, .http = w->s->http, .engine = w->s->engine, .store = w->s->store,
		                             .config = w->s->configs[w->s->config_count - 1] };
	struct err err;

	if (cps_open(&parts, &w->cps, &err) < 0)
		fail_msg("%s", err.text);
}

static void set_credentials(void)
{
	setenv("AKAMAI_HOST", "akab-test.example.net", 1);
	setenv("AKAMAI_CLIENT_TOKEN", "ct", 1);
	setenv("AKAMAI_CLIENT_SECRET", "cs", 1);
	setenv("AKAMAI_ACCESS_TOKEN", "at", 1);
}

int cps_world_begin(void **state)
{
	struct world *w = mem_new(1, sizeof(*w));

	scenario_begin((void **)&w->s);
	set_credentials();
	fake_cps_reset(&w->far, w->s, 1);
	fake_dns_value("_acme-challenge.www.example.org", VALUE);
	open_cps(w);
	*state = w;
	return 0;
}

int cps_world_end(void **state)
{
	struct world *w = *state;

	cps_close(w->cps);
	scenario_end((void **)&w->s);
	free(w);
	return 0;
}

void restart_all(struct world *w)
{
	cps_close(w->cps);
	restart(w->s);
	w->far.loop = w->s->loop;
	fake_cps_serve(&w->far);
	open_cps(w);
}

void start_validation(struct world *w, char id[ID_SIZE])
{
	const struct cps_validation_wish wish = { .enrollment = FAKE_CPS_ENROLLMENT };
	struct err err;

	if (cps_validation_start(w->cps, &wish, id, &err) < 0)
		fail_msg("%s", err.text);
}

static char *text_of(struct world *w, const char *id, const char *key)
{
	json_t *o = cps_validation_json(w->cps, id);
	const char *text = json_string_value(json_object_get(o, key));
	char *copy = mem_dup(text ? text : "");

	json_decref(o);
	return copy;
}

void assert_state(struct world *w, const char *id, const char *wanted)
{
	CLEANUP(mem_freep) char *state = text_of(w, id, "state");
	json_t *o = cps_validation_json(w->cps, id);

	if (strcmp(state, wanted) != 0) {
		char *all = json_dumps(o, JSON_INDENT(1));

		print_error("%s\n", all);
		free(all);
		json_decref(o);
		fail_msg("%s, not %s", state, wanted);
	}
	json_decref(o);
}

#define WATCH_YAML "challenge: {deadline: 60s, lifetime: 7d, retention: 10m}\n" \
	"check: {allow-addresses: [192.0.2.0/24, \"2001:db8::/32\"]}\n" \
	"routes: [{suffix: \"*\", provider: m}]\nproviders: {m: {type: memory}}\n" \
	"cps:\n  watch: %s\n  policies: {standard: {%s}}\n" \
	"  classes: [{match: {cn: n7.example.org}, class: monitored}, {match: {validation: dv}, class: managed, policy: standard}]\n%s"

void watch(struct world *w, const char *how, int approvals)
{
	char policy[64];

	snprintf(policy, sizeof(policy), "change-management: approve, approvals: %d", approvals);
	watch_with(w, how, policy, "");
}

void watch_with(struct world *w, const char *how, const char *policy, const char *more)
{
	char yaml[2048];

	snprintf(yaml, sizeof(yaml), WATCH_YAML, how, policy, more);
	reconfigure_text(w->s, yaml);
	cps_reconfigure(w->cps, w->s->configs[w->s->config_count - 1]);
}

void show_values(struct world *w)
{
	for (size_t i = 0; i < w->far.count; i++) {
		char fqdn[96];

		snprintf(fqdn, sizeof(fqdn), "_acme-challenge.%s", w->far.enrollments[i].name);
		fake_dns_value(fqdn, VALUE);
	}
}

json_t *inventory_of(struct world *w)
{
	return cps_inventory_json(w->cps, &(struct cps_inventory_query){ .limit = 1000 });
}
