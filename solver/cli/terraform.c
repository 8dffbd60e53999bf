#include "solver/cli/terraform.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "solver/api/common/fields.h"
#include "solver/base/clock.h"
#include "solver/base/mem.h"
#include "solver/cli/common/waiting.h"

#define DEPTH_MAX 16

/* ---- the document ---- */

static bool is_challenge(const json_t *j)
{
	return json_is_string(json_object_get(j, "domain")) && json_is_string(json_object_get(j, "full_path")) &&
	       json_is_string(json_object_get(j, "response_body"));
}

static void add_challenge(const json_t *j, json_t *all)
{
	bool http = strncasecmp(json_text(j, "full_path"), "http://", 7) == 0;
	json_t *one = json_pack("{ss ss ss}", "domain", json_text(j, "domain"), "full_path", json_text(j, "full_path"), "response_body",
	                        json_text(j, "response_body"));

	json_array_append_new(json_object_get(all, http ? "http_challenges" : "dns_challenges"), one);
}

static void collect(const json_t *j, json_t *all, int depth)
{
	const char *key;
	json_t *child;
	size_t i;

	if (depth > DEPTH_MAX)
		return;
	if (is_challenge(j)) {
		add_challenge(j, all);
		return;
	}
	json_array_foreach(j, i, child)
		collect(child, all, depth + 1);
	json_object_foreach((json_t *)j, key, child)
		collect(child, all, depth + 1);
}

static bool has_domain(const json_t *array, const char *domain)
{
	json_t *c;
	size_t i;

	json_array_foreach(array, i, c)
		if (strcasecmp(json_text(c, "domain"), domain) == 0)
			return true;
	return false;
}

/* One answer is enough for the authority; do not publish both. */
static void drop_alternatives(json_t *all)
{
	json_t *dns = json_object_get(all, "dns_challenges"), *http = json_object_get(all, "http_challenges");

	for (size_t i = json_array_size(http); i-- > 0;)
		if (has_domain(dns, json_text(json_array_get(http, i), "domain")))
			json_array_remove(http, i);
}

json_t *terraform_challenges(const json_t *document, const char *type)
{
	json_t *all = json_pack("{s[] s[]}", "dns_challenges", "http_challenges");

	collect(document, all, 0);
	if (!type)
		drop_alternatives(all);
	else
		json_array_clear(json_object_get(all, strcmp(type, "http-01") == 0 ? "dns_challenges" : "http_challenges"));
	return all;
}

/* ---- the order ---- */

static int read_document(const char *file, json_t **ret)
{
	FILE *f = strcmp(file, "-") == 0 ? stdin : fopen(file, "re");
	json_error_t error;

	if (!f) {
		fprintf(stderr, "dcvd present: %s: %s\n", file, strerror(errno));
		return EXIT_USAGE;
	}
	*ret = json_loadf(f, JSON_DECODE_ANY, &error);
	if (f != stdin)
		fclose(f);
	if (*ret)
		return EXIT_DONE;
	fprintf(stderr, "dcvd present: %s is not the output of \"terraform output -json\": line %d, column %d: %s\n", file, error.line, error.column,
	        error.text);
	return EXIT_USAGE;
}

static void put(json_t *object, const char *key, const char *value)
{
	if (value)
		json_object_set_new(object, key, json_string(value));
}

/* The first that is not ready speaks for all. */
static void tell_waiting(struct waiting *w, const json_t *order)
{
	json_t *c;
	size_t i;

	json_array_foreach(json_object_get(order, "challenges"), i, c) {
		CLEANUP(mem_freep) char *waits = NULL;

		if (strcmp(json_text(c, "state"), "ready") == 0)
			continue;
		waits = challenge_waits(c);
		waiting_for(w, waits);
		return;
	}
}

static int follow(const struct cli_service *s, const char *timeout, json_t **order)
{
	CLEANUP(mem_freep) char *path = mem_printf("/v1/orders/%s?wait=ready&timeout=1s", json_text(*order, "id"));
	int64_t limit_ms = 0, start = clock_monotonic_ms();
	struct waiting waiting = { 0 };
	struct err err;

	if (timeout && duration_read(timeout, &limit_ms, &err) < 0) {
		fprintf(stderr, "dcvd present: --timeout: %s\n", err.text);
		return EXIT_USAGE;
	}
	while (strcmp(json_text(*order, "state"), "pending") == 0 && !cli_interrupted && (!limit_ms || clock_monotonic_ms() - start < limit_ms)) {
		json_t *next = NULL;
		int code;

		tell_waiting(&waiting, *order);
		code = service_call(s, "GET", path, NULL, NULL, &next);
		if (code != EXIT_DONE) {
			waiting_done(&waiting);
			return code;
		}
		json_decref(*order);
		*order = next;
	}
	waiting_done(&waiting);
	return strcmp(json_text(*order, "state"), "ready") == 0 ? EXIT_DONE : EXIT_REFUSED;
}

static void show(const json_t *order)
{
	static const char *const headings[] = { "STATE", "TYPE", "DOMAIN", "REASON", NULL };
	struct table *t = table_new(headings);
	json_t *c;
	size_t i;

	printf("%s  %s\n", json_text(order, "id"), json_text(order, "state"));
	json_array_foreach(json_object_get(order, "challenges"), i, c) {
		const char *const cells[] = { json_text(c, "state"), json_text(c, "type"), json_text(c, "domain"), challenge_why(c), NULL };

		table_row(t, cells);
	}
	table_print_free(t);
}

static int submit(const struct cli_service *s, const struct terraform_wish *wish, json_t *body)
{
	json_t *order = NULL;
	int status;

	put(body, "label", "terraform");
	put(body, "deadline", wish->deadline);
	put(body, "lifetime", wish->lifetime);
	status = service_call(s, "POST", "/v1/orders", body, NULL, &order);
	if (status == EXIT_DONE && !wish->no_wait)
		status = follow(s, wish->timeout, &order);
	if (order && s->json)
		print_json(order);
	else if (order)
		show(order);
	json_decref(order);
	return status;
}

int terraform_present(const struct cli_service *s, const struct terraform_wish *wish)
{
	json_t *document = NULL, *body;
	int status;

	if (wish->type && strcmp(wish->type, "dns-01") != 0 && strcmp(wish->type, "http-01") != 0)
		return cli_usage_error("present", "--type is dns-01 or http-01");
	status = read_document(wish->file, &document);
	if (status != EXIT_DONE)
		return status;
	body = terraform_challenges(document, wish->type);
	json_decref(document);
	if (json_array_size(json_object_get(body, "dns_challenges")) || json_array_size(json_object_get(body, "http_challenges")))
		return submit(s, wish, body);
	json_decref(body);
	fputs("dcvd: no challenge is waiting: the enrollment is validated, or its challenges are not there yet\n", stderr);
	if (s->json)
		puts("null");
	return EXIT_DONE;
}
