#include "tests/scenario/scenario.h"

#include <stdio.h>
#include <stdlib.h>

#include "providers/registry.h"
#include "solver/base/log.h"
#include "solver/base/mem.h"

/* Where the servers of the tests stand: networks for documentation. */
#define ALLOWED "check: {allow-addresses: [192.0.2.0/24, \"2001:db8::/32\"]}\n"

static const char base_yaml[] =
	"challenge: {deadline: 60s, lifetime: 1h, retention: 10m}\n"
	ALLOWED
	"routes:\n"
	"  - suffix: dcvd.test\n"
	"    provider: embedded\n"
	"  - suffix: \"*\"\n"
	"    provider: m\n"
	"providers:\n"
	"  m:\n"
	"    type: memory\n";

static const struct option *table_of(const char *type, size_t *ret_size)
{
	const struct provider_api *api = provider_find(type);

	if (!api)
		return NULL;
	*ret_size = api->options_size;
	return api->options;
}

static struct config *read_config(struct scenario *s, const char *yaml)
{
	struct config *c;
	struct err err;

	if (config_parse(yaml, strlen(yaml), "scenario", NULL, table_of, &c, &err) < 0)
		fail_msg("%s", err.text);
	assert_true(s->config_count < CONFIGS_MAX);
	s->configs[s->config_count++] = c;
	return c;
}

void reconfigure_text(struct scenario *s, const char *yaml)
{
	CLEANUP(mem_freep) char *whole = mem_printf("%s%s", strstr(yaml, "check:") ? "" : ALLOWED, yaml);
	struct err err;

	if (engine_reconfigure(s->engine, read_config(s, whole), &err) < 0)
		fail_msg("%s", err.text);
}

void reconfigure(struct scenario *s, const char *options)
{
	CLEANUP(mem_freep) char *yaml = mem_printf("%s%s", base_yaml, options);

	reconfigure_text(s, yaml);
}

static bool is_granted(const char *client, enum challenge_type type, const char *identifier, void *arg)
{
	const struct scenario *s = arg;
	size_t length = strlen(identifier);

	(void)client, (void)type;
	for (const char *at = s->granted; at; at = strchr(at, ' ') ? strchr(at, ' ') + 1 : NULL)
		if (strncmp(at, identifier, length) == 0 && (!at[length] || at[length] == ' '))
			return true;
	return !s->granted;
}

static void start(struct scenario *s)
{
	struct engine_parts parts = { .loop = s->loop, .store = s->store, .access = { .granted = is_granted, .arg = s } };
	struct err err;

	s->answers = parts.answers = answers_new();
	s->http = parts.http = fake_http_client_new(s->loop);
	s->resolver = parts.resolver = fake_resolver_new(s->loop);
	s->recursor = parts.recursor = fake_recursor_new(s->loop);
	parts.config = s->configs[s->config_count - 1];
	if (engine_open(&parts, &s->engine, &err) < 0 || engine_recover(s->engine, &err) < 0)
		fail_msg("%s", err.text);
}

static void stop(struct scenario *s)
{
	engine_stop(s->engine);
	journal_drain();
	recursor_free(s->recursor);
	resolver_free(s->resolver);
	http_client_free(s->http);
	engine_close(s->engine);
	answers_free(s->answers);
	s->engine = NULL;
}

static void build_world(struct scenario *s)
{
	fake_recursor_blind(false);
	fake_dns_reset(s->answers);
	fake_http_reset(s->answers);
	fake_dns_server("example.org", "ns1.example.org", NS1);
	fake_dns_server("example.org", "ns2.example.org", NS2);
	fake_dns_server("other.net", "ns.other.net", "192.0.2.3");
	fake_dns_server("dcvd.test", "dcvd", "127.0.0.1:5353");
	fake_dns_host("www.example.org", WEB1);
	fake_dns_host("www.example.org", WEB2);
}

int scenario_begin(void **state)
{
	struct scenario *s = mem_new(1, sizeof(*s));
	struct err err;

	log_setup(LOG_ERROR, LOG_TEXT);
	memory_clear();
	s->loop = loop_new();
	journal_refuse(s->loop, 0);
	if (store_open_memory(NULL, &s->store, &err) < 0)
		fail_msg("%s", err.text);
	read_config(s, base_yaml);
	start(s);
	build_world(s);
	*state = s;
	return 0;
}

int scenario_end(void **state)
{
	struct scenario *s = *state;

	stop(s);
	store_close(s->store);
	loop_free(s->loop);
	for (size_t i = 0; i < s->config_count; i++)
		config_free(s->configs[i]);
	fake_dns_reset(NULL);
	memory_clear();
	free(s);
	return 0;
}

void restart(struct scenario *s)
{
	stop(s);
	while (fake_loop_step(s->loop, loop_now_ms(s->loop)))
		; /* a process that ends has nothing on its loop; what is left here would use freed memory */
	start(s);
	fake_dns_answers(s->answers);
	fake_http_reset(s->answers);
}

bool step(struct scenario *s, int64_t until_ms)
{
	bool more = fake_loop_step(s->loop, until_ms);

	store_dispatch(s->store);
	return more;
}

