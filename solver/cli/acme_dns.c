/* dcvd acme-dns: the accounts of acme-dns clients. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "solver/base/clock.h"
#include "solver/base/mem.h"
#include "solver/cli/cli.h"
#include "solver/store/acme_dns_import.h"

#define BATCH 100
#define FRESH_S (24 * 3600)
#define ACCOUNTS "/v1/acme-dns/accounts"

/* ---- import ---- */

struct import {
	const struct cli_service *s;
	json_t *batch, *refused;
	json_int_t imported, existed, values;
	int status; /* EXIT_DONE, or of the first call that failed */
};

static void add_number(json_int_t *sum, const json_t *reply, const char *key)
{
	*sum += json_integer_value(json_object_get(reply, key));
}

static void send_batch(struct import *i)
{
	json_t *reply = NULL, *batch = i->batch;

	i->batch = json_array();
	if (i->status != EXIT_DONE || !json_array_size(batch)) {
		json_decref(batch);
		return;
	}
	i->status = service_call(i->s, "POST", ACCOUNTS, json_pack("{so}", "accounts", batch), NULL, &reply);
	add_number(&i->imported, reply, "imported");
	add_number(&i->existed, reply, "existed");
	add_number(&i->values, reply, "values");
	json_array_extend(i->refused, json_object_get(reply, "refused"));
	json_decref(reply);
}

static json_t *text(const char *t)
{
	json_t *j = json_string(t);

	return j ? j : json_string("");
}

static void add_account(const struct acme_dns_import *a, void *arg)
{
	struct import *i = arg;
	json_t *allow_from = a->allow_from ? json_loads(a->allow_from, 0, NULL) : NULL, *values = json_array();

	for (size_t n = 0; n < a->value_count; n++)
		json_array_append_new(values, text(a->values[n]));
	json_array_append_new(i->batch, json_pack("{so so so so so}", "username", text(a->username), "subdomain", text(a->subdomain),
	                                          "password_hash", text(a->password_hash), "allowfrom",
	                                          allow_from ? allow_from : json_array(), "values", values));
	if (json_array_size(i->batch) == BATCH)
		send_batch(i);
}

static void print_result(const struct import *i)
{
	json_t *one;
	size_t n;

	if (i->s->json) {
		json_t *all = json_pack("{sI sI sI sO}", "imported", i->imported, "existed", i->existed, "values", i->values, "refused", i->refused);

		print_json(all);
		json_decref(all);
		return;
	}
	printf("%lld imported, %lld there already, %lld values published, %zu refused\n", (long long)i->imported, (long long)i->existed,
	       (long long)i->values, json_array_size(i->refused));
	json_array_foreach (i->refused, n, one)
		fprintf(stderr, "dcvd: %s: %s\n", json_text(one, "subdomain"), json_text(one, "reason"));
}

/* The CNAMEs that exist point into one zone: it must be ours. */
static int check_zone(const struct cli_service *s, const char *zone)
{
	json_t *page = NULL;
	int status = zone ? service_call(s, "GET", ACCOUNTS "?limit=1", NULL, NULL, &page) : EXIT_DONE;

	if (status == EXIT_DONE && zone && strcmp(json_text(page, "zone"), zone) != 0) {
		fprintf(stderr, "dcvd: the service keeps accounts in %s, not in %s; set acme-dns.zone and dns.zones\n", json_text(page, "zone"), zone);
		status = EXIT_REFUSED;
	}
	json_decref(page);
	return status;
}

static int import_file(struct import *i, const char *file)
{
	struct err err = { 0 };

	i->batch = json_array();
	i->refused = json_array();
	if (acme_dns_import(file, clock_wall_ms() / 1000 - FRESH_S, add_account, i, &err) < 0) {
		fprintf(stderr, "dcvd: %s\n", err.text);
		i->status = EXIT_USAGE;
	}
	send_batch(i);
	if (i->status == EXIT_DONE)
		print_result(i);
	if (i->status == EXIT_DONE && json_array_size(i->refused))
		i->status = EXIT_REFUSED;
	json_decref(i->batch);
	json_decref(i->refused);
	return i->status;
}

