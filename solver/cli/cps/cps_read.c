/* dcvd cps deployments, history, active, warnings: what CPS says. */
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include "solver/base/buf.h"
#include "solver/base/mem.h"
#include "solver/cli/cps/cps_desk.h"

static int read_and_print(struct desk *d, json_t *input)
{
	int code = desk_ask(d, "read", input);

	if (code == EXIT_DONE)
		print_json(d->result);
	desk_close(d);
	return code;
}

/* ENROLLMENT and one of `words`, or `standard` without one (NULL: one is needed). */
static int read_one(const char *name, const char *usage, const char *help, const char *const *words, const char *standard, int argc, char **argv)
{
	struct desk d = { 0 };
	const struct cli_option options[] = { DESK_OPTIONS(&d), { NULL } };
	int64_t enrollment = 0;
	const char *const *word = words;
	char **rest;
	int count, code = cli_parse(usage, help, options, argc, argv, &rest, &count);

	if (code)
		return code - 1;
	while (count == 2 && *word && strcmp(*word, rest[1]) != 0)
		word++;
	if (count < 1 || count > 2 || !*word || (count == 1 && !standard))
		return cli_usage_error(name, "an enrollment, and one of the words of the usage, are wanted");
	if (!desk_read_enrollment(name, 1, rest, &enrollment))
		return EXIT_USAGE;
	return read_and_print(&d, json_pack("{s:I, s:s}", "enrollment", (json_int_t)enrollment, "what", count == 2 ? *word : standard));
}

int cps_cli_deployments(int argc, char **argv)
{
	static const char *const words[] = { "production", "staging", NULL };

	return read_one("cps deployments", "cps deployments ENROLLMENT [production|staging]", "What is deployed to production and staging.", words,
	                "deployments", argc, argv);
}

int cps_cli_history(int argc, char **argv)
{
	static const char *const words[] = { "changes", "certificates", "dv", NULL };

	return read_one("cps history", "cps history ENROLLMENT changes|certificates|dv", "What became of earlier changes, certificates and validations.",
	                words, NULL, argc, argv);
}

int cps_cli_active(int argc, char **argv)
{
	struct desk d = { 0 };
	const char *contract = NULL;
	const struct cli_option options[] = { DESK_OPTIONS(&d), { "contract", CLI_TEXT, &contract, "ID", "of this contract only" }, { NULL } };
	char **rest;
	int count, code = cli_parse("cps active", "Certificates that are active on the network.", options, argc, argv, &rest, &count);

	if (code)
		return code - 1;
	if (count)
		return cli_usage_error("cps active", "\"%s\" is too much", rest[0]);
	return read_and_print(&d, json_pack("{s:s, s:s}", "what", "active", "contract", contract ? contract : ""));
}

int cps_cli_warnings(int argc, char **argv)
{
	struct desk d = { 0 };
	const struct cli_option options[] = { DESK_OPTIONS(&d), { NULL } };
	int64_t enrollment = 0;
	char **rest;
	int count, code = cli_parse("cps warnings ENROLLMENT", "The warnings that hold its newest pending change, with their codes.", options, argc, argv, &rest, &count);
	json_t *one;
	size_t i;

	if (code)
		return code - 1;
	if (!desk_read_enrollment("cps warnings", count, rest, &enrollment))
		return EXIT_USAGE;
	code = desk_ask(&d, "warnings", json_pack("{s:I}", "enrollment", (json_int_t)enrollment));
	if (code == EXIT_DONE && d.json)
		print_json(d.result);
	else if (code == EXIT_DONE) {
		json_array_foreach(json_object_get(d.result, "warnings"), i, one) {
			printf("%s: ", json_text(one, "code"));
			desk_print_line(stdout, json_text(one, "text"));
		}
		printf("%s\n", json_text(d.result, "digest"));
	}
	desk_close(&d);
	return code;
}

/* ---- what the service knows */

static bool read_days(const char *text, long long *ret)
{
	char *unit;

	*ret = strtoll(text, &unit, 10);
	return *ret > 0 && *ret < 100000 && (strcmp(unit, "d") == 0 || !*unit);
}