void run_for(struct scenario *s, int64_t ms)
{
	int64_t until = loop_now_ms(s->loop) + ms;

	store_dispatch(s->store);
	while (step(s, until))
		;
}

void run_until(struct scenario *s, const char *id, enum challenge_state state, int64_t ms)
{
	int64_t until = loop_now_ms(s->loop) + ms;

	store_dispatch(s->store);
	while (state_of(s, id) != state && step(s, until))
		;
	if (state_of(s, id) != state)
		fail_msg("%s is %s (%s), not %s", id, challenge_state_name(state_of(s, id)), reason_of(s, id), challenge_state_name(state));
}

struct challenge_request dns01(const char *domain, const char *value)
{
	return (struct challenge_request){ .type = CHALLENGE_DNS01, .domain = domain, .value = value };
}

struct challenge_request http01(const char *domain, const char *token, const char *key_authorization)
{
	return (struct challenge_request){ .type = CHALLENGE_HTTP01, .domain = domain, .token = token, .key_authorization = key_authorization };
}

static void on_submitted(const char *order_id, bool existed, const struct err *err, void *arg)
{
	struct scenario *s = arg;

	snprintf(s->order, sizeof(s->order), "%s", order_id ? order_id : "");
	s->existed = existed;
	s->err = *err;
}

/* The servers may show it from now on: at the name itself, or at the end of its CNAMEs. */
static void announce_value(const struct challenge_request *r)
{
	char name[NAME_SIZE], fqdn[NAME_SIZE];
	bool wildcard;

	if (r->type == CHALLENGE_DNS01 && r->value && r->domain && name_identifier(r->domain, name, &wildcard, NULL) == 0 &&
	    name_challenge(name, fqdn, NULL) == 0)
		fake_dns_value(fqdn, r->value);
}

int submit_order(struct scenario *s, const struct order_request *request)
{
	const struct challenge **list;

	for (size_t i = 0; i < request->count; i++)
		announce_value(&request->challenges[i]);
	s->order[0] = s->id[0] = '\0';
	s->err = (struct err){ .code = 1 };
	if (engine_submit(s->engine, request, on_submitted, s, &s->err) < 0)
		return s->err.code;
	store_dispatch(s->store);
	while (s->err.code == 1 && step(s, loop_now_ms(s->loop)))
		;
	assert_int_not_equal(s->err.code, 1);
	if (s->err.code)
		return s->err.code;
	engine_order_challenges(s->engine, s->order, &list);
	memcpy(s->id, list[0]->id, ID_SIZE);
	free(list);
	return 0;
}

int submit(struct scenario *s, const struct challenge_request *list, size_t count)
{
	return submit_order(s, &(struct order_request){ .challenges = list, .count = count, .client = "alice" });
}

int present(struct scenario *s, const char *domain, const char *value)
{
	struct challenge_request r = dns01(domain, value);

	return submit(s, &r, 1);
}

void release(struct scenario *s, const char *id)
{
	struct err err;

	if (engine_release_challenge(s->engine, id, NULL, NULL, &err) < 0)
		fail_msg("%s", err.text);
	store_dispatch(s->store);
}

enum challenge_state state_of(struct scenario *s, const char *id)
{
	const struct challenge *c = engine_challenge(s->engine, id);

	assert_non_null(c);
	return c->state;
}

const char *reason_of(struct scenario *s, const char *id)
{
	const struct challenge *c = engine_challenge(s->engine, id);

	return c && c->reason ? c->reason : "";
}

void assert_has_text(const char *text, const char *part, const char *file, int line)
{
	if (strstr(text, part))
		return;
	print_error("\"%s\" does not say \"%s\"\n", text, part);
	_fail(file, line);
}

struct reader {
	struct challenge *history;
	bool over;
};

static void on_history(const struct challenge *history, const struct err *err, void *arg)
{
	struct reader *r = arg;

	assert_int_equal(err->code, 0);
	r->history->verdict = mem_dup(history->verdict);
	challenge_copy_events(history, r->history);
	r->over = true;
}

void history_of(struct scenario *s, const char *id, struct challenge *ret)
{
	struct reader r = { ret, false };
	struct err err;

	*ret = (struct challenge){ 0 };
	assert_int_equal(engine_history(s->engine, id, on_history, &r, &err), 0);
	assert_false(r.over); /* later, not at once */
	store_dispatch(s->store);
	while (!r.over && step(s, loop_now_ms(s->loop)))
		;
	assert_true(r.over);
}

void assert_event_says(struct scenario *s, const char *words)
{
	struct challenge history;
	bool found = false;

	history_of(s, s->id, &history);
	for (size_t i = 0; i < history.event_count; i++)
		found |= strstr(history.events[i].text, words) != NULL;
	if (!found)
		fail_msg("no event says \"%s\"", words);
	challenge_done(&history);
}

void assert_nothing_left(struct scenario *s)
{
	assert_int_equal(memory_count(NULL, NULL), 0);
	assert_int_equal(answers_count(s->answers), 0);
}

static void count_one(const struct challenge *c, void *arg)
{
	(void)c;
	(*(size_t *)arg)++;
}

size_t count_listed(struct scenario *s)
{
	size_t count = 0;

	engine_list(s->engine, NULL, NULL, 10000, count_one, &count);
	return count;
}