static int import(int argc, char **argv)
{
	struct cli_service s = { 0 };
	const char *zone = NULL;
	const struct cli_option options[] = { { "zone", CLI_TEXT, &zone, "ZONE", "refuse unless the service keeps its accounts there" },
		CLI_SERVICE_OPTIONS(&s), { NULL } };
	struct import i = { .s = &s, .status = EXIT_DONE };
	int count, status = cli_parse("acme-dns import FILE.db", "Takes over the accounts of an acme-dns server from its SQLite database: "
	                              "they keep their names and passwords. Doing it twice changes nothing.", options, argc, argv, &argv, &count);

	if (status)
		return status - 1;
	if (count != 1)
		return cli_usage_error("acme-dns import", "name one database file");
	status = check_zone(&s, zone);
	return status == EXIT_DONE ? import_file(&i, argv[0]) : status;
}

/* ---- list, remove ---- */

static void print_page(const json_t *page)
{
	static const char *const headings[] = { "FULLDOMAIN", "USERNAME", "VALUES", "AGE", "STATE", NULL };
	struct table *t = table_new(headings);
	char age[16], values[24];
	json_t *a;
	size_t i;

	json_array_foreach (json_object_get(page, "accounts"), i, a) {
		const char *const cells[] = { json_text(a, "fulldomain"), json_text(a, "username"), values, age_text(json_text(a, "created"), age),
			                      json_is_true(json_object_get(a, "revoked")) ? "removed" : "", NULL };

		snprintf(values, sizeof(values), "%lld", (long long)json_integer_value(json_object_get(a, "values")));
		table_row(t, cells);
	}
	table_print_free(t);
	if (*json_text(page, "next"))
		fprintf(stderr, "more with --after %s\n", json_text(page, "next"));
}

static int list(int argc, char **argv)
{
	struct cli_service s = { 0 };
	const char *after = NULL;
	const struct cli_option options[] = { { "after", CLI_TEXT, &after, "SUBDOMAIN", "the page after this account" },
		CLI_SERVICE_OPTIONS(&s), { NULL } };
	json_t *page = NULL;
	int count, status = cli_parse("acme-dns list", "Accounts of acme-dns clients.", options, argc, argv, &argv, &count);
	CLEANUP(mem_freep) char *escaped = status || !after ? NULL : url_escape(after);
	CLEANUP(mem_freep) char *path = mem_printf(ACCOUNTS "%s%s", escaped ? "?after=" : "", escaped ? escaped : "");

	if (status)
		return status - 1;
	if (count)
		return cli_usage_error("acme-dns list", "\"%s\" is one word too many", argv[0]);
	status = service_call(&s, "GET", path, NULL, NULL, &page);
	if (status == EXIT_DONE && s.json)
		print_json(page);
	else if (status == EXIT_DONE)
		print_page(page);
	json_decref(page);
	return status;
}

static int remove_account(int argc, char **argv)
{
	struct cli_service s = { 0 };
	const struct cli_option options[] = { CLI_SERVICE_OPTIONS(&s), { NULL } };
	json_t *account = NULL;
	int count, status = cli_parse("acme-dns remove SUBDOMAIN", "Ends an account; its values are withdrawn.", options, argc, argv, &argv, &count);
	CLEANUP(mem_freep) char *escaped = status || count != 1 ? NULL : url_escape(argv[0]);
	CLEANUP(mem_freep) char *path = mem_printf(ACCOUNTS "/%s", escaped ? escaped : "");

	if (status)
		return status - 1;
	if (count != 1)
		return cli_usage_error("acme-dns remove", "name one subdomain");
	status = service_call(&s, "DELETE", path, NULL, NULL, &account);
	if (status == EXIT_DONE && s.json)
		print_json(account);
	json_decref(account);
	return status;
}

int cli_acme_dns(int argc, char **argv)
{
	static const struct cli_command commands[] = {
		{ "import", import, "FILE.db", "take over the accounts of an acme-dns server" },
		{ "list", list, "", "the accounts" },
		{ "remove", remove_account, "SUBDOMAIN", "end an account" },
		{ NULL },
	};

	return cli_dispatch(commands, "acme-dns", argc, argv);
}
