/* The real engine, driver and watcher of CPS on a virtual clock, over a journal on disk. Everything outside (CPS, the API of the name
 * servers, what stands in their zones, and how far time goes) is another program's, which talks to this one over standard input and
 * output: tests/integration/support/world.py. This process may be killed at any instant; the next one goes on with the same journal.
 *
 *     scenario_world JOURNAL-FOLDER CONFIGURATION-FILE NOW-MS [SEED]
 */
#include <inttypes.h>
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "providers/memory/memory.h"
#include "providers/registry.h"
#include "solver/answers/answers.h"
#include "solver/base/log.h"
#include "solver/base/mem.h"
#include "solver/cps/cps.h"
#include "solver/engine/engine.h"
#include "tests/scenario/fake_dns.h"
#include "tests/scenario/fake_http.h"
#include "tests/scenario/fake_loop.h"
#include "tests/scenario/fake_random.h"
#include "tests/scenario/world/line.h"

#define ZONE "world" /* of the memory provider's set, in which the fake name servers look */
#define CONFIGS_MAX 64

static struct world {
	struct loop *loop;
	struct store *store;
	struct config *configs[CONFIGS_MAX];
	size_t config_count;
	struct answers *answers;
	struct http_client *http;
	struct resolver *resolver;
	struct recursor *recursor;
	struct engine *engine;
	struct cps *cps;
} world;

static void fail(const struct err *err)
{
	fprintf(stderr, "%s\n", err->text);
	exit(1);
}

/* ---- the outside */

/* "+ fqdn value" and "- fqdn value" lines. */
static void change_zones(char *lines)
{
	char *rest = NULL;

	for (char *line = strtok_r(lines, "\n", &rest); line; line = strtok_r(NULL, "\n", &rest)) {
		char *fqdn = line + 2, *value = strchr(fqdn, ' ');

		if (!value)
			exit(1);
		*value++ = '\0';
		if (*line == '+') {
			memory_put(ZONE, fqdn, value);
			fake_dns_value(fqdn, value);
		} else {
			memory_take(ZONE, fqdn, value);
			fake_dns_forget(fqdn, value);
		}
	}
}

static int on_request(const struct http_request *request, char **ret_body, char **ret_headers, void *arg)
{
	CLEANUP(mem_freep) char *zones = NULL;
	int status = line_ask(loop_wall_ms(world.loop), request, ret_body, ret_headers, &zones);

	(void)arg;
	change_zones(zones);
	return status;
}

static void build_outside(void)
{
	static const char *const zones[] = { "example.org", "example.net", "example.com" };
	static const char *const servers[][2] = { { "192.0.2.1", "192.0.2.2" }, { "192.0.2.3", "192.0.2.4" }, { "192.0.2.5", "192.0.2.6" } };
	static char names[3][2][32];

	fake_recursor_blind(false);
	fake_dns_reset(world.answers);
	fake_http_reset(world.answers);
	fake_http_api(on_request, NULL);
	for (size_t z = 0; z < ARRAY_LEN(zones); z++)
		for (size_t s = 0; s < 2; s++) {
			snprintf(names[z][s], sizeof(names[z][s]), "ns%zu.%s", s + 1, zones[z]);
			fake_dns_server(zones[z], names[z][s], servers[z][s]);
		}
}

/* ---- this process */

static const struct option *table_of(const char *type, size_t *ret_size)
{
	const struct provider_api *api = provider_find(type);

	if (!api)
		return NULL;
	*ret_size = api->options_size;
	return api->options;
}

static struct config *take_config(const char *yaml)
{
	struct config *c;
	struct err err;

	if (world.config_count == CONFIGS_MAX)
		exit(1);
	if (config_parse(yaml, strlen(yaml), "world", NULL, table_of, &c, &err) < 0)
		fail(&err);
	return world.configs[world.config_count++] = c;
}

static char *read_file(const char *path)
{
	FILE *f = fopen(path, "re");
	char *text = mem_new(65536, 1);

	if (!f || fread(text, 1, 65535, f) == 0)
		exit(1);
	fclose(f);
	return text;
}

static bool is_granted(const char *client, enum challenge_type type, const char *identifier, void *arg)
{
	(void)client, (void)type, (void)identifier, (void)arg;
	return true;
}

static void on_wake(void *arg)
{
	(void)arg; /* time stands still until the journal has everything: after_step() */
}

static void open_all(const char *folder)
{
	const struct store_hooks hooks = { on_wake, NULL };
	struct engine_parts parts = { .loop = world.loop, .access = { .granted = is_granted }, .config = world.configs[0] };
	struct err err;

	if (store_open_sqlite(folder, &hooks, &world.store, &err) < 0)
		fail(&err);
	parts.store = world.store;
	world.answers = parts.answers = answers_new();
	world.http = parts.http = fake_http_client_new(world.loop);
	world.resolver = parts.resolver = fake_resolver_new(world.loop);
	world.recursor = parts.recursor = fake_recursor_new(world.loop);
	build_outside();
	if (engine_open(&parts, &world.engine, &err) < 0 || engine_recover(world.engine, &err) < 0)
		fail(&err);
	const struct cps_parts cps = { .loop = world.loop, .http = world.http, .engine = world.engine, .store = world.store, .config = parts.config };
	if (cps_open(&cps, &world.cps, &err) < 0)
		fail(&err);
	store_drain(world.store);
}