static void print_inventory(const json_t *list)
{
	static const char *const headings[] = { "ENROLLMENT", "NAME", "CLASS", "PHASE", "CHANGE", "ENDS", "WAITS FOR", NULL };
	struct table *t = table_new(headings);
	size_t i;
	json_t *e;

	json_array_foreach((json_t *)list, i, e) {
		const json_t *number = json_object_get(e, "change"), *hold = json_object_get(e, "hold");
		const char *why = *json_text(e, "alarm") ? json_text(e, "alarm") : json_text(e, "waits_for");
		CLEANUP(mem_freep) char *held = json_is_object(hold) ? mem_printf("%s, --hash %s", why, json_text(hold, "hash")) : mem_dup(why);
		char change[24] = "-", ends[16];

		if (json_is_integer(number))
			snprintf(change, sizeof(change), "%lld", (long long)json_integer_value(number));
		snprintf(ends, sizeof(ends), "%.10s", *json_text(e, "expiry") ? json_text(e, "expiry") : "-");
		table_row(t, (const char *const[]){ json_text(e, "key"), json_text(e, "cn"), json_text(e, "class"), json_text(e, "phase"), change, ends, held });
	}
	table_print_free(t);
}

/* Filters and the order of the inventory: an option each, and its name in the query. */
struct filter { const char *expiring, *class, *phase, *need, *search, *contract, *account, *sort; };
#define AT(member) offsetof(struct filter, member)
static const struct { const char *query; size_t offset; const char *argument, *help; } filters[] = {
	{ "expiring", AT(expiring), "DAYS", "whose certificate in production ends within so many days, 21d" },
	{ "class", AT(class), "CLASS", "managed, monitored or ignored" },
	{ "phase", AT(phase), "PHASE", "idle, pending, working or waiting" },
	{ "need", AT(need), "NEED", "somebody, held, failing, alarm, working, pending or nothing" },
	{ "search", AT(search), "TEXT", "whose name, number or reason holds this" },
	{ "contract", AT(contract), "ID", "of this contract" },
	{ "account", AT(account), "NAME", "of this account under cps.accounts" },
	{ "sort", AT(sort), "ORDER", "key, need, expiry, name, renewal or step" },
};
#undef AT

/* The path of a page; gives. */
static char *page_path(const struct filter *f, long long days, const char *after)
{
	CLEANUP(buf_done) struct buf path = BUF_INIT(4096);

	buf_printf(&path, "/v1/cps/inventory?limit=1000&expiring-days=%lld", days);
	for (size_t i = 1; i < ARRAY_LEN(filters); i++) {
		const char *text = *(const char *const *)(const void *)((const char *)f + filters[i].offset);
		CLEANUP(mem_freep) char *escaped = text ? url_escape(text) : NULL;

		if (escaped)
			buf_printf(&path, "&%s=%s", filters[i].query, escaped);
	}
	if (*after) {
		CLEANUP(mem_freep) char *escaped = url_escape(after);

		buf_printf(&path, "&after=%s", escaped);
	}
	return mem_dup(buf_text(&path));
}

/* All pages as one. */
static int read_inventory(const struct cli_service *s, const struct filter *f, long long days, json_t **ret)
{
	CLEANUP(mem_freep) char *after = mem_dup("");
	json_t *all = NULL;
	int code;

	do {
		CLEANUP(mem_freep) char *path = page_path(f, days, after);
		json_t *page = NULL;

		code = service_call(s, "GET", path, NULL, NULL, &page);
		if (code != EXIT_DONE)
			break;
		mem_replace(&after, json_text(page, "next"));
		if (all)
			json_array_extend(json_object_get(all, "enrollments"), json_object_get(page, "enrollments"));
		else
			all = json_incref(page);
		json_decref(page);
	} while (*after);
	*ret = all;
	return code;
}

