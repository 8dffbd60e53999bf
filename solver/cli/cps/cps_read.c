/* dcvd cps deployments, history, active, warnings: what CPS says. */
#include <stdlib.h>
#include <string.h>

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

int cps_cli_deployments(int argc, char **argv)
{
	struct desk d = { 0 };
	const struct cli_option options[] = { DESK_OPTIONS(&d), { NULL } };
	int64_t enrollment = 0;
	char **rest;
	int count, code = cli_parse("cps deployments ENROLLMENT", "What is deployed to production and staging.", options, argc, argv, &rest, &count);

	if (code)
		return code - 1;
	if (!desk_read_enrollment("cps deployments", count, rest, &enrollment))
		return EXIT_USAGE;
	return read_and_print(&d, json_pack("{s:I, s:s}", "enrollment", (json_int_t)enrollment, "what", "deployments"));
}

int cps_cli_history(int argc, char **argv)
{
	struct desk d = { 0 };
	const struct cli_option options[] = { DESK_OPTIONS(&d), { NULL } };
	int64_t enrollment = 0;
	char **rest;
	int count, code = cli_parse("cps history ENROLLMENT changes|certificates|dv", "What became of earlier changes, certificates and validations.", options,
	                            argc, argv, &rest, &count);

	if (code)
		return code - 1;
	if (count != 2 || (strcmp(rest[1], "changes") != 0 && strcmp(rest[1], "certificates") != 0 && strcmp(rest[1], "dv") != 0))
		return cli_usage_error("cps history", "an enrollment, and changes, certificates or dv, are wanted");
	if (!desk_read_enrollment("cps history", 1, rest, &enrollment))
		return EXIT_USAGE;
	return read_and_print(&d, json_pack("{s:I, s:s}", "enrollment", (json_int_t)enrollment, "what", rest[1]));
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

int cps_cli_inventory(int argc, char **argv)
{
	struct cli_service s = { 0 };
	const char *expiring = NULL, *class = NULL, *search = NULL;
	const struct cli_option options[] = {
		CLI_SERVICE_OPTIONS(&s),
		{ "expiring", CLI_TEXT, &expiring, "DAYS", "whose certificate in production ends within so many days, 21d" },
		{ "class", CLI_TEXT, &class, "CLASS", "managed, monitored or ignored" },
		{ "search", CLI_TEXT, &search, "TEXT", "whose common name holds this" }, { NULL },
	};
	json_t *all = NULL, *page = NULL;
	CLEANUP(mem_freep) char *after = mem_dup("");
	long long days = 0;
	char **rest;
	int count, code = cli_parse("cps inventory", "What the watcher of the service knows of every enrollment, without asking CPS.", options, argc, argv, &rest, &count);

	if (code)
		return code - 1;
	if (count || (expiring && !read_days(expiring, &days)))
		return cli_usage_error("cps inventory", count ? "\"%s\" is too much" : "--expiring 21d is wanted", count ? rest[0] : "");
	do {
		CLEANUP(mem_freep) char *what = url_escape(search ? search : "");
		CLEANUP(mem_freep) char *from = url_escape(after);
		CLEANUP(mem_freep) char *path = mem_printf("/v1/cps/inventory?limit=1000&expiring-days=%lld%s%s%s%s%s%s", days, class ? "&class=" : "",
		                                           class ? class : "", *what ? "&search=" : "", what, *from ? "&after=" : "", from);

		page = NULL;
		code = service_call(&s, "GET", path, NULL, NULL, &page);
		if (code != EXIT_DONE)
			break;
		mem_replace(&after, json_text(page, "next"));
		if (all)
			json_array_extend(json_object_get(all, "enrollments"), json_object_get(page, "enrollments"));
		else
			all = json_incref(page);
		json_decref(page);
	} while (*after);
	if (code == EXIT_DONE && s.json)
		print_json(all);
	else if (code == EXIT_DONE && strcmp(json_text(all, "watch"), "off") == 0)
		puts("the service does not watch: cps.watch is off");
	else if (code == EXIT_DONE)
		print_inventory(json_object_get(all, "enrollments"));
	json_decref(all);
	return code;
}

int cps_cli_approve(int argc, char **argv)
{
	struct cli_service s = { 0 };
	const char *change = NULL, *hash = NULL;
	const struct cli_option options[] = {
		CLI_SERVICE_OPTIONS(&s),
		{ "change", CLI_TEXT, &change, "N", "the change that was looked at" },
		{ "hash", CLI_TEXT, &hash, "HASH", "and the hash of its result" }, { NULL },
	};
	CLEANUP(mem_freep) char *path = NULL;
	json_t *result = NULL;
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
	path = mem_printf("/v1/cps/enrollments/%lld/approve", (long long)enrollment);
	code = service_call(&s, "POST", path, json_pack("{s:I, s:s}", "change", (json_int_t)strtoll(change, NULL, 10), "hash", hash), NULL, &result);
	if (code == EXIT_DONE && s.json)
		print_json(result);
	else if (code == EXIT_DONE && json_is_true(json_object_get(result, "approved")))
		printf("change %s is approved\n", change);
	else if (code == EXIT_DONE)
		printf("noted; %lld more must approve\n", (long long)json_integer_value(json_object_get(result, "missing")));
	json_decref(result);
	return code;
}