static void close_all(void)
{
	cps_close(world.cps);
	engine_stop(world.engine);
	store_drain(world.store);
	recursor_free(world.recursor);
	resolver_free(world.resolver);
	http_client_free(world.http);
	engine_close(world.engine);
	answers_free(world.answers);
	store_close(world.store);
	loop_free(world.loop);
	for (size_t i = 0; i < world.config_count; i++)
		config_free(world.configs[i]);
	fake_dns_reset(NULL);
	memory_clear();
}

/* ---- what is asked of it */

static void run(long long until_wall_ms)
{
	int64_t until = loop_now_ms(world.loop) + until_wall_ms - loop_wall_ms(world.loop);

	while (fake_loop_step(world.loop, until))
		store_drain(world.store);
	line_write("done %lld", (long long)loop_wall_ms(world.loop));
}

static void reconfigure(const char *rest)
{
	CLEANUP(mem_freep) char *yaml = line_read_block(strtoul(rest, NULL, 10));
	const struct config *config = take_config(yaml);
	struct err err;

	if (engine_reconfigure(world.engine, config, &err) < 0)
		fail(&err);
	cps_reconfigure(world.cps, config);
	line_write("done");
}

static void tell_json(json_t *o)
{
	CLEANUP(mem_freep) char *text = o ? json_dumps(o, JSON_COMPACT | JSON_ENCODE_ANY) : mem_dup("null");

	json_decref(o);
	line_write_text(text);
}

static void tell_inventory(void)
{
	json_t *all = json_array();
	CLEANUP(mem_freep) char *after = NULL;

	do {
		json_t *page = cps_inventory_json(world.cps, &(struct cps_inventory_query){ .limit = 1000, .after = after });

		json_array_extend(all, json_object_get(page, "enrollments"));
		mem_replace(&after, json_string_value(json_object_get(page, "next")));
		json_decref(page);
	} while (after);
	tell_json(all);
}

static void count_live(const struct challenge *c, void *arg)
{
	*(size_t *)arg += !challenge_is_over(c->state);
}

static void tell_live(void)
{
	size_t count = 0;

	engine_list(world.engine, NULL, NULL, SIZE_MAX, count_live, &count);
	tell_json(json_integer((json_int_t)count));
}

static void approve(const char *rest)
{
	char hash[128], who[64];
	long long enrollment, change;
	size_t missing = 0;
	struct err err = { 0 };

	if (sscanf(rest, "%lld %lld %127s %63s", &enrollment, &change, hash, who) != 4)
		exit(1);
	cps_approve(world.cps, &(struct cps_approval_wish){ .enrollment = enrollment, .change = change, .hash = hash, .who = who }, &missing, &err);
	tell_json(err.code < 0 ? json_string(err.text) : json_integer((json_int_t)missing));
}

static void spoil_server(const char *rest)
{
	char address[64];
	int fault;

	if (sscanf(rest, "%63s %d", address, &fault) != 2)
		exit(1);
	fake_dns_fault(address, (enum dns_fault)fault);
	line_write("done");
}

static void take_zones(const char *rest)
{
	CLEANUP(mem_freep) char *lines = line_read_block(strtoul(rest, NULL, 10));

	change_zones(lines);
	line_write("done");
}

static void set_clock(const char *rest)
{
	fake_loop_set_wall(world.loop, strtoll(rest, NULL, 10));
	line_write("done");
}

static bool is_command(const char *line, const char *word, const char **ret_rest)
{
	size_t length = strlen(word);

	*ret_rest = line + length + (line[length] == ' ');
	return strncmp(line, word, length) == 0 && (line[length] == ' ' || !line[length]);
}

static void obey(const char *line)
{
	const char *rest;

	if (is_command(line, "run", &rest))
		run(strtoll(rest, NULL, 10));
	else if (is_command(line, "config", &rest))
		reconfigure(rest);
	else if (is_command(line, "zones", &rest))
		take_zones(rest);
	else if (is_command(line, "clock", &rest))
		set_clock(rest);
	else if (is_command(line, "server", &rest))
		spoil_server(rest);
	else if (is_command(line, "approve", &rest))
		approve(rest);
	else if (is_command(line, "inventory", &rest))
		tell_inventory();
	else if (is_command(line, "validations", &rest))
		tell_json(cps_validations_json(world.cps));
	else if (is_command(line, "validation", &rest))
		tell_json(cps_validation_json(world.cps, rest));
	else if (is_command(line, "live", &rest))
		tell_live();
	else
		exit(1);
}

int main(int argc, char **argv)
{
	const char *line;

	if (argc < 4)
		return 2;
	log_setup(LOG_INFO, LOG_TEXT);
	CLEANUP(mem_freep) char *yaml = read_file(argv[2]);
	fake_random_seed(argc > 4 ? (unsigned)strtoul(argv[4], NULL, 10) : 1);
	world.loop = loop_new();
	fake_loop_begin_at(world.loop, strtoll(argv[3], NULL, 10));
	take_config(yaml);
	open_all(argv[1]);
	line_write("ready");
	while ((line = line_read()) && strcmp(line, "end") != 0)
		obey(line);
	close_all();
	return 0;
}