int cps_cli_inventory(int argc, char **argv)
{
	struct cli_service s = { 0 };
	struct filter f = { 0 };
	struct cli_option options[6 + ARRAY_LEN(filters) + 1] = { CLI_SERVICE_OPTIONS(&s) };
	json_t *all = NULL;
	long long days = 0;
	char **rest;
	int count, code;

	for (size_t i = 0; i < ARRAY_LEN(filters); i++)
		options[6 + i] = (struct cli_option){ filters[i].query, CLI_TEXT, (char *)&f + filters[i].offset, filters[i].argument, filters[i].help, 0 };
	code = cli_parse("cps inventory", "What the watcher of the service knows of every enrollment, without asking CPS.", options, argc, argv, &rest, &count);
	if (code)
		return code - 1;
	if (count || (f.expiring && !read_days(f.expiring, &days)))
		return cli_usage_error("cps inventory", count ? "\"%s\" is too much" : "--expiring 21d is wanted", count ? rest[0] : "");
	code = read_inventory(&s, &f, days, &all);
	if (code == EXIT_DONE && s.json)
		print_json(all);
	else if (code == EXIT_DONE && strcmp(json_text(all, "watch"), "off") == 0)
		puts("the service does not watch: cps.watch is off");
	else if (code == EXIT_DONE)
		print_inventory(json_object_get(all, "enrollments"));
	json_decref(all);
	return code;
}

static void print_approval(const char *change, const json_t *result, const char *at)
{
	if (json_is_true(json_object_get(result, "denied")))
		printf("change %s is denied\n", change);
	else if (json_is_true(json_object_get(result, "approved")))
		printf("change %s is approved%s%s\n", change, at ? ", for " : "", at ? at : "");
	else
		printf("noted; %lld more must approve\n", (long long)json_integer_value(json_object_get(result, "missing")));
}

int cps_cli_approve(int argc, char **argv)
{
	struct cli_service s = { 0 };
	const char *change = NULL, *hash = NULL, *at = NULL, *account = NULL;
	bool deny = false;
	const struct cli_option options[] = {
		CLI_SERVICE_OPTIONS(&s),
		{ "change", CLI_TEXT, &change, "N", "the change that was looked at" },
		{ "hash", CLI_TEXT, &hash, "HASH", "and the hash of its result" },
		{ "at", CLI_TEXT, &at, "TIME", "it counts from then on, 2027-01-31T12:00:00Z" },
		{ "deny", CLI_FLAG, &deny, NULL, "say no instead; one no is enough" },
		{ "account", CLI_TEXT, &account, "NAME", "account under cps.accounts; default: the main one" }, { NULL },
	};
	CLEANUP(mem_freep) char *path = NULL;
	CLEANUP(mem_freep) char *query = NULL;
	json_t *body, *result = NULL;
	int64_t enrollment = 0;
	char **rest;
	int count, code = cli_parse("cps approve ENROLLMENT", "Agrees to what change management showed, so that the change goes to production. Who, when and what is\n"
	                            "in the audit log; another result makes it void.", options, argc, argv, &rest, &count);

	if (code)
		return code - 1;
	if (!change || !hash || strspn(change, "0123456789") != strlen(change))
		return cli_usage_error("cps approve", "--change N and --hash HASH are wanted, as \"dcvd cps inventory\" shows them");
	if (!desk_read_enrollment("cps approve", count, rest, &enrollment))
		return EXIT_USAGE;
	query = account ? url_escape(account) : NULL;
	path = mem_printf("/v1/cps/enrollments/%lld/approve%s%s", (long long)enrollment, query ? "?account=" : "", query ? query : "");
	body = json_pack("{s:I, s:s, s:b}", "change", (json_int_t)strtoll(change, NULL, 10), "hash", hash, "deny", deny);
	if (at)
		json_object_set_new(body, "at", json_string(at));
	code = service_call(&s, "POST", path, body, NULL, &result);
	if (code == EXIT_DONE && s.json)
		print_json(result);
	else if (code == EXIT_DONE)
		print_approval(change, result, at);
	json_decref(result);
	return code;
}
